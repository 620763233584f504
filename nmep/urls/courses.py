"""Courses for everybody, with or without an account."""

from __future__ import annotations

from django.urls import path

from nmep.views import courses

app_name = "courses"

urlpatterns = [
    path("", courses.course_list, name="course_list"),
    path("<slug:slug>/", courses.course_detail, name="course_detail"),
    path("<slug:slug>/withdraw/", courses.application_withdraw, name="application_withdraw"),
]
