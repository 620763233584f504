from __future__ import annotations

from django.urls import path

from events.views import helping

urlpatterns = [
    path("events/<int:pk>/help/", helping.help_queue, name="help_queue"),
    path("events/<int:pk>/help/offer/", helping.help_offer, name="help_offer"),
    path("events/<int:pk>/help/take/", helping.help_take, name="help_take"),
    path("events/<int:pk>/help/<int:ticket_pk>/", helping.help_change, name="help_change"),
]
