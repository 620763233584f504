"""Being there: the code on the projector, and the pages behind it and behind the mail to walk-ins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from events import agenda, check_in, notifications, registrations
from events.access import event_run_by
from events.forms import GuestForm
from events.models import Attendance, Event, Registration
from events.registrations import Answer
from events.views.organising import GET_POST
from members.middleware import is_reachable

SOURCE = Attendance.Source
#: Where the session keeps which event's code somebody scanned, and when.
PASS = "check_in_pass"  # noqa: S105  a name, no password
#: Wrong codes and names of walk-ins from one address: a whole room may sit behind it.
RATES = {"wrong-code": "60/m/ip", "walk-in": "400/h/ip"}


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
    if is_too_often(request, "wrong-code", is_tried=False):
        return render(request, "429.html", status=429)
    event = check_in.event_of(code, now) or passed(request, now)
    if event is None:
        is_too_often(request, "wrong-code")
        was = check_in.was_shown(code, now)
        return render(request, "events/code_expired.html", {"code": code, "was_shown": was}, status=404)
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
    if is_too_often(request, "walk-in"):
        return render(request, "429.html", status=429)
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


def is_too_often(request: HttpRequest, action: str, *, is_tried: bool = True) -> bool:
    """Whether this address has tried too often. While nobody can count, the door stays open."""
    usage = ratelimit.consume(
        request, app="events", action=action, config=RATES, dry_run=not is_tried, limit_get=True
    )
    return usage is None and is_reachable()


@login_not_required
@never_cache
@require_http_methods(GET_POST)
def walk_in_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """From the mail to a walk-in: yes, that was me; or no, and the address is erased. Only a press does either."""
    attendance = notifications.attendance_of(token)
    if attendance is None:
        raise Http404
    outcome = ""
    if request.method == "POST":
        if "not_me" in request.POST:
            outcome = "erased" if registrations.disown(attendance) else "kept"
        else:
            outcome = registrations.confirm_walk_in(attendance, now=timezone.now())
    response = render(
        request,
        "events/walk_in_confirm.html",
        {"attendance": attendance, "event": attendance.event, "outcome": outcome},
    )
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
