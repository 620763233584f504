"""How seats are given in the demo club: an evening that asks, one that opens earlier for new members, and a draw."""

from __future__ import annotations

from datetime import datetime, timedelta

from events import draws
from events.models import (
    Event,
    Kind,
    NoShowRule,
    Registration,
    RegistrationWindow,
    SignUpAnswer,
    SignUpQuestion,
)
from members.demo import People
from members.models import Term

SIZES = ["S", "M", "L", "XL"]


def seed(people: People, term: Term, now: datetime) -> None:
    """Planted on what comes after `now` in the running term."""
    coming = (
        Event.objects.scheduled()
        .filter(term=term, starts_at__gt=now + timedelta(days=5))
        .order_by("starts_at")
    )
    _asking(coming.filter(kind=Kind.SHOWCASE).first())
    workshops = coming.filter(kind=Kind.WORKSHOP).exclude(slug="your-first-fine-tune")
    _earlier(workshops.first(), now)
    _drawn(coming.filter(kind=Kind.SOCIAL).first(), people, term, now)
    NoShowRule.objects.get_or_create(
        series=None, defaults={"missed": 3, "weeks": 6, "is_on": False, "since": now}
    )


def _asking(event: Event | None) -> None:
    """The showcase orders T-shirts."""
    if event is None:
        return
    size = SignUpQuestion.objects.create(
        event=event, text="Which size of T-shirt?", kind="choice", choices=SIZES, is_required=True, position=1
    )
    SignUpQuestion.objects.create(
        event=event, text="What would you like to see?", hint="One line is enough.", position=2
    )
    SignUpAnswer.objects.bulk_create(
        SignUpAnswer(
            registration=row, question=size, asked=size.text, value=SIZES[row.pk % 4], at=row.created_at
        )
        for row in event.registrations.all()
    )


def _earlier(event: Event | None, now: datetime) -> None:
    """The next workshop opens to new members two days before the others."""
    if event is None:
        return
    event.registrations.all().delete()
    zone_hour = now.replace(minute=0, second=0, microsecond=0)
    event.registration_opens_at = min(
        zone_hour + timedelta(days=2, hours=6), event.starts_at - timedelta(days=1)
    )
    event.save(update_fields=["registration_opens_at"])
    RegistrationWindow.objects.create(event=event, group="new_members", earlier_by=timedelta(days=2))


def _drawn(event: Event | None, people: People, term: Term, now: datetime) -> None:
    """Twelve seats in a climbing hall, for which more people put themselves in than there are."""
    if event is None:
        return
    event.registrations.all().delete()
    event.title, event.capacity, event.uses_draw, event.guests_allowed = (
        "Climbing hall, twelve ropes",
        12,
        True,
        0,
    )
    event.registration_closes_at = event.starts_at - timedelta(days=2)
    event.save()
    draws.commit(event, now=now - timedelta(days=6))
    rows = []
    for place, person in enumerate(people.active_in[term.pk][20:39]):
        at = now - timedelta(days=5) + timedelta(hours=place * 3)
        ticket = f"{place * 2729 + 4099:04x}-{place * 7919 + 1048583:06x}"
        rows.append(Registration(event=event, user=person, ticket=ticket, created_at=at, updated_at=at))
    Registration.objects.bulk_create(rows)
