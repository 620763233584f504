"""What stands on `/home/`."""

from __future__ import annotations

from datetime import datetime, timedelta

from events import slot_cards, speaker_cards
from events.gathered.programme import PROGRAMME
from events.models import Event
from events.seats import seats_of
from members.models import User
from mlclub.gather import Card, Section

SOON = timedelta(days=7)


def home(user: User, now: datetime) -> list[Card]:
    """The next events, those one goes to and those one could, each with its button; and in a third query slots
    and speakers."""
    events = Event.objects.visible_to(user).scheduled().upcoming(now).filter(starts_at__lte=now + SOON)
    rows = list(events.exclude(kind__in=PROGRAMME).with_counts().defer("description", "search")[:8])
    cards = []
    for seat in seats_of(rows, user, now).values():
        event = seat.event
        meta = [event.get_kind_display(), event.where or "no place yet"]
        if seat.is_full or seat.is_scarce:
            meta.append(seat.fullness)
        elif seat.live:
            meta.append(f"{seat.live} going")
        cards.append(
            Card(
                section=Section.NEXT,
                title=event.title,
                url=event.get_absolute_url(),
                when=event.starts_at,
                meta=tuple(meta),
                icon="calendar",
                template="events/_going_card.html",
                data=seat,
            )
        )
    return cards + _from_one_query(user, now)


def _from_one_query(user: User, now: datetime) -> list[Card]:
    """Rows of different tables in one UNION, soonest first; of empty slots, as many as push themselves."""
    first, *others = [*slot_cards.parts(user, now), *speaker_cards.parts(user, now)]
    found = sorted(first.union(*others, all=True), key=lambda row: row[4])
    pushed = [row for row in found if row[0] == "free"][: slot_cards.PUSHED]
    cards = []
    for row in found:
        what, pk, title, _, _ = row
        if what in speaker_cards.TOLD:
            cards.append(speaker_cards.card(what, pk, title))
        elif what != "free" or row in pushed:
            cards.append(slot_cards.card(*row))
    return cards
