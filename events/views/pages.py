"""Finding events and reading one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import afterwards, agenda, helping, no_shows, pushing, questions
from events.access import event_for, sees_rooms
from events.forms import FilterForm, SignUpForm
from events.models import Event, Kind, Material, Registration, SignUpQuestion, Talk
from events.seats import Seat, Standing, seat_of, seats_of
from members.models import User
from mlclub import uploads

WINDOW = timedelta(weeks=4)
#: A list with more events than this ends earlier, after a whole week.
MOST = 28
#: A page that is open so many seconds before registration opens shows the button by itself.
WATCHED_FOR = 900
#: How many people a page names before it says how many more there are.
NAMED = 8


@dataclass(frozen=True)
class Day:
    """One day of the strip, the month or the list."""

    on: date
    seats: list[Seat]
    is_today: bool = False
    is_past: bool = False
    is_outside: bool = False

    @property
    def mine(self) -> int:
        return sum(seat.is_mine for seat in self.seats)

    @property
    def anchor(self) -> str:
        return f"d{self.on:%Y-%m-%d}"


@login_not_required
@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """Four weeks of events, or a month of them, that the visitor may come to."""
    user: Any = request.user
    now = timezone.now()
    today = timezone.localdate(now)
    form = FilterForm(request.GET, user=user)
    asked = form.cleaned_data if form.is_valid() else {}
    is_month = request.GET.get("view") == "month"
    first, last = month_span(request, today) if is_month else week_span(request, today)
    events = chosen(user, asked, first, last)
    if not is_month and len(events) > MOST:
        last = busy_until(events, first)
        events = [event for event in events if timezone.localdate(event.starts_at) <= last]
    seats = list(seats_of(events, user, now).values())
    days = arranged(seats, first, last, today)
    context: dict[str, Any] = {
        "form": form,
        "days": days,
        "now": now,
        "today": today,
        "first": first,
        "last": last,
        "total": len(seats),
        "mine": sum(seat.is_mine for seat in seats),
        "is_filtered": any(asked.values()),
        "can_create": user.is_authenticated and user.has_perm("events.add_event"),
        "filters": request.GET.copy(),
    }
    if is_month:
        middle = first + timedelta(days=10)
        context["month"] = middle.replace(day=1)
        context["before"] = (middle.replace(day=1) - timedelta(days=1)).replace(day=1)
        context["after"] = (middle.replace(day=1) + timedelta(days=32)).replace(day=1)
        for day in days:
            object.__setattr__(day, "is_outside", day.on.month != middle.month)
        return render(request, "events/event_month.html", context)
    context["shown"] = [
        day for day in days if day.seats and (day.on >= today or last < today or "from" in request.GET)
    ]
    following = last + timedelta(days=1)
    context["weeks"] = [first - WINDOW, first, following, following + WINDOW]
    return render(request, "events/event_list.html", context)


def chosen(user: Any, asked: dict[str, Any], first: date, last: date) -> list[Event]:
    """The events from `first` to `last` (days in the club's zone) that the filters ask for."""
    zone = timezone.get_current_timezone()
    events = Event.objects.visible_to(user).between(
        datetime.combine(first, time.min, tzinfo=zone),
        datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone),
    )
    if asked.get("kind"):
        events = events.filter(kind=asked["kind"])
    if asked.get("whom") == "public":
        events = events.public()
    if asked.get("whom") == "mine" and user.is_authenticated:
        events = events.filter(Event.objects.concerning(user))
    return list(events.with_counts().defer("description", "search").prefetch_related(speakers()))


def speakers() -> Prefetch[Any]:
    return Prefetch("talks", Talk.objects.prefetch_related("speakers"))


def week_span(request: HttpRequest, today: date) -> tuple[date, date]:
    """The four weeks from the Monday of the day asked for."""
    day = parsed_day(request.GET.get("from", "")) or today
    monday = day - timedelta(days=day.weekday())
    return monday, monday + WINDOW - timedelta(days=1)


def busy_until(events: list[Event], first: date) -> date:
    """The Sunday up to which no more than MOST of the events take place; the first one at least."""
    sunday = first + timedelta(days=6)
    while sum(timezone.localdate(event.starts_at) <= sunday + timedelta(days=7) for event in events) <= MOST:
        sunday += timedelta(days=7)
    return sunday


def month_span(request: HttpRequest, today: date) -> tuple[date, date]:
    """The whole weeks that hold the month asked for."""
    day = (parsed_day(f"{request.GET.get('month', '')}-01") or today).replace(day=1)
    end = (day + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return day - timedelta(days=day.weekday()), end + timedelta(days=6 - end.weekday())


def parsed_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def arranged(seats: Iterable[Seat], first: date, last: date, today: date) -> list[Day]:
    """Every day from `first` to `last` with what takes place on it."""
    by_day: dict[date, list[Seat]] = {}
    for seat in seats:
        by_day.setdefault(timezone.localtime(seat.event.starts_at).date(), []).append(seat)
    length = (last - first).days + 1
    return [
        Day(on, by_day.get(on, []), is_today=on == today, is_past=on < today)
        for on in (first + timedelta(days=n) for n in range(length))
    ]


@login_not_required
@require_safe
def event_detail(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    event = event_for(request.user, pk, among=Event.objects.with_parts(request.user))
    if slug != event.slug:
        return redirect(event)
    return render(request, "events/event_detail.html", detail_context(request, event, timezone.now()))


def detail_context(
    request: HttpRequest, event: Event, now: datetime, *, form: SignUpForm | None = None
) -> dict[str, Any]:
    """What the page of one event knows; the seat panel alone is a part of it."""
    user: Any = request.user
    seat = seat_of(event, user, now)
    is_done = event.is_over(now) or event.is_cancelled
    asked = questions.asked_at(event) if getattr(event, "has_questions", True) and not is_done else []
    runs = event.is_run_by(user)
    people = who_goes(event, user, runs=runs, seat=seat)
    materials = list(Material.objects.filter(event=event).visible_to(user, now).select_related("page"))
    was_there = user.is_authenticated and event.has_begun(now) and event.was_there
    return {
        "event": event,
        "seat": seat,
        "now": now,
        "runs": runs,
        "hosts": list(event.hosts.all()),
        "talks": list(event.talks.select_related("visit__contact").prefetch_related("speakers")),
        "materials": materials,
        "recording_missing": not any(each.kind == Material.Kind.RECORDING for each in materials),
        "people": people[:NAMED],
        "more_people": max(0, seat.taken - len(people[:NAMED])),
        "sees_link": bool(event.online_url) and (runs or seat.has_seat),
        "was_there": was_there,
        **afterwards.left_of(event, user, now, runs=runs, was_there=was_there),
        "guests": list(seat.registration.guests.live()) if seat.registration and event.guests_allowed else [],
        "part": "seat",
        "form": form or sign_up_form(event, user, seat, asked),
        "held": held_from(event, user, seat, now),
        "opens_in": opens_in(seat),
        "agenda": agenda.shown_to(event, user, runs=runs) if getattr(event, "has_agenda", True) else [],
        "sees_rooms": sees_rooms(user),
        "has_chapters": runs and pushing.plan(event, now) is not None,
        "help": help_at(event, user, now, runs=runs) if helping.stands_on(event) else None,
    }


def sign_up_form(
    event: Event, user: Any, seat: Seat, asked: list[SignUpQuestion], data: Any = None
) -> SignUpForm:
    """What is asked at sign-up, with what the person said before."""
    given = questions.given(event, user) if asked and user.is_authenticated else {}
    note = seat.registration.note if seat.registration else ""
    return SignUpForm(data, event=event, questions=asked, given=given, note=note)


def held_from(event: Event, user: Any, seat: Seat, now: datetime) -> no_shows.Held | None:
    """The rule about empty seats, for whom it applies where seats are few; told to that person alone."""
    watched = getattr(event, "is_watched", False) and event.capacity is not None
    if not watched or not user.is_authenticated or seat.is_mine or event.has_begun(now):
        return None
    return no_shows.held_at(event, user, now)


def opens_in(seat: Seat) -> int | None:
    """Seconds until registration opens, when it is worth waiting on the page for it."""
    if seat.standing != Standing.NOT_YET or seat.opens_at is None:
        return None
    seconds = int((seat.opens_at - seat.now).total_seconds()) + 1
    return seconds if seconds <= WATCHED_FOR else None


def help_at(event: Event, user: Any, now: datetime, *, runs: bool) -> dict[str, Any]:
    """Who helps at a party, for members; whether `user` may, and whether the queue is on."""
    if not user.is_authenticated:
        return {}
    helpers = helping.helpers_of(event)
    return {
        "helpers": helpers,
        "may_offer": helping.is_wanted(event) and helping.may_offer(user, event),
        "is_mine": user in helpers,
        "may_name": runs,
        "is_open_to_offers": not event.is_cancelled and not event.is_over(now),
        "is_on": event.kind == Kind.HOMEWORK_PARTY and helping.is_open(event, now),
        "is_short": helping.is_wanted(event) and len(helpers) < max(1, event.helpers_wanted),
    }


def who_goes(event: Event, user: Any, *, runs: bool, seat: Seat) -> list[User]:
    """People with a seat who may be named to `user`: all to hosts and officers, those who agree to members."""
    if not seat.live or not user.is_authenticated or not (runs or user.standing.reads_members_area):
        return []
    people = (
        Registration.objects.live().filter(event=event, user__isnull=False).select_related("user").in_order()
    )
    limit = NAMED * 4 if event.seats_given is None else event.seats_given
    rows = people[: min(limit, NAMED * 4)]
    return [row.user for row in rows if row.user and (runs or row.user.shows_registrations)]


@login_not_required
@require_safe
def material_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A file of an event, for whoever may see it."""
    material = get_object_or_404(
        Material.objects.visible_to(request.user, timezone.now()).exclude(file=""), pk=pk
    )
    name = (material.file.name or "").rpartition("/")[2]
    return uploads.serve_private(request, material.file, filename=name)
