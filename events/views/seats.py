"""Signing up and giving a seat back. Each answers with its outcome: a fragment for htmx, else the page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from events import questions, registrations
from events.access import event_for
from events.forms import GuestForm, SignUpForm
from events.models import Event, EventDraw, Registration
from events.registrations import Answer, Outcome
from events.seats import seat_of
from events.views.pages import detail_context, sign_up_form
from mlclub.refusal import Refused

WORDS = {
    Answer.CANCELLED: "You gave your place back. Thank you for saying so.",
    Answer.NOT_REGISTERED: "You were not registered.",
    Answer.TOO_LATE: "It is too late to give the seat back here. Please tell a host.",
    Answer.CLOSED: "Registration is closed.",
    Answer.NOT_YET: "Registration is not open yet.",
    Answer.EVENT_CANCELLED: "This event was cancelled.",
    Answer.LAPSED: "The offer is over, and the seat went to the next in line. You can sign up again.",
    Answer.NO_SEAT: "You can bring somebody once you have a seat.",
    Answer.ASKS: "The event asks something first.",
    Answer.TOLD: "The hosts know that you cannot come. Thank you for saying so.",
    Answer.TOO_MANY_GUESTS: "You cannot bring more guests to this event.",
}


def said(outcome: Outcome, event: Event) -> str:
    """The outcome in one sentence."""
    if outcome.answer == Answer.GOING:
        return f"You are going to {event.title}."
    if outcome.answer == Answer.WAITING:
        return f"{event.title} is full. You are number {outcome.line} in the line; a freed seat comes to you by mail."
    if outcome.answer == Answer.IN_DRAW:
        return f"You are in the draw for {event.title}. A mail tells you what came of it."
    return WORDS[outcome.answer]


@require_POST
def event_register(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign up, or with `change_note` answer anew. What a list's button cannot ask is asked on the event's page."""
    user: Any = request.user
    event = event_for(user, pk, among=Event.objects.with_parts(user))
    now = timezone.now()
    seat = seat_of(event, user, now)
    asked = questions.asked_at(event) if event.asks or "part" in request.POST or seat.is_mine else []  # type: ignore[attr-defined]
    form = sign_up_form(event, user, seat, asked, request.POST)
    is_change = "change_note" in request.POST
    if not form.is_valid():
        if "part" in request.POST or is_change:
            context = detail_context(request, event, now, form=form)
            if request.headers.get("HX-Request"):
                return render(request, "events/event_detail.html#seat", context)
            return render(request, "events/event_detail.html", context, status=422)
        return answered(request, event, Outcome(answer=Answer.ASKS))
    if is_change:
        return changed(request, event, form, now)
    outcome = registrations.register(event, user, note=form.note, answers=form.answers)
    if form.note and outcome.is_repeat and outcome.registration:
        Registration.objects.filter(pk=outcome.registration.pk).update(note=form.note)
    return answered(request, event, outcome)


def changed(request: HttpRequest, event: Event, form: SignUpForm, now: datetime) -> HttpResponse:
    """What somebody who is registered says otherwise: the note until the start, answers until sign-up closes."""
    user: Any = request.user
    mine = Registration.objects.live().filter(event=event, user=user).select_related("event").first()
    if mine is None:
        messages.warning(request, WORDS[Answer.NOT_REGISTERED])
        return redirect(event)
    try:
        if form.questions and now < event.closes_at:
            questions.change(mine, form.answers, now=now)
        if event.asks_note:
            Registration.objects.filter(pk=mine.pk).update(note=form.note, updated_at=now)
        messages.success(request, "Saved for the hosts.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(event)


@require_POST
def event_leave(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    event = event_for(user, pk)
    mine = Registration.objects.live().filter(event=event, user=user).select_related("event").first()
    if mine is None:
        return answered(request, event, Outcome(answer=Answer.NOT_REGISTERED))
    if "guest" in request.POST:
        return guest_taken_off(request, event, mine)
    reason = request.POST.get("reason", "")
    if "tell" in request.POST:
        outcome = registrations.say_no(mine, reason=reason)
    else:
        outcome = registrations.cancel(mine, reason=reason)
    if event.visibility == "invited" and not Event.objects.visible_to(user).filter(pk=event.pk).exists():
        messages.success(request, said(outcome, event))
        return redirect("events:event_list")
    return answered(request, event, outcome)


def guest_taken_off(request: HttpRequest, event: Event, mine: Registration) -> HttpResponse:
    """Somebody one meant to bring does not come after all."""
    number = request.POST.get("guest", "")
    guest = get_object_or_404(mine.guests.select_related("event"), pk=number if number.isdecimal() else 0)
    if registrations.cancel(guest).answer == Answer.CANCELLED:
        messages.success(request, f"{guest.name} is off the list.")
    else:
        messages.warning(request, WORDS[Answer.TOO_LATE])
    return redirect(event)


@require_POST
def event_accept(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    event = event_for(user, pk)
    mine = (
        Registration.objects.filter(event=event, user=user)
        .select_related("event")
        .order_by("-created_at")
        .first()
    )
    if mine is None:
        return answered(request, event, Outcome(answer=Answer.NOT_REGISTERED))
    return answered(request, event, registrations.accept_offer(mine))


@require_POST
def guest_register(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring somebody; they take a seat of their own."""
    user: Any = request.user
    event = event_for(user, pk, among=Event.objects.with_parts(user))
    mine = get_object_or_404(Registration.objects.live(), event=event, user=user)
    form = GuestForm(request.POST)
    if not form.is_valid():
        context = detail_context(request, event, timezone.now())
        return render(request, "events/event_detail.html", {**context, "guest_form": form}, status=422)
    outcome = registrations.register(event, guest_of=mine, **form.cleaned_data)
    name = form.cleaned_data["name"]
    if outcome.answer == Answer.GOING:
        messages.success(request, f"{name} has a seat.")
    elif outcome.answer == Answer.WAITING:
        messages.warning(request, f"The event is full: {name} is number {outcome.line} in the line.")
    else:
        messages.warning(request, WORDS[outcome.answer])
    return redirect(event)


def answered(request: HttpRequest, event: Event, outcome: Outcome) -> HttpResponse:
    """The button or the seat panel for htmx; a redirect with a message for everybody else."""
    now = timezone.now()
    if outcome.answer == Answer.ASKS:
        messages.info(request, "This event asks something first.")
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": f"{event.get_absolute_url()}#seat"})
        return redirect(f"{event.get_absolute_url()}#seat")
    if request.headers.get("HX-Request"):
        if request.POST.get("part") == "seat":
            event = event_for(request.user, event.pk, among=Event.objects.with_parts(request.user))
            context = {
                **detail_context(request, event, now),
                "said": said(outcome, event),
                "outcome": outcome,
            }
            # Who is going stands below, and says the same.
            shown = ["seat"] if event.is_cancelled else ["seat", "going"]
            parts = [render_to_string(f"events/event_detail.html#{part}", context, request) for part in shown]
            return HttpResponse("".join(parts))
        event = event_for(request.user, event.pk, among=Event.objects.with_parts(request.user))
        seat = seat_of(event, request.user, now)
        return render(request, "events/_going.html", {"seat": seat, "said": said(outcome, event)})
    tone = (
        messages.SUCCESS
        if outcome.is_live or outcome.answer in {Answer.CANCELLED, Answer.TOLD}
        else messages.WARNING
    )
    messages.add_message(request, tone, said(outcome, event))
    goal = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(goal, allowed_hosts=None):
        return redirect(goal)
    return redirect(event)


@login_not_required
@require_safe
def event_draw(request: HttpRequest, pk: int) -> HttpResponse:
    """How the seats of an event are drawn, and with what came out, how to check it. Tickets, no names."""
    event = event_for(request.user, pk)
    draw = get_object_or_404(EventDraw, event=event)
    user: Any = request.user
    mine = event.registrations.filter(user=user).exclude(ticket="").last() if user.is_authenticated else None
    return render(
        request,
        "events/event_draw.html",
        {"event": event, "draw": draw, "ticket": mine.ticket if mine else "", "now": timezone.now()},
    )
