"""The addresses of events, a module for each subject."""

from __future__ import annotations

from events.urls import (
    calendars,
    check_in,
    feedback,
    helping,
    organising,
    pages,
    seats,
    series,
    slots,
)

app_name = "events"

urlpatterns = [
    *calendars.urlpatterns,
    *check_in.urlpatterns,
    *feedback.urlpatterns,
    *helping.urlpatterns,
    *organising.urlpatterns,
    *pages.urlpatterns,
    *seats.urlpatterns,
    *series.urlpatterns,
    *slots.urlpatterns,
]
