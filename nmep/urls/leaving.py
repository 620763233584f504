"""Leaving an offering in mid-term."""

from __future__ import annotations

from django.urls import path

from nmep.views import leaving

urlpatterns = [
    path("<slug:slug>/me/leave/", leaving.leave_mine, name="leave_mine"),
    path("<slug:slug>/roster/<int:pk>/leave/", leaving.leave_detail, name="leave_detail"),
]
