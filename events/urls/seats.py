from __future__ import annotations

from django.urls import path

from events.views import seats

urlpatterns = [
    path("events/<int:pk>/register/", seats.event_register, name="event_register"),
    path("events/<int:pk>/leave/", seats.event_leave, name="event_leave"),
    path("events/<int:pk>/accept/", seats.event_accept, name="event_accept"),
    path("events/<int:pk>/guest/", seats.guest_register, name="guest_register"),
    path("events/<int:pk>/draw/", seats.event_draw, name="event_draw"),
]
