from __future__ import annotations

from django.urls import path

from events.views import calendars

urlpatterns = [
    path("events/calendar/", calendars.calendar_settings, name="calendar_settings"),
    path("events/calendar/renew/", calendars.feed_renew, name="feed_renew"),
    path("events/calendar/revoke/", calendars.feed_revoke, name="feed_revoke"),
    path("events/public.ics", calendars.public_feed, name="public_feed"),
    path("events/feed/<str:token>.ics", calendars.personal_feed, name="personal_feed"),
    path("events/series/<slug:slug>.ics", calendars.series_feed, name="series_feed"),
    path("events/<int:pk>/event.ics", calendars.event_file, name="event_file"),
]
