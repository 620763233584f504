"""What speakers are told at their address, with the link to their page, and what their hosts are told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from events.models import SpeakerVisit
from events.notifications.registrations import invite, spoken, version_slot
from members import link_purposes
from members.ledger import Category, Due, Kind, at, kind
from members.link_purposes import Purpose
from members.models import Notification

SPEAKER = link_purposes.declare(
    Purpose("speaker", page="events:guest_detail", label="your page as a speaker")
)
WEEK, DAY = timedelta(days=7), timedelta(days=1)
State = SpeakerVisit.State


def visit_of(row: Notification) -> SpeakerVisit | None:
    found: SpeakerVisit | None = (
        SpeakerVisit.objects.select_related("contact__organization", "event", "host", "talk")
        .filter(pk=row.about_pk)
        .first()
    )
    return found


class ToSpeaker(Kind):
    """A mail to the speaker: when, where, whom to ask, and the link to their page."""

    #: In which states of the visit the mail is still wanted.
    wanted_in: tuple[str, ...] = ()

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        visit = visit_of(row)
        if visit is None:
            return "the visit is gone"
        return visit.state in self.wanted_in or "it has gone on meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        visit = visit_of(row)
        assert visit is not None  # noqa: S101  still_wanted has looked
        return {
            "visit": visit,
            "contact": visit.contact,
            "event": visit.event,
            "host": visit.host,
            "when": spoken(visit.event) if visit.event else "",
            "page_url": link_purposes.url_in(row, SPEAKER),
            **row.data,
        }

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        visit = visit_of(row)
        if visit is None or visit.event is None or visit.state not in (State.CONFIRMED, State.PUT_OFF):
            return []
        return [invite(visit.event, row)]


@kind(
    "speaker-invited",
    label="Invitations to speak",
    template="events/mail/speaker_invited",
    category=Category.TRANSACTIONAL,
    why="because somebody at the club would like you to speak",
    is_for_accounts=False,
)
class SpeakerInvited(ToSpeaker):
    """The host's letter, and the link to the speaker's page."""

    wanted_in = (State.INVITED,)

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        return []


@kind(
    "speaker-confirmed",
    label="You confirmed a talk",
    template="events/mail/speaker_confirmed",
    category=Category.TRANSACTIONAL,
    why="because you said that you will speak",
    is_for_accounts=False,
)
class SpeakerConfirmed(ToSpeaker):
    """Thanks for the yes, the facts, and the link once more."""

    wanted_in = (State.CONFIRMED,)


@kind(
    "speaker-event-changed",
    label="A talk of yours moved",
    template="events/mail/speaker_event_changed",
    category=Category.TRANSACTIONAL,
    why="because you were asked to speak at this event",
    is_for_accounts=False,
)
class SpeakerEventChanged(ToSpeaker):
    """Another time or place, a first event, or that it does not take place. Only the latest is still wanted."""

    wanted_in = (State.INVITED, State.CONFIRMED, State.PUT_OFF)

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        visit = visit_of(row)
        if visit is None or visit.event is None:
            return "the visit is gone"
        if row.slot != f"{visit.event.pk} {version_slot(visit.event)}":
            return "it changed again"
        return super().still_wanted(row, now)


@kind(
    "speaker-reminder",
    label="Reminders of your talk",
    template="events/mail/speaker_reminder",
    category=Category.REMINDER,
    why="because you said that you will speak",
    is_for_accounts=False,
)
class SpeakerReminder(ToSpeaker):
    """A week and a day before, with the place and whom to ask. A talk that moved reminds anew."""

    wanted_in = (State.CONFIRMED,)

    def due(self, now: datetime) -> Iterable[Due]:
        coming = SpeakerVisit.objects.filter(
            state=State.CONFIRMED,
            event__state="scheduled",
            event__starts_at__gt=now,
            event__starts_at__lte=now + WEEK,
            contact__email__gt="",
        ).select_related("event", "contact")
        for visit in coming:
            event = visit.event
            assert event is not None  # noqa: S101  the query asks for it
            for offset, name in ((WEEK, "7d"), (DAY, "1d")):
                due_at = event.starts_at - offset
                # Whoever said yes later than that has just had a mail with all of it.
                if due_at <= now and (visit.answered_at is None or visit.answered_at <= due_at):
                    yield Due(
                        about=visit,
                        address=visit.contact.email,
                        slot=at(event.starts_at, name),
                        due_at=due_at,
                        expires_at=event.starts_at - DAY if name == "7d" else event.starts_at,
                    )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        visit = visit_of(row)
        if visit is None or visit.event is None or visit.event.is_cancelled:
            return "the event was cancelled"
        if row.slot.partition(" ")[0] != at(visit.event.starts_at):
            return "the event moved"
        if visit.event.has_begun(now):
            return "the event has begun"
        return super().still_wanted(row, now)

    def context(self, row: Notification) -> dict[str, Any]:
        return {**super().context(row), "is_day_before": row.slot.endswith("1d")}


@kind(
    "speaker-thanked",
    label="Thanks for a talk",
    template="events/mail/speaker_thanked",
    category=Category.TRANSACTIONAL,
    why="because you spoke at the club",
    is_for_accounts=False,
)
class SpeakerThanked(ToSpeaker):
    """The host's own words."""

    wanted_in = (State.THANKED,)

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        return []


# ── To the hosts ──


class ToHost(Kind):
    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return visit_of(row) is not None or "the visit is gone"

    def context(self, row: Notification) -> dict[str, Any]:
        visit = visit_of(row)
        assert visit is not None  # noqa: S101  still_wanted has looked
        return {
            "visit": visit,
            "contact": visit.contact,
            "event": visit.event,
            "when": spoken(visit.event) if visit.event else "",
            "url": f"{settings.SITE_URL}{visit.get_absolute_url()}",
            **row.data,
        }


@kind(
    "speaker-answered",
    label="Answers of speakers",
    template="events/mail/speaker_answered",
    category=Category.TRANSACTIONAL,
    why="because you host this speaker or look after events",
)
class SpeakerAnswered(ToHost):
    """Yes, no, another date, or other needs."""


@kind(
    "speaker-to-thank",
    label="A thank-you waits for you",
    template="events/mail/speaker_to_thank",
    category=Category.TRANSACTIONAL,
    why="because you host this speaker",
)
class SpeakerToThank(ToHost):
    """The draft for the day after; nothing goes out before the host has read it."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        visit = visit_of(row)
        return (visit is not None and visit.state == State.SPOKE) or "somebody has thanked them"
