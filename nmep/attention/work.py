"""Hand-ins and reviews that wait, checks that need a person, questions without an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.urls import reverse

from nmep.attention.rules import Rule, keys, to
from nmep.models import Question, Review, Run, SecondLook, Submission

#: A hand-in that waits longer than this for its review is late.
REVIEW_PROMISE = timedelta(days=5)


def _late_reviews(now: datetime) -> Any:
    rows = Submission.objects.waiting().filter(
        assignment__offering=OuterRef("pk"), handed_in_at__lt=now - REVIEW_PROMISE
    )
    return keys(rows)


def _held_reviews(now: datetime) -> Any:
    rows = Review.objects.held().filter(submission__assignment__offering=OuterRef("pk"))
    by_work = rows.order_by("submission__assignment__position", "pk")
    return ArraySubquery(by_work.values("submission__assignment__key"))


def _second_looks(now: datetime) -> Any:
    rows = SecondLook.objects.open().filter(review__submission__assignment__offering=OuterRef("pk"))
    return ArraySubquery(rows.order_by("asked_at").values("review__submission"))


def _look_page(slug: str, rows: Sequence[Any]) -> str:
    if len(rows) == 1:
        return reverse("nmep:submission_detail", args=[slug, rows[0]]) + "#thread"
    return reverse("nmep:review_queue", args=[slug]) + "#looks"


def _runs(now: datetime) -> Any:
    rows = Run.objects.of_hand_ins().filter(
        state=Run.State.WAITING, submission__assignment__offering=OuterRef("pk")
    )
    return keys(rows, "submission__assignment__key")


def _questions(now: datetime) -> Any:
    return keys(Question.objects.unanswered().filter(offering=OuterRef("pk")))


REVIEWS = Rule(
    key="reviews",
    one="Hand-in waits more than 5 days for a review",
    many="Hand-ins wait more than 5 days for a review",
    action="Open the queue",
    icon="inbox-stack",
    rows=_late_reviews,
    page=to("review_queue"),
)
HELD = Rule(
    key="held",
    one="Finished review is held",
    many="Finished reviews are held",
    action="Look and release",
    icon="pause-circle",
    rows=_held_reviews,
    page=lambda slug, rows: reverse("nmep:review_release", args=[slug, rows[0]]),
    named=lambda row: row.upper(),
)
LOOKS = Rule(
    key="looks",
    one="Learner asked for another look at a review",
    many="Learners asked for another look at a review",
    action="Answer",
    icon="eye",
    rows=_second_looks,
    page=_look_page,
)
RUNS = Rule(
    key="runs",
    one="Check of a hand-in waits for a person",
    many="Checks of hand-ins wait for a person",
    action="See why",
    icon="cpu-chip",
    rows=_runs,
    page=lambda slug, rows: reverse("nmep:check_list", args=[slug, rows[0]]),
    named=lambda row: row.upper(),
)
QUESTIONS = Rule(
    key="questions",
    one="Question has no answer yet",
    many="Questions have no answer yet",
    action="Answer",
    icon="question-mark-circle",
    rows=_questions,
    page=to("question_list"),
)
