"""A symposium as everybody sees it: the call, a seat, the programme."""

from __future__ import annotations

from typing import Any

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from events import ical, symposia, symposium_guests, symposium_programme
from events.forms.symposia import AbstractForm, SeatForm, club_of
from events.models import AbstractReview, Event, Symposium
from events.views.organising import GET_POST
from members.models import Club
from mlclub.gather import Occurrence
from mlclub.refusal import Refused

RATE = {"symposium-form": "10/m/ip,60/h/ip"}


def symposium_for(user: Any, slug: str, *, runs: bool = False) -> Symposium:
    """The symposium for whoever sees its event; with `runs`, a 403 for whoever does not run it."""
    symposium = get_object_or_404(
        Symposium.objects.filter(event__in=Event.objects.visible_to(user)).select_related("event"), slug=slug
    )
    if runs and not symposium.event.is_run_by(user):
        raise PermissionDenied
    return symposium


def is_too_much(request: HttpRequest) -> bool:
    """Whether this network has sent its share of forms. Each sends a mail, so nobody may while nobody can count."""
    return ratelimit.consume(request, app="events", action="symposium-form", config=RATE) is None


@login_not_required
@require_safe
def symposium_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The call, who holds it, how to come; and afterwards what was shown."""
    user: Any = request.user
    symposium = symposium_for(user, slug)
    now = timezone.now()
    runs = symposium.event.is_run_by(user)
    is_over = symposium.event.is_over(now)
    context = {
        "symposium": symposium,
        "event": symposium.event,
        "now": now,
        "runs": runs,
        "clubs": [row.organization for row in symposium.co_hosts.select_related("organization")],
        "topics": list(symposium.topics.all()),
        "is_open": symposium.is_open(now),
        "is_over": is_over,
        "shown": list(
            symposium.abstracts.accepted()
            .prefetch_related("authors__organization")
            .order_by("decision", "poster_number", "title")
        )
        if is_over and symposium.published_at
        else [],
        "to_review": user.is_authenticated
        and AbstractReview.objects.filter(reviewer=user, abstract__symposium=symposium).count(),
        "counts": symposium_guests.counts_of(symposium) if runs and is_over else [],
    }
    return render(request, "events/symposium_detail.html", context)


@login_not_required
@require_http_methods(GET_POST)
def symposium_submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand an abstract in: with the account's address, or with one that the mail's link proves."""
    user: Any = request.user
    symposium, now = symposium_for(user, slug), timezone.now()
    if not symposium.is_open(now):
        messages.info(request, "Abstracts are no longer taken.")
        return redirect(symposium)
    start = {"name_1": user.display_name, "address_1": user.email} if user.is_authenticated else {}
    form = AbstractForm(
        request.POST if request.method == "POST" else None,
        initial=start,
        symposium=symposium,
        has_address=user.is_authenticated,
    )
    if request.method == "POST":
        if is_too_much(request):
            return render(request, "429.html", status=429)
        if form.is_valid():
            email = user.email if user.is_authenticated else form.cleaned_data["email"]
            try:
                symposia.submit(
                    symposium, **form.said(), email=email, is_proven=user.is_authenticated, now=now
                )
                messages.success(
                    request, "Thank you. Look into your mail: the link there confirms and changes it."
                )
                return redirect(symposium)
            except Refused as refused:
                form.add_error(None, str(refused))
    context = {"form": form, "symposium": symposium, "event": symposium.event, "now": now}
    return render(request, "events/symposium_submit.html", context, status=422 if form.is_bound else 200)


@login_not_required
@require_http_methods(GET_POST)
def symposium_seat(request: HttpRequest, slug: str) -> HttpResponse:
    """A seat for a guest of another club; members sign up on the event's page."""
    symposium, now = symposium_for(request.user, slug), timezone.now()
    form = SeatForm(request.POST if request.method == "POST" else None, symposium=symposium)
    if request.method == "POST":
        if is_too_much(request):
            return render(request, "429.html", status=429)
        if form.is_valid():
            club = club_of(symposium, form.cleaned_data["club"])
            symposium_guests.ask_for_seat(
                symposium,
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                organization=club,
                now=now,
            )
            messages.success(request, "Look into your mail: the link there takes the seat.")
            return redirect(symposium)
    context = {"form": form, "symposium": symposium, "event": symposium.event}
    return render(request, "events/symposium_seat.html", context, status=422 if form.is_bound else 200)


@login_not_required
@require_safe
def symposium_program(request: HttpRequest, slug: str) -> HttpResponse:
    """The public programme: tracks side by side."""
    symposium = symposium_for(request.user, slug)
    runs = symposium.event.is_run_by(request.user)
    if symposium.published_at is None and not runs:
        raise Http404
    context = {
        "symposium": symposium,
        "event": symposium.event,
        "tracks": symposium_programme.programme_of(symposium),
        "is_draft": symposium.published_at is None,
    }
    return render(request, "events/symposium_program.html", context)


@login_not_required
@require_safe
def symposium_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """The published programme as a calendar, one entry a session."""
    symposium = symposium_for(request.user, slug)
    if symposium.published_at is None:
        raise Http404
    event = symposium.event
    entries = [
        Occurrence(
            uid=f"symposium-{each.session.pk}-{event.uid}",
            title=f"{each.session.title} ({track.name})",
            starts_at=each.session.starts_at,
            ends_at=each.session.ends_at,
            place=track.place or event.where,
            description="\n".join(slot.abstract.title for slot in each.slots),
            sequence=event.schedule_version,
            updated_at=symposium.published_at,
            is_cancelled=event.is_cancelled,
        )
        for track, sessions in symposium_programme.programme_of(symposium)
        for each in sessions
    ]
    body = ical.feed(entries, name=event.title, zone=Club.current().zone)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{symposium.slug}.ics"'
    return response
