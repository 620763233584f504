from __future__ import annotations

from django.urls import path

from events.views import preparing, rotas

urlpatterns = [
    path("events/series/<slug:slug>/follow/", rotas.series_follow, name="series_follow"),
    path("events/series/<slug:slug>/unfollow/", rotas.series_unfollow, name="series_unfollow"),
    path("events/series/<slug:slug>/presenting/", rotas.rota_edit, name="rota_edit"),
    path("events/slot/<int:pk>/presentation/", rotas.presentation_edit, name="presentation_edit"),
    path("events/slot/<int:pk>/backup/", rotas.backup_offer, name="backup_offer"),
    path("events/slot/<int:pk>/backup/ask/", rotas.backup_ask, name="backup_ask"),
    path("events/slot/<int:pk>/backup/end/", rotas.backup_end, name="backup_end"),
    path("events/slot/<int:pk>/comments/new/", rotas.comment_create, name="comment_create"),
    path(
        "events/slot/<int:pk>/comments/<int:comment_pk>/remove/", rotas.comment_remove, name="comment_remove"
    ),
    path("events/<int:pk>/chapters/", rotas.chapter_push, name="chapter_push"),
    path("events/<int:pk>/preparation/", preparing.preparation_edit, name="preparation_edit"),
    path("events/<int:pk>/setup/", preparing.setup_answer, name="setup_answer"),
]
