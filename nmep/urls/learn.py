"""The library of modules, open to everybody as far as its modules are."""

from __future__ import annotations

from django.urls import path

from nmep.views import library

app_name = "learn"

urlpatterns = [
    path("", library.module_list, name="module_list"),
    path("new/", library.module_create, name="module_create"),
    path("<slug:slug>/", library.module_detail, name="module_detail"),
    path("<slug:slug>/edit/", library.module_edit, name="module_edit"),
    path("<slug:slug>/deck/", library.module_deck, name="module_deck"),
]
