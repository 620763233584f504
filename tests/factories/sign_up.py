from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from events.models import NoShowRule, RegistrationWindow, SignUpQuestion
from tests.factories.events import make_attendance, make_event, make_registration


def make_window(*, group, hours=24, people=(), **fields):
    """Registration opens so many hours earlier for the group; give `event` or `series`."""
    window = RegistrationWindow.objects.create(group=group, earlier_by=timedelta(hours=hours), **fields)
    window.people.set(people)
    return window


def make_question(*, text="Which laptop do you bring?", **fields):
    return SignUpQuestion.objects.create(text=text, **fields)


def make_draw_event(*, seats=2, closes_in=timedelta(days=1), **fields):
    """An event in three days whose seats are drawn when registration closes."""
    closes_at = timezone.now() + closes_in
    return make_event(capacity=seats, uses_draw=True, registration_closes_at=closes_at, **fields)


def make_rule(*, missed=2, weeks=8, is_on=True, **fields):
    fields.setdefault("since", timezone.now() - timedelta(days=300))
    return NoShowRule.objects.create(missed=missed, weeks=weeks, is_on=is_on, **fields)


def make_missed(person, *, days_ago=7, has_door_list=True, **fields):
    """An event of the past at which the person's seat stayed empty."""
    now = timezone.now()
    event = make_event(
        starts_at=now - timedelta(days=days_ago), door_list_at=now if has_door_list else None, **fields
    )
    make_attendance(event=event, name="Ilse Quint", email=f"ilse{event.pk}@post.example")
    make_registration(event=event, user=person, created_at=event.starts_at - timedelta(days=3))
    return event
