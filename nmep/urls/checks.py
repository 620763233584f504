"""What a machine says of a hand-in, and where leads write what it looks for."""

from __future__ import annotations

from django.urls import path

from nmep.views import checks

urlpatterns = [
    path("<slug:slug>/hw/<slug:key>/checks/", checks.check_list, name="check_list"),
    path("<slug:slug>/hw/<slug:key>/checks/new/", checks.check_create, name="check_create"),
    path("<slug:slug>/hw/<slug:key>/checks/<int:pk>/", checks.check_detail, name="check_detail"),
    path("<slug:slug>/hw/<slug:key>/checks/<int:pk>/try/", checks.check_try, name="check_try"),
    path("<slug:slug>/hw/<slug:key>/checks/<int:pk>/run-all/", checks.check_run_all, name="check_run_all"),
    path("<slug:slug>/submissions/<int:pk>/checks/", checks.submission_checks, name="submission_checks"),
    path(
        "<slug:slug>/submissions/<int:pk>/checks/again/",
        checks.submission_check_again,
        name="submission_check_again",
    ),
]
