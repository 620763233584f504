"""Being there: the code on the projector, the page behind it, the door, and the hosts' list."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import agenda, check_in, registrations
from events.access import event_run_by
from events.forms import GuestForm
from events.models import Attendance, Event, Registration
from events.registrations import Answer
from events.views.organising import GET_POST
from members.models import User
from mlclub.typed import number as number_of

SOURCE = Attendance.Source
#: Where the session keeps which event's code somebody scanned, and when.
PASS = "check_in_pass"  # noqa: S105  a name, no password
#: How many people besides the registered ones a search at the door finds.
STRAGGLERS = 8


@never_cache
@require_safe
def event_screen(request: HttpRequest, pk: int) -> HttpResponse:
    """For the projector: QR, the code of the minute, and how many are here."""
    event = event_run_by(request.user, pk)
    now = timezone.now()
    code = check_in.code_of(event, now)
    context = {
        "event": event,
        "now": now,
        "is_open": event.takes_check_in(now),
        "opens_at": event.starts_at - Event.CHECK_IN_BEFORE,
        "code": code,
        "address": settings.SITE_URL + reverse("events:code_check_in", args=[code]),
        "short_address": settings.SITE_URL.partition("://")[2] + reverse("events:code_entry"),
        "here": event.attendances.count(),
        "expected": registrations_count(event),
        "agenda": agenda.shown_to(event, request.user, runs=True),
    }
    template = (
        "events/event_screen.html#live" if request.headers.get("HX-Request") else "events/event_screen.html"
    )
    return render(request, template, context)


def registrations_count(event: Event) -> int:
    live = Registration.objects.live().filter(event=event).count()
    return live if event.seats_given is None else min(live, event.seats_given)


@login_not_required
@never_cache
@require_safe
def code_entry(request: HttpRequest) -> HttpResponse:
    """Typing the code instead of scanning it."""
    code = "".join(filter(str.isalnum, request.GET.get("code", "")))
    if code:
        return redirect("events:code_check_in", code[:20])
    return render(request, "events/code_entry.html")


@login_not_required
@never_cache
@require_http_methods(GET_POST)
def code_check_in(request: HttpRequest, code: str) -> HttpResponse:
    """ "I'm here" for whoever is signed in, name and address for whoever has no account. A code that was good
    when it was scanned stays good while the person signs in."""
    now = timezone.now()
    event = check_in.event_of(code, now) or passed(request, now)
    if event is None:
        return render(request, "events/code_expired.html", {"code": code}, status=404)
    user: Any = request.user
    if request.method != "POST":
        request.session[PASS] = [event.pk, now.timestamp()]
        here = user.is_authenticated and Attendance.objects.filter(event=event, user=user).exists()
        return render(
            request, "events/code_check_in.html", {"event": event, "form": GuestForm(), "here": here}
        )
    if user.is_authenticated:
        outcome = registrations.check_in(event, user, source=SOURCE.CODE, now=now)
        return arrived(request, event, outcome.answer, user.display_name)
    form = GuestForm(request.POST)
    if not form.is_valid():
        return render(request, "events/code_check_in.html", {"event": event, "form": form}, status=422)
    outcome = registrations.check_in(event, source=SOURCE.WALK_IN, now=now, **form.cleaned_data)
    return arrived(request, event, outcome.answer, form.cleaned_data["name"])


def arrived(request: HttpRequest, event: Event, answer: Answer, name: str) -> HttpResponse:
    is_in = answer == Answer.CHECKED_IN
    return render(request, "events/code_done.html", {"event": event, "is_in": is_in, "name": name})


def passed(request: HttpRequest, now: datetime) -> Event | None:
    """The event whose code this browser scanned a few minutes ago."""
    pk, at = request.session.get(PASS) or (None, 0)
    if pk is None or now.timestamp() - at > check_in.PASS_LASTS.total_seconds():
        return None
    return Event.objects.open_for_check_in(now).filter(pk=pk).first()


# ── The door ──


@never_cache
@require_http_methods(GET_POST)
def event_door(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody who is expected, a search that also finds who is not, check-in with one tap, and undo."""
    event = event_run_by(request.user, pk)
    form = GuestForm(prefix="walk_in")
    if request.method == "POST":
        if "walk_in" in request.POST:
            form = GuestForm(request.POST, prefix="walk_in")
            if form.is_valid():
                return let_in(request, event, **form.cleaned_data)
        else:
            return let_in(request, event, **whom(request, event))
    query = request.GET.get("q", "").strip()
    people = expected(event, query)
    strangers = stragglers(event, query) if query else []
    return render(
        request,
        "events/event_door.html",
        {
            "event": event,
            "people": people,
            "stragglers": strangers,
            "query": query,
            "form": form,
            "here": event.attendances.count(),
            "now": timezone.now(),
            "opens_at": event.starts_at - Event.CHECK_IN_BEFORE,
            "is_open": not event.is_cancelled and timezone.now() >= event.starts_at - Event.CHECK_IN_BEFORE,
        },
        status=422 if form.is_bound else 200,
    )


def whom(request: HttpRequest, event: Event) -> dict[str, Any]:
    """Who is meant: somebody registered, or an account that the search found."""
    if registration := number_of(request.POST.get("registration", "")):
        row = get_object_or_404(Registration.objects.select_related("user"), event=event, pk=registration)
        return {"user": row.user} if row.user else {"name": row.name, "email": row.email}
    number = request.POST.get("user", "")
    return {"user": get_object_or_404(User.objects.real(), pk=number_of(number))}


def let_in(request: HttpRequest, event: Event, **person: Any) -> HttpResponse:
    source = SOURCE.DOOR if "user" in person else SOURCE.WALK_IN
    outcome = registrations.check_in(event, source=source, by=request.user, **person)  # type: ignore[arg-type]
    if outcome.answer == Answer.CHECKED_IN and outcome.attendance:
        words = "was already here" if outcome.is_repeat else "is here"
        messages.success(request, f"{outcome.attendance.who} {words}.")
    else:
        messages.warning(request, "Check-in opens an hour before the event begins.")
    return redirect("events:event_door", event.pk)


def expected(event: Event, query: str) -> list[dict[str, Any]]:
    """Everybody registered or here, by name: with the place in the line and the row of their arrival."""
    rows = Registration.objects.live().filter(event=event).select_related("user", "guest_of__user").in_order()
    here = list(event.attendances.select_related("user"))
    by_user = {row.user_id: row for row in here if row.user_id}
    by_address = {row.email.lower(): row for row in here if not row.user_id}
    people: list[dict[str, Any]] = []
    for position, row in enumerate(rows, start=1):
        arrival = by_user.pop(row.user_id, None) if row.user_id else by_address.pop(row.email.lower(), None)
        line = max(0, position - event.seats_given) if event.seats_given is not None else 0
        people.append(
            {
                "name": row.who,
                "person": row.user,
                "registration": row,
                "arrival": arrival,
                "line": line,
                "position": position,
            }
        )
    for arrival in [*by_user.values(), *by_address.values()]:
        people.append(
            {"name": arrival.who, "person": arrival.user, "registration": None, "arrival": arrival, "line": 0}
        )
    if query:
        people = [each for each in people if query.lower() in str(each["name"]).lower()]
    return sorted(people, key=lambda each: each["name"].lower())


def stragglers(event: Event, query: str) -> list[User]:
    """Accounts that match and are neither registered nor here."""
    known = Q(registrations__event=event, registrations__state="going") | Q(attendances__event=event)
    match = Q(name__icontains=query) | Q(handle__istartswith=query)
    return list(
        User.objects.real().filter(match).exclude(pk__in=User.objects.filter(known).values("pk"))[:STRAGGLERS]
    )


@require_POST
def door_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a check-in back."""
    event = event_run_by(request.user, pk)
    number = request.POST.get("attendance", "")
    if registrations.undo_check_in(event, number_of(number)):
        messages.success(request, "Taken back.")
    else:
        messages.info(request, "It was taken back already.")
    return redirect("events:event_door", event.pk)


# ── The hosts' list ──


@never_cache
@require_safe
def event_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is registered, in order. The notes on food and access are for the hosts alone."""
    event = event_run_by(request.user, pk)
    user: Any = request.user
    people = sorted(expected(event, ""), key=order_of)
    return render(
        request,
        "events/event_people.html",
        {"event": event, "people": people, "sees_notes": event.is_hosted_by(user), "now": timezone.now()},
    )


def order_of(each: dict[str, Any]) -> tuple[bool, int, str]:
    row = each["registration"]
    return (row is None, each.get("position", 0), each["name"])


@require_POST
def people_cancel(request: HttpRequest, pk: int, registration_pk: int) -> HttpResponse:
    """A host takes somebody off the list, at that person's wish."""
    event = event_run_by(request.user, pk)
    row = get_object_or_404(Registration.objects.select_related("event"), event=event, pk=registration_pk)
    outcome = registrations.cancel(row, by=request.user, reason="By a host")  # type: ignore[arg-type]
    if outcome.answer == Answer.CANCELLED:
        words = "was off the list already" if outcome.is_repeat else "is off the list"
        messages.success(request, f"{row.who} {words}.")
    return redirect("events:event_people", event.pk)
