from __future__ import annotations

from django.urls import path

from events.views import symposia, symposium_links

urlpatterns = [
    path("events/symposium/new/", symposia.symposium_create, name="symposium_create"),
    path("events/symposium/review/<int:pk>/", symposia.abstract_review, name="abstract_review"),
    path("events/symposium/<slug:slug>/", symposia.symposium_detail, name="symposium_detail"),
    path("events/symposium/<slug:slug>/submit/", symposia.symposium_submit, name="symposium_submit"),
    path("events/symposium/<slug:slug>/seat/", symposia.symposium_seat, name="symposium_seat"),
    path("events/symposium/<slug:slug>/program/", symposia.symposium_program, name="symposium_program"),
    path("events/symposium/<slug:slug>/program.ics", symposia.symposium_calendar, name="symposium_calendar"),
    path("events/symposium/<slug:slug>/edit/", symposia.symposium_edit, name="symposium_edit"),
    path("events/symposium/<slug:slug>/run/", symposia.symposium_run, name="symposium_run"),
    path("events/symposium/<slug:slug>/plan/", symposia.symposium_plan, name="symposium_plan"),
    path("events/symposium/<slug:slug>/review/", symposia.symposium_review, name="symposium_review"),
    path("abstract/<str:token>/", symposium_links.abstract_detail, name="abstract_detail"),
    path("seat/<str:token>/", symposium_links.seat_detail, name="seat_detail"),
    path("co-host/<str:token>/", symposium_links.co_host_detail, name="co_host_detail"),
]
