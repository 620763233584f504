from __future__ import annotations

from django.urls import path

from events.views import guests, speakers

urlpatterns = [
    path("events/speakers/", speakers.speaker_list, name="speaker_list"),
    path("events/speakers/suggest/", speakers.speaker_suggest, name="speaker_suggest"),
    path("events/speakers/<int:pk>/", speakers.speaker_detail, name="speaker_detail"),
    path("events/speakers/<int:pk>/take/", speakers.speaker_take, name="speaker_take"),
    path("events/speakers/<int:pk>/invite/", speakers.speaker_invite, name="speaker_invite"),
    path("events/speakers/<int:pk>/take-back/", speakers.speaker_take_back, name="speaker_take_back"),
    path("events/speakers/<int:pk>/event/", speakers.speaker_event, name="speaker_event"),
    path("events/speakers/<int:pk>/answer/", speakers.speaker_answer, name="speaker_answer"),
    path("events/speakers/<int:pk>/thank/", speakers.speaker_thank, name="speaker_thank"),
    path("events/speakers/<int:pk>/photo/", speakers.speaker_photo, name="speaker_photo"),
    path("guest/<str:token>/", guests.guest_detail, name="guest_detail"),
    path("guest/<str:token>/decline/", guests.guest_decline, name="guest_decline"),
    path("guest/<str:token>/slides/", guests.guest_slides, name="guest_slides"),
    path("guest/<str:token>/calendar/", guests.guest_calendar, name="guest_calendar"),
]
