from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import registrations
from members.ledger import holding
from members.models import AuditEntry
from mlclub.portal import readers
from tests.factories.events import make_event, make_talk
from tests.factories.members import make_club, make_member, make_officer, make_term
from tests.factories.projects import make_initiative

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    make_club()
    return make_term()


def test_the_desk_shows_an_officer_what_needs_a_person(client):
    make_initiative(name="Marigold", lead=make_member(), created_at=timezone.now() - timedelta(days=30))
    client.force_login(make_officer())
    page = client.get(reverse("portal:desk")).content.decode()
    assert "Project silent for three weeks" in page
    assert "Marigold" in page


def test_the_desk_is_for_officers_only(client):
    client.force_login(make_member())
    assert client.get(reverse("portal:desk")).status_code == 403


def test_an_officer_previews_anybodys_digest_without_what_is_theirs_and_leaves_a_line(client):
    member = make_member()
    soon = datetime.combine(readers.week_of(timezone.now())[1], time(12), tzinfo=UTC)
    mine, open_to_all = (
        make_event(title="Signed up", starts_at=soon),
        make_event(title="For all", starts_at=soon),
    )
    registrations.register(mine, member)
    make_talk(event=open_to_all, title="T", speakers=[make_member()])
    client.force_login(make_officer())
    response = client.get(reverse("portal:digest_preview"), {"person": member.handle})
    assert response.status_code == 200
    page = response.content.decode()
    assert member.display_name in page
    assert "For all" in page
    assert "Signed up" not in page
    assert "1 line that is theirs alone stands in it too" in page
    client.force_login(member)
    assert "Signed up" in client.get(reverse("portal:digest_mine")).content.decode()
    assert AuditEntry.objects.filter(action="digest previewed").count() == 1


def test_a_wrong_handle_is_said_and_kept(client):
    client.force_login(make_officer())
    response = client.get(reverse("portal:digest_preview"), {"person": "nobody-known"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Nobody here has the handle “nobody-known”." in page
    assert 'value="nobody-known"' in page


def test_a_member_previews_no_digest(client):
    client.force_login(make_member())
    assert client.get(reverse("portal:digest_preview")).status_code == 403


@pytest.mark.parametrize("size", [1, 5])
def test_the_desk_costs_the_same_for_any_number_of_things(client, size, django_assert_max_num_queries):
    for _ in range(size):
        make_initiative(lead=make_member(), created_at=timezone.now() - timedelta(days=30))
    client.force_login(make_officer())
    with django_assert_max_num_queries(30):
        client.get(reverse("portal:desk"))


def test_a_hold_stands_above_everything_on_the_desk_also_while_nothing_waits(client):
    client.force_login(make_officer())
    assert "Mail on hold" not in client.get(reverse("portal:desk")).content.decode()
    holding.hold("restore", now=timezone.now())

    page = client.get(reverse("portal:desk")).content.decode()

    assert page.index("Mail on hold") < page.index('class="desk"')
    assert page.count("Mail on hold") == 2  # the sentence, and whom its button names
