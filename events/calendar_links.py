"""The addresses behind "add to my calendar": one event, or a feed that stays up to date, in Google's, Outlook's and
Apple's calendar. They are links that the person follows; nothing is sent there before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from events import ical
from events.models import Event


@dataclass(frozen=True)
class Link:
    """A calendar by its name, and where it takes the event or the feed."""

    name: str
    url: str
    is_elsewhere: bool = True


def of_event(event: Event, *, shows_link: bool = False) -> list[Link]:
    """One event, as it is now: what is put in by hand does not move along. The meeting link goes where `shows_link`."""
    entry = ical.entry_of(event, shows_link=shows_link)
    google = {
        "action": "TEMPLATE",
        "text": entry.title,
        "dates": f"{_stamp(entry.starts_at)}/{_stamp(entry.ends_at)}",
        "location": entry.place,
        "details": entry.description,
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": entry.title,
        "startdt": _iso(entry.starts_at),
        "enddt": _iso(entry.ends_at),
        "location": entry.place,
        "body": entry.description,
    }
    return [
        Link("Google", f"https://calendar.google.com/calendar/render?{urlencode(google)}"),
        Link("Outlook", f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(outlook)}"),
        Link("Apple and others (.ics)", reverse("events:event_file", args=[event.pk]), is_elsewhere=False),
    ]


def of_feed(address: str, *, name: str) -> list[Link]:
    """A feed at `address` (whole, with its scheme), subscribed to: it moves when something moves here."""
    google = {"cid": webcal(address)}
    outlook = {"url": address, "name": name}
    return [
        Link("Google", f"https://calendar.google.com/calendar/render?{urlencode(google)}"),
        Link("Outlook", f"https://outlook.live.com/calendar/0/addfromweb?{urlencode(outlook)}"),
        Link("Apple and others", webcal(address), is_elsewhere=False),
    ]


def of_named_feed(view: str, *args: object, name: str) -> list[Link]:
    """The same for a feed of ours, by the name of its address."""
    return of_feed(settings.SITE_URL + reverse(view, args=args), name=name)


def webcal(address: str) -> str:
    """The address by which calendar programs subscribe at a click."""
    return f"webcal://{address.partition('://')[2]}" if address else ""


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
