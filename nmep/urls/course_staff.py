"""Running a course: who comes in, small groups, weeks at one's own pace, pass or no pass."""

from __future__ import annotations

from django.urls import path

from nmep.views import courses

urlpatterns = [
    path("<slug:slug>/staff/course/", courses.course_settings, name="course_settings"),
    path("<slug:slug>/staff/applications/", courses.application_list, name="application_list"),
    path("<slug:slug>/staff/passing/", courses.passing_list, name="passing_list"),
    path("<slug:slug>/staff/passing/export/", courses.passing_export, name="passing_export"),
    path("<slug:slug>/staff/groups/", courses.group_list, name="group_list"),
    path("<slug:slug>/groups/<int:pk>/", courses.group_detail, name="group_detail"),
    path("<slug:slug>/week/<int:week>/check-in/", courses.week_check_in, name="week_check_in"),
]
