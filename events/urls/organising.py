from __future__ import annotations

from django.urls import path

from events.views import organising

urlpatterns = [
    path("events/new/", organising.event_create, name="event_create"),
    path("events/<int:pk>/edit/", organising.event_edit, name="event_edit"),
    path("events/<int:pk>/move/", organising.event_move, name="event_move"),
    path("events/<int:pk>/cancel/", organising.event_cancel, name="event_cancel"),
    path("events/<int:pk>/reinstate/", organising.event_reinstate, name="event_reinstate"),
    path("events/<int:pk>/talk/", organising.talk_create, name="talk_create"),
    path("events/<int:pk>/talk/<int:talk_pk>/", organising.talk_edit, name="talk_edit"),
    path("events/<int:pk>/material/", organising.material_create, name="material_create"),
    path(
        "events/<int:pk>/material/<int:material_pk>/remove/",
        organising.material_remove,
        name="material_remove",
    ),
]
