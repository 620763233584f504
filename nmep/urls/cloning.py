"""The next term from an earlier one, and what in it still speaks of that."""

from __future__ import annotations

from django.urls import path

from nmep.views import cloning

urlpatterns = [
    path("<slug:slug>/clone/", cloning.offering_clone, name="offering_clone"),
    path("<slug:slug>/stale/", cloning.offering_stale, name="offering_stale"),
]
