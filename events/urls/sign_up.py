from __future__ import annotations

from django.urls import path

from events.views import sign_up

urlpatterns = [
    path("events/<int:pk>/sign-up/", sign_up.sign_up_edit, name="sign_up_edit"),
    path("events/series/<slug:slug>/sign-up/", sign_up.series_sign_up, name="series_sign_up"),
    path("events/questions/<int:pk>/edit/", sign_up.question_edit, name="question_edit"),
    path("events/<int:pk>/people/add/", sign_up.people_add, name="people_add"),
    path("events/<int:pk>/people/door-list/", sign_up.door_list, name="door_list"),
    path("events/<int:pk>/people/<int:registration_pk>/up/", sign_up.people_move_up, name="people_move_up"),
    path("events/<int:pk>/people/<int:registration_pk>/excuse/", sign_up.people_excuse, name="people_excuse"),
]
