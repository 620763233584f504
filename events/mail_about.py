"""Why somebody did or did not get mail about an event: their own rows with reasons, and what was never written and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.formats import date_format

from events.models import Event, Registration
from events.notifications.registrations import DAY_BEFORE, EventReminder
from events.seats import seat_of
from members.ledger import stopping, telling
from members.models import Club
from members.models.notifications import NotificationQuerySet


def rows_about(event: Event) -> NotificationQuerySet:
    """Every mail about the event or a registration for it."""
    registrations = Registration.objects.filter(event=event).values_list("pk", flat=True)
    return telling.about([f"events.event:{event.pk}", *(f"events.registration:{pk}" for pk in registrations)])


def why_no_reminder(event: Event, person: Any, now: datetime) -> str:
    """In words why `person` has no reminder of the event; empty where there is one."""
    rows = rows_about(event).filter(person=person, kind=EventReminder.slug)
    if rows.exists():
        return ""
    due_at = event.starts_at - DAY_BEFORE
    hour = date_format(due_at.astimezone(Club.current().zone), "D j F, H:i")
    mine = Registration.objects.live().filter(event=event, user=person).first()
    if event.is_cancelled:
        return "The event was cancelled, so nobody is reminded."
    if mine is None:
        return "You are not registered. Only those who go are reminded."
    if seat_of(event, person, now).line:
        return "You wait in the line. Only those who have a seat are reminded."
    if not stopping.wanted_by(person)[EventReminder.slug]:
        return "You switched reminders of events off."
    if mine.updated_at > due_at:
        return f"A reminder would have come on {hour}, but you registered later than that."
    if now < due_at:
        return f"Your reminder comes on {hour}."
    if now >= event.starts_at:
        return "The event has begun. A reminder that was missed until then is not sent any more."
    return "Your reminder is about to be written; the clock is looked at every 30 seconds."
