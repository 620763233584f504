from __future__ import annotations

from django.urls import path

from events.views import agenda

urlpatterns = [
    path("events/<int:pk>/agenda/", agenda.agenda_edit, name="agenda_edit"),
    path("events/<int:pk>/agenda/carry/", agenda.agenda_carry, name="agenda_carry"),
    path("events/<int:pk>/agenda/<int:item_pk>/", agenda.agenda_item_edit, name="agenda_item_edit"),
    path(
        "events/<int:pk>/agenda/<int:item_pk>/change/", agenda.agenda_item_change, name="agenda_item_change"
    ),
]
