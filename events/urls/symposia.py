from __future__ import annotations

from django.urls import path

from events.views import symposia, symposium_links, symposium_officers

urlpatterns = [
    path("events/symposium/new/", symposium_officers.symposium_create, name="symposium_create"),
    path("events/symposium/review/<int:pk>/", symposium_officers.abstract_review, name="abstract_review"),
    path("events/symposium/<slug:slug>/", symposia.symposium_detail, name="symposium_detail"),
    path("events/symposium/<slug:slug>/submit/", symposia.symposium_submit, name="symposium_submit"),
    path("events/symposium/<slug:slug>/seat/", symposia.symposium_seat, name="symposium_seat"),
    path("events/symposium/<slug:slug>/program/", symposia.symposium_program, name="symposium_program"),
    path("events/symposium/<slug:slug>/program.ics", symposia.symposium_calendar, name="symposium_calendar"),
    path("events/symposium/<slug:slug>/edit/", symposium_officers.symposium_edit, name="symposium_edit"),
    path("events/symposium/<slug:slug>/run/", symposium_officers.symposium_run, name="symposium_run"),
    path("events/symposium/<slug:slug>/plan/", symposium_officers.symposium_plan, name="symposium_plan"),
    path(
        "events/symposium/<slug:slug>/review/", symposium_officers.symposium_review, name="symposium_review"
    ),
    path("abstract/<str:token>/", symposium_links.abstract_detail, name="abstract_detail"),
    path("seat/<str:token>/", symposium_links.seat_detail, name="seat_detail"),
    path("co-host/<str:token>/", symposium_links.co_host_detail, name="co_host_detail"),
]
