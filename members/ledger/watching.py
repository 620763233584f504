"""Whether the ledger is well, for the desk and for `/healthz/ready/`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from members.ledger import holding
from members.ledger.kinds import Category
from members.models import Club, Notification, User, Webhook
from members.models.notifications import NotificationQuerySet
from mlclub.gather import DeskItem, Health

#: The clock is looked at every 30 seconds.
LATEST_TICK = timedelta(seconds=90)
OLDEST_DUE = timedelta(seconds=120)
#: Ten thousand digests take their minutes, and nobody waits for one.
OLDEST_DIGEST = timedelta(minutes=30)


def health(now: datetime) -> list[Health]:
    """The last tick, and how long the oldest message that could go has waited."""
    club: dict[str, Any] = dict(
        Club.objects.filter(pk=1).values("last_tick_at", "mail_held_at").first() or {}
    )
    ticked = club.get("last_tick_at")
    waiting = Notification.objects.by_mail().due(now).free(club.get("mail_held_at"))
    digests = waiting.filter(rank=Category.DIGEST.value)
    others = waiting.filter(rank__lt=Category.DIGEST.value)
    return [
        Health(
            name="last tick",
            is_ok=ticked is not None and now - ticked < LATEST_TICK,
            detail=f"{_ago(now - ticked)} ago" if ticked else "never",
        ),
        _oldest("oldest due notification", others, OLDEST_DUE, now),
        _oldest("oldest due digest", digests, OLDEST_DIGEST, now),
    ]


def _oldest(name: str, rows: NotificationQuerySet, limit: timedelta, now: datetime) -> Health:
    first = rows.order_by("try_at").values_list("try_at", flat=True).first()
    if first is None:
        return Health(name=name, is_ok=True, detail="none waits")
    return Health(name=name, is_ok=now - first < limit, detail=f"waits for {_ago(now - first)}")


def desk_items(user: User) -> list[DeskItem]:
    """Mail that waits for an officer."""
    if not user.has_perm("members.resend_notification"):
        return []
    found = []
    url = reverse("members:mail_desk")
    dead = Notification.objects.by_mail().dead().count()
    if dead:
        found.append(
            DeskItem(
                group="Mail",
                title="Mail given up",
                count=dead,
                url=url,
                detail="See why, and send again",
                tone="bad",
            )
        )
    club = Club.current()
    if club.mail_problem:
        found.append(
            DeskItem(
                group="Mail",
                title="The mail server refuses the portal",
                count=1,
                url=url,
                detail=club.mail_problem,
                action="Mend it",
                tone="bad",
            )
        )
    for webhook in Webhook.objects.posting().exclude(failing_since=None):
        found.append(
            DeskItem(
                group="Mail",
                title=f"{webhook} takes nothing",
                count=1,
                url=reverse("members:channel_list"),
                detail=webhook.problem,
                action="Mend it",
            )
        )
    if since := holding.held_since():
        found.append(
            DeskItem(
                group="Mail",
                title="Mail on hold",
                count=holding.held().count(),
                url=url,
                detail=f"What fell due before {timezone.localtime(since, club.zone):%d %b, %H:%M} waits until an officer "
                "lets it out or drops it.",
                action="Decide",
                is_first=True,
            )
        )
    return found


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
