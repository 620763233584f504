"""A new term, and which module comes in which of its weeks."""

from __future__ import annotations

from django.urls import path

from nmep.views import planning

urlpatterns = [
    path("new/", planning.offering_create, name="offering_create"),
    path("<slug:slug>/plan/", planning.plan, name="plan"),
]
