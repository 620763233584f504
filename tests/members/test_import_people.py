import pytest
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile

from members import importing, suspension
from members.models import AuditEntry, Invitation, Membership, Notification, Term
from tests.factories import make_club, make_member, make_officer, make_term, make_user

pytestmark = pytest.mark.django_db
PAGE = "/admin/members/user/import/"


@pytest.fixture(autouse=True)
def club():
    make_club()
    make_term()


@pytest.fixture
def president(client):
    officer = make_officer()
    client.force_login(officer)
    return officer


def look(client, text, **more):
    return client.post(PAGE, {"text": text, "term": make_term().pk, "kind": "new", **more})


def proven(person):
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


GOOD = "Name;E-Mail;Kind\nAda Kestrel;ADA@far.example;\nBo Finch;bo@far.example;fellow\n"


def test_looking_shows_what_would_happen_and_saves_nothing(client, president):
    page = look(client, GOOD)
    rows = page.context["preview"].rows
    assert [(row.name, row.email, row.kind, row.outcome) for row in rows] == [
        ("Ada Kestrel", "ada@far.example", "new", "is invited"),
        ("Bo Finch", "bo@far.example", "fellow", "is invited"),
    ]
    assert "Import 2" in page.content.decode()
    assert not Invitation.objects.exists()


def test_importing_invites_everybody_once_however_often_the_button_is_pressed(client, president):
    seal = look(client, GOOD).context["seal"]
    for _ in range(2):
        assert client.post(PAGE, {"seal": seal})["Location"] == "/admin/members/user/"
    assert sorted(Invitation.objects.values_list("email", "kind", "name")) == [
        ("ada@far.example", "new", "Ada Kestrel"),
        ("bo@far.example", "fellow", "Bo Finch"),
    ]
    assert Notification.objects.filter(kind="invitation").count() == 2
    entry = AuditEntry.objects.get(action="people-imported")
    assert (entry.actor, entry.after) == (president, {"is invited": 2})


def test_whoever_has_an_account_becomes_a_member_at_once(client, president):
    known, already = proven(make_user(email="known@far.example")), make_member(email="already@far.example")
    unproven = make_user(email="unproven@far.example")
    page = look(client, "name,email\nK,known@far.example\nA,already@far.example\nU,unproven@far.example\n")
    assert [row.outcome for row in page.context["preview"].rows] == [
        "has an account and becomes a member at once",
        "is a member of that term already",
        "is invited",
    ]
    client.post(PAGE, {"seal": page.context["seal"]})
    assert known.memberships.get().kind == "new"
    assert already.memberships.get().kind == "member"
    assert not unproven.memberships.exists()


def test_every_problem_is_named_by_row_and_column_and_nothing_is_imported(client, president):
    suspension.suspend(make_member(email="bad@far.example"), "spam", by=president)
    text = (
        "name,email,kind\n,nobody@far.example,new\nNo Address,,new\nWrong,wrong-address,new\n"
        "Odd,odd@far.example,wizard\nTwice,odd@far.example,new\nShut,bad@far.example,new\nFine,fine@far.example,new\n"
    )
    page = look(client, text)
    assert page.status_code == 422
    assert {row.number: list(row.problems) for row in page.context["preview"].wrong} == {
        2: ["name"], 3: ["email"], 4: ["email"], 5: ["kind"], 6: ["email"], 7: ["email"],
    }  # fmt: skip
    said = page.content.decode()
    assert "Row 6, email: The same address as in row 5." in said
    assert "seal" not in page.context
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name,kind\nAda,new\n", "names no column “email”"),
        ("name,email\n", "nobody below"),
        ('name,email\n"Ada,ada@far.example\n', "cannot be read"),
        ("name,email\n\x00", "not a text file"),
        ("name,email\n" + "A,a@far.example\n" * 2001, "At most 2000"),
    ],
)
def test_a_file_that_is_no_list_of_people_says_why(text, problem):
    assert problem in " ".join(importing.read(text, default_kind="new").problems)


def test_an_empty_or_huge_file_is_refused(client, president):
    assert look(client, "").status_code == 422
    huge = SimpleUploadedFile("people.csv", b"name,email\n" + b"x" * 1_100_000)
    assert "larger than 1 MB" in look(client, "", file=huge).content.decode()


def test_a_file_from_an_old_spreadsheet_keeps_its_accents(client, president):
    file = SimpleUploadedFile("people.csv", "name;email\nThérèse;t@far.example\n".encode("cp1252"))
    assert look(client, "", file=file).context["preview"].rows[0].name == "Thérèse"


def test_a_preview_that_no_longer_holds_is_refused_whole(client, president):
    seal = look(client, GOOD).context["seal"]
    proven(make_member(email="bo@far.example"))
    client.post(PAGE, {"seal": seal})
    assert not Invitation.objects.exists()
    client.post(PAGE, {"seal": seal + "x"})
    assert not Invitation.objects.exists()
    assert not AuditEntry.objects.filter(action="people-imported").exists()


def test_somebody_without_the_right_cannot_import(client):
    client.force_login(make_officer(slug="events"))
    assert look(client, GOOD).status_code == 403


@pytest.mark.parametrize("size", [1, 50])
def test_looking_through_costs_the_same_for_any_number_of_rows(size, django_assert_num_queries):
    text = "name,email\n" + "".join(f"P {n},p{n}@far.example\n" for n in range(size))
    term = Term.objects.get()
    with django_assert_num_queries(2):
        importing.look_through(importing.read(text, default_kind="new"), term)


def test_an_invited_row_of_a_membership_wakes_when_its_person_is_imported(client, president):
    person = proven(make_member(email="known@far.example", status=Membership.Status.INVITED))
    client.post(PAGE, {"seal": look(client, "name,email\nK,known@far.example\n").context["seal"]})
    assert person.memberships.get().status == "active"
