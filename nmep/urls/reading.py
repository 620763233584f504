"""What everybody reads of an offering. `current` and `syllabus` stand at the ends of the list: they match the most."""

from __future__ import annotations

from django.urls import path

from nmep.views import syllabus

urlpatterns = [
    path("", syllabus.current, name="current"),
    path("<slug:slug>/", syllabus.syllabus, name="syllabus"),
    path("<slug:slug>/week/<int:week>/", syllabus.week_detail, name="week_detail"),
]
