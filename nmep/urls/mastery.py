"""One learner and what leads do about them; absences, more time, attendance."""

from __future__ import annotations

from django.urls import path

from nmep.views import attendance, learners, requests

urlpatterns = [
    path("<slug:slug>/me/", learners.progress_mine, name="progress_mine"),
    path("<slug:slug>/me/note/", learners.note_create, name="note_create_mine"),
    path("<slug:slug>/notes/<int:pk>/remove/", learners.note_remove, name="note_remove"),
    path("<slug:slug>/roster/<int:pk>/", learners.progress_detail, name="progress_detail"),
    path("<slug:slug>/roster/<int:pk>/mark/", learners.mark_change, name="mark_change"),
    path("<slug:slug>/roster/<int:pk>/time/", learners.time_give, name="time_give"),
    path("<slug:slug>/roster/<int:pk>/skill/", learners.skill_see, name="skill_see"),
    path("<slug:slug>/roster/<int:pk>/note/", learners.note_create, name="note_create"),
    path("<slug:slug>/roster/<int:pk>/help/", learners.help_offer, name="help_offer"),
    path("<slug:slug>/roster/<int:pk>/help/<int:offer_pk>/end/", learners.help_end, name="help_end"),
    path("<slug:slug>/absence/", requests.absence_mine, name="absence_mine"),
    path("<slug:slug>/absence/<int:pk>/take-back/", requests.absence_take_back, name="absence_take_back"),
    path("<slug:slug>/requests/", requests.request_list, name="request_list"),
    path("<slug:slug>/requests/absence/<int:pk>/", requests.absence_decide, name="absence_decide"),
    path("<slug:slug>/requests/extension/<int:pk>/", requests.extension_decide, name="extension_decide"),
    path("<slug:slug>/hw/<slug:key>/more-time/", requests.extension_ask, name="extension_ask"),
    path("<slug:slug>/hw/<slug:key>/late-days/", requests.late_days_spend, name="late_days_spend"),
    path("<slug:slug>/attendance/", attendance.attendance_edit, name="attendance_latest"),
    path("<slug:slug>/attendance/<int:pk>/", attendance.attendance_edit, name="attendance_edit"),
]
