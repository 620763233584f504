from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members.models import User
from mlclub.refusal import Refused
from nmep import meetings
from nmep.forms.meetings import CancelForm, MoveForm
from nmep.models import Offering, Session
from nmep.views.learners import led_with_roles

GET_POST = ["GET", "HEAD", "POST"]


def _session(offering: Offering, pk: int) -> Session:
    session = get_object_or_404(Session.objects.select_related("event").filter(offering=offering), pk=pk)
    session.offering = offering
    return session


def _seen(request: HttpRequest) -> int:
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else -1


@require_http_methods(GET_POST)
def session_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say a new time or place, see what goes with it and who is told, then move it."""
    offering, roles = led_with_roles(request, slug)
    session = _session(offering, pk)
    event = session.event
    asked = request.POST if request.method == "POST" else request.GET if "starts_at" in request.GET else None
    initial = {"starts_at": timezone.localtime(event.starts_at), "place": event.place}
    form = MoveForm(asked, initial=initial)
    effect = None
    if form.is_bound and form.is_valid():
        starts_at, place = form.cleaned_data["starts_at"], form.cleaned_data["place"]
        if request.method == "POST":
            user: User = request.user  # type: ignore[assignment]
            try:
                told = meetings.move(
                    session,
                    starts_at=starts_at,
                    place=place,
                    seen=_seen(request),
                    by=user,
                    now=timezone.now(),
                )
            except Refused as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, _said("Moved", told))
                return redirect("nmep:offering_state", slug)
        effect = meetings.effect(session, starts_at)
    return render(
        request,
        "nmep/session_move.html",
        {
            "offering": offering,
            "session": session,
            "event": event,
            "form": form,
            "effect": effect,
            "roles": roles,
            "is_archived": offering.state == Offering.State.ARCHIVED,
        },
        status=422 if form.is_bound and form.errors else 200,
    )


@require_http_methods(GET_POST)
def session_cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """See what hangs on a meeting and who is told, then call it off."""
    offering, roles = led_with_roles(request, slug)
    session = _session(offering, pk)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user: User = request.user  # type: ignore[assignment]
        try:
            told = meetings.cancel(
                session, form.cleaned_data["reason"], seen=_seen(request), by=user, now=timezone.now()
            )
        except Refused as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _said("Cancelled", told))
            return redirect("nmep:offering_state", slug)
    return render(
        request,
        "nmep/session_cancel.html",
        {
            "offering": offering,
            "session": session,
            "event": session.event,
            "form": form,
            "effect": meetings.effect(session, None),
            "roles": roles,
            "is_archived": offering.state == Offering.State.ARCHIVED,
        },
        status=422 if form.is_bound and form.errors else 200,
    )


def _said(verb: str, told: meetings.Told) -> str:
    if not told.is_changed:
        return "Nothing changed: it stood so already."
    due = f" {told.shifts} due date{'' if told.shifts == 1 else 's'} moved with it." if told.shifts else ""
    mails = "One mail goes" if told.mails == 1 else f"{told.mails or 'No'} mails go"
    return f"{verb}.{due} {mails} out."
