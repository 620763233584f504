from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from members.ledger import Category, Due, Kind, kind
from members.models import Notification
from mlclub.portal import digest


@kind(
    "weekly-digest",
    label="Your week, on Sunday evening",
    template="portal/mail/digest",
    category=Category.DIGEST,
    why="on Sundays because you take part this term",
)
class WeeklyDigest(Kind):
    """One mail a week with what is due, what comes, and what is new for this person. Empty ones are not sent."""

    def due(self, now: datetime) -> Iterable[Due]:
        """Everybody who has none yet for the Sunday evening that has just been."""
        at = digest.sent_at(now)
        if now >= at + digest.STALE_AFTER:
            return
        slot = at.date().isoformat()
        made = Notification.objects.filter(kind=self.slug, person=OuterRef("pk"), slot=slot)
        people = digest.recipients(now).exclude(Exists(made)).values_list("pk", flat=True)
        for pk in people.iterator(chunk_size=2000):
            yield Due(person=pk, slot=slot, due_at=at, expires_at=at + digest.STALE_AFTER)

    def prepare(self, rows: Sequence[Notification]) -> None:
        """Build the digests of a whole batch with the queries of one."""
        by_slot: dict[str, list[Notification]] = {}
        for row in rows:
            if row.person is not None:
                by_slot.setdefault(row.slot, []).append(row)
        for slot, together in by_slot.items():
            people = [row.person for row in together if row.person is not None]
            built = digest.build(people, week_after(slot), together[0].due_at)
            for row in together:
                row.built = built[row.person.pk]  # type: ignore[attr-defined, union-attr]

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return "nothing for you this week" if built(row).is_empty else True

    def context(self, row: Notification) -> dict[str, Any]:
        return {"digest": built(row)}


def week_after(slot: str) -> tuple[date, date]:
    """Monday and Sunday after the Sunday whose date is `slot`."""
    sunday = date.fromisoformat(slot)
    return sunday + timedelta(days=1), sunday + timedelta(days=7)


def built(row: Notification) -> digest.Digest:
    """The digest of a row, from its batch, or made now where it is alone."""
    if not hasattr(row, "built"):
        WeeklyDigest().prepare([row])
    answer: digest.Digest = row.built  # type: ignore[attr-defined]
    return answer
