"""Two questions to those who were in a class, so that whoever taught it learns too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse

from events import feedback
from events.models import Attendance, Event, FeedbackForm, FeedbackGiven, Talk
from members.models import User
from nmep import people
from nmep.models import Offering, Session

#: How long the questions wait for an answer.
OPEN_FOR = timedelta(days=6)


def ask(now: datetime) -> None:
    """A pulse for every class that has just ended and was checked in to; doing it again is harmless."""
    there = Attendance.objects.filter(event=OuterRef("event"), user__isnull=False)
    asked = FeedbackForm.objects.filter(event=OuterRef("event"), audience=FeedbackForm.Audience.ATTENDEES)
    rows = (
        Session.objects.classes()
        .filter(
            offering__in=Offering.objects.live(),
            event__state=Event.State.SCHEDULED,
            event__ends_at__lte=now,
            event__ends_at__gt=now - timedelta(days=2),
        )
        .filter(Exists(there), ~Exists(asked))
        .select_related("event")
    )
    for session in rows:
        try:
            with transaction.atomic():
                make(session)
        except IntegrityError:
            continue  # another worker was quicker


def make(session: Session) -> FeedbackForm:
    """The pulse of a class; those who taught it do not answer."""
    return feedback.ask(
        session.event,
        f"Week {session.week}: {session.title}",
        feedback.PULSE,
        about=teachers(session),
        audience=FeedbackForm.Audience.ATTENDEES,
        opens=FeedbackForm.Opens.END,
        open_for=OPEN_FOR,
    )


def teachers(session: Session) -> Iterable[User]:
    return User.objects.filter(talks__in=Talk.objects.filter(event=session.event_id)).distinct()


def of(sessions: Iterable[Session]) -> dict[int, FeedbackForm]:
    """Session → its pulse; one query."""
    by_event = {session.event_id: session for session in sessions}
    rows = FeedbackForm.objects.filter(
        event__in=by_event, audience=FeedbackForm.Audience.ATTENDEES
    ).select_related("event")
    return {by_event[row.event_id].pk: row for row in rows}


@dataclass(frozen=True)
class Shown:
    """A pulse on the page of its week: whether it asks this visitor, and whether they read the answers."""

    session: Session
    form: FeedbackForm
    asks: bool
    reads: bool


def shown(sessions: Sequence[Session], user: Any, now: datetime, *, leads: bool) -> list[Shown]:
    """The pulses of these meetings that concern `user`, who leads here or does not; one query."""
    classes = {row.event_id: row for row in sessions if row.kind == Session.Kind.CLASS}
    if not user.is_authenticated or not classes:
        return []
    rows: Any = (
        FeedbackForm.objects.filter(event__in=classes, audience=FeedbackForm.Audience.ATTENDEES)
        .annotate(
            is_about=Exists(
                FeedbackForm.about.through.objects.filter(feedbackform=OuterRef("pk"), user=user.pk)
            ),
            was_there=Exists(Attendance.objects.filter(event=OuterRef("event"), user=user.pk)),
            has_answered=Exists(FeedbackGiven.objects.filter(form=OuterRef("pk"), person=user.pk)),
            taught=Exists(Talk.objects.filter(event=OuterRef("event"), speakers=user.pk)),
        )
        .select_related("event")
        .order_by("event__starts_at")
    )
    found = []
    for form in rows:
        asks = form.is_open(now) and form.was_there and not form.is_about and not form.has_answered
        reads = leads or form.taught
        if asks or reads:
            found.append(Shown(classes[form.event_id], form, asks, reads))
    return found


def may_read(user: Any, session: Session) -> bool:
    """Whoever taught the class, and the leads of its offering."""
    if not user.is_authenticated:
        return False
    taught = Talk.objects.filter(event=session.event_id, speakers=user)
    return taught.exists() or people.may_lead(user, session.offering)


def waiting(people_: Iterable[User], now: datetime) -> dict[int, list[tuple[str, str]]]:
    """Person → title and address of the pulses that wait for their answer; one query."""
    given = FeedbackGiven.objects.filter(form__event=OuterRef("event"), person=OuterRef("user"))
    about = FeedbackForm.about.through.objects.filter(
        feedbackform__event=OuterRef("event"), user=OuterRef("user")
    )
    rows = (
        Attendance.objects.filter(
            user__in=list(people_),
            event__feedback_forms__audience=FeedbackForm.Audience.ATTENDEES,
            event__ends_at__lte=now,
            event__ends_at__gt=now - OPEN_FOR,
        )
        .exclude(Exists(given))
        .exclude(Exists(about))
        .values_list("user", "event__feedback_forms__title", "event__feedback_forms__code")
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for person, title, code in rows:
        found.setdefault(person, []).append((title, reverse("events:feedback_give", args=[code])))
    return found
