"""Before a workshop: what to know, what to set up, and who needs help with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from events.models import Event, Preparation, Registration, SetupAnswer
from members.models import User
from mlclub.refusal import Refused


@transaction.atomic
def answer(event: Event, person: User, *, works: bool, note: str, now: datetime) -> SetupAnswer:
    """Say that one's setup works, or where one is stuck; the last word counts. Raises Refused for whoever is not
    registered, and once it is over."""
    if event.is_cancelled or event.is_over(now):
        raise Refused("It is over.")
    if not Registration.objects.live().filter(event=event, user=person).exists():
        raise Refused("Say first that you are going.")
    row, _ = SetupAnswer.objects.update_or_create(
        event=event,
        person=person,
        defaults={"works": works, "note": "" if works else note.strip(), "at": now},
    )
    return row


@dataclass(frozen=True)
class Before:
    """What one person sees of a preparation; the answers of others are for hosts."""

    preparation: Preparation
    mine: SetupAnswer | None
    may_answer: bool
    runs: bool
    stuck: list[SetupAnswer]
    works: list[SetupAnswer]
    registered: int

    @property
    def silent(self) -> int:
        return max(0, self.registered - len(self.stuck) - len(self.works))


def before(event: Event, user: Any, now: datetime, *, runs: bool) -> Before | None:
    """The preparation of an event as `user` sees it, or None; three queries at most."""
    preparation = getattr(event, "preparation", None)
    if preparation is None:
        return None
    going = Registration.objects.live().filter(event=event)
    rows = SetupAnswer.objects.filter(event=event, person__in=going.values("user")).select_related("person")
    answers = list(rows if runs else rows.filter(person=user.pk))
    seats = going.aggregate(all=Count("pk"), mine=Count("pk", filter=Q(user=user.pk)))
    return Before(
        preparation=preparation,
        mine=next((row for row in answers if row.person_id == user.pk), None),
        may_answer=bool(preparation.setup)
        and user.is_authenticated
        and bool(seats["mine"])
        and not event.is_over(now)
        and not event.is_cancelled,
        runs=runs,
        stuck=[row for row in answers if not row.works] if runs else [],
        works=[row for row in answers if row.works] if runs else [],
        registered=seats["all"],
    )
