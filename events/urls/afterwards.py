from __future__ import annotations

from django.urls import path

from events.views import afterwards

urlpatterns = [
    path("events/recordings/", afterwards.recording_list, name="recording_list"),
    path("events/<int:pk>/album/", afterwards.album_edit, name="album_edit"),
    path("events/<int:pk>/album/not-me/", afterwards.album_object, name="album_object"),
    path("events/<int:pk>/feedback/", afterwards.event_feedback, name="event_feedback"),
    path("events/<int:pk>/thanks/", afterwards.event_thank, name="event_thank"),
    path("events/<int:pk>/talk/<int:talk_pk>/consent/", afterwards.talk_consent, name="talk_consent"),
]
