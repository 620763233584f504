import pytest
from django.urls import reverse

from events import registrations
from members.models import AuditEntry
from tests.factories import (
    make_attendance,
    make_club,
    make_event,
    make_member,
    make_officer,
    make_series,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


def test_lists_are_searchable_and_stay_under_twelve_queries(client, django_assert_max_num_queries):
    client.force_login(make_officer(slug="events"))
    for n in range(10):
        event = make_event(title=f"Evening of {n}", hosts=[make_user()])
        registrations.register(event, make_user())
        make_attendance(event=event, user=make_user())
    make_series()
    for model in ("event", "series", "registration", "attendance"):
        url = reverse(f"admin:events_{model}_changelist")
        client.get(url)
        with django_assert_max_num_queries(11):
            assert client.get(url, {"q": "Evening"}).status_code == 200
    page = client.get(reverse("admin:events_event_changelist"), {"when": "placeless"}).content.decode()
    assert "0 events" in page


def test_the_page_of_an_event_shows_registrations_without_notes(client):
    event = make_event(asks_note=True)
    registrations.register(event, make_user(name="Vera Green"), note="coeliac")
    client.force_login(make_officer(slug="events"))
    page = client.get(reverse("admin:events_event_change", args=[event.pk])).content.decode()
    assert "Vera Green" in page
    assert "coeliac" not in page


def test_registrations_are_exported_and_it_is_written_down(client):
    event = make_event(title="=cmd|evil")
    registrations.register(event, make_user(name="Vera Green", email="vera@post.example"), note="coeliac")
    make_attendance(event=event, name="Wil", email="wil@post.example")
    officer = make_officer(slug="events")
    client.force_login(officer)
    answer = client.post(
        reverse("admin:events_event_changelist"),
        {"action": "export_registrations", "_selected_action": [event.pk]},
    )
    text = b"".join(answer.streaming_content).decode()
    assert "'=cmd|evil" in text
    assert "Vera Green,vera@post.example" in text
    assert "Wil,wil@post.example,,Not registered,yes" in text
    assert "coeliac" not in text
    entry = AuditEntry.objects.get(action="registrations.exported")
    assert (entry.actor, entry.after) == (officer, {"events": [event.pk]})


def test_only_those_who_look_after_events_read_the_records(client):
    client.force_login(make_officer(slug="library"))
    assert client.get(reverse("admin:events_registration_changelist")).status_code == 403
    assert client.get(reverse("admin:events_event_changelist")).status_code == 200
    client.force_login(make_member())
    assert client.get(reverse("admin:events_event_changelist")).status_code in (302, 403)
