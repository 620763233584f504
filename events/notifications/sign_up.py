"""What people are told about how seats are given: drawn, asked for again, given back too late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.formats import date_format

from events.models import Event, HelperOffer
from events.notifications.registrations import AboutEvent, AboutRegistration, Offer
from members.ledger import Category, kind
from members.models import Club, Notification


@kind(
    "event-drawn",
    label="The seats of an event were drawn",
    template="events/mail/drawn",
    category=Category.TRANSACTIONAL,
    why="because you put yourself in the draw for this event",
)
class SeatsDrawn(AboutRegistration):
    """A seat, or a place in the line, by lot."""


@kind(
    "event-confirm",
    label="We ask whether you really come",
    template="events/mail/confirm",
    category=Category.TRANSACTIONAL,
    why="because you have a seat at this event, others wait, and seats of yours stayed empty before",
)
class ConfirmComing(Offer):
    """A seat of one's own that goes to the next in line without an answer."""


@kind(
    "event-cannot-come",
    label="Somebody cannot come to your event",
    template="events/mail/cannot_come",
    category=Category.TRANSACTIONAL,
    why="because you host this event",
)
class CannotCome(AboutRegistration):
    """To the hosts: a seat that could not be given back any more. The mail names nobody; the page does."""

    def context(self, row: Notification) -> dict[str, Any]:
        registration = self.registration(row)
        said_at: Any = registration.said_no_at
        zone = Club.current().zone
        return {
            "event": registration.event,
            "said_at": date_format(said_at.astimezone(zone), "D j F, H:i"),
        }

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        wanted = super().still_wanted(row, now)
        if wanted is not True:
            return wanted
        return not self.registration(row).event.is_over(now) or "the event is over"

    def attachments(self, row: Notification) -> list[tuple[str, bytes, str]]:
        return []


@kind(
    "event-helper",
    label="You are down as a helper",
    template="events/mail/helper_named",
    category=Category.TRANSACTIONAL,
    why="because a host of this event put you down as a helper",
)
class HelperNamed(AboutEvent):
    """A host named somebody, who is registered by it."""

    def offer(self, row: Notification) -> HelperOffer | None:
        return HelperOffer.objects.select_related("event").filter(pk=row.about_pk).first()

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        offer = self.offer(row)
        if offer is None or offer.withdrawn_at:
            return "they do not help any more"
        return not offer.event.is_cancelled or "the event was cancelled"

    def event(self, row: Notification) -> Event:
        return HelperOffer.objects.select_related("event").get(pk=row.about_pk).event
