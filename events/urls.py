from __future__ import annotations

from django.urls import path

from events.views import calendars, check_in, helping, organising, pages, seats, series, slots

app_name = "events"

urlpatterns = [
    path("events/", pages.event_list, name="event_list"),
    path("events/new/", organising.event_create, name="event_create"),
    path("events/recordings/", pages.recording_list, name="recording_list"),
    path("events/calendar/", calendars.calendar_settings, name="calendar_settings"),
    path("events/calendar/renew/", calendars.feed_renew, name="feed_renew"),
    path("events/calendar/revoke/", calendars.feed_revoke, name="feed_revoke"),
    path("events/public.ics", calendars.public_feed, name="public_feed"),
    path("events/feed/<str:token>.ics", calendars.personal_feed, name="personal_feed"),
    path("events/series/<slug:slug>.ics", calendars.series_feed, name="series_feed"),
    path("events/series/new/", series.series_create, name="series_create"),
    path("events/series/<slug:slug>/", series.series_detail, name="series_detail"),
    path("events/series/<slug:slug>/edit/", series.series_edit, name="series_edit"),
    path("events/<int:pk>-<slug:slug>/", pages.event_detail, name="event_detail"),
    path("events/<int:pk>/event.ics", calendars.event_file, name="event_file"),
    path("events/<int:pk>/register/", seats.event_register, name="event_register"),
    path("events/<int:pk>/leave/", seats.event_leave, name="event_leave"),
    path("events/<int:pk>/accept/", seats.event_accept, name="event_accept"),
    path("events/<int:pk>/guest/", seats.guest_register, name="guest_register"),
    path("events/<int:pk>/edit/", organising.event_edit, name="event_edit"),
    path("events/<int:pk>/move/", organising.event_move, name="event_move"),
    path("events/<int:pk>/cancel/", organising.event_cancel, name="event_cancel"),
    path("events/<int:pk>/talk/", organising.talk_create, name="talk_create"),
    path("events/<int:pk>/talk/<int:talk_pk>/", organising.talk_edit, name="talk_edit"),
    path("events/<int:pk>/material/", organising.material_create, name="material_create"),
    path(
        "events/<int:pk>/material/<int:material_pk>/remove/",
        organising.material_remove,
        name="material_remove",
    ),
    path("events/material/<int:pk>/", pages.material_file, name="material_file"),
    path("events/<int:pk>/people/", check_in.event_people, name="event_people"),
    path(
        "events/<int:pk>/people/<int:registration_pk>/cancel/", check_in.people_cancel, name="people_cancel"
    ),
    path("events/<int:pk>/screen/", check_in.event_screen, name="event_screen"),
    path("events/<int:pk>/door/", check_in.event_door, name="event_door"),
    path("events/<int:pk>/door/undo/", check_in.door_undo, name="door_undo"),
    path("events/<int:pk>/help/", helping.help_queue, name="help_queue"),
    path("events/<int:pk>/help/offer/", helping.help_offer, name="help_offer"),
    path("events/<int:pk>/help/take/", helping.help_take, name="help_take"),
    path("events/<int:pk>/help/<int:ticket_pk>/", helping.help_change, name="help_change"),
    path("events/slots/", slots.sheet_list, name="sheet_list"),
    path("events/slots/<int:pk>/", slots.sheet_detail, name="sheet_detail"),
    path("events/slots/<int:pk>/wish/", slots.sheet_wish, name="sheet_wish"),
    path("events/slots/<int:pk>/draw/", slots.sheet_draw, name="sheet_draw"),
    path("events/slot/<int:pk>/", slots.slot_detail, name="slot_detail"),
    path("events/slot/<int:pk>/claim/", slots.slot_claim, name="slot_claim"),
    path("events/slot/<int:pk>/release/", slots.slot_release, name="slot_release"),
    path("events/slot/<int:pk>/topic/", slots.slot_topic, name="slot_topic"),
    path("events/slot/<int:pk>/ask/", slots.slot_ask, name="slot_ask"),
    path("events/slot/<int:pk>/swap/", slots.slot_swap, name="slot_swap"),
    path("events/slot/<int:pk>/assign/", slots.slot_assign, name="slot_assign"),
    path("events/slot/<int:pk>/mark/", slots.slot_mark, name="slot_mark"),
    path("events/swaps/<int:pk>/", slots.swap_detail, name="swap_detail"),
    path("c/", check_in.code_entry, name="code_entry"),
    path("c/<str:code>/", check_in.code_check_in, name="code_check_in"),
]
