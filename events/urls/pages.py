from __future__ import annotations

from django.urls import path

from events.views import pages

urlpatterns = [
    path("events/", pages.event_list, name="event_list"),
    path("events/<int:pk>-<slug:slug>/", pages.event_detail, name="event_detail"),
    path("events/material/<int:pk>/", pages.material_file, name="material_file"),
]
