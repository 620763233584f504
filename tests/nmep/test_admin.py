from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry
from nmep.models import Assignment, Enrolment, MarkChange, Milestone
from tests.factories.members import make_member, make_new_member, make_officer
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = pytest.mark.django_db
LISTS = [
    "offering",
    "session",
    "assignment",
    "enrolment",
    "submission",
    "review",
    "markchange",
    "deviation",
    "program",
    "module",
]


@pytest.fixture
def officer(client):
    person = make_officer(slug="education")
    client.force_login(person)
    return person


def filled(size):
    offering = make_offering()
    for n in range(size):
        session = make_session(offering=offering, starts_at=timezone.now() + timedelta(days=3 + n))
        assignment = make_assignment(offering=offering, due_session=session)
        make_submission(assignment=assignment)
        Milestone.objects.create(offering=offering, title=f"M{session.pk}", due_session=session)
    return offering


@pytest.mark.parametrize("name", LISTS)
def test_every_list_takes_under_twelve_queries_for_any_number(
    client, officer, name, django_assert_max_num_queries
):
    counts = []
    url = reverse(f"admin:nmep_{name}_changelist")
    for size in (1, 5):
        filled(size)
        client.get(url)
        with django_assert_max_num_queries(12) as captured:
            assert client.get(url, {"q": "a"}).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_an_offering_shows_its_weeks_work_and_people_in_the_same_number_of_queries(
    client, officer, django_assert_max_num_queries
):
    counts = []
    for size in (1, 5):
        url = reverse("admin:nmep_offering_change", args=[filled(size).pk])
        client.get(url)
        with django_assert_max_num_queries(40) as captured:
            shown = client.get(url).content.decode()
        assert "Move…" in shown
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_all_new_members_are_enrolled_after_a_look_at_them(client, officer):
    offering = make_offering()
    new, excused = make_new_member(term=offering.term), make_new_member(term=offering.term)
    url = reverse("admin:nmep_offering_enrol", args=[offering.pk])
    shown = client.get(url).content.decode()
    assert new.email in shown
    assert not Enrolment.objects.exists()
    client.post(url, {"person": [new.pk]})
    assert [row.person for row in Enrolment.objects.all()] == [new]
    assert excused not in [row.person for row in Enrolment.objects.all()]


def test_moving_a_class_shows_the_due_dates_first_and_then_saves(client, officer):
    offering = make_offering()
    session = make_session(offering=offering, starts_at=timezone.now() + timedelta(days=3))
    assignment = make_assignment(offering=offering, due_session=session)
    url = reverse("admin:nmep_session_move", args=[session.pk])
    later = timezone.localtime(session.event.starts_at, offering.zone) + timedelta(days=1)
    before = session.event.starts_at
    values = {"starts_at": later.strftime("%Y-%m-%dT%H:%M"), "place": "Hall 2"}
    shown = client.post(url, {**values, "preview": "1"}).content.decode()
    assert str(assignment) in shown
    session.event.refresh_from_db()
    assert session.event.starts_at == before
    answer = client.post(url, {**values, "save": "1", "seen": before.isoformat()})
    assert "another than the one you looked at" in answer.content.decode()
    session.event.refresh_from_db()
    assert session.event.starts_at == before
    client.post(url, {**values, "save": "1", "seen": answer.context["seen"]})
    session.event.refresh_from_db()
    assert (session.event.place, session.event.starts_at > before) == ("Hall 2", True)
    assert Assignment.objects.get().due_at is not None
    assert client.post(url, {"starts_at": "tomorrow", "preview": "1"}).status_code == 422


def test_the_roster_grid_and_its_export(client, officer):
    offering = make_offering()
    learner = make_enrolment(offering=offering)
    make_submission(enrolment=learner, assignment=make_assignment(offering=offering))
    url = reverse("admin:nmep_offering_roster", args=[offering.pk])
    assert learner.person.display_name in client.get(url).content.decode()
    assert "In review" in client.post(url).content.decode()
    assert AuditEntry.objects.filter(action="roster-exported", actor=officer).count() == 1


@pytest.mark.parametrize("slug", ["events", "president"])
def test_other_officers_see_no_learners_work(client, slug):
    offering = make_offering()
    make_submission(assignment=make_assignment(offering=offering))
    client.force_login(make_officer(slug=slug))
    assert client.get(reverse("admin:nmep_submission_changelist")).status_code == 403
    assert client.get(reverse("admin:nmep_offering_roster", args=[offering.pk])).status_code == 403
    assert client.get(reverse("admin:nmep_markchange_changelist")).status_code == 403


def test_members_do_not_enter(client):
    client.force_login(make_member())
    assert client.get(reverse("admin:nmep_offering_changelist")).status_code in (302, 403, 404)


def test_records_are_read_only_and_the_journal_only_grows(client, officer):
    submission = make_submission()
    url = reverse("admin:nmep_submission_change", args=[submission.pk])
    assert submission.pieces.get().sha256 in client.get(url).content.decode()
    assert client.post(url, {"state": "done"}).status_code == 403
    author = submission.authors.get().enrolment
    client.post(
        reverse("admin:nmep_markchange_add"),
        {"enrolment": author.pk, "assignment": submission.assignment_id, "kind": "exempt", "why": "Ill"},
    )
    assert [(row.kind, row.by) for row in MarkChange.objects.all()] == [("exempt", officer)]


def test_no_admin_page_of_ours_has_inline_script_or_style(client, officer):
    offering = filled(1)
    for url in (
        reverse("admin:nmep_offering_enrol", args=[offering.pk]),
        reverse("admin:nmep_offering_roster", args=[offering.pk]),
        reverse("admin:nmep_session_move", args=[offering.sessions.get().pk]),
    ):
        shown = client.get(url).content.decode()
        assert 'style="' not in shown
        assert "onclick" not in shown
