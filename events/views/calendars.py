"""Calendar feeds: a public one, one for each series, and a secret one for each person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import calendar_links, feeds, ical
from events.access import event_for
from events.forms import FeedForm
from events.models import CalendarFeed, Event, Series
from events.seats import Standing, seat_of
from events.views.organising import GET_POST
from members.models import Club

CALENDAR = "text/calendar; charset=utf-8"
#: Where the session keeps a new secret until its page has shown it, once.
SHOW_ONCE = "new_feed_token"


def served(
    request: HttpRequest, mark: feeds.Mark, body: Callable[[], bytes], *, is_private: bool
) -> HttpResponse:
    """The feed, or 304 without making it when nothing changed since the reader last asked."""
    etag = f'"{mark.digest}"'
    modified = int(mark.changed_at.timestamp()) if mark.changed_at else None
    response = get_conditional_response(request, etag=etag, last_modified=modified)
    if response is None or response.status_code != 304:
        response = HttpResponse(b"" if request.method == "HEAD" else body(), content_type=CALENDAR)
    response["ETag"] = etag
    if modified is not None:
        response["Last-Modified"] = http_date(modified)
    response["Cache-Control"] = f"{'private' if is_private else 'public'}, max-age=900"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_not_required
@require_safe
def public_feed(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return served(request, feeds.public_mark(now), lambda: feeds.public_body(now), is_private=False)


@login_not_required
@require_safe
def series_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """The public dates of a series; a members' series is in its members' own feeds."""
    now = timezone.now()
    series = get_object_or_404(Series.objects.filter(visibility="public"), slug=slug)
    return served(
        request, feeds.series_mark(series, now), lambda: feeds.series_body(series, now), is_private=False
    )


@login_not_required
@require_safe
def personal_feed(request: HttpRequest, token: str) -> HttpResponse:
    """Everything somebody goes to. The address is the key: no cookie, no redirect; 410 once it is revoked."""
    feed = feeds.find(token)
    if feed is None or not feed.user.is_active:
        return plain("There is no such calendar.", 404)
    if feed.revoked_at:
        return plain("This calendar address was replaced or switched off by its owner.", 410)
    now = timezone.now()
    return served(
        request, feeds.personal_mark(feed, now), lambda: feeds.personal_body(feed, now), is_private=True
    )


def plain(text: str, status: int) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_not_required
@require_safe
def event_file(request: HttpRequest, pk: int) -> HttpResponse:
    """One event to put into a calendar by hand."""
    event = event_for(request.user, pk)
    seat = seat_of(event, request.user, timezone.now())
    entry = ical.entry_of(
        event,
        is_tentative=seat.standing == Standing.WAITING,
        shows_link=seat.has_seat or event.is_run_by(request.user),
    )
    response = HttpResponse(ical.single(entry, zone=Club.current().zone), content_type=CALENDAR)
    response["Content-Disposition"] = f'attachment; filename="{event.slug}.ics"'
    return response


# ── The page ──


@require_http_methods(GET_POST)
def calendar_settings(request: HttpRequest) -> HttpResponse:
    """My calendar addresses. A new secret is shown once; what is stored cannot show it again."""
    user: Any = request.user
    feed = CalendarFeed.objects.live().filter(user=user).first()
    form = FeedForm(request.POST or None, initial={"alarm": feed.alarm if feed else 0})
    if request.method == "POST" and form.is_valid():
        if feed:
            CalendarFeed.objects.filter(pk=feed.pk).update(alarm=form.cleaned_data["alarm"])
            messages.success(request, "Saved.")
        return redirect("events:calendar_settings")
    token = request.session.pop(SHOW_ONCE, "") if request.method == "GET" else ""
    address = settings.SITE_URL + reverse("events:personal_feed", args=[token]) if token else ""
    coming = Event.objects.scheduled().upcoming(timezone.now()).values("series")
    series = Series.objects.filter(visibility="public", pk__in=coming.order_by()).order_by("name")
    return render(
        request,
        "events/calendar_settings.html",
        {
            "feed": feed,
            "form": form,
            "address": address,
            "webcal": calendar_links.webcal(address),
            "links": calendar_links.of_feed(address, name=Club.current().brief) if address else [],
            "public_address": settings.SITE_URL + reverse("events:public_feed"),
            "public_links": calendar_links.of_named_feed("events:public_feed", name=Club.current().name),
            "series": series[:20],
        },
        status=422 if form.is_bound else 200,
    )


@require_POST
def feed_renew(request: HttpRequest) -> HttpResponse:
    """Make a secret address, or replace the one there is."""
    now: datetime = timezone.now()
    request.session[SHOW_ONCE] = feeds.renew(request.user, now)  # type: ignore[arg-type]
    return redirect("events:calendar_settings")


@require_POST
def feed_revoke(request: HttpRequest) -> HttpResponse:
    feeds.revoke(request.user, timezone.now())  # type: ignore[arg-type]
    messages.success(request, "Your secret calendar address no longer works.")
    return redirect("events:calendar_settings")
