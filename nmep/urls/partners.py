"""Homework partners: one's own, and the rounds of the leads."""

from __future__ import annotations

from django.urls import path

from nmep.views import pairs, partners

urlpatterns = [
    path("<slug:slug>/partners/", partners.partner_list, name="partner_list"),
    path("<slug:slug>/partners/wishes/<int:pk>/remove/", partners.wish_remove, name="wish_remove"),
    path("<slug:slug>/hw/<slug:key>/partners/note/", partners.partner_note, name="partner_note"),
    path("<slug:slug>/hw/<slug:key>/partners/write/", partners.partner_write, name="partner_write"),
    path("<slug:slug>/staff/pairs/", pairs.pair_list, name="pair_list"),
    path("<slug:slug>/staff/pairs/<slug:key>/", pairs.pair_detail, name="pair_detail"),
    path("<slug:slug>/staff/pairs/<slug:key>/match/", pairs.pair_match, name="pair_match"),
    path("<slug:slug>/staff/pairs/<slug:key>/lock/", pairs.pair_lock, name="pair_lock"),
    path("<slug:slug>/staff/pairs/<slug:key>/move/", pairs.pair_move, name="pair_move"),
    path("<slug:slug>/staff/pairs/<slug:key>/publish/", pairs.pair_publish, name="pair_publish"),
    path("<slug:slug>/staff/pairs/<slug:key>/repair/", pairs.pair_repair, name="pair_repair"),
]
