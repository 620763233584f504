"""Series: a rule in one form, its dates before saving, and its page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from events import schedule
from events.access import series_run_by
from events.forms import SeriesForm
from events.models import Event, Series
from events.seats import seats_of
from events.views.organising import GET_POST
from members import audit
from members.models import Club

#: How many past dates a page of a series shows.
PAST = 12


@permission_required("events.add_event", raise_exception=True)
@require_http_methods(GET_POST)
def series_create(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = SeriesForm(request.POST or None, initial={"hosts": [user]})
    is_valid = request.method == "POST" and form.is_valid()
    if is_valid and "preview" not in request.POST:
        with transaction.atomic():
            series = form.save()
            events = schedule.generate(series)
            audit.record(user, "series.created", series, after={"events": len(events)})
        messages.success(request, f"{series.name}: {len(events)} dates stand in the calendar.")
        return redirect(series)
    context = {"form": form, **preview_of(form.instance if is_valid else None)}
    if "preview" in request.POST and request.headers.get("HX-Request"):
        return render(request, "events/series_create.html#dates", context)
    status = 422 if request.method == "POST" and not is_valid else 200
    return render(request, "events/series_create.html", context, status=status)


def preview_of(series: Series | None) -> dict[str, Any]:
    """The dates that a rule would make, and what a break leaves out."""
    if series is None:
        return {"dates": [], "skipped": []}
    zone = Club.current().zone
    dates = [series.starts_on_day(day, zone) for day in schedule.planned_days(series)]
    return {
        "dates": dates,
        "skipped": schedule.skipped_days(series),
        "changes_clocks": crosses_clock_change(dates),
    }


def crosses_clock_change(dates: list[Any]) -> bool:
    return len({date.utcoffset() for date in dates}) > 1


@require_http_methods(GET_POST)
def series_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """What a series is called and says, and how long it goes on. Its hour is changed by moving an event."""
    series = series_run_by(request.user, slug)
    form = SeriesForm(request.POST or None, instance=series)
    for name in ("first_on", "start_time", "end_time", "interval_weeks", "place", "online_url", "capacity"):
        del form.fields[name]
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            made = schedule.generate(series)
        messages.success(request, f"Saved. {len(made)} new dates." if made else "Saved.")
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
    upcoming = list(events.upcoming(now).prefetch_related("talks__speakers"))
    past = list(events.past(now).prefetch_related("talks__speakers", "materials")[: PAST + 1])
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
        },
    )
