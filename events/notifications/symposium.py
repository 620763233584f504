"""What authors, guests and leads of other clubs are told about a symposium, each with the link to a page of theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from events.models import Abstract, CoHost, SymposiumGuest
from events.notifications.registrations import spoken
from members import link_purposes
from members.ledger import Category, Kind, kind
from members.link_purposes import Purpose
from members.models import Notification

ABSTRACT = link_purposes.declare(Purpose("abstract", page="events:abstract_detail", label="your abstract"))
CO_HOST = link_purposes.declare(
    Purpose("co-host", page="events:co_host_detail", label="your club's page of the symposium")
)
SEAT = link_purposes.declare(
    Purpose("symposium-seat", page="events:seat_detail", label="your seat at the symposium")
)


class WithLink(Kind):
    """A mail about one row, with the link that its process has issued."""

    model: Any = None
    purpose: Purpose
    lookups: tuple[str, ...] = ("symposium__event",)

    def found(self, row: Notification) -> Any:
        return self.model.objects.select_related(*self.lookups).filter(pk=row.about_pk).first()

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        about = self.found(row)
        if about is None:
            return "it is gone"
        return not about.symposium.event.is_cancelled or "the event was cancelled"

    def context(self, row: Notification) -> dict[str, Any]:
        about = self.found(row)
        symposium = about.symposium
        return {
            "about": about,
            "symposium": symposium,
            "event": symposium.event,
            "when": spoken(symposium.event),
            "page_url": link_purposes.url_in(row, self.purpose),
            "public_url": settings.SITE_URL + symposium.get_absolute_url(),
        }


@kind(
    "abstract-received",
    label="Your abstract",
    template="events/mail/abstract_received",
    category=Category.TRANSACTIONAL,
    why="because somebody, probably you, handed in an abstract with this address",
    is_required=True,
    is_for_accounts=False,
)
class AbstractReceived(WithLink):
    """Confirm the address; the link changes the abstract until the deadline."""

    model = Abstract
    purpose = ABSTRACT


@kind(
    "abstract-decided",
    label="Decisions on abstracts",
    template="events/mail/abstract_decided",
    category=Category.TRANSACTIONAL,
    why="because you handed in an abstract",
    is_for_accounts=False,
)
class AbstractDecided(WithLink):
    """A talk, a poster, or not this time. Scores and comments stay with the organisers."""

    model = Abstract
    purpose = ABSTRACT

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        abstract = self.found(row)
        if abstract is None or abstract.state == Abstract.State.WITHDRAWN:
            return "withdrawn meanwhile"
        return super().still_wanted(row, now)


@kind(
    "symposium-seat",
    label="Your seat at a symposium",
    template="events/mail/symposium_seat",
    category=Category.TRANSACTIONAL,
    why="because somebody, probably you, asked for a seat with this address",
    is_required=True,
    is_for_accounts=False,
)
class SeatToConfirm(WithLink):
    """Take the seat, or give it back, by the link."""

    model = SymposiumGuest
    purpose = SEAT


@kind(
    "co-host-invited",
    label="The page of a co-host",
    template="events/mail/co_host_invited",
    category=Category.TRANSACTIONAL,
    why="because your club holds this symposium with us",
    is_for_accounts=False,
)
class CoHostInvited(WithLink):
    """The link to the club's own page: its registrations and its abstracts."""

    model = CoHost
    purpose = CO_HOST
    lookups = ("symposium__event", "organization", "lead")
