"""Leaderboards, checks that are answered at once, and results of graders outside."""

from __future__ import annotations

from django.urls import path

from nmep.views import boards

urlpatterns = [
    path("<slug:slug>/hw/<slug:key>/board/", boards.board_detail, name="board_detail"),
    path("<slug:slug>/hw/<slug:key>/board/name/", boards.board_name, name="board_name"),
    path("<slug:slug>/hw/<slug:key>/outside/", boards.outside_results, name="outside_results"),
    path(
        "<slug:slug>/hw/<slug:key>/checks/new/<slug:kind>/",
        boards.check_at_once_create,
        name="check_at_once_create",
    ),
    path(
        "<slug:slug>/hw/<slug:key>/checks/<int:pk>/settings/",
        boards.check_at_once_edit,
        name="check_at_once_edit",
    ),
]
