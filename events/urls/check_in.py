from __future__ import annotations

from django.urls import path

from events.views import check_in

urlpatterns = [
    path("events/<int:pk>/people/", check_in.event_people, name="event_people"),
    path(
        "events/<int:pk>/people/<int:registration_pk>/cancel/", check_in.people_cancel, name="people_cancel"
    ),
    path("events/<int:pk>/screen/", check_in.event_screen, name="event_screen"),
    path("events/<int:pk>/door/", check_in.event_door, name="event_door"),
    path("events/<int:pk>/door/undo/", check_in.door_undo, name="door_undo"),
    path("c/", check_in.code_entry, name="code_entry"),
    path("c/<str:code>/", check_in.code_check_in, name="code_check_in"),
]
