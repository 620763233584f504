"""Slot sheets: reading one, putting oneself down, and what whoever runs it does. Sheets that another app owns are shown
by that app; their slots, and every button, are here."""

from __future__ import annotations

import random
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import drawing, slots
from events.forms.slots import AssignForm, ClaimForm, QuestionForm, SwapForm, TopicForm, WishForm
from events.models import Claim, Slot, SlotQuestion, SlotSheet, TalkMentoring
from events.sheets import open_swaps, sheet_of, swappable
from events.slot_access import Access, Owner, sheet_for, slot_for
from members import audit
from mlclub.refusal import Refused

GET_POST = ["GET", "HEAD", "POST"]


@require_safe
def sheet_list(request: HttpRequest) -> HttpResponse:
    """The members' sheets that are open now."""
    now = timezone.now()
    rows = SlotSheet.objects.visible_to(request.user).exclude(audience=SlotSheet.Audience.OWNER)
    rows = rows.filter(Q(closes_at=None) | Q(closes_at__gt=now))
    return render(request, "events/sheet_list.html", {"sheets": rows[:50], "now": now})


@require_safe
def sheet_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A members' sheet; another app's leads to its own page."""
    sheet, owner, access = sheet_for(request.user, pk)
    if sheet.audience == sheet.Audience.OWNER:
        return redirect(owner.url)
    return sheet_page(request, "events/sheet_detail.html", sheet, access, {})


def sheet_page(
    request: HttpRequest,
    template: str,
    sheet: SlotSheet,
    access: Access,
    context: dict[str, Any],
    *,
    wish_form: WishForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Draw a sheet in `template`, which includes the shared rows."""
    shown = sheet_of(sheet, request.user, access, timezone.now())
    if sheet.takes_wishes and access.claims and shown.is_open and wish_form is None:
        wish_form = WishForm(sheet=shown)
    return render(
        request,
        template,
        {
            "shown": shown,
            "sheet": sheet,
            "access": access,
            "wish_form": wish_form,
            "now": shown.now,
            **context,
        },
        status=status,
    )


@require_POST
def sheet_wish(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the ranked wishes."""
    user: Any = request.user
    sheet, owner, access = sheet_for(user, pk)
    if not access.claims:
        raise PermissionDenied
    now = timezone.now()
    form = WishForm(request.POST, sheet=sheet_of(sheet, user, access, now))
    if not form.is_valid():
        return sheet_page(
            request, "events/sheet_detail.html", sheet, access, {"owner": owner}, wish_form=form, status=422
        )
    try:
        kept = slots.wish(sheet, user, form.ranked(), now=now)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        many = f"{len(kept)} wish{'' if len(kept) == 1 else 'es'} kept."
        messages.success(
            request, f"{many} You can change them until the draw." if kept else "No wishes left."
        )
    return redirect(owner.url)


@require_http_methods(GET_POST)
def sheet_draw(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at the draw, try another seed, publish it."""
    user: Any = request.user
    sheet, owner, access = sheet_for(user, pk)
    if not access.runs:
        raise PermissionDenied
    now = timezone.now()
    typed = request.POST.get("seed") or request.GET.get("seed") or ""
    seed = int(typed) if typed.isdecimal() and len(typed) < 10 else random.randrange(1, 10_000)  # noqa: S311
    if request.method == "POST":
        try:
            draw = drawing.publish(sheet, seed=seed, stamp=request.POST.get("stamp", ""), by=user, now=now)
        except Refused as refused:
            messages.warning(request, str(refused))
            if SlotSheet.objects.get(pk=sheet.pk).takes_wishes:
                return redirect(f"{request.path}?seed={seed}")
        else:
            messages.success(request, f"Published. {len(draw.lots)} people are told.")
        return redirect(owner.url)
    if not sheet.takes_wishes:
        messages.info(request, "This draw has been published.")
        return redirect(owner.url)
    draw = drawing.preview(sheet, seed=seed, now=now)
    return render(
        request,
        "events/sheet_draw.html",
        {"sheet": sheet, "owner": owner, "draw": draw, "next_seed": seed + 1},
    )


# ── One slot ──


@require_safe
def slot_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A slot: who has it, what is asked, and what its holder can do."""
    slot, owner, access = slot_for(request.user, pk)
    return slot_page(request, slot, owner, access)


def slot_page(
    request: HttpRequest,
    slot: Slot,
    owner: Owner,
    access: Access,
    *,
    status: int = 200,
    **forms: Any,
) -> HttpResponse:
    """Draw the slot's page, with whatever form was refused."""
    user: Any = request.user
    now = timezone.now()
    shown = sheet_of(slot.sheet, user, access, now)
    row = next((row for row in shown.rows if row.slot.pk == slot.pk), None)
    if row is None:
        raise Http404
    slot = row.slot
    reads_all = access.runs or row.is_held or any(helper == user for helper in slot.helpers.all())
    questions: list[SlotQuestion] = []
    if slot.sheet.takes_questions:
        questions = list(SlotQuestion.objects.filter(slot=slot).select_related("author"))
    mine = next((question for question in questions if question.author_id == user.pk), None)
    asks = slot.sheet.takes_questions and not row.is_held and not row.has_begun and slot.is_offered
    choices = swappable(row, shown) if row.is_held and not row.has_begun else []
    context: dict[str, Any] = {
        "slot": slot,
        "row": row,
        "shown": shown,
        "sheet": slot.sheet,
        "access": access,
        "owner": owner,
        "questions": questions if reads_all else [],
        "my_question": mine,
        "asks": asks,
        "shows_questions": slot.sheet.takes_questions and (asks or reads_all or mine is not None),
        "swaps": open_swaps(user, slot.sheet) if row.is_held else [],
        "mentoring": _mentoring_of(row.mine) if row.mine and slot.sheet.offers_mentor else None,
        "now": now,
        **dict.fromkeys(["question_form", "swap_form", "topic_form", "assign_form"]),
        **forms,
    }
    if context["asks"] and not context["question_form"]:
        context["question_form"] = QuestionForm(instance=mine)
    if row.is_held and not row.has_begun and row.mine:
        context["swap_form"] = context["swap_form"] or SwapForm(choices=choices, sees_names=row.sees_names)
        if slot.sheet.asks_topic:
            context["topic_form"] = context["topic_form"] or TopicForm(instance=row.mine)
    if access.runs and not row.is_full and not row.has_begun and slot.is_offered:
        context["assign_form"] = context["assign_form"] or AssignForm(candidates=owner.candidates())
    return render(request, "events/slot_detail.html", context, status=status)


def _mentoring_of(claim: Claim) -> TalkMentoring | None:
    rows = TalkMentoring.objects.filter(claim=claim).select_related("pairing")
    return rows.prefetch_related("pairing__members__person").first()


def own_claim(slot: Slot, user: Any) -> Claim:
    """The live claim of `user` on the slot, or a 404."""
    return get_object_or_404(
        Claim.objects.held().select_related("slot__sheet", "slot__event"), slot=slot, person=user
    )


@require_POST
def slot_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a place. Whoever is second is told what is free."""
    user: Any = request.user
    slot, owner, access = slot_for(user, pk)
    if not access.claims:
        raise PermissionDenied(access.refusal)
    form = ClaimForm(request.POST)
    said = form.cleaned_data if form.is_valid() else {}
    try:
        outcome = slots.claim(
            slot,
            user,
            topic=said.get("topic", ""),
            wants_mentor=said.get("wants_mentor", False),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(owner.url)
    if not outcome.is_repeat:
        messages.success(request, f"{slot.label} is yours.")
    return redirect(slot)


@require_POST
def slot_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one's own slot back; whoever runs the sheet may take anybody off."""
    user: Any = request.user
    slot, owner, access = slot_for(user, pk)
    wanted = request.POST.get("claim", "")
    if wanted and access.runs:
        rows = Claim.objects.live().select_related("slot__sheet", "slot__event", "person")
        claim = get_object_or_404(rows, slot=slot, pk=wanted if wanted.isdecimal() else 0)
    else:
        claim = own_claim(slot, user)
    try:
        slots.release(claim, by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(slot)
    if claim.person_id == user.pk:
        messages.success(request, f"{slot.label} is free again.")
    else:
        messages.success(request, f"{claim.person} is off {slot.label} and is told.")
    return redirect(owner.url)


@require_POST
def slot_topic(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what it will be about."""
    slot, owner, access = slot_for(request.user, pk)
    claim = own_claim(slot, request.user)
    form = TopicForm(request.POST, instance=claim)
    if not form.is_valid():
        return slot_page(request, slot, owner, access, status=422, topic_form=form)
    if slots.describe(claim, topic=form.cleaned_data["topic"], now=timezone.now()):
        messages.success(request, "Saved.")
    else:
        messages.warning(request, "It has begun, or is not yours any more: nothing was changed.")
    return redirect(slot)


@require_POST
def slot_ask(request: HttpRequest, pk: int) -> HttpResponse:
    """One question before the talk, kept or changed."""
    user: Any = request.user
    slot, owner, access = slot_for(user, pk)
    known = SlotQuestion.objects.filter(slot=slot, author=user).first()
    form = QuestionForm(request.POST, instance=known)
    if form.is_valid():
        try:
            slots.ask(slot, user, form.cleaned_data["text"], now=timezone.now())
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, "Your question is kept. You can change it until they begin.")
            return redirect(slot)
    return slot_page(request, slot, owner, access, status=422, question_form=form)


@require_POST
def slot_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Put somebody down."""
    user: Any = request.user
    slot, owner, access = slot_for(user, pk)
    if not access.runs:
        raise PermissionDenied
    form = AssignForm(request.POST, candidates=owner.candidates())
    if form.is_valid():
        person = form.cleaned_data["person"]
        try:
            slots.assign(slot, person, by=user, now=timezone.now())
        except Refused as refused:
            form.add_error("person", str(refused))
        else:
            messages.success(request, f"{person} has {slot.label} and is told.")
            return redirect(slot)
    return slot_page(request, slot, owner, access, status=422, assign_form=form)


@require_POST
def slot_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down that somebody was missing, or was there after all."""
    user: Any = request.user
    slot, _, access = slot_for(user, pk)
    if not access.runs:
        raise PermissionDenied
    wanted = request.POST.get("claim", "")
    claim = get_object_or_404(
        Claim.objects.taking().select_related("slot__sheet", "person"),
        slot=slot,
        pk=wanted if wanted.isdecimal() else 0,
    )
    state = Claim.State.MISSED if request.POST.get("state") == "missed" else Claim.State.HELD
    try:
        outcome = slots.mark(claim, state, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        if not outcome.is_repeat:
            audit.record(user, "slot.marked", claim, before={"state": claim.state}, after={"state": state})
        messages.success(request, f"Saved for {claim.person}.")
    return redirect(slot)
