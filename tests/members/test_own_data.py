import io
import json
import zipfile

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from members import desk_items, erasure, invitations, own_data
from members.models import AuditEntry, Membership, ProblemReport, Topic, User
from mlclub.privacy import Erase
from tests.factories import make_club, make_member, make_officer, make_term, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    make_club()
    make_term()


def with_traces(**fields):
    """A member whose name and address stand in every table that this floor has."""
    person = make_member(
        name="Canary Birdwell", email="canary@club.example", about="canary@club.example", **fields
    )
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    person.expertise.add(Topic.objects.create(name="Singing", slug="singing"))
    membership = person.memberships.get()
    membership.note = "Canary is late"
    membership.save()
    ProblemReport.objects.create(email=person.email, text="Canary cannot sing", created_at=timezone.now())
    invitations.invite(person.email, name=person.name, term=make_term(), kind="fellow", by=None)
    LogEntry.objects.create(
        user=make_officer(),
        action_time=timezone.now(),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr="Canary Birdwell",
        action_flag=2,
        change_message="Changed Canary Birdwell",
    )
    return person


def test_every_table_says_what_happens_to_its_personal_data():
    for model in apps.get_models():
        own_data.policy_of(model)


def test_every_named_owner_and_blanked_field_of_a_policy_exists():
    for model, policy in own_data.tables():
        if hasattr(model, "instance_type"):
            continue
        for owner in policy.owners:
            model._base_manager.filter(**{owner: 1})
        columns = {field.name for field in model._meta.concrete_fields}
        assert set(policy.blank) <= columns, model


def test_every_key_to_a_person_is_in_the_copy_or_has_a_reason_not_to_be():
    for model, policy in own_data.tables():
        if (
            policy.is_exported
            or hasattr(model, "instance_type")
            or model._meta.label_lower in own_data.OTHERS
        ):
            continue
        assert policy.why, f"{model._meta.label} keeps its rows out of the copy and does not say why."


def test_a_person_downloads_everything_about_them_and_nothing_about_others(client):
    person = with_traces()
    make_member(name="Somebody Else", email="else@club.example")
    client.force_login(person)
    answer = client.post(reverse("members:own_data_download"))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    text = archive.read("data.json").decode()
    copy = json.loads(text)
    assert copy["tables"]["members.user"][0]["about"] == "canary@club.example"
    assert copy["tables"]["members.membership"][0]["note"] == "Canary is late"
    assert copy["tables"]["members.invitation"][0]["email"] == "canary@club.example"
    assert "else@club.example" not in text
    assert not any(secret in text for secret in (person.password, client.session.session_key))
    assert AuditEntry.objects.filter(action="own-data-downloaded", actor=person).count() == 1


def test_a_copy_is_not_made_by_looking_or_by_a_stranger(client):
    assert client.post(reverse("members:own_data_download")).status_code == 302
    client.force_login(make_user())
    assert client.get(reverse("members:own_data_download")).status_code == 405
    assert client.get(reverse("members:own_data")).status_code == 200


def test_a_request_for_erasure_reaches_the_desk_and_can_be_taken_back(client):
    person, officer = make_member(), make_officer()
    client.force_login(person)

    def on_desk():
        found = desk_items.for_officer(User.objects.get(pk=officer.pk), timezone.now())
        return [item.count for item in found if item.title == "Asked to be erased"]

    client.post(reverse("members:erasure_ask"))
    client.post(reverse("members:erasure_ask"))
    assert on_desk() == [1]
    client.post(reverse("members:erasure_ask"), {"withdraw": ""})
    assert on_desk() == []
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "erasure-asked",
        "erasure-withdrawn",
    ]


def everything_in_the_database():
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            for (row,) in cursor.fetchall():
                yield table, row


def test_after_an_erasure_nothing_of_the_person_is_left_in_the_database():
    person, officer = with_traces(), make_officer()
    before = [table for table, row in everything_in_the_database() if "canary" in row.lower()]
    assert len(set(before)) >= 6
    erasure.erase(person, by=officer)
    left = [(table, row) for table, row in everything_in_the_database() if "canary" in row.lower()]
    assert left == []
    person.refresh_from_db()
    assert (person.display_name, person.is_active, person.erased_at is not None) == (
        "Former member",
        False,
        True,
    )
    assert Membership.objects.filter(person=person).count() == 1, "the cohort keeps its number"
    assert AuditEntry.objects.filter(action="person-erased", actor=officer).count() == 1


def test_an_erased_person_is_signed_out_and_gone_from_the_directory(client):
    person, officer = make_member(), make_officer()
    client.force_login(person)
    client.get("/people/")
    UserSession.objects.create(
        user=person, session_key=client.session.session_key, ip="127.0.0.1", user_agent="x"
    )
    erasure.erase(person, by=officer)
    assert client.get("/people/").status_code == 302
    client.force_login(officer)
    assert [row["person"].pk for row in client.get("/people/").context["rows"]] == [officer.pk]


def test_an_officer_and_an_emergency_account_are_not_erased_while_they_hold_their_rights():
    officer, other = make_officer(), make_officer()
    emergency = User.objects.create_superuser("root@club.example", "x", name="Root")
    for person in (officer, emergency):
        with pytest.raises(erasure.ErasureRefused):
            erasure.erase(person, by=other)
    assert User.objects.filter(erased_at__isnull=False).count() == 0


def test_an_officer_erases_in_the_admin_by_typing_the_address(client):
    person, officer = make_member(email="gone@club.example"), make_officer()
    client.force_login(officer)
    page = reverse("admin:members_user_erase", args=[person.pk])
    assert client.post(page, {"address": "wrong"}).status_code == 422
    assert client.post(page, {"address": "gone@club.example"}).status_code == 302
    person.refresh_from_db()
    assert person.erased_at
    client.force_login(make_officer(slug="events"))
    assert client.get(page).status_code == 403


def test_whatever_is_deleted_or_kept_on_erasure_is_decided_by_its_policy():
    assert own_data.policy_of(AuditEntry).on_erase is Erase.KEEP
    assert own_data.policy_of(EmailAddress).on_erase is Erase.DELETE
    assert own_data.policy_of(Membership.history.model) is own_data.policy_of(Membership)
