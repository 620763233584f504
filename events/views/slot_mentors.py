"""A talk finds somebody who helps with it, and the two follow their plan."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import mentoring
from events.models import Claim, TalkMentoring
from events.slot_access import slot_for
from events.views.slots import GET_POST, own_claim
from mlclub.refusal import Refused


@require_POST
def slot_mentor(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a mentor after all."""
    slot, _, _ = slot_for(request.user, pk)
    try:
        asked = mentoring.ask(own_claim(slot, request.user), now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        if asked:
            messages.success(request, f"{asked} {'person is' if asked == 1 else 'people are'} asked, once.")
        else:
            messages.info(
                request, "Nobody else gives presentation mentoring this term. Ask whoever runs the sheet."
            )
    return redirect(slot)


@require_http_methods(GET_POST)
def mentor_offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer to help with a talk, with a confirm; the two see their plan here."""
    user: Any = request.user
    rows = Claim.objects.filter(state__in=[Claim.State.HELD, Claim.State.DONE], wants_mentor=True)
    rows = rows.filter(slot__sheet__hides_names=False)
    claim = get_object_or_404(rows.select_related("person", "slot__sheet", "slot__event"), pk=pk)
    known = (
        TalkMentoring.objects.filter(claim=claim)
        .select_related("pairing", "claim__slot__event")
        .prefetch_related("pairing__members__person")
        .first()
    )
    is_in = known is not None and user in (known.mentor, claim.person)
    if not is_in and not user.standing.writes:
        raise Http404
    if request.method == "POST":
        return _mentored(request, claim, known if is_in else None)
    return render(
        request,
        "events/mentor_offer.html",
        {
            "claim": claim,
            "slot": claim.slot,
            "mentoring": known,
            "is_in": is_in,
            "is_mine": claim.person == user,
            "steps": mentoring.plan(known, timezone.now()) if known and is_in else [],
        },
    )


def _mentored(request: HttpRequest, claim: Claim, known: TalkMentoring | None) -> HttpResponse:
    now = timezone.now()
    step = request.POST.get("step", "")
    try:
        if known and step in TalkMentoring.STEPS:
            mentoring.tick(known, step, now=now)
            messages.success(request, f"{TalkMentoring.LABELS[step]}: done.")
        elif not known:
            mentoring.help_with(claim, request.user, now=now)  # type: ignore[arg-type]
            messages.success(request, f"Thank you. {claim.person} is told.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("events:mentor_offer", claim.pk)
