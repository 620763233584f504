"""Completion and certificates."""

from __future__ import annotations

from django.urls import path

from nmep.views import completion

urlpatterns = [
    path("certificates/<str:certificate_id>/", completion.certificate, name="certificate"),
    path("certificates/<str:certificate_id>/show/", completion.certificate_show, name="certificate_show"),
    path("<slug:slug>/staff/complete/", completion.completion_check, name="completion_check"),
    path("<slug:slug>/staff/complete/confirm/", completion.completion_confirm, name="completion_confirm"),
    path("<slug:slug>/staff/complete/<int:pk>/", completion.completion_detail, name="completion_detail"),
]
