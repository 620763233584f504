"""What became of the messages about something: for whoever wrote or runs it. Outcomes, never what a mail says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q

from members.ledger import kinds
from members.models import Notification
from members.models.notifications import NotificationQuerySet

Status = Notification.Status
#: Those that will still be tried.
UNDERWAY = [Status.PENDING, Status.SENDING, Status.FAILED]


@dataclass
class Outcome:
    """How many messages of one kind ended how. `reasons` are why some were not sent, the most frequent first."""

    label: str
    sent: int = 0
    underway: int = 0
    skipped: int = 0
    gave_up: int = 0
    reasons: list[tuple[str, int]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.sent + self.underway + self.skipped + self.gave_up


def outcomes(rows: NotificationQuerySet) -> list[Outcome]:
    """By kind, with one query however many rows there are."""
    found: dict[str, Outcome] = {}
    counted = rows.order_by().values_list("kind", "status", "reason").annotate(n=Count("pk")).order_by("-n")
    for slug, status, reason, n in counted:
        outcome = found.setdefault(slug, Outcome(kinds.label_of(slug)))
        if status == Status.SENT:
            outcome.sent += n
        elif status in UNDERWAY:
            outcome.underway += n
        elif status == Status.SKIPPED:
            outcome.skipped += n
        else:
            outcome.gave_up += n
        if status != Status.SENT and reason:
            outcome.reasons.append((reason, n))
    return sorted(found.values(), key=lambda outcome: outcome.label)


def about(subjects: Iterable[str]) -> NotificationQuerySet:
    """The mails about any of `subjects` ("app.model:pk")."""
    return Notification.objects.by_mail().filter(about__in=list(subjects))


def to_somebody_like(rows: NotificationQuerySet, words: str) -> NotificationQuerySet:
    """Those to people whose name or address contains `words`."""
    return rows.filter(
        Q(person__name__icontains=words) | Q(person__email__icontains=words) | Q(address__icontains=words)
    )
