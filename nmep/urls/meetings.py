"""Moving a meeting, and the state of a term."""

from __future__ import annotations

from django.urls import path

from nmep.views import meetings, stages

urlpatterns = [
    path("<slug:slug>/state/", stages.offering_state, name="offering_state"),
    path("<slug:slug>/sessions/<int:pk>/move/", meetings.session_move, name="session_move"),
    path("<slug:slug>/sessions/<int:pk>/cancel/", meetings.session_cancel, name="session_cancel"),
]
