from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry
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


def test_an_officer_previews_anybodys_digest_and_leaves_a_line(client):
    member = make_member()
    client.force_login(make_officer())
    response = client.get(reverse("portal:digest_preview"), {"person": member.handle})
    assert response.status_code == 200
    assert member.display_name in response.content.decode()
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
