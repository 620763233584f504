"""What is asked at sign-up, and what people answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from events.locking import locked_event
from events.models import Event, Registration, Series, SignUpAnswer, SignUpQuestion
from mlclub.refusal import Refused


def asked_at(event: Event) -> list[SignUpQuestion]:
    """The questions of an event, those of its series first."""
    return list(SignUpQuestion.objects.asked().of(event))


def missing(event: Event, answers: Mapping[int, Any]) -> bool:
    """Whether a question that must be answered was not."""
    return any(
        question.is_required and question.pk not in answers
        for question in SignUpQuestion.objects.asked().of(event)
    )


def write(registration: Registration, answers: Mapping[int, Any], *, now: datetime) -> None:
    """Keep the answers by question; what is not among them is taken away. The caller holds the event's lock."""
    questions = {question.pk: question for question in asked_at(registration.event)}
    SignUpAnswer.objects.filter(registration=registration, question__in=questions).exclude(
        question__in=list(answers)
    ).delete()
    for key, value in answers.items():
        if key in questions:
            SignUpAnswer.objects.update_or_create(
                registration=registration,
                question=questions[key],
                defaults={"asked": questions[key].text, "value": value, "at": now},
            )


@transaction.atomic
def change(registration: Registration, answers: Mapping[int, Any], *, now: datetime) -> None:
    """Answer anew. Raises Refused once registration is closed, or for whoever is not registered any more."""
    event = locked_event(registration.event)
    row = Registration.objects.get(pk=registration.pk)
    if not row.is_live:
        raise Refused("You are not registered any more.")
    if now >= event.closes_at:
        raise Refused("Registration is closed; tell a host what has changed.")
    if missing(event, answers):
        raise Refused("Some questions must be answered.")
    row.event = event
    write(row, answers, now=now)
    Registration.objects.filter(pk=row.pk).update(updated_at=now)


def given(event: Event, user: Any) -> dict[int, Any]:
    """What somebody answered at this event, now or when they were registered before, by question."""
    rows = SignUpAnswer.objects.filter(registration__event=event, registration__user=user).order_by(
        "at", "pk"
    )
    return dict(rows.values_list("question", "value"))


# ── Asking ──


def add(question: SignUpQuestion) -> SignUpQuestion:
    """Ask it after the others."""
    siblings = SignUpQuestion.objects.filter(event=question.event, series=question.series)
    question.position = (siblings.aggregate(last=Max("position"))["last"] or 0) + 1
    question.save()
    return question


def remove(question: SignUpQuestion, *, now: datetime) -> None:
    """Ask it no more. What was answered stays."""
    with transaction.atomic():
        if question.answers.exists():
            question.retired_at = now
            question.save(update_fields=["retired_at"])
        else:
            question.delete()


@transaction.atomic
def reorder(owner: Event | Series, keys: Sequence[int]) -> None:
    """Put the questions into this order; those not named come after them."""
    rows = list(owner.questions.asked().select_for_update().order_by("position", "pk"))
    wanted = {key: place for place, key in enumerate(keys)}
    for place, row in enumerate(
        sorted(rows, key=lambda row: (wanted.get(row.pk, len(rows)), row.position)), 1
    ):
        if row.position != place:
            row.position = place
            row.save(update_fields=["position"])
