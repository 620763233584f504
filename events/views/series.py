"""Series: a rule in one form, its dates before saving, and its page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from events import agenda, editing, making, rooms, rotas, schedule
from events.access import series_run_by
from events.forms import SeriesForm
from events.models import Event, Series
from events.seats import seats_of
from events.views.organising import GET_POST, saved, template_asked
from members import audit

#: How many past dates a page of a series shows.
PAST = 12


@permission_required("events.add_event", raise_exception=True)
@require_http_methods(GET_POST)
def series_create(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    template = template_asked(request)
    initial = making.of_series(template, by=user, today=timezone.localdate())
    form = SeriesForm(request.POST or None, initial=initial, user=user)
    is_valid = request.method == "POST" and form.is_valid()
    if is_valid and "preview" not in request.POST:
        try:
            with transaction.atomic():
                series = form.save()
                events = schedule.generate(series, known=form.known)
                for event in events:
                    agenda.add_lines(event, template.agenda if template else "", by=user, now=timezone.now())
                audit.record(user, "series.created", series, after={"events": len(events)})
        except rooms.Clash as clash:
            form.say_clash(clash.events)
            is_valid = False
        else:
            messages.success(request, f"{series.name}: {len(events)} dates stand in the calendar.")
            return redirect(series)
    context = {
        "form": form,
        "template": template,
        "templates": making.menu(),
        **preview_of(form.instance if form.is_bound and form.says_rule else None),
    }
    if "preview" in request.POST and request.headers.get("HX-Request"):
        return render(request, "events/series_create.html#dates", context)
    status = 422 if request.method == "POST" and not is_valid else 200
    return render(request, "events/series_create.html", context, status=status)


def preview_of(series: Series | None) -> dict[str, Any]:
    """The dates that a rule would make, and what a break leaves out."""
    if series is None:
        return {"dates": [], "skipped": []}
    spans = schedule.planned_spans(series)
    there = rooms.clashes(series.room, spans) if series.room else []
    return {
        "dates": [
            (start, [event for event in there if event.starts_at < end and start < event.ends_at])
            for start, end in spans
        ],
        "skipped": schedule.skipped_days(series),
        "changes_clocks": crosses_clock_change([timezone.localtime(start) for start, _ in spans]),
        "clashing": len(there),
    }


def crosses_clock_change(dates: list[Any]) -> bool:
    return len({date.utcoffset() for date in dates}) > 1


@require_http_methods(GET_POST)
def series_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """What a series is called and says, and how long it goes on. Its hour is changed by moving an event."""
    series = series_run_by(request.user, slug)
    fields = [name for name in SeriesForm.Meta.fields if hasattr(series, name) and name != "hosts"]
    before: dict[str, Any] = {name: getattr(series, name) for name in fields}
    before["hosts"] = list(series.hosts.all())
    form = SeriesForm(request.POST or None, instance=series, user=request.user)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        with transaction.atomic():
            form.save()
            outcome = editing.change_series(series, before, now=now)
            made = schedule.generate(series)
            audit.record(request.user, "series.changed", series, after={"made": len(made)})  # type: ignore[arg-type]
        messages.success(
            request,
            saved(outcome) + (f" {len(made)} new date{'s' if len(made) > 1 else ''}." if made else ""),
        )
        spans = [(event.starts_at, event.ends_at) for event in made]
        own = [event.pk for event in made]
        if series.room and (others := rooms.clashes(series.room, spans, besides=own)):
            messages.warning(request, f"{series.room}: {rooms.sentence(others, request.user)}")
        return redirect(series)
    return render(
        request,
        "events/series_edit.html",
        {"form": form, "series": series},
        status=422 if form.is_bound else 200,
    )


@login_not_required
@require_safe
def series_detail(request: HttpRequest, slug: str) -> HttpResponse:
    user: Any = request.user
    now = timezone.now()
    series = get_object_or_404(Series.objects.visible_to(user).prefetch_related("hosts"), slug=slug)
    events = Event.objects.visible_to(user).filter(series=series).with_counts().defer("search")
    upcoming, past = list(events.upcoming(now)), list(events.past(now)[: PAST + 1])
    prefetch_related_objects([*upcoming, *past], "talks__speakers")
    prefetch_related_objects(past, "materials")
    seats = seats_of(upcoming, user, now)
    return render(
        request,
        "events/series_detail.html",
        {
            "series": series,
            "hosts": list(series.hosts.all()),
            "upcoming": [seats[event.pk] for event in upcoming],
            "past": past[:PAST],
            "has_more_past": len(past) > PAST,
            "runs": series.is_run_by(user),
            "now": now,
            **rotas.page_of(series, user, now),
        },
    )
