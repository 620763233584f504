"""Questions under an assignment or a week, answered in the open, so that nobody asks twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db import transaction
from django.db.models import F

from members.ledger import Due, tell_many
from members.models import User
from mlclub.refusal import Refused
from nmep import people
from nmep.models import Answer, Assignment, Enrolment, Offering, Question
from nmep.models.questions import QuestionQuerySet
from nmep.notifications import QuestionAnswered

#: Questions of one offering that share this much of their three-letter groups may be the same one.
ALIKE = 0.3
SHOWN_ALIKE = 4


def may_take_part(user: Any, offering: Offering) -> bool:
    """Asking and answering is for the active people of an offering that is not archived, and its officer."""
    if offering.state == Offering.State.ARCHIVED:
        return False
    if Enrolment.objects.active().filter(person=user, offering=offering).exists():
        return True
    return bool(user.has_perm("nmep.view_submission"))


def may_settle(user: Any, question: Question) -> bool:
    """Whether `user` says which answer settles it: the asker, and whoever teaches here."""
    return question.author_id == user.pk or people.may_review(user, question.offering)


def alike(offering: Offering, text: str) -> list[Question]:
    """Questions of the offering that may ask the same, the likest first."""
    rows = (
        Question.objects.filter(offering=offering)
        .annotate(likeness=TrigramSimilarity("text", text))
        .filter(likeness__gte=ALIKE)
        .select_related("assignment", "offering")
        .order_by("-likeness", "-created_at")
    )
    return list(rows[:SHOWN_ALIKE])


@transaction.atomic
def ask(
    offering: Offering,
    author: User,
    text: str,
    *,
    now: datetime,
    assignment: Assignment | None = None,
    week: int | None = None,
) -> tuple[Question, bool]:
    """Put a question; the same words by the same person at the same place are the question that is there."""
    if not may_take_part(author, offering):
        raise Refused("Questions are asked by people who are in this programme now.")
    Offering.objects.select_for_update(of=("self",)).get(pk=offering.pk)
    place = {"offering": offering, "assignment": assignment, "week": week}
    same = Question.objects.filter(author=author, text=text, **place).first()
    if same is not None:
        return same, False
    question = Question.objects.create(author=author, text=text, created_at=now, **place)
    question.followers.add(author)
    return question, True


@transaction.atomic
def answer(question: Question, author: User, text: str, *, now: datetime) -> tuple[Answer, bool]:
    """Answer in the open and tell whoever wonders too; the same words again change nothing."""
    if not may_take_part(author, question.offering):
        raise Refused("Answers come from people who are in this programme now.")
    Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    same = Answer.objects.filter(question=question, author=author, text=text).first()
    if same is not None:
        return same, False
    made = Answer.objects.create(question=question, author=author, text=text, created_at=now)
    followers = question.followers.exclude(pk=author.pk).values_list("pk", flat=True)
    tell_many(
        QuestionAnswered,
        [Due(person=person, about=question, slot=f"answer {made.pk}") for person in followers],
        now=now,
    )
    return made, True


@transaction.atomic
def settle(question: Question, answer: Answer | None, *, by: User, now: datetime) -> None:
    """Say that `answer` settles it, or with None that it is open again. Raises Refused for those who may not."""
    question.offering.check_changes()
    if not may_settle(by, question):
        raise Refused("The person who asked, or somebody who teaches here, says when it is answered.")
    locked = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    Answer.objects.filter(question=locked, settles=True).update(settles=False)
    if answer is not None:
        Answer.objects.filter(pk=answer.pk, question=locked).update(settles=True)
    locked.answered_at = now if answer is not None else None
    locked.save(update_fields=["answered_at"])


def follow(question: Question, person: User, *, wanted: bool) -> None:
    """Wonder too, or no more; saying it twice is saying it once."""
    if wanted:
        question.followers.add(person)
    else:
        question.followers.remove(person)


def shown(offering: Offering, user: User) -> QuestionQuerySet:
    """The questions of an offering as a list shows them, the open ones first."""
    return (
        Question.objects.visible_to(user)
        .filter(offering=offering)
        .with_counts(user)
        .select_related("author", "assignment")
        .defer("assignment__text", "assignment__search")
        .order_by(F("answered_at").desc(nulls_first=True), "-created_at", "-pk")
    )
