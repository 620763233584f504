"""The addresses of events, a module for each subject."""

from __future__ import annotations

from events.urls import (
    afterwards,
    agenda,
    calendars,
    check_in,
    fairs,
    feedback,
    helping,
    mail_about,
    organising,
    pages,
    rooms,
    rotas,
    seats,
    series,
    sign_up,
    slots,
    speakers,
    symposia,
)

app_name = "events"

urlpatterns = [
    *agenda.urlpatterns,
    *afterwards.urlpatterns,
    *calendars.urlpatterns,
    *check_in.urlpatterns,
    *fairs.urlpatterns,
    *feedback.urlpatterns,
    *helping.urlpatterns,
    *mail_about.urlpatterns,
    *organising.urlpatterns,
    *pages.urlpatterns,
    *rooms.urlpatterns,
    *rotas.urlpatterns,
    *seats.urlpatterns,
    *series.urlpatterns,
    *sign_up.urlpatterns,
    *slots.urlpatterns,
    *speakers.urlpatterns,
    *symposia.urlpatterns,
]
