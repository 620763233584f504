from __future__ import annotations

from django.urls import path

from events.views import series

urlpatterns = [
    path("events/series/new/", series.series_create, name="series_create"),
    path("events/series/<slug:slug>/", series.series_detail, name="series_detail"),
    path("events/series/<slug:slug>/edit/", series.series_edit, name="series_edit"),
]
