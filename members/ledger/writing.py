"""Writing into the ledger: in the caller's transaction, and never twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from members.audit import subject_of
from members.ledger.kinds import Due, Kind
from members.models import Notification, User
from mlclub import celery

BATCH = 1000


def tell(
    kind: type[Kind],
    person: User | None,
    *,
    about: models.Model | str = "",
    slot: str = "",
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    address: str = "",
    data: dict[str, Any] | None = None,
    now: datetime | None = None,
) -> bool:
    """Tell `person` (or the owner of `address`) something, once for each `about` and `slot`.

    The row is saved or lost together with the caller's transaction; the sender is woken after the commit.
    False means that it had been told already. `data` is JSON that `context` may need; never put a mark in it.
    """
    due = Due(person, about, slot, due_at, expires_at, address, data or {})
    written = bool(write(kind, [due], now=now or timezone.now()))
    if written:
        wake()
    return written


def tell_many(kind: type[Kind], dues: Iterable[Due], *, now: datetime | None = None) -> int:
    """Tell many people at once; returns how many had not been told already."""
    now = now or timezone.now()
    remaining, written = iter(dues), 0
    while batch := list(islice(remaining, BATCH)):
        written += write(kind, batch, now=now)
    if written:
        wake()
    return written


def record_sent(
    kind: str, to: User | str, outcome: str | None = None, *, now: datetime | None = None
) -> None:
    """Keep that a mail was sent past the ledger (allauth's codes and resets): kind and outcome, no body.

    `outcome` is None when the mail server took the mail, otherwise what went wrong.
    """
    now = now or timezone.now()
    person = to if isinstance(to, User) else None
    Notification.objects.create(
        person=person,
        address=None if person else str(to).strip().lower(),
        kind=kind[:60],
        slot=uuid.uuid4().hex,
        due_at=now,
        try_at=now,
        created_at=now,
        status=Notification.Status.DEAD if outcome else Notification.Status.SENT,
        reason=(outcome or "")[:300],
        attempts=1,
        sent_at=None if outcome else now,
    )


def write(kind: type[Kind] | Kind, dues: Sequence[Due], *, now: datetime) -> int:
    """Insert the rows that are not there yet, in one statement; returns how many that were."""
    rows = [_row(kind, due, now) for due in dues]
    if not rows:
        return 0
    table = Notification._meta
    fields = [field for field in table.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    line = "(" + ", ".join(["%s"] * len(fields)) + ")"
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(table.db_table)} ({columns}) "  # noqa: S608  names from the model
            f"VALUES {', '.join([line] * len(rows))} ON CONFLICT DO NOTHING",
            values,
        )
        return int(cursor.rowcount)


def _row(kind: type[Kind] | Kind, due: Due, now: datetime) -> Notification:
    person, address = due.person, due.address.strip().lower()
    if (person is None) == (not address):
        raise ValueError("A message goes to a person or to an address: give one of the two.")
    due_at = due.due_at or now
    return Notification(
        person_id=person.pk if isinstance(person, User) else person,
        address=address or None,
        kind=kind.slug,
        about=due.about if isinstance(due.about, str) else subject_of(due.about),
        slot=due.slot,
        data=due.data,
        rank=kind.category.value,
        due_at=due_at,
        try_at=due_at,
        expires_at=due.expires_at,
        created_at=now,
        # Fixed here, so that a mail that has to go twice is still the same mail.
        message_id=f"<{uuid.uuid4().hex}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>",
    )


def _wake() -> None:
    celery.poke()


def wake() -> None:
    """Wake the sender after the commit, once for each transaction however many are told in it."""
    # A hook that is still listed can only be dropped together with what the present savepoint does.
    if not any(hook[1] is _wake for hook in connection.run_on_commit):
        transaction.on_commit(_wake, robust=True)
