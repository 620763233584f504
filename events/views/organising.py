"""Making events and changing them: for officers, and for the hosts of an event."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import registrations, schedule
from events.access import event_run_by, event_told_by
from events.forms import CancelForm, EventForm, MaterialForm, MoveForm, TalkForm
from events.models import Event, Material, Talk
from events.registrations import Answer
from events.schedule import Scope
from members import audit

GET_POST = ["GET", "HEAD", "POST"]


@permission_required("events.add_event", raise_exception=True)
@require_http_methods(GET_POST)
def event_create(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = EventForm(request.POST or None, initial={"hosts": [user], "visibility": "members"})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.instance.term = schedule.term_of(timezone.localtime(form.cleaned_data["starts_at"]).date())
            event = form.save()
            audit.record(user, "event.created", event, after={"title": event.title})
        messages.success(request, f"{event.title} stands in the calendar.")
        return redirect(event)
    return render(request, "events/event_create.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(GET_POST)
def event_edit(request: HttpRequest, pk: int) -> HttpResponse:
    event = event_run_by(request.user, pk)
    form = EventForm(request.POST or None, instance=event)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data["capacity"]
        before = Event.objects.values_list("capacity", flat=True).get(pk=event.pk)
        with transaction.atomic():
            form.instance.capacity = before
            outcome = registrations.change_capacity(event, wanted)
            if outcome.answer == Answer.CHANGED:
                form.instance.capacity = wanted
                form.save()
                messages.success(request, "Saved.")
                return redirect(event)
            form.add_error(
                "capacity",
                f"{outcome.seated} people have a seat, and nobody loses one. Give at least {outcome.seated}.",
            )
    return render(
        request,
        "events/event_edit.html",
        {"form": form, "event": event},
        status=422 if form.is_bound else 200,
    )


def mails_by_scope(event: Event) -> dict[Scope, int]:
    """How many mails a change would send, for each scope that the event has."""
    now = timezone.now()
    scopes = [Scope.THIS, Scope.LATER, Scope.ALL] if event.series_id else [Scope.THIS]
    return {
        scope: len(schedule.people_of(schedule.in_scope(event, scope, now, with_exceptions=True)))
        for scope in scopes
    }


@require_http_methods(GET_POST)
def event_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Another time or place; everybody who is registered is told once."""
    event = event_run_by(request.user, pk)
    mails = mails_by_scope(event)
    initial = {name: getattr(event, name) for name in ("starts_at", "ends_at", "place", "online_url")}
    form = MoveForm(request.POST or None, mails=mails, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        before = {"starts_at": event.starts_at.isoformat(), "place": event.place}
        try:
            with transaction.atomic():
                change = schedule.move(event, **data)
                after = {
                    "starts_at": event.starts_at.isoformat(),
                    "place": event.place,
                    "scope": data["scope"],
                }
                if change.events:
                    audit.record(request.user, "event.moved", event, before=before, after=after)  # type: ignore[arg-type]
        except IntegrityError:
            form.add_error("starts_at", "The series already has an event at that time.")
        else:
            messages.success(request, told("Changed", change))
            return redirect(event)
    return render(
        request,
        "events/event_move.html",
        {"form": form, "event": event, "mails": mails[Scope.THIS]},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def event_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call an event off; everybody who is registered is told once."""
    event = event_run_by(request.user, pk)
    if event.is_cancelled:
        return redirect(event)
    mails = mails_by_scope(event)
    form = CancelForm(request.POST or None, mails=mails)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            change = schedule.cancel(event, form.cleaned_data["reason"], scope=form.cleaned_data["scope"])
            audit.record(request.user, "event.cancelled", event, after={"reason": event.cancelled_reason})  # type: ignore[arg-type]
        messages.success(request, told("Cancelled", change))
        return redirect(event)
    return render(
        request,
        "events/event_cancel.html",
        {"form": form, "event": event, "mails": mails[Scope.THIS]},
        status=422 if form.is_bound else 200,
    )


def told(verb: str, change: schedule.Change) -> str:
    """What a change came to, in one sentence."""
    if not change.events:
        return "Nothing changed."
    events = "event" if change.events == 1 else "events"
    mails = "mail goes" if change.mails == 1 else "mails go"
    return f"{verb}: {change.events} {events}. {change.mails or 'No'} {mails} out."


@require_http_methods(GET_POST)
def talk_create(request: HttpRequest, pk: int) -> HttpResponse:
    event = event_run_by(request.user, pk)
    return talk_form(request, event, Talk(event=event, position=event.talks.count()))


@require_http_methods(GET_POST)
def talk_edit(request: HttpRequest, pk: int, talk_pk: int) -> HttpResponse:
    event = event_run_by(request.user, pk)
    return talk_form(request, event, get_object_or_404(event.talks, pk=talk_pk))


def talk_form(request: HttpRequest, event: Event, talk: Talk) -> HttpResponse:
    form = TalkForm(request.POST or None, instance=talk)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect(event)
    return render(
        request,
        "events/talk_edit.html",
        {"form": form, "event": event, "talk": talk},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def material_create(request: HttpRequest, pk: int) -> HttpResponse:
    event = event_told_by(request.user, pk)
    material = Material(event=event, position=event.materials.count())
    form = MaterialForm(request.POST or None, request.FILES or None, instance=material)
    if request.method == "POST" and form.is_valid():
        file: UploadedFile | None = form.cleaned_data.get("file") or None
        form.save()
        what = file.name if file else form.cleaned_data["title"]
        messages.success(request, f"{what} is with the event.")
        return redirect(event)
    return render(
        request,
        "events/material_create.html",
        {"form": form, "event": event},
        status=422 if form.is_bound else 200,
    )


@require_POST
def material_remove(request: HttpRequest, pk: int, material_pk: int) -> HttpResponse:
    event = event_run_by(request.user, pk)
    material = get_object_or_404(Material, event=event, pk=material_pk)
    with transaction.atomic():
        audit.record(request.user, "material.removed", event, before={"title": material.title})  # type: ignore[arg-type]
        material.delete()
    messages.success(request, f"{material.title} is gone.")
    return redirect(event)
