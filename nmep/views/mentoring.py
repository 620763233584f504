"""Mentors of capstones: suggested, asked, met."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from members.models import PairingCheckIn, PairingMember
from mlclub.refusal import Refused
from nmep import mentoring
from nmep.forms.capstones import MentorForm
from nmep.views.capstones import GET_POST, capstone_for, place_in
from nmep.views.roster import led_offering


@require_http_methods(GET_POST)
def mentor_suggest(request: HttpRequest, slug: str) -> HttpResponse:
    """A mentor for every group that has none, with the reason; the lead adjusts and publishes."""
    offering = led_offering(request, slug)
    now = timezone.now()
    suggestions = mentoring.suggest(offering, now)
    form = MentorForm(request.POST or None, suggestions=suggestions)
    user: Any = request.user
    if request.method == "POST" and form.is_valid():
        try:
            asked, said = mentoring.ask(offering, form.choices, by=user, now=now)
        except Refused as refused:
            asked, said = 0, [str(refused)]
        for words in said:
            messages.warning(request, words)
        if asked:
            messages.success(
                request,
                f"{asked} {'person was' if asked == 1 else 'people were'} asked; the answer comes back here.",
            )
        elif not said:
            messages.info(request, "Nobody was asked.")
        return redirect("nmep:capstone_list", slug)
    return render(
        request,
        "nmep/mentor_suggest.html",
        {"offering": offering, "form": form, "suggestions": suggestions},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def mentor_answer(request: HttpRequest, slug: str, project: str) -> HttpResponse:
    """Where the mail leads: yes or no, by a button."""
    capstone = capstone_for(request, slug, project)
    place = mentoring.mentor_of(capstone)
    user: Any = request.user
    if place is None or place.person_id != user.pk:
        raise Http404
    if request.method == "POST":
        accepts = "accept" in request.POST
        try:
            is_settled = mentoring.answer(capstone, user, accepts=accepts, now=timezone.now())
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect(capstone)
        if not is_settled:
            messages.info(request, "You have answered this before.")
        elif accepts:
            messages.success(request, f"Thank you. You mentor {capstone}, and the group has been told.")
        else:
            messages.success(request, "Thank you for saying so. A lead looks for somebody else.")
            return redirect("nmep:capstone_list", slug)
        return redirect(capstone)
    return render(
        request,
        "nmep/mentor_answer.html",
        {
            "offering": capstone.offering,
            "capstone": capstone,
            "place": place,
            "is_open": place.answer == PairingMember.Answer.ASKED,
        },
    )


@require_POST
def mentor_end(request: HttpRequest, slug: str, project: str) -> HttpResponse:
    """A lead takes the mentor, or the question, back."""
    led_offering(request, slug)
    capstone = capstone_for(request, slug, project)
    user: Any = request.user
    try:
        if mentoring.end(capstone, by=user, now=timezone.now()):
            messages.success(request, f"{capstone} has no mentor now.")
        else:
            messages.info(request, "There was no mentor.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(capstone)


@require_POST
def mentor_check_in(request: HttpRequest, slug: str, project: str) -> HttpResponse:
    """We met, not yet, we need help."""
    capstone = capstone_for(request, slug, project)
    place = place_in(capstone, request.user)
    said = request.POST.get("said", "")
    if not (place.is_member or place.is_mentor) or said not in PairingCheckIn.Said.values:
        raise Http404
    user: Any = request.user
    try:
        mentoring.check_in(capstone, user, said, now=timezone.now())
        words = {"help": "A lead sees that you need help.", "met": "Good. It is noted."}
        messages.success(request, words.get(said, "Noted."))
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(f"{capstone.get_absolute_url()}#mentor")
