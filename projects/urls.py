from __future__ import annotations

from django.urls import path

from projects import leaving_views, study_views, views

app_name = "projects"

urlpatterns = [
    path("", views.initiative_list, name="initiative_list"),
    path("new/", views.initiative_create, name="initiative_create"),
    path("from-note/<int:pk>/", views.initiative_from_note, name="initiative_from_note"),
    path("lineage/", views.lineage, name="lineage"),
    path("without-page/", leaving_views.initiative_without_page, name="initiative_without_page"),
    path("groups/", study_views.group_list, name="group_list"),
    path("groups/new/", study_views.group_create, name="group_create"),
    path("<slug:slug>/arrange/", study_views.group_arrange, name="group_arrange"),
    path("<slug:slug>/join/", study_views.group_join, name="group_join"),
    path("<slug:slug>/leave/", study_views.group_leave, name="group_leave"),
    path("<slug:slug>/end/", study_views.group_end, name="group_end"),
    path("<slug:slug>/", views.initiative_detail, name="initiative_detail"),
    path("<slug:slug>/edit/", views.initiative_edit, name="initiative_edit"),
    path("<slug:slug>/page/", views.initiative_page, name="initiative_page"),
    path("<slug:slug>/page/ask/", leaving_views.initiative_page_ask, name="initiative_page_ask"),
    path("<slug:slug>/page/nothing/", leaving_views.initiative_nothing, name="initiative_nothing"),
    path("<slug:slug>/update/", views.update_create, name="update_create"),
    path("<slug:slug>/outputs/new/", views.output_create, name="output_create"),
    path("<slug:slug>/team/", views.team_edit, name="team_edit"),
    path("<slug:slug>/team/<int:pk>/end/", views.role_end, name="role_end"),
]
