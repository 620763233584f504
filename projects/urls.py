from __future__ import annotations

from django.urls import path

from projects import views

app_name = "projects"

urlpatterns = [
    path("", views.initiative_list, name="initiative_list"),
    path("new/", views.initiative_create, name="initiative_create"),
    path("lineage/", views.lineage, name="lineage"),
    path("<slug:slug>/", views.initiative_detail, name="initiative_detail"),
    path("<slug:slug>/edit/", views.initiative_edit, name="initiative_edit"),
    path("<slug:slug>/update/", views.update_create, name="update_create"),
    path("<slug:slug>/outputs/new/", views.output_create, name="output_create"),
    path("<slug:slug>/team/", views.team_edit, name="team_edit"),
    path("<slug:slug>/team/<int:pk>/end/", views.role_end, name="role_end"),
]
