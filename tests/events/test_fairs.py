"""Companies at a career fair: their form, their page, the officers' answers, booths and mail."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from events import fair_report, fair_students, fairs, gathered, schedule
from events.gathered.desk import fair_items
from events.models import FairCompany
from members import contacts
from members.magic_links import path_of
from members.models import AuditEntry, Contact, MagicLink, Notification, Organization
from mlclub.refusal import Refused
from tests.access.world import png
from tests.events.test_races import all_at_once
from tests.factories import (
    make_attendance,
    make_company,
    make_contact,
    make_event,
    make_fair,
    make_fair_student,
    make_member,
    make_officer,
    make_user,
    make_visit,
)

pytestmark = pytest.mark.django_db

State = FairCompany.State
GIVEN = {
    "name": "Fathom Robotics",
    "website": "https://fathom.example",
    "about": "Boats that see.",
    "contact_name": "Ada Quill",
    "contact_email": "ada@fathom.example",
    "representatives": "Ada Quill\nBo Marsh",
    "roles": "Internship",
    "needs": "Power",
}


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


def now():
    return timezone.now()


def sent(at=None):
    """The mails that leave by `at`, and a clean box."""
    mail.outbox.clear()
    call_command("notify", "--once", *(["--now", at.isoformat()] if at else []))
    return list(mail.outbox)


def link_in(message):
    return re.search(r"/events/fair/company/magic-[\w-]+/", message.body)[0]


def page_of(company):
    return path_of(fairs.link_of(company, now=now()))


def register(client, fair, **given):
    return client.post(reverse("events:fair_register", args=[fair.slug]), {**GIVEN, **given})


# ── The form and the link ──


def test_a_company_registers_proves_its_address_is_accepted_and_knows_its_booth(client):
    fair = make_fair(booths=2, tiers="Table: one table\nRoom: a room of your own")
    register(client, fair, tier="Room: a room of your own")
    company = FairCompany.objects.get()
    assert (company.state, company.is_proven, company.tier) == (
        State.ASKED,
        False,
        "Room: a room of your own",
    )

    [message] = sent()
    assert message.to == ["ada@fathom.example"]
    assert message.subject == "Confirm the registration of Fathom Robotics for Career fair"
    page = link_in(message)
    client.get(page)
    company.refresh_from_db()
    assert not company.is_proven, "a GET proves nothing: mail scanners follow links"
    client.post(page)
    company.refresh_from_db()
    assert company.is_proven
    assert [m.subject for m in sent()] == ["We have your registration for Career fair"]

    officer = make_officer(slug="events")
    client.force_login(officer)
    booth = fair.booths.get(number=2)
    client.post(
        reverse("events:fair_company_answer", args=[fair.slug, company.pk]),
        {"booth": booth.pk, "answer": "Come hungry."},
    )
    company.refresh_from_db()
    assert (company.state, company.booth, company.decided_by) == (State.ACCEPTED, booth, officer)
    [message] = sent()
    assert message.subject == "Fathom Robotics comes to Career fair: booth 2"
    assert "Come hungry." in message.body
    assert link_in(message) == page, "one link from the first mail to the last"
    assert company.organization == Organization.objects.get(name="Fathom Robotics")
    assert company.contact == Contact.objects.get(email="ada@fathom.example")
    client.logout()
    html = client.get(page).content.decode()
    assert "Booth 2" in html
    assert "Row A" in html


def test_the_form_says_the_same_to_a_known_address_and_a_machine_and_neither_makes_a_second_row(client):
    fair = make_fair()
    first = register(client, fair)
    company = FairCompany.objects.get()
    fairs.confirm(company, now=now())
    sent()
    again = register(client, fair, name="Fathom, once more")
    assert [m.subject for m in sent()] == ["The page of Fathom Robotics for Career fair"]
    machine = register(client, fair, fax="cheap pills", contact_email="bot@spam.example")
    assert {response.url for response in (first, again, machine)} == {fair.get_absolute_url()}
    assert list(FairCompany.objects.values_list("name", flat=True)) == ["Fathom Robotics"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This is needed."),
        ({"contact_email": "nobody"}, "Give a whole mail address, such as ada@club.example."),
        ({"website": "javascript:alert(1)"}, "Give the whole address"),
        ({"name": "x\x00y"}, "Null characters"),
        ({"tier": "Everything for free"}, "is not among the choices"),
        ({"logo": SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>")}, "not a picture we can take"),
    ],
)
def test_what_cannot_be_taken_is_said_and_what_was_typed_stays(client, wrong, words):
    fair = make_fair(tiers="Table")
    response = register(client, fair, **{"tier": "Table", **wrong})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert "Boats that see." in response.content.decode()
    assert not FairCompany.objects.exists()


def test_the_form_closes(client):
    fair = make_fair(companies_until=now() - timedelta(hours=1))
    register(client, fair)
    assert not FairCompany.objects.exists()
    assert "closed" in client.get(reverse("events:fair_register", args=[fair.slug])).content.decode()


def test_one_network_and_one_address_cannot_send_mail_without_end(client):
    fair = make_fair()
    answers = [register(client, fair).status_code for _ in range(6)]
    assert answers == [302] * 4 + [429] * 2
    assert Notification.objects.count() == 1


def test_two_people_of_one_company_do_not_register_it_twice():
    fair = make_fair()
    make_company(fair=fair, name="Fathom", state=State.ASKED)
    second = make_company(fair=fair, name="FATHOM", state=State.ASKED, confirmed_at=None)
    with pytest.raises(Refused, match="registered already, by another address"):
        fairs.confirm(second, now=now())


def test_a_registration_that_nobody_proves_is_forgotten_with_its_link():
    fair = make_fair()
    fairs.register(fair, GIVEN, now=now())
    gathered.tick(now() + timedelta(days=6))
    assert FairCompany.objects.count() == MagicLink.objects.count() == 1
    gathered.tick(now() + timedelta(days=8))
    assert FairCompany.objects.count() == MagicLink.objects.count() == 0


def test_a_company_changes_what_it_said_but_not_its_name_or_address(client):
    company = make_company(state=State.ASKED, name="Fathom")
    page = page_of(company)
    data = {**GIVEN, "name": "Other", "contact_email": "x@y.example", "state": "accepted", "notes": "nice"}
    picture = SimpleUploadedFile("logo.png", png())
    assert client.post(f"{page}edit/", {**data, "logo": picture}).status_code == 302
    company.refresh_from_db()
    assert (company.name, company.state, company.notes) == ("Fathom", State.ASKED, "")
    assert company.contact_email != "x@y.example"
    assert (company.roles, bool(company.logo)) == ("Internship", True)
    assert client.post(f"{page}edit/", {**GIVEN, "website": "nonsense"}).status_code == 422


def test_a_company_withdraws_once_and_its_booth_is_free(client):
    fair = make_fair(booths=1)
    company = make_company(fair=fair, booth=fair.booths.get())
    page = page_of(company)
    client.post(f"{page}withdraw/")
    client.post(f"{page}withdraw/")
    company.refresh_from_db()
    assert (company.state, company.booth) == (State.WITHDRAWN, None)
    with pytest.raises(Refused):
        fairs.assign(company, fair.booths.get(), now=now())


def test_somebody_else_writes_for_the_company_and_the_old_link_is_dead(client):
    company = make_company()
    old = page_of(company)
    fairs.hand_over(company, name="Bo Marsh", email="bo@fathom.example", by=make_officer(), now=now())
    assert client.get(old).status_code == 410
    [message] = sent()
    assert message.to == ["bo@fathom.example"]
    assert client.get(link_in(message)).status_code == 200


def test_a_contact_that_is_erased_leaves_the_company_and_takes_its_name_along():
    company = make_company(name="Fathom", contact_name="Ada Quill", contact_email="ada@fathom.example")
    page_of(company)
    contact = contacts.keep("Ada Quill", "ada@fathom.example", now=now())
    contacts.erase(contact, by=make_officer(), now=now())
    company.refresh_from_db()
    assert (company.name, company.contact_name, company.contact_email) == ("Fathom", "", "")
    assert not MagicLink.objects.exists()


# ── Answers and booths ──


def test_a_company_is_answered_once_whoever_clicks():
    company = make_company(state=State.ASKED)
    first, second = make_officer(), make_officer()
    fairs.accept(company, by=first, now=now())
    with pytest.raises(Refused, match="answered already: accepted"):
        fairs.accept(company, by=second, now=now())
    assert len(sent()) == 1
    assert AuditEntry.objects.filter(action="fair-company-accepted").count() == 1


def test_what_nobody_has_proven_is_neither_seen_nor_accepted(client):
    company = make_company(state=State.ASKED, confirmed_at=None)
    with pytest.raises(Refused):
        fairs.accept(company, by=make_officer(), now=now())
    client.force_login(make_officer(slug="events"))
    page = reverse("events:fair_company", args=[company.fair.slug, company.pk])
    assert client.get(page).status_code == 404


def test_a_declined_company_keeps_no_booth_and_is_told_why():
    fair = make_fair(booths=1)
    company = make_company(fair=fair, booth=fair.booths.get())
    fairs.decline(company, by=make_officer(), answer="The hall is full.", now=now())
    [message] = sent()
    assert "The hall is full." in message.body
    assert not FairCompany.objects.filter(booth__isnull=False).exists()


def test_a_booth_that_another_company_has_is_refused_by_name():
    fair = make_fair(booths=2)
    first, second = fair.booths.all()
    make_company(fair=fair, name="Fathom", booth=first)
    other = make_company(fair=fair)
    with pytest.raises(Refused, match="Booth 1 has Fathom now"):
        fairs.assign(other, first, now=now())
    assert fairs.assign(other, second, now=now())
    assert not fairs.assign(other, second, now=now())
    with pytest.raises(Refused, match="another fair"):
        fairs.assign(other, make_fair(booths=1).booths.get(), now=now())


@pytest.mark.parametrize("state", [State.ASKED, State.DECLINED, State.WITHDRAWN])
def test_the_database_gives_no_booth_to_a_company_that_is_not_accepted(state):
    fair = make_fair(booths=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_company(fair=fair, state=state, booth=fair.booths.get())


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_ten_companies_that_get_one_booth_at_once_one_has_it():
    fair = make_fair(booths=1)
    booth = fair.booths.get()
    companies = [make_company(fair=fair) for _ in range(10)]
    refused = []

    def give(company):
        try:
            fairs.assign(company, booth, now=now())
        except Refused as problem:
            refused.append(str(problem))

    all_at_once([lambda company=company: give(company) for company in companies])
    assert FairCompany.objects.filter(booth=booth).count() == 1
    assert len(refused) == 9
    assert all(words.startswith("Booth 1 ") for words in refused)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_officers_who_answer_at_once_give_one_answer():
    company = make_company(state=State.ASKED)
    officers = [make_officer() for _ in range(4)]
    done = []

    def answer(number, officer):
        verb = fairs.accept if number % 2 else fairs.decline
        with suppress(Refused):
            done.append(verb(company, by=officer, now=now()).state)

    all_at_once([lambda n=n, who=who: answer(n, who) for n, who in enumerate(officers)])
    company.refresh_from_db()
    # An acceptance may still be taken back by whoever declines after it; nothing else follows anything.
    assert done in (["declined"], ["accepted", "declined"])
    assert company.state == State.DECLINED or done == ["accepted"]


def test_only_the_booth_where_a_company_ended_is_told():
    fair = make_fair(booths=3)
    one, two, three = fair.booths.all()
    company, at = make_company(fair=fair), now()
    for number, booth in enumerate((one, two, three)):
        fairs.assign(company, booth, now=at + timedelta(minutes=number))
    assert sent(at + timedelta(minutes=5)) == []
    assert [m.subject for m in sent(at + timedelta(minutes=20))] == ["Your booth at Career fair: 3"]


def test_a_row_of_booths_is_numbered_once_and_a_taken_booth_stays(client):
    fair = make_fair()
    client.force_login(make_officer(slug="events"))
    page = reverse("events:fair_companies", args=[fair.slug])
    for _ in range(2):
        client.post(page, {"row": "Row B", "first": "4", "last": "6"})
    assert list(fair.booths.values_list("number", flat=True)) == [4, 5, 6]
    company = make_company(fair=fair, booth=fair.booths.get(number=4))
    client.post(page, {"remove": str(company.booth.pk)})
    client.post(page, {"remove": str(fair.booths.get(number=5).pk)})
    assert list(fair.booths.values_list("number", flat=True)) == [4, 6]
    assert client.post(page, {"row": "Row C", "first": "9", "last": "3"}).status_code == 422
    assert client.post(page, {"row": "Row C", "first": "1", "last": "9999"}).status_code == 422


# ── An event becomes a fair ──


def test_an_event_becomes_a_fair_and_promises_to_students_are_kept(client):
    event = make_event(title="Career fair", starts_at=now() + timedelta(days=30))
    client.force_login(make_officer(slug="events"))
    page = reverse("events:fair_edit", args=[event.pk])

    def form(**changed):
        times = {
            "companies_until": event.starts_at - timedelta(days=14),
            "resumes_from": event.starts_at - timedelta(days=1),
            "resumes_until": event.ends_at + timedelta(days=60),
        }
        shown = {name: timezone.localtime(at).strftime("%Y-%m-%dT%H:%M") for name, at in times.items()}
        return {"slug": "fa26", "tiers": "", **shown, **changed}

    assert client.post(page, form(slug="company")).status_code == 422
    soon = timezone.localtime(event.ends_at + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    assert client.post(page, form(resumes_until=soon)).status_code == 422
    assert client.post(page, form()).url == "/events/fair/fa26/"
    make_fair_student(fair=event.fair)
    later = timezone.localtime(event.ends_at + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M")
    response = client.post(page, form(resumes_until=later))
    assert response.status_code == 422
    assert "promised an earlier day" in response.content.decode()
    sooner = timezone.localtime(event.ends_at + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M")
    assert client.post(page, form(resumes_until=sooner)).status_code == 302


def test_an_event_for_members_is_no_fair(client):
    event = make_event(visibility="members")
    client.force_login(make_officer(slug="events"))
    response = client.post(reverse("events:fair_edit", args=[event.pk]), {"slug": "fa26"})
    assert "Companies find only what is open to everyone" in response.content.decode()


def test_the_door_of_the_fair_is_that_of_its_event(client):
    fair = make_fair()
    client.force_login(make_officer(slug="events"))
    page = reverse("events:fair_door", args=[fair.slug])
    assert client.get(page).url == reverse("events:event_door", args=[fair.event_id])


# ── What the clock tells ──


def test_accepted_companies_are_reminded_a_week_before_and_get_their_report_a_week_after():
    fair = make_fair(booths=1)
    company = make_company(fair=fair, name="Fathom", booth=fair.booths.get())
    page_of(company)
    make_company(fair=fair, state=State.ASKED)
    late = make_company(fair=fair, decided_at=fair.event.starts_at - timedelta(days=3))
    page_of(late)
    week = fair.event.starts_at - timedelta(days=7)
    noon = week.replace(hour=20)  # 12:00 in the club's zone: nothing is quiet then
    assert sent(week - timedelta(minutes=5)) == []
    assert [m.subject for m in sent(noon + timedelta(days=1))] == ["In a week: Career fair, booth 1"]
    assert sent(noon + timedelta(days=1, hours=1)) == []
    student = make_fair_student(
        fair=fair, user=make_user(name="Canary Student"), meets=[company], opens=[company]
    )
    after = (fair.report_at + timedelta(days=1)).replace(hour=20)
    reports = sent(after)
    assert sorted(m.to[0] for m in reports) == sorted([company.contact_email, late.contact_email])
    for message in reports:
        for canary in ("Canary", student.user.email):
            assert canary not in message.body + str(message.alternatives)
    assert sent(after + timedelta(hours=2)) == []


def test_companies_are_told_once_that_the_fair_moved_and_that_it_is_off():
    fair = make_fair()
    company = make_company(fair=fair)
    page_of(company)
    schedule.move(fair.event, place="Atrium")
    assert [m.subject for m in sent()] == ["New time or place: Career fair"]
    assert sent() == []
    fair.event.refresh_from_db()
    schedule.cancel(fair.event, "The hall burnt down.")
    [message] = sent()
    assert message.subject == "Career fair does not take place"
    assert "The hall burnt down." in message.body


def test_the_desk_says_who_waits_who_has_no_booth_and_that_the_fair_is_near(django_assert_num_queries):
    event = make_event(title="Career fair", starts_at=now() + timedelta(days=9), hosts=[make_member()])
    fair = make_fair(event=event, companies_until=now() + timedelta(days=1))
    make_company(fair=fair)
    for _ in range(2):
        make_company(fair=fair, state=State.ASKED)
    make_company(fair=fair, state=State.ASKED, confirmed_at=None)
    with django_assert_num_queries(1):
        items = {item.title: item.count for item in fair_items(now())}
    assert items == {
        "Company waits for an answer": 2,
        "Accepted company without a booth": 1,
        "Career fair in the next 14 days": 1,
    }


# ── The report ──


def test_groups_of_fewer_than_four_are_not_told_and_cannot_be_worked_out():
    groups = fair_report.groups
    assert groups(["Physics"] * 3) == []
    assert groups(["Physics"] * 4) == [("Physics", 4)]
    assert groups(["Physics"] * 5 + ["physics "] + ["Art"] * 4) == [("Physics", 6), ("Art", 4)]
    # One other: together with the smallest group it is large enough.
    assert groups(["Physics"] * 5 + ["Art"] * 4 + ["Law"]) == [("Physics", 5), ("Others, or not said", 5)]
    assert groups(["Physics"] * 5 + ["Law"]) == []
    assert groups(["Physics"] * 5 + ["Law", "Art", "Music", ""]) == [
        ("Physics", 5),
        ("Others, or not said", 4),
    ]


def test_a_report_counts_visitors_wishes_and_subjects(client):
    fair = make_fair()
    company, other = make_company(fair=fair), make_company(fair=fair)
    for number in range(5):
        student = make_fair_student(fair=fair, field="Physics", graduates_in=2030, meets=[company])
        make_attendance(event=fair.event, user=student.user)
        if number == 0:
            make_fair_student(fair=fair, meets=[other])
    report = fair_report.of(company, now())
    assert (report.visitors, report.wished, report.known) == (5, 5, 0)
    assert (report.fields, report.years) == ([("Physics", 5)], [("2030", 5)])
    assert fair_report.of(other, now()).fields == []


def test_counts_stay_when_what_students_said_is_deleted():
    fair = make_fair()
    company = make_company(fair=fair)
    make_fair_student(fair=fair, meets=[company], opens=[company])
    fair_students.forget(fair.resumes_until)
    company.refresh_from_db()
    report = fair_report.of(company, fair.resumes_until)
    assert (report.wished, report.known) == (1, 0)


# ── Costs ──


@pytest.mark.parametrize("size", [1, 5])
def test_pages_cost_the_same_for_any_number_of_companies_and_students(
    client, size, django_assert_max_num_queries
):
    fair = make_fair(booths=size, resumes_from=now() - timedelta(days=1))
    companies = [make_company(fair=fair, booth=booth) for booth in fair.booths.all()]
    for _ in range(size):
        make_fair_student(fair=fair, meets=companies, opens=companies)
    with django_assert_max_num_queries(5):
        client.get(reverse("events:fair_detail", args=[fair.slug]))
    with django_assert_max_num_queries(5):
        client.get(reverse("events:fair_booths", args=[fair.slug]))
    page = page_of(companies[0])
    with django_assert_max_num_queries(10):
        client.get(page)
    person = make_user()
    make_fair_student(fair=fair, user=person, meets=companies)
    client.force_login(person)
    with django_assert_max_num_queries(15):
        client.get(reverse("events:fair_students", args=[fair.slug]))
    client.force_login(make_officer(slug="events"))
    with django_assert_max_num_queries(15):
        client.get(reverse("events:fair_companies", args=[fair.slug]))


def test_who_wrote_for_a_company_is_erased_on_the_day_that_the_form_named(client):
    fair = make_fair()
    page = client.get(reverse("events:fair_register", args=[fair.slug])).content.decode()
    assert f"until {timezone.localtime(fair.contacts_until):%-d %B %Y}" in page
    lonely, speaks = make_contact(email="jobs@a.example"), make_contact(email="jobs@b.example")
    company = make_company(fair=fair, contact=lonely, representatives="Rae", notes="Rae was kind.")
    other = make_company(fair=fair, contact=speaks)
    make_visit(contact=speaks)
    gathered.tick(fair.contacts_until - timedelta(minutes=1))
    company.refresh_from_db()
    assert company.contact_name
    for _ in range(2):
        gathered.tick(fair.contacts_until)
    for row in (company, other):
        row.refresh_from_db()
        said = [row.contact_name, row.contact_email, row.representatives, row.notes, row.contact]
        assert said == ["", "", "", "", None]
    assert company.state == "accepted"
    lonely.refresh_from_db()
    speaks.refresh_from_db()
    assert (lonely.email, lonely.erased_at is not None) == ("", True)
    assert (speaks.email, speaks.erased_at) == ("jobs@b.example", None), (
        "the club knows them as a speaker too"
    )
