from __future__ import annotations

from django.urls import path

from events.views import rooms

urlpatterns = [
    path("events/rooms/", rooms.room_list, name="room_list"),
    path("events/rooms/<int:pk>/", rooms.room_detail, name="room_detail"),
]
