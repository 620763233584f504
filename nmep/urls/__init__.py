"""The addresses of the programme, a module for each subject. Those without an offering's slug come before `reading`."""

from __future__ import annotations

from nmep.urls import (
    boards,
    capstones,
    checks,
    cloning,
    completion,
    course_staff,
    leaving,
    mastery,
    meetings,
    partners,
    planning,
    reading,
    reviewing,
    sheets,
    staff,
    teaching,
    work,
)

app_name = "nmep"

urlpatterns = [
    *completion.urlpatterns,
    *checks.urlpatterns,
    *mastery.urlpatterns,
    *capstones.urlpatterns,
    *work.urlpatterns,
    *planning.urlpatterns,
    *cloning.urlpatterns,
    *meetings.urlpatterns,
    *teaching.urlpatterns,
    *reviewing.urlpatterns,
    *boards.urlpatterns,
    *sheets.urlpatterns,
    *staff.urlpatterns,
    *partners.urlpatterns,
    *course_staff.urlpatterns,
    *leaving.urlpatterns,
    *reading.urlpatterns,
]
