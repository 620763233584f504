from __future__ import annotations

from django.urls import path

from events.views import feedback

urlpatterns = [
    path("f/<str:code>/", feedback.feedback_give, name="feedback_give"),
]
