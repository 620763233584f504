"""In class and between classes: concept checks, and questions answered in the open."""

from __future__ import annotations

from django.urls import path

from nmep.views import concept_checks, questions

urlpatterns = [
    path("vote/", concept_checks.vote_entry, name="vote_entry"),
    path("vote/<str:code>/", concept_checks.concept_check_vote, name="concept_check_vote"),
    path("<slug:slug>/sessions/<int:pk>/ask/", concept_checks.concept_check_list, name="concept_check_list"),
    path("<slug:slug>/ask/<int:pk>/", concept_checks.concept_check_detail, name="concept_check_detail"),
    path(
        "<slug:slug>/ask/<int:pk>/advance/",
        concept_checks.concept_check_advance,
        name="concept_check_advance",
    ),
    path("<slug:slug>/ask/<int:pk>/edit/", concept_checks.concept_check_edit, name="concept_check_edit"),
    path("<slug:slug>/questions/", questions.question_list, name="question_list"),
    path("<slug:slug>/questions/<int:pk>/", questions.question_detail, name="question_detail"),
    path("<slug:slug>/questions/<int:pk>/follow/", questions.question_follow, name="question_follow"),
    path("<slug:slug>/questions/<int:pk>/settle/", questions.question_settle, name="question_settle"),
]
