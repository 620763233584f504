"""Words to a group: written, tried on oneself, sent once to each through the ledger, and stoppable for a minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from members import audiences, audit
from members.audit import subject_of
from members.ledger import Due, at, kinds, stopping, tell, tell_many
from members.models import Announcement, Preference, User
from members.notifications import AnnouncementTest
from mlclub.gather import Audience
from mlclub.refusal import Refused

#: More in a day is not welcome, whoever writes; and one group hears so often from everybody together.
MOST_A_DAY = 10
MOST_TO_A_GROUP = 4
#: After so long an announcement is old news.
STALE_AFTER = timedelta(days=3)

NOT_YOURS = "You may not write to this group, or not any more."
ALREADY = "It was sent already."
NOBODY = "Nobody is in this group."
TOO_MANY = f"You have sent {MOST_A_DAY} announcements within a day. Wait, or let another officer send it."
TOO_OFTEN = (
    f"This group has had {MOST_TO_A_GROUP} announcements within a day. Send it tomorrow, or to fewer people."
)


@dataclass(frozen=True)
class Reach:
    """How many a message to a group meets, and who is left out."""

    people: int
    addresses: int
    muted: int
    paused: int

    @property
    def total(self) -> int:
        return self.people + self.addresses

    @property
    def gets(self) -> int:
        """To how many it goes as things stand; the sender asks each again."""
        return max(0, self.total - self.muted - self.paused)


def reach(audience: Audience) -> Reach:
    """Count who would get it. Somebody who switched it off and whose address came back counts as the former."""
    people = audience.people if audience.people is not None else User.objects.none()
    said_no = Preference.objects.filter(kind=audience.kind, is_wanted=False)
    muted = said_no.filter(Q(person__in=people.values("pk")) | Q(address__in=audience.addresses))
    quiet = {row.person_id or row.address for row in muted}
    by_address = dict(people.annotate(low=Lower("email")).values_list("low", "pk"))
    paused = stopping.paused([*by_address, *audience.addresses])
    return Reach(
        people=len(by_address),
        addresses=len(audience.addresses),
        muted=len(quiet),
        paused=sum(by_address.get(address, address) not in quiet for address in paused),
    )


def send(announcement: Announcement, *, by: User, now: datetime) -> int:
    """Write a row of the ledger for everybody in the group; they leave after the cooling-off minute.

    Returns how many. Raises Refused for a second click, for whoever may not write there, and beyond the day's number.
    """
    audience = audiences.find(announcement.audience, by, now)
    if audience is None:
        raise Refused(NOT_YOURS)
    since = now - timedelta(days=1)
    lately = Announcement.objects.sent().filter(sent_at__gt=since)
    with transaction.atomic():
        # One at a time, so that two officers at once cannot both be the last within the day's number.
        User.objects.select_for_update(of=("self",)).filter(pk=by.pk).first()
        if lately.filter(sent_by=by).count() >= MOST_A_DAY:
            raise Refused(TOO_MANY)
        if (
            lately.filter(audience=announcement.audience).exclude(pk=announcement.pk).count()
            >= MOST_TO_A_GROUP
        ):
            raise Refused(TOO_OFTEN)
        if not announcement.record_sent(by=by, now=now, label=audience.label):
            raise Refused(ALREADY)
        kind = kinds.find(audience.kind)
        if kind is None:
            raise LookupError(audience.kind)
        count = tell_many(type(kind), _dues(announcement, audience, now), now=now)
        if not count:
            raise Refused(NOBODY)
        Announcement.objects.filter(pk=announcement.pk).update(recipients=count)
        audit.record(
            by,
            "announcement.sent",
            announcement,
            after={"to": audience.key, "subject": announcement.subject, "count": count},
        )
    return count


def _dues(announcement: Announcement, audience: Audience, now: datetime) -> Iterator[Due]:
    common: dict[str, Any] = {
        "about": subject_of(announcement),
        "due_at": now + Announcement.COOLING_OFF,
        "expires_at": now + STALE_AFTER,
        "data": {"why": audience.why},
    }
    if audience.people is not None:
        for pk in audience.people.values_list("pk", flat=True).order_by("pk").distinct():
            yield Due(pk, **common)
    for address in audience.addresses:
        yield Due(address=address, **common)


def stop(announcement: Announcement, *, by: User, now: datetime) -> None:
    """Within the minute: nobody gets it. Raises Refused once it has left."""
    with transaction.atomic():
        if not announcement.record_stopped(by=by, now=now):
            raise Refused("It has left already, or was stopped before.")
        audit.record(by, "announcement.stopped", announcement)


def send_test(announcement: Announcement, *, by: User, now: datetime) -> None:
    """One mail to oneself, as everybody would get it, at once."""
    tell(AnnouncementTest, by, about=announcement, slot=at(now), expires_at=now + timedelta(hours=1), now=now)


def discard(announcement: Announcement) -> None:
    """A draft goes for good. Raises Refused for what was sent: that stays on record."""
    if not Announcement.objects.drafts().filter(pk=announcement.pk).delete()[0]:
        raise Refused(ALREADY)
