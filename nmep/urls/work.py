"""Homework: handing it in, reading it, reviewing it, and where everybody stands."""

from __future__ import annotations

from django.urls import path

from nmep.views import assignments, reviews, roster, submissions

urlpatterns = [
    path("files/<int:pk>/", submissions.piece_download, name="piece_download"),
    path("files/<int:pk>/<int:cell>/<int:output>/", submissions.piece_image, name="piece_image"),
    path("comments/<int:pk>/settle/", submissions.comment_settle, name="comment_settle"),
    path("<slug:slug>/hw/<slug:key>/", assignments.assignment_detail, name="assignment_detail"),
    path("<slug:slug>/hw/<slug:key>/revisions/<int:n>/", assignments.spec_detail, name="spec_detail"),
    path("<slug:slug>/roster/", roster.roster, name="roster"),
    path("<slug:slug>/roster/export/", roster.roster_export, name="roster_export"),
    path("<slug:slug>/review/", reviews.review_queue, name="review_queue"),
    path("<slug:slug>/review/next/", reviews.review_next, name="review_next"),
    path("<slug:slug>/submissions/<int:pk>/", submissions.submission_detail, name="submission_detail"),
    path(
        "<slug:slug>/submissions/<int:pk>/changes/", submissions.submission_changes, name="submission_changes"
    ),
    path("<slug:slug>/submissions/<int:pk>/review/", reviews.submission_review, name="submission_review"),
    path("<slug:slug>/submissions/<int:pk>/assign/", reviews.submission_assign, name="submission_assign"),
    path("<slug:slug>/submissions/<int:pk>/comment/", submissions.comment_create, name="comment_create"),
]
