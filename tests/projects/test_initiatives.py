from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry, Notification
from projects.models import Initiative, Output, Role, Update
from tests.factories.members import make_alumnus, make_club, make_member, make_officer, make_term, make_user
from tests.factories.projects import make_initiative, make_update

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    make_club()
    return make_term()


FORM = {
    "name": "Tide gauges",
    "kind": "research",
    "face": "internal",
    "summary": "Forecasts that a straight line does not beat.",
    "visibility": "members",
    "state": "running",
}


def test_anyone_reads_a_public_initiative_but_not_the_names_of_its_team(client):
    initiative = make_initiative(visibility="public", lead=make_member(name="Wren Castellane"))
    page = client.get(initiative.get_absolute_url()).content.decode()
    assert initiative.name in page
    assert "1 person" in page
    assert "Wren Castellane" not in page


def test_a_members_initiative_is_not_there_for_a_stranger(client):
    initiative = make_initiative(visibility="members")
    assert client.get(initiative.get_absolute_url()).status_code == 404
    client.force_login(make_user())
    assert client.get(initiative.get_absolute_url()).status_code == 404
    assert initiative.name not in client.get(reverse("projects:initiative_list")).content.decode()


def test_members_and_alumni_read_members_initiatives(client):
    initiative = make_initiative(lead=make_member(name="Wren Castellane"))
    for reader in (make_member(), make_alumnus()):
        client.force_login(reader)
        assert "Wren Castellane" in client.get(initiative.get_absolute_url()).content.decode()


def test_a_team_initiative_is_seen_by_its_team_and_by_officers_only(client):
    lead = make_member()
    initiative = make_initiative(visibility="team", lead=lead)
    seen = []
    for reader in (lead, make_officer(), make_member()):
        client.force_login(reader)
        seen.append(client.get(initiative.get_absolute_url()).status_code)
    assert seen == [200, 200, 404]


def test_whoever_starts_something_leads_it(client):
    member = make_member()
    client.force_login(member)
    response = client.post(reverse("projects:initiative_create"), FORM)
    initiative = Initiative.objects.get()
    assert response.status_code == 302
    assert [(role.person, role.kind) for role in initiative.roles.all()] == [(member, Role.Kind.LEAD)]


def test_a_second_initiative_of_the_same_name_is_refused_beside_the_field(client):
    make_initiative(name="tide gauges")
    client.force_login(make_member())
    response = client.post(reverse("projects:initiative_create"), FORM)
    assert response.status_code == 422
    page = response.content.decode()
    assert "There is already an initiative of this name." in page
    assert "Forecasts that a straight line does not beat." in page


def test_an_initiative_cannot_be_done_without_a_word_on_what_came_of_it(client):
    lead = make_member()
    initiative = make_initiative(lead=lead)
    client.force_login(lead)
    url = reverse("projects:initiative_edit", args=[initiative.slug])
    response = client.post(url, {**FORM, "state": "done"})
    assert response.status_code == 422
    assert "what came of it" in response.content.decode()
    initiative.refresh_from_db()
    assert initiative.state == "running"


def test_only_leads_edit_and_alumni_only_read(client):
    initiative = make_initiative(lead=make_member(), team=[helper := make_member()])
    url = reverse("projects:initiative_edit", args=[initiative.slug])
    answers = []
    for person in (helper, make_member(), make_alumnus()):
        client.force_login(person)
        answers.append(client.get(url).status_code)
    assert answers == [403, 403, 403]
    client.force_login(make_alumnus())
    assert client.get(reverse("projects:initiative_create")).status_code == 404


def test_the_team_says_how_it_goes_and_a_double_click_says_it_once(client):
    helper = make_member()
    initiative = make_initiative(lead=make_member(), team=[helper])
    client.force_login(helper)
    url = reverse("projects:update_create", args=[initiative.slug])
    for _ in range(2):
        assert client.post(url, {"done": "Ten seeds.", "next": "", "blocked": ""}).status_code == 302
    assert [update.done for update in Update.objects.all()] == ["Ten seeds."]


def test_an_update_needs_a_word_on_what_was_done(client):
    lead = make_member()
    initiative = make_initiative(lead=lead)
    client.force_login(lead)
    response = client.post(
        reverse("projects:update_create", args=[initiative.slug]), {"done": "", "next": "Plots"}
    )
    assert response.status_code == 422
    assert "Plots" in response.content.decode()


def test_somebody_outside_the_team_writes_no_update(client):
    initiative = make_initiative(lead=make_member())
    client.force_login(make_member())
    assert (
        client.post(reverse("projects:update_create", args=[initiative.slug]), {"done": "x"}).status_code
        == 403
    )


def test_a_hostile_update_is_shown_as_text(client):
    lead = make_member()
    initiative = make_initiative(lead=lead)
    make_update(
        initiative=initiative, author=lead, done="<script>alert(1)</script> and <img src=x onerror=alert(1)>"
    )
    client.force_login(lead)
    page = client.get(initiative.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_lead_names_somebody_who_is_told_once_and_the_audit_trail_has_it(client):
    lead, other = make_member(), make_member(name="Ola Brandt")
    initiative = make_initiative(lead=lead)
    client.force_login(lead)
    url = reverse("projects:team_edit", args=[initiative.slug])
    for kind in ("contributor", "mentor"):
        client.post(url, {"person": "ola brandt", "kind": kind, "does": "plots"})
    role = Role.objects.get(person=other)
    assert role.kind == "mentor"
    assert [row.kind for row in Notification.objects.filter(person=other)] == ["project-team-joined"]
    assert AuditEntry.objects.filter(action="role changed").count() == 2


def test_an_unknown_name_is_told_beside_the_field(client):
    lead = make_member()
    initiative = make_initiative(lead=lead)
    client.force_login(lead)
    response = client.post(
        reverse("projects:team_edit", args=[initiative.slug]), {"person": "Nobody Known", "kind": "mentor"}
    )
    assert response.status_code == 422
    assert "Nobody in the directory is called “Nobody Known”." in response.content.decode()


def test_the_only_lead_cannot_be_taken_out(client):
    lead = make_member()
    initiative = make_initiative(lead=lead)
    client.force_login(lead)
    role = initiative.roles.get()
    page = client.post(reverse("projects:role_end", args=[initiative.slug, role.pk]), follow=True)
    assert "only lead" in page.content.decode()
    assert Role.objects.filter(pk=role.pk).exists()


def test_an_output_stays_when_the_work_is_over(client):
    lead = make_member()
    initiative = make_initiative(lead=lead)
    client.force_login(lead)
    client.post(
        reverse("projects:output_create", args=[initiative.slug]),
        {"kind": "code", "title": "Gauge tools", "url": "https://code.example/x", "made_on": "2026-10-01"},
    )
    assert Output.objects.get().title == "Gauge tools"
    assert "Gauge tools" in client.get(initiative.get_absolute_url()).content.decode()


def test_a_project_silent_for_three_weeks_says_so_to_its_team(client):
    lead = make_member()
    initiative = make_initiative(lead=lead, created_at=timezone.now() - timedelta(days=30))
    client.force_login(lead)
    assert "Three weeks without an update" in client.get(initiative.get_absolute_url()).content.decode()
    make_update(initiative=initiative, author=lead)
    assert "Three weeks without an update" not in client.get(initiative.get_absolute_url()).content.decode()


@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_list_costs_the_same_for_any_number_of_initiatives(client, size, django_assert_num_queries):
    for _ in range(size):
        make_initiative(lead=make_member())
    client.force_login(make_member())
    client.get(reverse("projects:initiative_list"))
    with django_assert_num_queries(6):
        client.get(reverse("projects:initiative_list"))


def test_filters_show_what_is_open_to_newer_members(client):
    make_initiative(name="Open one", opening="Two places")
    make_initiative(name="Full one")
    client.force_login(make_member())
    page = client.get(reverse("projects:initiative_list"), {"open": "1"}).content.decode()
    assert "Open one" in page
    assert "Full one" not in page
