from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Attendance
from members.models import AuditEntry
from nmep import progress
from nmep.models import Deviation, MarkChange, Submission
from tests.factories.members import make_member, make_officer
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = pytest.mark.django_db


def states(enrolment):
    return [work.state for work in progress.of(enrolment, timezone.now()).work]


def test_every_state_of_a_homework_has_its_word():
    now = timezone.now()
    offering = make_offering()
    learner = make_enrolment(offering=offering)
    done, returned, review = [make_assignment(offering=offering) for _ in range(3)]
    make_submission(enrolment=learner, assignment=done, state=Submission.State.DONE)
    make_submission(enrolment=learner, assignment=returned, state=Submission.State.RETURNED)
    make_submission(enrolment=learner, assignment=review)
    make_assignment(offering=offering)
    make_assignment(offering=offering, due_at=now - timedelta(days=1))
    make_assignment(offering=offering, due_at=now - timedelta(days=6))
    exempt = make_assignment(offering=offering, due_at=now - timedelta(days=6))
    MarkChange.objects.create(enrolment=learner, assignment=exempt, kind="exempt", by=learner.person)
    make_assignment(offering=offering, opens_at=now + timedelta(days=1))
    assert states(learner) == ["done", "returned", "review", "open", "overdue", "missed", "exempt", "ahead"]


def test_more_time_moves_what_is_missed():
    offering = make_offering()
    learner = make_enrolment(offering=offering)
    assignment = make_assignment(offering=offering, due_at=timezone.now() - timedelta(days=6))
    Deviation.objects.create(enrolment=learner, assignment=assignment, extra_days=7)
    assert states(learner) == ["open"]


def test_the_last_entry_of_the_journal_counts():
    offering = make_offering()
    learner = make_enrolment(offering=offering)
    assignment = make_assignment(offering=offering)
    for minute, kind in enumerate(["not_yet", "done", "score", "do_over"]):
        MarkChange.objects.create(
            enrolment=learner, assignment=assignment, kind=kind, at=timezone.now() + timedelta(minutes=minute)
        )
    assert states(learner) == ["do_over"]


@pytest.fixture
def absent():
    offering = make_offering(max_absences=1)
    learner, other = make_enrolment(offering=offering), make_enrolment(offering=offering)
    for week in (3, 2, 1):
        session = make_session(offering=offering, starts_at=timezone.now() - timedelta(weeks=week))
        Attendance.objects.create(event=session.event, user=other.person)
    make_session(offering=offering, starts_at=timezone.now() - timedelta(days=2))  # nobody checked in
    return learner


def test_learners_and_staff_read_the_same_reasons(client, absent):
    reason = "Missed 3 classes; 1 is allowed."
    assert progress.of(absent, timezone.now()).reasons == (reason,)
    slug = absent.offering.slug
    client.force_login(absent.person)
    assert reason in client.get(reverse("nmep:progress_mine", args=[slug])).content.decode()
    client.force_login(make_lead(offering=absent.offering))
    assert reason in client.get(reverse("nmep:roster", args=[slug])).content.decode()
    shown = client.get(reverse("nmep:progress_detail", args=[slug, absent.pk])).content.decode()
    assert reason in shown
    assert (
        absent.person.display_name
        not in client.get(f"{reverse('nmep:roster', args=[slug])}?show=owing").content.decode()
    )


@pytest.mark.parametrize("name", ["nmep:roster", "nmep:review_queue"])
def test_the_roster_and_the_queue_are_for_staff(client, absent, name):
    for person in (absent.person, make_member(), make_officer(slug="events")):
        client.force_login(person)
        assert client.get(reverse(name, args=[absent.offering.slug])).status_code == 404


def test_somebody_elses_progress_is_a_404(client, absent):
    client.force_login(make_enrolment(offering=absent.offering).person)
    assert (
        client.get(reverse("nmep:progress_detail", args=[absent.offering.slug, absent.pk])).status_code == 404
    )
    client.force_login(make_member())
    assert client.get(reverse("nmep:progress_mine", args=[absent.offering.slug])).status_code == 404


def test_an_export_is_guarded_against_formulas_and_written_down(client, absent):
    person = absent.person
    person.name = "=HYPERLINK(1)"
    person.save()
    lead = make_lead(offering=absent.offering)
    client.force_login(lead)
    url = reverse("nmep:roster_export", args=[absent.offering.slug])
    assert client.get(url).status_code == 405
    content = client.post(url).content.decode()
    assert "'=HYPERLINK(1)" in content
    assert [(row.actor, row.action) for row in AuditEntry.objects.all()] == [(lead, "roster-exported")]


@pytest.mark.parametrize("size", [1, 10])
def test_the_roster_costs_the_same_for_any_number_of_learners(client, size, django_assert_max_num_queries):
    offering = make_offering()
    make_session(offering=offering)
    assignment = make_assignment(offering=offering)
    for _ in range(size):
        make_submission(assignment=assignment)
    client.force_login(make_lead(offering=offering))
    url = reverse("nmep:roster", args=[offering.slug])
    client.get(url)
    with django_assert_max_num_queries(10):
        client.get(url)
