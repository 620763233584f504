"""What a kind of mail looks like before one goes: the newest message of that kind to oneself, with its headers.

A mail's body is its recipient's (docs/decisions/0012): an officer sees their own messages, sent or waiting, and
announcements as everybody gets them, never somebody else's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist

from members.ledger import judging, kinds, posting
from members.ledger.kinds import Kind
from members.ledger.stopping import Wishes
from members.models import Club, Notification, User
from mlclub.mail import Composed


@dataclass(frozen=True)
class Preview:
    """A mail as it would go now. `skipped` is why it would not; `composed` is None where nothing can be shown."""

    row: Notification
    kind: Kind
    composed: Composed | None
    headers: dict[str, str]
    skipped: str


def rows_of(person: User, kind: Kind) -> list[Notification]:
    """The person's own messages of that kind, the newest first."""
    rows = Notification.objects.by_mail().visible_to(person).filter(kind=kind.slug).select_related("person")
    return list(rows.order_by("-created_at", "-pk")[:20])


def preview(row: Notification, *, now: datetime) -> Preview | None:
    """The row as it would be written now; None for a kind that no longer exists."""
    kind = kinds.find(row.kind)
    if kind is None:
        return None
    club = Club.current()
    try:
        composed = posting.composed(row, kind, club=club, now=now)
    except ObjectDoesNotExist:
        composed = None
    return Preview(
        row=row,
        kind=kind,
        composed=composed,
        headers=posting.headers(row, kind, club=club, token=posting.token_for(row, kind)),
        skipped=judging.reason_to_skip(row, kind, Wishes.of([row]), now),
    )
