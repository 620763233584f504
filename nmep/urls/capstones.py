"""Capstones, their mentors and steps, the showcase, and what classes were like."""

from __future__ import annotations

from django.urls import path

from nmep.views import capstone_steps, capstones, continuing, mentoring, pulses, showcases

GROUP = "<slug:slug>/capstones/<slug:project>/"

urlpatterns = [
    path("<slug:slug>/capstones/", capstones.capstone_list, name="capstone_list"),
    path("<slug:slug>/capstones/new/", capstones.capstone_propose, name="capstone_propose"),
    path("<slug:slug>/capstones/leave/", capstones.capstone_leave, name="capstone_leave"),
    path("<slug:slug>/capstones/policy/", capstones.capstone_policy, name="capstone_policy"),
    path("<slug:slug>/capstones/move/", capstones.capstone_move, name="capstone_move"),
    path("<slug:slug>/capstones/match/", capstones.capstone_match, name="capstone_match"),
    path("<slug:slug>/capstones/mentors/", mentoring.mentor_suggest, name="mentor_suggest"),
    path(GROUP, capstones.capstone_detail, name="capstone_detail"),
    path(f"{GROUP}join/", capstones.capstone_join, name="capstone_join"),
    path(f"{GROUP}next/", continuing.capstone_next, name="capstone_next"),
    path(f"{GROUP}mentor/", mentoring.mentor_answer, name="mentor_answer"),
    path(f"{GROUP}mentor/end/", mentoring.mentor_end, name="mentor_end"),
    path(f"{GROUP}check-in/", mentoring.mentor_check_in, name="mentor_check_in"),
    path(f"{GROUP}files/<int:pk>/", capstone_steps.step_file, name="step_file"),
    path(f"{GROUP}steps/<int:milestone>/hand-in/", capstone_steps.step_hand_in, name="step_hand_in"),
    path(f"{GROUP}steps/<int:milestone>/answer/", capstone_steps.step_answer, name="step_answer"),
    path(f"{GROUP}steps/<int:milestone>/comment/", capstone_steps.step_comment, name="step_comment"),
    path("<slug:slug>/showcase/", showcases.showcase_detail, name="showcase_detail"),
    path("<slug:slug>/showcase/edit/", showcases.showcase_edit, name="showcase_edit"),
    path("<slug:slug>/showcase/screen/", showcases.showcase_screen, name="showcase_screen"),
    path("<slug:slug>/showcase/talks/<int:pk>/show/", showcases.showcase_show, name="showcase_show"),
    path("<slug:slug>/showcase/talks/<int:pk>/feedback/", showcases.feedback_read, name="feedback_read"),
    path("<slug:slug>/showcase/talks/<int:pk>/hide/", showcases.feedback_hide, name="feedback_hide"),
    path("<slug:slug>/showcase/talks/<int:pk>/release/", showcases.feedback_release, name="feedback_release"),
    path("<slug:slug>/classes/<int:pk>/pulse/", pulses.pulse_detail, name="pulse_detail"),
]
