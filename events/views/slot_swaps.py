"""Two exchange their slots, or one takes over another's."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import swaps
from events.forms.slots import SwapForm
from events.models import Swap
from events.sheets import sheet_of, swappable
from events.slot_access import slot_for
from events.views.slots import GET_POST, own_claim, slot_page
from mlclub.refusal import Refused


@require_POST
def slot_swap(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask somebody to exchange slots, or to take one's own."""
    user: Any = request.user
    slot, owner, access = slot_for(user, pk)
    claim = own_claim(slot, user)
    now = timezone.now()
    shown = sheet_of(slot.sheet, user, access, now)
    row = next((row for row in shown.rows if row.slot.pk == slot.pk), None)
    if row is None:
        raise Http404
    form = SwapForm(request.POST, choices=swappable(row, shown), sees_names=row.sees_names)
    if form.is_valid():
        people = form.cleaned_data.get("to") or [None]
        try:
            swaps.ask(claim, other=form.cleaned_data.get("other"), to=people[0], now=now)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Asked. Your slot stays yours until they say yes.")
            return redirect(slot)
    return slot_page(request, slot, owner, access, status=422, swap_form=form)


@require_http_methods(GET_POST)
def swap_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The question of a swap: its two people see it, the one asked answers, the asker may take it back."""
    user: Any = request.user
    rows = Swap.objects.filter(Q(to=user) | Q(claim__person=user)).select_related(
        "claim__person", "claim__slot__sheet", "claim__slot__event", "other__slot__event", "to"
    )
    swap = get_object_or_404(rows, pk=pk)
    slot = swap.claim.slot
    if request.method == "POST":
        now = timezone.now()
        try:
            if swap.to != user:
                swaps.take_back(swap, now=now)
                messages.success(request, "Taken back. Your slot is still yours.")
                return redirect(slot)
            answered = swaps.answer(swap, accepts="accept" in request.POST, now=now)
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect(swap)
        if answered.state == Swap.State.ACCEPTED:
            messages.success(request, f"{slot.label} is yours.")
            return redirect(slot)
        messages.success(request, "They are told that you cannot.")
        return redirect(slot.sheet)
    return render(
        request,
        "events/swap_detail.html",
        {
            "swap": swap,
            "slot": slot,
            "other": swap.other.slot if swap.other else None,
            "is_asked": swap.to == user,
        },
    )
