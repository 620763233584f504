"""Paper talks, oral exams, and who teaches."""

from __future__ import annotations

from django.urls import path

from nmep.views import lecturers, orals, papers

urlpatterns = [
    path("<slug:slug>/papers/", papers.paper_list, name="paper_list"),
    path("<slug:slug>/papers/create/", papers.paper_create, name="paper_create"),
    path("<slug:slug>/papers/suggest/", papers.paper_suggest, name="paper_suggest"),
    path("<slug:slug>/papers/<int:pk>/choose/", papers.paper_choose, name="paper_choose"),
    path("<slug:slug>/papers/<int:pk>/notes/", papers.paper_notes, name="paper_notes"),
    path("<slug:slug>/papers/<int:pk>/slides/", papers.paper_slides, name="paper_slides"),
    path("<slug:slug>/oral/", orals.oral_list, name="oral_list"),
    path("<slug:slug>/oral/create/", orals.oral_create, name="oral_create"),
    path("<slug:slug>/oral/<int:pk>/", orals.oral_result, name="oral_result"),
    path("<slug:slug>/lecture/<int:pk>/", lecturers.lecture_take, name="lecture_take"),
    path("<slug:slug>/staff/lecturers/", lecturers.lecturer_list, name="lecturer_list"),
    path("<slug:slug>/staff/lecturers/ask/", lecturers.lecturer_ask, name="lecturer_ask"),
]
