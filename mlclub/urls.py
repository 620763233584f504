"""Every address of the portal. Each app keeps its own; the order decides who is asked first."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from mlclub import health
from mlclub.look import theme_set

urlpatterns = [
    path("theme/", theme_set, name="theme_set"),
    path("", include("mlclub.portal.urls")),
    path("", include("members.urls")),
    path("", include("wiki.urls")),
    path("", include("events.urls")),
    path("projects/", include("projects.urls")),
    path("nmep/", include("nmep.urls")),
    path("learn/", include("nmep.urls.learn")),
    path("courses/", include("nmep.urls.courses")),
    path("accounts/", include("allauth.urls")),
    path("healthz/live/", health.live, name="health_live"),
    path("healthz/ready/", health.ready, name="health_ready"),
    path(settings.ADMIN_PATH, admin.site.urls),
]
if settings.ANYMAIL["WEBHOOK_SECRET"]:
    # Where a mail provider reports bounces and complaints, with that secret.
    urlpatterns.append(path("webhooks/mail/", include("anymail.urls")))
