from __future__ import annotations

from django.urls import URLPattern, path

from events.views import mail_about

urlpatterns: list[URLPattern] = [
    path("events/<int:pk>/mail/", mail_about.event_mail, name="event_mail"),
]
