from __future__ import annotations

from django.utils import timezone

from nmep import reviewing
from nmep.models import Assignment, Phrase
from tests.factories.nmep import make_lead, make_offering, make_submission


def make_review(*, submission=None, reviewer=None, outcome="done", summary="Good.", marks=None, now=None):
    """A review finished through the same door as everybody's: posted, or held where its assignment holds."""
    submission = submission or make_submission()
    reviewer = reviewer or make_lead(offering=submission.assignment.offering)
    return reviewing.post(
        submission,
        reviewer,
        summary=summary,
        outcome=outcome,
        marks=marks or {},
        now=now or timezone.now(),
    )


def make_held_review(*, submission=None, **fields):
    submission = submission or make_submission()
    Assignment.objects.filter(pk=submission.assignment_id).update(holds_reviews=True)
    submission.assignment.refresh_from_db()
    return make_review(submission=submission, **fields)


def make_phrase(*, owner=None, offering=None, text="Say what the axes are."):
    if owner is None and offering is None:
        offering = make_offering()
    return Phrase.objects.create(owner=owner, offering=offering, text=text)
