"""Help at a homework party: who can give it, who wants it, and people on the same exercise before anybody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from events import notifications, registrations
from events.models import Attendance, Event, HelperOffer, HelpTicket, Kind
from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused

#: People on the same exercise have this long with each other before a helper is sent.
AMONG_PEERS = timedelta(minutes=10)


@dataclass
class Group:
    """People who want help with the same exercise, in the order in which they asked."""

    tickets: list[HelpTicket] = field(default_factory=list)

    @property
    def about(self) -> str:
        return self.tickets[0].about

    @property
    def since(self) -> datetime:
        return min(ticket.created_at for ticket in self.tickets)

    @property
    def is_pair(self) -> bool:
        return len(self.tickets) > 1

    @property
    def helpers(self) -> list[User]:
        return list(dict.fromkeys(ticket.helper for ticket in self.tickets if ticket.helper))

    def is_among_peers(self, now: datetime) -> bool:
        """Whether they are to try with each other first."""
        waiting = [ticket for ticket in self.tickets if ticket.state == HelpTicket.State.WAITING]
        return (
            self.is_pair
            and len(waiting) == len(self.tickets)
            and all(ticket.wants_helper_at is None for ticket in waiting)
            and now - max(ticket.created_at for ticket in waiting) < AMONG_PEERS
        )


def takes_part(user: Any, event: Event) -> bool:
    """Whoever is here, helps, or runs the event sees the queue; names of others are nobody else's."""
    if not user.is_authenticated:
        return False
    return (
        event.is_run_by(user)
        or Attendance.objects.filter(event=event, user=user).exists()
        or HelperOffer.objects.filter(event=event, person=user, withdrawn_at=None).exists()
    )


def is_wanted(event: Event) -> bool:
    """Parties always want helpers; other events when they say so."""
    return event.kind == Kind.HOMEWORK_PARTY or event.helpers_wanted > 0


def stands_on(event: Event) -> bool:
    """Whether the page of an event says who helps: they are wanted, or there are some (`with_parts` knows)."""
    return is_wanted(event) or getattr(event, "has_helpers", True)


def may_offer(user: Any, event: Event) -> bool:
    """Members, fellows and officers; at a party, who helps with the exercises is past their first term."""
    return user.standing.writes and not (event.kind == Kind.HOMEWORK_PARTY and user.standing.is_new)


def gives_help(user: Any, event: Event) -> bool:
    """Whether `user` takes people from the queue: helpers, hosts and officers who run the event."""
    return (
        event.is_run_by(user)
        or HelperOffer.objects.filter(event=event, person=user, withdrawn_at=None).exists()
    )


def groups(event: Event, now: datetime) -> list[Group]:
    """Everybody who waits or is being helped, by exercise: those who need a helper first, then the longest wait."""
    by_exercise: dict[tuple[str, str], Group] = defaultdict(Group)
    rows = HelpTicket.objects.live().filter(event=event).select_related("person", "helper")
    for ticket in rows.order_by("created_at", "pk"):
        by_exercise[ticket.exercise_key].tickets.append(ticket)
    return sorted(by_exercise.values(), key=lambda group: (group.is_among_peers(now), group.since))


def is_open(event: Event, now: datetime) -> bool:
    """Help is asked for from check-in on until an hour after the end."""
    return event.takes_check_in(now)


@transaction.atomic
def ask(
    event: Event, person: User, *, topic: str, exercise: str = "", text: str = "", now: datetime
) -> tuple[HelpTicket, bool]:
    """Stand in the queue; the second click gets the first one's place, and says nothing new."""
    if not is_open(event, now):
        raise Refused("Help is asked for while the party is on.")
    if not Attendance.objects.filter(event=event, user=person).exists() and not event.is_run_by(person):
        raise Refused("Scan the code on the screen first, so that a helper finds you here.")
    try:
        with transaction.atomic():
            ticket = HelpTicket.objects.create(
                event=event, person=person, topic=topic, exercise=exercise, text=text, created_at=now
            )
    except IntegrityError:
        return HelpTicket.objects.live().get(event=event, person=person), False
    return ticket, True


def want_helper(ticket: HelpTicket, now: datetime) -> bool:
    """Peers did not settle it: a helper is wanted now."""
    return bool(
        HelpTicket.objects.filter(pk=ticket.pk, state=HelpTicket.State.WAITING, wants_helper_at=None).update(
            wants_helper_at=now
        )
    )


@transaction.atomic
def take(tickets: Iterable[HelpTicket], helper: User, *, now: datetime) -> int:
    """Go to everybody of a group. Returns how many were free: of two helpers at once the second gets none."""
    waiting = (
        HelpTicket.objects.select_for_update()
        .filter(pk__in=[ticket.pk for ticket in tickets], state=HelpTicket.State.WAITING)
        .exclude(person=helper)
        .order_by("pk")
    )
    keys = [ticket.pk for ticket in waiting]
    return HelpTicket.objects.filter(pk__in=keys).update(
        state=HelpTicket.State.TAKEN, helper=helper, taken_at=now
    )


def put_back(ticket: HelpTicket) -> bool:
    """A helper has to go before it was settled."""
    return bool(
        HelpTicket.objects.filter(pk=ticket.pk, state=HelpTicket.State.TAKEN).update(
            state=HelpTicket.State.WAITING, helper=None, taken_at=None
        )
    )


def finish(ticket: HelpTicket, *, now: datetime, is_helped: bool = True) -> bool:
    """It is settled, or the person does not want help any more. False where it had ended before."""
    state = HelpTicket.State.DONE if is_helped else HelpTicket.State.LEFT
    return bool(HelpTicket.objects.live().filter(pk=ticket.pk).update(state=state, ended_at=now))


def close_over(now: datetime) -> int:
    """Take what still waits at events that are over out of the queue; the tick calls it."""
    over = HelpTicket.objects.live().filter(event__ends_at__lt=now - Event.CHECK_IN_AFTER)
    return over.update(state=HelpTicket.State.LEFT, ended_at=now)


@transaction.atomic
def offer(event: Event, person: User, *, now: datetime) -> bool:
    """Say "I can help": a place among the helpers, and a registration so that calendar and reminder follow."""
    if event.is_cancelled or event.is_over(now):
        raise Refused("This is over or was cancelled.")
    try:
        with transaction.atomic():
            HelperOffer.objects.create(event=event, person=person, said_at=now)
    except IntegrityError:
        return False
    registrations.register(event, person, by=person, now=now)
    return True


@transaction.atomic
def name(event: Event, person: User, *, by: User, now: datetime) -> bool:
    """A host puts somebody down as a helper: they are registered, and told once. False: they help already."""
    if event.is_cancelled or event.is_over(now):
        return False
    made, is_new = HelperOffer.objects.get_or_create(
        event=event, person=person, withdrawn_at=None, defaults={"said_at": now}
    )
    if is_new:
        registrations.register(event, person, by=by, tells=False, now=now)
        if person != by:
            tell(notifications.HelperNamed, person, about=made, expires_at=event.starts_at, now=now)
    return is_new


def withdraw(event: Event, person: User, *, now: datetime) -> bool:
    """Take the offer back; whoever does not come at all gives their seat back on the event's page."""
    return bool(
        HelperOffer.objects.filter(event=event, person=person, withdrawn_at=None).update(withdrawn_at=now)
    )


def count_of_helpers() -> Coalesce:
    """For a query of events: how many said that they help."""
    offers = HelperOffer.objects.filter(event=OuterRef("pk"), withdrawn_at=None).order_by().values("event")
    return Coalesce(Subquery(offers.annotate(n=Count("pk")).values("n")), 0)


def helpers_of(event: Event) -> list[User]:
    """Who said that they help, first come first."""
    rows = HelperOffer.objects.filter(event=event, withdrawn_at=None).select_related("person")
    return [row.person for row in rows]
