"""Discord and Slack by webhook: one message about a thing in a channel, edited when the thing changes, never twice.

What is to be posted is derived, as reminders are: every tick compares what an app wants to say with what a channel says
(`ChannelPost`), and writes a row of the ledger for each difference. Rows of channels never wait behind mail, nor mail
behind them: another task sends them.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from members.ledger import holding, hooks, kinds
from members.ledger.judging import TOO_LATE
from members.ledger.outcomes import BACK_OFF
from members.models import ChannelPost, Notification, Webhook
from members.models.notifications import NotificationQuerySet

logger = logging.getLogger(__name__)

Status = Notification.Status

LEASE = timedelta(seconds=120)
#: So many messages into one channel at a time; the services allow about one in two seconds.
AT_ONCE = 5
STALE_AFTER = timedelta(days=1)
WITHDRAWN = "What stood here is not for this channel any more."
MAY_HAVE_GONE = "It may stand there already, so it is not posted again."


@dataclass(frozen=True)
class Post:
    """What is to stand in a channel: plain text without mentions, one link."""

    text: str
    url: str
    is_public: bool
    is_for_members: bool = True

    def fits(self, webhook: Webhook) -> bool:
        return self.is_public or (self.is_for_members and webhook.is_for_members)


class Poster:
    """What an app wants to say in channels. Declared with `poster` in its `notifications`."""

    slug = ""

    def due(self, now: datetime) -> Mapping[str, Post | None]:
        """What channels should say at `now` of which things ("app.model:pk"); asked every 30 seconds."""
        return {}

    def post(self, about: str, now: datetime) -> Post | None:
        """What is said of one thing now; None where nothing is to be said any more."""
        return None


POSTERS: dict[str, Poster] = {}


def poster(slug: str) -> Callable[[type[Poster]], type[Poster]]:
    def declare(declared: type[Poster]) -> type[Poster]:
        declared.slug = slug
        POSTERS[slug] = declared()
        return declared

    return declare


def sweep(now: datetime) -> int:
    """Write what differs, and send what can go; returns how many messages were posted or edited."""
    kinds.hear_all_apps()
    webhooks = list(Webhook.objects.posting())
    if not webhooks:
        return 0
    recover(now)
    if holding.held_since():  # after a restore nothing goes out
        return 0
    tick(now, webhooks)
    return sum(send(webhook, now) for webhook in webhooks if not webhook.is_quiet(now))


def tick(now: datetime, webhooks: list[Webhook]) -> int:
    """A row for each channel that does not say what it should; a second look writes nothing."""
    written = 0
    for slug, declared in POSTERS.items():
        try:
            wanted = declared.due(now)
        except Exception:  # one app's mistake must not silence the others
            logger.exception("What %s has to say could not be found", slug)
            continue
        posts = {
            (post.webhook_id, post.about): post
            for post in ChannelPost.objects.filter(webhook__in=webhooks, about__in=wanted)
        }
        rows = []
        for webhook in webhooks:
            for about, post in wanted.items():
                stands = posts.get((webhook.pk, about))
                text = text_for(post, webhook)
                if stands is None and post is not None and post.fits(webhook):
                    rows.append(_row(webhook, slug, about, "post", now))
                elif stands is not None and text and stands.said != hashed(text):
                    rows.append(_row(webhook, slug, about, f"edit {stands.edits + 1}", now))
        written += len(Notification.objects.bulk_create(rows, ignore_conflicts=True))
    return written


def text_for(post: Post | None, webhook: Webhook) -> str:
    """What stands in this channel; empty where it stays as it is."""
    if post is None:
        return ""
    return f"{post.text}\n{post.url}" if post.fits(webhook) else WITHDRAWN


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _row(webhook: Webhook, slug: str, about: str, slot: str, now: datetime) -> Notification:
    return Notification(
        webhook=webhook,
        channel=webhook.service,
        kind=slug,
        about=about,
        slot=slot,
        due_at=now,
        try_at=now,
        created_at=now,
        expires_at=now + STALE_AFTER,
    )


def recover(now: datetime) -> None:
    """Rows of a sender that died. A new message may stand there; an edit is harmless to say again."""
    silent = Notification.objects.to_channels().abandoned(now)
    free = {"claim": None, "lease_until": None}
    silent.filter(Q(slot="post") | Q(channel=Webhook.Service.SLACK), begun_at__isnull=False).update(
        status=Status.UNKNOWN, reason=MAY_HAVE_GONE, **free
    )
    silent.update(status=Status.PENDING, try_at=now, **free)


def send(webhook: Webhook, now: datetime) -> int:
    """Send a few of what waits for one channel; returns how many went."""
    claim = uuid.uuid4()
    with transaction.atomic():
        rows = list(
            Notification.objects.filter(webhook=webhook)
            .due(now)
            .select_for_update(skip_locked=True, of=("self",))[:AT_ONCE]
        )
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=Status.SENDING, claim=claim, lease_until=now + LEASE, begun_at=None
        )
    mine = Notification.objects.filter(claim=claim, status=Status.SENDING)
    went = 0
    try:
        for row in rows:
            if webhook.is_quiet(now):
                break
            went += _deal_with(row, webhook, mine.filter(pk=row.pk), now)
    finally:
        mine.filter(begun_at=None).update(status=Status.PENDING, claim=None, lease_until=None)
    return went


def _deal_with(row: Notification, webhook: Webhook, mine: NotificationQuerySet, now: datetime) -> bool:
    def record(**changes: Any) -> None:
        mine.update(claim=None, lease_until=None, **changes)

    declared = POSTERS.get(row.kind)
    post = declared.post(row.about, now) if declared else None
    stands = ChannelPost.objects.filter(webhook=webhook, about=row.about).first()
    text = text_for(post, webhook)
    if row.expires_at and row.expires_at <= now:
        record(status=Status.SKIPPED, reason=TOO_LATE)
        return False
    if not text or (stands is None and (post is None or not post.fits(webhook))):
        record(status=Status.SKIPPED, reason="There is nothing to say here any more.")
        return False
    if stands is not None and stands.said == hashed(text):
        record(status=Status.SKIPPED, reason="The channel says it already.")
        return False
    mine.update(begun_at=now, attempts=F("attempts") + 1)
    row.attempts += 1
    answer = hooks.edit(webhook, stands.remote_id, text) if stands else hooks.post(webhook, text)
    if answer.is_ok:
        if stands:
            stands.note_edit(hashed(text), now=now)
        else:
            ChannelPost.objects.create(
                webhook=webhook, about=row.about, remote_id=answer.remote_id, said=hashed(text), posted_at=now
            )
        record(status=Status.SENT, sent_at=now, reason="", provider_id=answer.remote_id)
        Webhook.objects.filter(pk=webhook.pk).update(
            last_posted_at=now, problem="", failing_since=None, quiet_until=None
        )
        return True
    if answer.wait is not None:
        webhook.quiet_until = now + answer.wait
        Webhook.objects.filter(pk=webhook.pk).update(quiet_until=webhook.quiet_until)
        record(
            status=Status.PENDING, try_at=webhook.quiet_until, begun_at=None, attempts=F("attempts") - 1,
            reason="The service asked for a pause.",
        )  # fmt: skip
        return False
    if answer.is_gone and stands:
        record(status=Status.SKIPPED, reason="Somebody removed the message from the channel.")
        return False
    Webhook.objects.filter(pk=webhook.pk, failing_since=None).update(failing_since=now)
    Webhook.objects.filter(pk=webhook.pk).update(problem=answer.reason[:300])
    if answer.may_have_gone and (stands is None or webhook.service == Webhook.Service.SLACK):
        record(status=Status.UNKNOWN, reason=f"{MAY_HAVE_GONE} {answer.reason}"[:300])
    elif answer.is_final or row.attempts > len(BACK_OFF):
        record(status=Status.DEAD, reason=answer.reason[:300])
    else:
        record(
            status=Status.FAILED,
            reason=answer.reason[:300],
            begun_at=None,
            try_at=now + BACK_OFF[row.attempts - 1],
        )
    return False


def try_again(webhook: Webhook, *, now: datetime) -> int:
    """Give what failed a fresh start; what may stand there already is not posted again."""
    Webhook.objects.filter(pk=webhook.pk).update(problem="", failing_since=None, quiet_until=None)
    failed = Notification.objects.filter(webhook=webhook, status__in=[Status.FAILED, Status.DEAD])
    return failed.update(
        status=Status.PENDING, try_at=now, attempts=0, begun_at=None, reason="", expires_at=now + STALE_AFTER
    )
