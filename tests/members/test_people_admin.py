import csv
import io

import pytest
from django.db import InternalError, transaction
from django.urls import reverse

from members.models import AuditEntry, Club, Invitation, Membership, Office, OfficeTerm, ProblemReport, User
from tests.factories import make_club, make_member, make_officer, make_term, make_user

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/members/user/"
LISTS = [
    "user", "term", "membership", "office", "officeterm", "club", "invitation", "auditentry", "problemreport", "topic",
]  # fmt: skip


@pytest.fixture(autouse=True)
def club():
    make_club()
    make_term()


@pytest.fixture
def president(client):
    officer = make_officer(name="Presiding")
    client.force_login(officer)
    return officer


def act(client, action, people, **more):
    return client.post(
        PEOPLE, {"action": action, "_selected_action": [person.pk for person in people], **more}
    )


def test_only_officers_enter_the_admin(client):
    for person in (make_member(), make_user()):
        client.force_login(person)
        assert client.get(PEOPLE, follow=True).status_code == 403
    client.logout()
    assert client.get(PEOPLE, follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("model", LISTS)
def test_each_list_costs_less_than_twelve_queries_for_any_number_of_rows(
    client, president, model, size, django_assert_max_num_queries
):
    for n in range(size):
        person = make_member()
        make_officer(slug="events")
        ProblemReport.objects.create(text="x", person=person, created_at=person.created_at)
        Invitation.objects.create(
            email=f"a{n}@far.example",
            term=make_term(),
            invited_by=person,
            created_at=person.created_at,
            expires_at=person.created_at,
        )
        AuditEntry.objects.create(at=person.created_at, actor=person, action="x", subject="x")
    address = f"/admin/members/{model}/"
    client.get(address)
    with django_assert_max_num_queries(11):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("model", LISTS)
def test_each_list_is_searched_and_filtered_without_falling_over(client, president, model):
    make_member()
    assert client.get(f"/admin/members/{model}/", {"q": "a b'%"}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "account=suspended",
        "account=erasure",
        "account=emergency",
        "account=erased",
        "this_term=none",
        "this_term=kind-new",
        "this_term=active",
    ],
)
def test_the_filters_of_people_work(client, president, query):
    assert client.get(f"{PEOPLE}?{query}").status_code == 200


def test_a_person_is_edited_with_memberships_and_offices_beside(client, president):
    person, term = make_member(name="Before"), make_term()
    office = Office.objects.get(slug="library")
    address = f"{PEOPLE}{person.pk}/change/"
    assert client.get(address).status_code == 200
    membership = person.memberships.get()
    answer = client.post(
        address,
        {
            "name": "After", "handle": person.handle, "email": "stolen@club.example", "is_superuser": "on",
            "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1,
            "memberships-0-id": membership.pk, "memberships-0-person": person.pk, "memberships-0-term": term.pk,
            "memberships-0-kind": "fellow", "memberships-0-status": "active",
            "office_terms-TOTAL_FORMS": 1, "office_terms-INITIAL_FORMS": 0,
            "office_terms-0-person": person.pk, "office_terms-0-office": office.pk,
            "office_terms-0-starts_on": "2026-01-01", "office_terms-0-ends_on": "2030-01-01",
        },
    )  # fmt: skip
    assert answer.status_code == 302
    person = User.objects.get(pk=person.pk)
    assert (person.name, person.is_superuser, person.memberships.get().kind) == ("After", False, "fellow")
    assert person.email != "stolen@club.example"
    assert person.standing.is_officer
    entry = AuditEntry.objects.get(action="office-given")
    assert (entry.actor, entry.after["office"]) == (president, "library")
    assert Membership.history.filter(id=membership.pk, history_user=president).exists()


def test_nobody_deletes_people_one_by_one_or_in_bulk(client, president):
    person = make_member()
    assert client.post(f"{PEOPLE}{person.pk}/delete/", {"post": "yes"}).status_code == 403
    page = client.get(PEOPLE).content.decode()
    assert "delete_selected" not in page
    act(client, "delete_selected", [person], post="yes")
    assert User.objects.filter(pk=person.pk).exists()


def test_suspending_asks_first_with_the_count_and_wants_a_reason(client, president):
    people = [make_member(), make_member(), president]
    page = act(client, "suspend", people).content.decode()
    assert "Suspend: 3" in page
    act(client, "suspend", people, confirmed="yes", reason="")
    assert User.objects.filter(suspended_at__isnull=False).count() == 0
    act(client, "suspend", people, confirmed="yes", reason="spam")
    suspended = set(User.objects.filter(suspended_at__isnull=False))
    assert suspended == set(people[:2]), "nobody suspends themselves"
    act(client, "reinstate", people)
    assert User.objects.filter(is_active=False).count() == 0
    assert AuditEntry.objects.filter(action="account-reinstated").count() == 2


def test_marking_as_alumni_asks_first_and_ends_the_latest_membership(client, president):
    person = make_member()
    assert "Mark as alumni: 1" in act(client, "mark_alumni", [person]).content.decode()
    assert person.memberships.get().status == "active"
    act(client, "mark_alumni", [person], confirmed="yes")
    assert person.memberships.get().status == "alumnus"
    assert Membership.history.filter(person=person, status="alumnus").count() == 1


def test_the_export_runs_no_formula_and_leaves_a_line_in_the_audit_trail(client, president):
    for name in ("=1+1", "@cmd", "+49", "-2", "\t=x", "Fine Person"):
        make_member(name=name)
    answer = act(client, "export_csv", User.objects.all())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == User.objects.count()
    assert not [row["name"] for row in rows if row["name"].lstrip()[0] in "=+-@"]
    assert "Fine Person" in [row["name"] for row in rows]
    entry = AuditEntry.objects.get(action="people-exported")
    assert (entry.actor, entry.after) == (president, {"count": len(rows)})


def test_an_office_without_the_right_neither_suspends_nor_exports_nor_gives_offices(client):
    librarian, person = make_officer(slug="library"), make_member()
    client.force_login(librarian)
    assert client.get(PEOPLE).status_code == 200
    act(client, "suspend", [person], confirmed="yes", reason="x")
    assert act(client, "export_csv", [person])["Content-Type"].startswith("text/html")
    person.refresh_from_db()
    assert person.is_active
    assert client.post(f"{PEOPLE}{person.pk}/change/", {"name": "x"}).status_code == 403
    for path in (f"{PEOPLE}import/", "/admin/members/officeterm/add/", "/admin/members/auditentry/"):
        assert client.get(path).status_code == 403, path


def test_the_audit_trail_is_read_only_in_the_admin_and_in_the_database(client, president):
    entry = AuditEntry.objects.create(at=president.created_at, actor=president, action="x", subject="y")
    address = f"/admin/members/auditentry/{entry.pk}/"
    assert client.get(f"{address}change/").status_code == 200
    assert client.post(f"{address}change/", {"action": "z"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    for change in (lambda: AuditEntry.objects.update(action="z"), lambda: AuditEntry.objects.all().delete()):
        with pytest.raises(InternalError, match="append-only"), transaction.atomic():
            change()
    assert AuditEntry.objects.get(pk=entry.pk).action == "x"


def test_a_membership_keeps_its_history_and_the_page_of_it_has_no_inline_script(client, president):
    membership = make_member().memberships.get()
    membership.kind = "fellow"
    membership.save()
    page = client.get(f"/admin/members/membership/{membership.pk}/history/").content.decode()
    assert page.count("<tr>") >= 3
    assert "onclick" not in page
    assert 'style="' not in page


def test_an_office_is_given_with_a_last_day_and_recorded(client, president):
    person = make_member()
    address = "/admin/members/officeterm/add/"
    assert 'name="ends_on"' in client.get(address).content.decode()
    office = Office.objects.get(slug="events")
    assert (
        client.post(
            address, {"person": person.pk, "office": office.pk, "starts_on": "2026-01-01"}
        ).status_code
        == 200
    )
    answer = client.post(
        address,
        {"person": person.pk, "office": office.pk, "starts_on": "2026-01-01", "ends_on": "2030-01-01"},
    )
    assert (answer.status_code, OfficeTerm.objects.filter(person=person).count()) == (302, 1)
    assert AuditEntry.objects.filter(action="office-given", subject=f"members.user:{person.pk}").count() == 1


def test_the_club_is_changed_and_never_made_twice(client, president):
    assert client.get("/admin/members/club/add/").status_code == 403
    address = "/admin/members/club/1/change/"
    page = client.get(address)
    data = {
        name: value
        for name, value in page.context["adminform"].form.initial.items()
        if value not in (None, "")
    }
    data |= {"name": "Renamed", "tex_macros": "{}", "time_zone": "Mars/Base"}
    data.pop("logo", None)
    assert "is not a time zone" in client.post(address, data).content.decode()
    assert client.post(address, {**data, "time_zone": "Europe/Berlin"}).status_code == 302
    assert Club.objects.get().name == "Renamed"


def test_inviting_one_person_writes_the_mail(client, president):
    answer = client.post(
        "/admin/members/invitation/add/",
        {"email": "One@far.example", "name": "One", "term": make_term().pk, "kind": "new"},
    )
    assert answer.status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.invited_by) == ("one@far.example", president)
    from members.models import Notification

    assert [(row.kind, row.address) for row in Notification.objects.all()] == [
        ("invitation", "one@far.example")
    ]


def test_the_admin_needs_the_second_factor(client):
    officer = make_officer()
    officer.authenticator_set.all().delete()
    client.force_login(officer)
    assert client.get(PEOPLE)["Location"] == reverse("mfa_index")
