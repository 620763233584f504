"""The agenda of a meeting: for its hosts and for every officer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import agenda
from events.access import event_run_by
from events.forms import AgendaForm
from events.models import AgendaItem, Event
from events.views.organising import GET_POST
from mlclub.refusal import Refused


@require_http_methods(GET_POST)
def agenda_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The points in their order, and a new one."""
    event = event_run_by(request.user, pk)
    form = AgendaForm(request.POST or None, instance=AgendaItem(event=event))
    if request.method == "POST" and form.is_valid():
        item = agenda.add(form.save(commit=False), by=request.user, now=timezone.now())  # type: ignore[arg-type]
        messages.success(request, f"“{item.title}” stands on the agenda.")
        return redirect("events:agenda_edit", event.pk)
    return render(
        request,
        "events/agenda_edit.html",
        {
            "form": form,
            "event": event,
            "items": agenda.shown_to(event, request.user, runs=True),
            "next_meeting": agenda.next_meeting(event),
        },
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def agenda_item_edit(request: HttpRequest, pk: int, item_pk: int) -> HttpResponse:
    event, item = point_of(request, pk, item_pk)
    form = AgendaForm(request.POST or None, instance=item)
    if request.method == "POST" and form.is_valid():
        # What became of the point meanwhile is not this form's to say.
        item.save(update_fields=["title", "who", "minutes", "notes"])
        messages.success(request, "Saved.")
        return redirect("events:agenda_edit", event.pk)
    return render(
        request,
        "events/agenda_item_edit.html",
        {"form": form, "event": event, "item": item},
        status=422 if form.is_bound else 200,
    )


@require_POST
def agenda_item_change(request: HttpRequest, pk: int, item_pk: int) -> HttpResponse:
    """Tick a point, move it in the order, or take it off."""
    event, item = point_of(request, pk, item_pk)
    now = timezone.now()
    match request.POST.get("do"):
        case "done":
            agenda.tick(item, is_done=True, now=now)
        case "open":
            agenda.tick(item, is_done=False, now=now)
        case "up":
            agenda.shift(item, up=True)
        case "down":
            agenda.shift(item, up=False)
        case "remove":
            item.delete()
            messages.success(request, f"“{item.title}” is off the agenda.")
        case _:
            return HttpResponseBadRequest("There is no such change.")
    return redirect("events:agenda_edit", event.pk)


@require_POST
def agenda_carry(request: HttpRequest, pk: int) -> HttpResponse:
    """What was not reached moves on to the next meeting."""
    event = event_run_by(request.user, pk)
    try:
        count, target = agenda.carry(event, now=timezone.now())
    except Refused as refusal:
        messages.warning(request, str(refusal))
        return redirect("events:agenda_edit", event.pk)
    day = f"{timezone.localtime(target.starts_at):%a %-d %b}"
    if count:
        messages.success(request, f"{count} point{'s' if count > 1 else ''} moved on to {day}.")
    else:
        messages.info(request, "Nothing was left over.")
    return redirect("events:agenda_edit", event.pk)


def point_of(request: HttpRequest, pk: int, item_pk: int) -> tuple[Event, AgendaItem]:
    """The event and one of the points that it shows; 404 for another event's."""
    event = event_run_by(request.user, pk)
    return event, get_object_or_404(AgendaItem.objects.shown().filter(event=event), pk=item_pk)
