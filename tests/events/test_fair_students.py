"""Students at a career fair: whom they wish to meet, who may know them, and that nobody else does."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from events import fair_students, fairs, gathered
from events.models import FairCompany, FairDisclosure, FairStudent, Registration
from members import erasure, own_data
from members.magic_links import path_of
from members.models import AuditEntry
from mlclub.refusal import Refused
from tests.factories import make_company, make_fair, make_fair_student, make_officer, make_pdf, make_user

pytestmark = pytest.mark.django_db

CANARY = "canary-résumé"


def now():
    return timezone.now()


def open_fair(**fields):
    """A fair whose companies may look now."""
    return make_fair(resumes_from=now() - timedelta(hours=1), **fields)


def page_of(company):
    return path_of(fairs.link_of(company, now=now()))


def students_page(fair):
    return reverse("events:fair_students", args=[fair.slug])


def pdf_named(name="my name and address.pdf", data=None):
    return SimpleUploadedFile(name, data or make_pdf(title=CANARY))


def body_of(response):
    return b"".join(response) if response.streaming else response.content


# ── Saying and unsaying ──


def test_a_student_signs_up_ticks_companies_and_gives_a_resume_in_one_step(client):
    fair = make_fair()
    meet, know, neither = (make_company(fair=fair) for _ in range(3))
    user = make_user()
    client.force_login(user)
    response = client.post(
        students_page(fair),
        {
            "field": "Physics",
            "graduates_in": "2030",
            "meets": [meet.pk, know.pk],
            "opens": [know.pk],
            "resume": pdf_named(),
        },
    )
    assert response.url == students_page(fair)
    student = FairStudent.objects.get()
    assert (student.user, student.field, student.graduates_in, student.pages) == (user, "Physics", 2030, 1)
    ticks = {row.company: (row.wants_to_meet, row.is_open) for row in student.ticks.all()}
    assert ticks == {meet: (True, False), know: (True, True)}
    assert Registration.objects.live().get(event=fair.event).user == user
    assert student.resume.name.startswith("resumes/")
    assert "name" not in student.resume.name

    client.post(students_page(fair), {"meets": [neither.pk], "remove_resume": "on"})
    student.refresh_from_db()
    assert [(row.company, row.is_open) for row in student.ticks.all()] == [(neither, False)]
    assert not student.resume
    assert Registration.objects.live().count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_resume_takes_the_place_of_the_old_one_and_taking_back_deletes_both(client):
    fair = make_fair()
    user = make_user()
    client.force_login(user)
    client.post(students_page(fair), {"resume": pdf_named()})
    first = FairStudent.objects.get().resume.name
    client.post(students_page(fair), {"resume": pdf_named(data=make_pdf(pages=2))})
    second = FairStudent.objects.get().resume.name
    assert first != second
    assert not default_storage.exists(first)
    assert default_storage.exists(second)
    client.post(students_page(fair), {"withdraw": "1"})
    assert not FairStudent.objects.exists()
    assert not default_storage.exists(second)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (
            {"resume": SimpleUploadedFile("resume.pdf", b"<html><script>alert(1)</script>")},
            "This is not a PDF.",
        ),
        ({"resume": SimpleUploadedFile("r.pdf", make_pdf(pages=7))}, "at most 6 are taken"),
        (
            {"resume": SimpleUploadedFile("r.pdf", make_pdf(more=b"<< /S /JavaScript /JS (x) >>\n"))},
            "a script",
        ),
        ({"resume": SimpleUploadedFile("r.pdf", b"")}, "empty"),
        ({"meets": ["999999"]}, "is not"),
        ({"meets": ["nonsense"]}, "is not"),
        ({"graduates_in": "12"}, "1950"),
        ({"field": "x\x00"}, "Null characters"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_changes(client, sent, words):
    fair = make_fair()
    company = make_company(fair=fair)
    client.force_login(make_user())
    response = client.post(students_page(fair), {"field": "Botany", "opens": [company.pk], **sent})
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert "checked" in html
    assert not FairStudent.objects.exists()
    assert not Registration.objects.exists()


def test_a_company_that_is_not_accepted_cannot_be_ticked(client):
    fair = make_fair()
    company = make_company(fair=fair, state=FairCompany.State.ASKED)
    client.force_login(make_user())
    assert client.post(students_page(fair), {"opens": [company.pk]}).status_code == 422


def test_after_the_day_of_deletion_nothing_is_taken(client):
    fair = make_fair()
    with pytest.raises(Refused):
        fair_students.save(
            fair,
            make_user(),
            field="",
            graduates_in=None,
            meets=[],
            opens=[],
            opens_to_all=False,
            now=fair.resumes_until,
        )


# ── Who knows whom ──


def known_to(company):
    return {student.user for student in fair_students.open_to(company, now())}


def test_a_company_knows_those_who_named_it_and_those_who_named_all():
    fair = open_fair()
    named, other = make_company(fair=fair), make_company(fair=fair)
    one, everybody, shy = make_user(), make_user(), make_user()
    make_fair_student(fair=fair, user=one, opens=[named])
    make_fair_student(fair=fair, user=everybody, to_all=True)
    make_fair_student(fair=fair, user=shy, meets=[named])
    make_fair_student(fair=make_fair(), to_all=True)
    assert known_to(named) == {one, everybody}
    assert known_to(other) == {everybody}


@pytest.mark.parametrize("state", ["asked", "declined", "withdrawn"])
def test_a_company_that_is_not_accepted_knows_nobody(state):
    fair = open_fair()
    company = make_company(fair=fair, state=state)
    student = make_fair_student(fair=fair, to_all=True, resume=make_pdf())
    assert known_to(company) == set()
    assert fair_students.take_resume(company, student.pk, address="", now=now()) is None


def test_nobody_looks_before_the_first_or_after_the_last_day_or_when_the_fair_is_off():
    fair = make_fair()
    company = make_company(fair=fair)
    student = make_fair_student(fair=fair, opens=[company], resume=make_pdf())
    for moment, looks in (
        (fair.resumes_from - timedelta(seconds=1), False),
        (fair.resumes_from, True),
        (fair.resumes_until - timedelta(seconds=1), True),
        (fair.resumes_until, False),
    ):
        taken = fair_students.take_resume(company, student.pk, address="", now=moment)
        assert (taken is not None) == looks
        assert bool(fair_students.open_to(company, moment)) == looks
    fair.event.state = "cancelled"
    fair.event.save()
    company.refresh_from_db()
    company.fair.event.refresh_from_db()
    assert fair_students.open_to(company, fair.resumes_from) == []


def test_a_company_downloads_what_is_open_to_it_and_the_student_sees_it(client):
    fair = open_fair()
    company = make_company(fair=fair, name="Fathom")
    user = make_user(name="Ona Reed")
    student = make_fair_student(fair=fair, user=user, opens=[company], resume=make_pdf(title=CANARY))
    page = page_of(company)
    assert "Ona Reed" in client.get(page).content.decode()
    assert not FairDisclosure.objects.exists(), "reading the page takes nothing"
    assert client.get(f"{page}resume/{student.pk}/").status_code == 405
    response = client.post(f"{page}resume/{student.pk}/", REMOTE_ADDR="192.0.2.77")
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    data = body_of(response)
    assert data.startswith(b"%PDF-")
    row = FairDisclosure.objects.get()
    assert b"%% copy %d for Fathom" % row.pk in data
    assert (row.company, row.person, row.what, row.network) == (company, user, "resume", "192.0.2.0/24")
    assert AuditEntry.objects.filter(action="resume-downloaded").count() == 1

    client.force_login(user)
    html = client.get(students_page(fair)).content.decode()
    assert "192.0.2.0/24" in html
    client.force_login(make_user())
    assert "192.0.2.0/24" not in client.get(students_page(fair)).content.decode()


def test_the_list_holds_those_who_agreed_and_each_of_them_sees_that_it_was_taken(client):
    fair = open_fair()
    company = make_company(fair=fair, name="=Fathom")
    make_fair_student(fair=fair, user=make_user(name="=cmd|' /C calc'!A0"), opens=[company])
    make_fair_student(fair=fair, user=make_user(name="Shy Person"), meets=[company])
    page = page_of(company)
    rows = client.post(f"{page}list/").content.decode().splitlines()
    assert rows[0].startswith("For =Fathom alone; delete it by")
    assert len(rows) == 3
    assert rows[2].startswith("'=cmd")
    assert FairDisclosure.objects.filter(what="list").count() == 1


def test_what_was_given_stays_written_down():
    fair = open_fair()
    company = make_company(fair=fair)
    student = make_fair_student(fair=fair, opens=[company], resume=make_pdf())
    fair_students.take_resume(company, student.pk, address="2001:db8:1:2::3", now=now())
    row = FairDisclosure.objects.get()
    assert row.network == "2001:db8:1::/48"
    for change in (lambda: FairDisclosure.objects.update(network=""), row.delete):
        with pytest.raises(DatabaseError, match="stays written down"), transaction.atomic():
            change()


# ── Canaries ──


def test_what_a_student_told_one_company_is_nowhere_else(client, caplog):
    caplog.set_level(logging.INFO)
    fair = open_fair(booths=1)
    chosen, other = make_company(fair=fair, name="Chosen"), make_company(fair=fair, name="Other")
    user = make_user(name="Canary Person", email="canary.person@club.example")
    student = make_fair_student(
        fair=fair, user=user, field="Canary studies", meets=[chosen], opens=[chosen], resume=make_pdf()
    )
    canaries = ("Canary Person", "canary.person@club.example", "Canary studies", student.resume.name)
    public = [fair.get_absolute_url(), reverse("events:fair_booths", args=[fair.slug])]
    theirs = page_of(other)
    officers = [
        reverse("events:fair_companies", args=[fair.slug]),
        reverse("events:fair_company", args=[fair.slug, chosen.pk]),
        reverse("events:fair_report", args=[fair.slug, chosen.pk]),
    ]
    answers = [client.get(page) for page in [*public, theirs]]
    answers += [client.post(f"{theirs}list/"), client.post(f"{theirs}resume/{student.pk}/")]
    assert answers[-1].status_code == 404
    assert client.get(f"/media/{student.resume.name}").status_code == 404
    client.force_login(make_user())
    answers += [client.get(students_page(fair)), client.get(fair.event.get_absolute_url())]
    client.force_login(make_officer(slug="events"))
    answers += [client.get(page) for page in officers]
    client.logout()
    mine = page_of(chosen)
    taken = client.post(f"{mine}resume/{student.pk}/")
    assert taken.status_code == 200
    for answer in answers:
        text = body_of(answer).decode("latin-1") + str(answer.headers)
        assert [canary for canary in canaries if canary in text] == [], answer.request["PATH_INFO"]
    call_command("notify", "--once")
    told = "".join(message.body for message in mail.outbox) + caplog.text
    assert [canary for canary in canaries if canary in told] == []
    assert mine.rstrip("/").rpartition("/")[2] not in caplog.text


def test_a_resume_is_taken_only_by_the_key_of_a_student_of_this_fair(client):
    fair, elsewhere = open_fair(), open_fair()
    company = make_company(fair=fair)
    student = make_fair_student(fair=elsewhere, to_all=True, resume=make_pdf())
    assert client.post(f"{page_of(company)}resume/{student.pk}/").status_code == 404
    assert client.post(f"{page_of(company)}resume/99999999/").status_code == 404


# ── The day of deletion, a copy, an erasure ──


@pytest.mark.django_db(transaction=True)
def test_rows_and_files_are_gone_on_the_day_that_was_stated():
    fair = make_fair()
    student = make_fair_student(fair=fair, to_all=True, resume=make_pdf())
    kept = make_fair_student(
        fair=make_fair(resumes_until=fair.resumes_until + timedelta(days=1)), resume=make_pdf()
    )
    gathered.tick(fair.resumes_until - timedelta(minutes=1))
    assert FairStudent.objects.count() == 2
    gathered.tick(fair.resumes_until)
    assert list(FairStudent.objects.all()) == [kept]
    assert not default_storage.exists(student.resume.name)
    assert default_storage.exists(kept.resume.name)


@pytest.mark.django_db(transaction=True)
def test_an_erased_person_leaves_no_resume_and_a_log_without_their_name():
    fair = open_fair()
    company = make_company(fair=fair)
    user = make_user(name="Canary Person")
    student = make_fair_student(fair=fair, user=user, opens=[company], resume=make_pdf())
    fair_students.take_resume(company, student.pk, address="192.0.2.1", now=now())
    copy = own_data.of(user)
    assert copy["apps"]["given to companies of career fairs"][0]["company"] == company.name
    assert copy["tables"]["events.fairstudent"][0]["resume"] == student.resume.name
    erasure.erase(user, by=make_officer())
    assert not FairStudent.objects.exists()
    assert not default_storage.exists(student.resume.name)
    assert FairDisclosure.objects.get().person.display_name == "Former member"
