"""What leads and reviewers do beside reading: dealing, holding, phrases, another look; and the starter of a part."""

from __future__ import annotations

from django.urls import path

from nmep.views import assignments, dealing, holding, phrases, second_looks

urlpatterns = [
    path("<slug:slug>/hw/<slug:key>/starter/<int:pk>/", assignments.part_starter, name="part_starter"),
    path("<slug:slug>/review/deal/", dealing.review_deal, name="review_deal"),
    path("<slug:slug>/review/take-back/", dealing.review_take_back, name="review_take_back"),
    path("<slug:slug>/review/phrases/", phrases.phrase_list, name="phrase_list"),
    path("<slug:slug>/review/phrases/<int:pk>/delete/", phrases.phrase_delete, name="phrase_delete"),
    path("<slug:slug>/review/<slug:key>/hold/", holding.review_hold, name="review_hold"),
    path("<slug:slug>/review/<slug:key>/release/", holding.review_release, name="review_release"),
    path("<slug:slug>/submissions/<int:pk>/withdraw/", holding.review_withdraw, name="review_withdraw"),
    path("<slug:slug>/submissions/<int:pk>/ask-again/", second_looks.look_ask, name="look_ask"),
    path("<slug:slug>/submissions/<int:pk>/answer/", second_looks.look_answer, name="look_answer"),
]
