from __future__ import annotations

from django.urls import path

from events.views import slot_mentors, slot_swaps, slots

urlpatterns = [
    path("events/slots/", slots.sheet_list, name="sheet_list"),
    path("events/slots/<int:pk>/", slots.sheet_detail, name="sheet_detail"),
    path("events/slots/<int:pk>/wish/", slots.sheet_wish, name="sheet_wish"),
    path("events/slots/<int:pk>/draw/", slots.sheet_draw, name="sheet_draw"),
    path("events/slot/<int:pk>/", slots.slot_detail, name="slot_detail"),
    path("events/slot/<int:pk>/claim/", slots.slot_claim, name="slot_claim"),
    path("events/slot/<int:pk>/release/", slots.slot_release, name="slot_release"),
    path("events/slot/<int:pk>/topic/", slots.slot_topic, name="slot_topic"),
    path("events/slot/<int:pk>/ask/", slots.slot_ask, name="slot_ask"),
    path("events/slot/<int:pk>/swap/", slot_swaps.slot_swap, name="slot_swap"),
    path("events/slot/<int:pk>/assign/", slots.slot_assign, name="slot_assign"),
    path("events/slot/<int:pk>/mark/", slots.slot_mark, name="slot_mark"),
    path("events/slot/<int:pk>/mentor/", slot_mentors.slot_mentor, name="slot_mentor"),
    path("events/talks/<int:pk>/mentor/", slot_mentors.mentor_offer, name="mentor_offer"),
    path("events/swaps/<int:pk>/", slot_swaps.swap_detail, name="swap_detail"),
]
