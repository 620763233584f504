"""Making events and changing them: for officers, and for the hosts of an event."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import agenda, editing, making, pushing, rooms, schedule
from events.access import event_run_by, event_told_by
from events.forms import CancelForm, EventForm, MaterialForm, MoveForm, ReinstateForm, TalkForm
from events.models import Event, EventTemplate, Material, Talk
from events.schedule import Scope
from members import audit
from mlclub import uploads

GET_POST = ["GET", "HEAD", "POST"]


@permission_required("events.add_event", raise_exception=True)
@require_http_methods(GET_POST)
def event_create(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    now = timezone.now()
    template = template_asked(request)
    initial = making.of_event(
        template, by=user, today=timezone.localdate(now), zone=timezone.get_current_timezone()
    )
    if request.GET.get("room", "").isdecimal():
        initial["room"] = request.GET["room"]
    form = EventForm(request.POST or None, initial=initial, user=user)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with transaction.atomic():
                rooms.book(data["room"], [(data["starts_at"], data["ends_at"])], known=form.known)
                form.instance.term = schedule.term_of(timezone.localtime(data["starts_at"]).date())
                event = form.save()
                form.save_helpers(event, by=user, now=now)
                agenda.add_lines(event, template.agenda if template else "", by=user, now=now)
                audit.record(user, "event.created", event, after={"title": event.title})
        except rooms.Clash as clash:
            form.say_clash(clash.events)
        else:
            messages.success(request, f"{event.title} stands in the calendar.")
            return redirect(event)
    context = {"form": form, "template": template, "templates": making.menu()}
    return render(request, "events/event_create.html", context, status=422 if form.is_bound else 200)


def template_asked(request: HttpRequest) -> EventTemplate | None:
    """The template in the address; 404 for one that is not there."""
    asked = request.GET.get("template", "")
    if not asked:
        return None
    if not asked.isdecimal():
        raise Http404
    return get_object_or_404(EventTemplate.objects.select_related("room"), pk=min(int(asked), 2**31))


@require_http_methods(GET_POST)
def event_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What an event says; in a series also the later ones, or all that are still to come."""
    event = event_run_by(request.user, pk)
    form = EventForm(request.POST or None, instance=event, user=request.user)
    if request.method == "POST" and form.is_valid():
        before, now = Event.objects.select_related("series").get(pk=event.pk), timezone.now()
        with transaction.atomic():
            outcome = editing.change(
                before,
                form.said,
                scope=form.cleaned_data.get("scope", Scope.THIS),
                overwrites=form.cleaned_data.get("overwrites", False),
                now=now,
            )
            seated = outcome.too_small.get(event.pk)
            if seated is not None:
                transaction.set_rollback(True)
            else:
                form.save_helpers(before, by=request.user, now=now)  # type: ignore[arg-type]
        if seated is None:
            messages.success(request, saved(outcome))
            return redirect(before)
        form.add_error(
            "capacity", f"{seated} people have a seat, and nobody loses one. Give at least {seated}."
        )
    return render(
        request,
        "events/event_edit.html",
        {"form": form, "event": event},
        status=422 if form.is_bound else 200,
    )


def saved(outcome: editing.Outcome) -> str:
    """What a change of several dates came to, in a few sentences."""
    words = ["Saved."] if len(outcome.changed) < 2 else [f"Saved: {len(outcome.changed)} dates."]
    if outcome.kept:
        names = ", ".join(f"{timezone.localtime(event.starts_at):%-d %b}" for event in outcome.kept[:6])
        more = "" if len(outcome.kept) <= 6 else f" and {len(outcome.kept) - 6} more"
        words.append(f"What somebody gave a date by hand stayed: {names}{more}.")
    if outcome.too_small:
        words.append("Where more people have a seat than that, the number of seats stayed.")
    return " ".join(words)


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
    form = MoveForm(request.POST or None, mails=mails, event=event, user=request.user)
    if request.method == "POST" and form.is_valid():
        before = {"starts_at": event.starts_at.isoformat(), "place": event.place}
        try:
            with transaction.atomic():
                change = schedule.move(event, **form.change)
                after = {
                    "starts_at": event.starts_at.isoformat(),
                    "place": event.place,
                    "scope": form.cleaned_data["scope"],
                }
                if change.events:
                    audit.record(request.user, "event.moved", event, before=before, after=after)  # type: ignore[arg-type]
        except rooms.Clash as clash:
            form.say_clash(clash.events)
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
        # A study group's chapters wait for a word of the host.
        has_chapters = pushing.plan(event, timezone.now()) is not None
        return redirect("events:chapter_push", event.pk) if has_chapters else redirect(event)
    return render(
        request,
        "events/event_cancel.html",
        {"form": form, "event": event, "mails": mails[Scope.THIS]},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def event_reinstate(request: HttpRequest, pk: int) -> HttpResponse:
    """It takes place after all; everybody who is still registered is told once."""
    event = event_run_by(request.user, pk)
    if not event.is_cancelled:
        return redirect(event)
    now = timezone.now()
    if event.is_over(now):
        messages.warning(request, "It would be over by now. Make a new event instead.")
        return redirect(event)
    others = [each for each in schedule.cancelled_together(event) if not each.is_over(now)]
    typed = request.POST if request.method == "POST" else None
    form = ReinstateForm(typed, event=event, others=others, user=request.user)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                change = schedule.reinstate(
                    event, with_others=form.cleaned_data.get("with_others", False), known=form.known, now=now
                )
                if change.events:
                    audit.record(request.user, "event.reinstated", event, after={"events": change.events})  # type: ignore[arg-type]
        except rooms.Clash as clash:
            form.say_clash(clash.events)
        else:
            messages.success(request, told("Takes place after all", change))
            return redirect(event)
    return render(
        request,
        "events/event_reinstate.html",
        {"form": form, "event": event, "mails": len(schedule.people_of([event]))},
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
        uploads.delete_with_row(material.file)
        material.delete()
    messages.success(request, f"{material.title} is gone.")
    return redirect(event)
