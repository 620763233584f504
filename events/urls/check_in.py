from __future__ import annotations

from django.urls import path

from events.views import check_in, door

urlpatterns = [
    path("events/<int:pk>/people/", door.event_people, name="event_people"),
    path("events/<int:pk>/people/export/", door.people_export, name="people_export"),
    path("events/<int:pk>/people/count/", door.head_count, name="head_count"),
    path("events/<int:pk>/people/<int:registration_pk>/cancel/", door.people_cancel, name="people_cancel"),
    path("events/<int:pk>/screen/", check_in.event_screen, name="event_screen"),
    path("events/<int:pk>/door/", door.event_door, name="event_door"),
    path("events/<int:pk>/door/list/", door.door_roster, name="door_roster"),
    path("events/<int:pk>/door/ticks/", door.door_ticks, name="door_ticks"),
    path("events/<int:pk>/door/undo/", door.door_undo, name="door_undo"),
    path("c/", check_in.code_entry, name="code_entry"),
    path("was-me/<str:token>/", check_in.walk_in_confirm, name="walk_in_confirm"),
    path("c/<str:code>/", check_in.code_check_in, name="code_check_in"),
]
