"""The page of the leads."""

from __future__ import annotations

from django.urls import path

from nmep.views import staff

urlpatterns = [
    path("<slug:slug>/staff/", staff.staff, name="staff"),
]
