"""Following a series, presenting in it, stepping in, and answering what a presenter asked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import backups, following, presenting, pushing, rotas
from events.access import event_run_by, series_run_by
from events.forms.rotas import BackupForm, CommentForm, PresentationForm, RotaForm
from events.models import Backup, Claim, Presentation, Rota, Series, Slot, SlotComment
from events.slot_access import Access, Owner, slot_for
from events.turns import KINDS
from events.views.organising import GET_POST
from members import audit
from mlclub.refusal import Refused
from wiki import lists


@require_POST
def series_follow(request: HttpRequest, slug: str) -> HttpResponse:
    """Its dates come into one's calendar feed, its news into the digest."""
    user: Any = request.user
    series = get_object_or_404(Series.objects.visible_to(user), slug=slug)
    if following.follow(series, user, now=timezone.now()):
        messages.success(request, f"You follow {series.name}. Its dates are in your calendar feed.")
    return redirect(series)


@require_POST
def series_unfollow(request: HttpRequest, slug: str) -> HttpResponse:
    user: Any = request.user
    series = get_object_or_404(Series.objects.visible_to(user), slug=slug)
    if following.unfollow(series, user):
        messages.success(request, f"You do not follow {series.name} any more.")
    return redirect(series)


@require_http_methods(GET_POST)
def rota_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a series presenter slots, or change how its turns go."""
    user: Any = request.user
    series = series_run_by(user, slug)
    rota = rotas.of(series)
    initial = {} if rota else {"minutes": min(240, max(5, int(series.duration.total_seconds() // 60)))}
    form = RotaForm(request.POST or None, instance=rota, user=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        now, said = timezone.now(), form.cleaned_data
        with transaction.atomic():
            reading_list = said["reading_list"]
            if said["new_list"]:
                reading_list = lists.create(series.name, curators=[user], now=now)
            if rota:
                rota.reading_list = reading_list
                form.save()
            else:
                rota = rotas.begin(
                    series,
                    slots_a_date=said["slots_a_date"],
                    minutes=said["minutes"],
                    turn_days=said["turn_days"],
                    asks_feedback=said["asks_feedback"],
                    reading_list=reading_list,
                    now=now,
                )
        messages.success(request, "Saved. People put themselves down on the page of the series.")
        return redirect(rota)
    return render(
        request,
        "events/rota_edit.html",
        {"form": form, "series": series, "is_new": rota is None},
        status=422 if form.is_bound else 200,
    )


# ── What is presented ──


def _presented(request: HttpRequest, pk: int) -> tuple[Slot, Owner, Access]:
    """A slot of a rota that the visitor presents or runs: a 403 for others who see it, a 404 for the rest."""
    slot, owner, access = _slot_of_rota(request, pk)
    held = Claim.objects.held().filter(slot=slot, person=request.user.pk)
    if not access.runs and not held.exists():
        raise PermissionDenied
    return slot, owner, access


def _slot_of_rota(request: HttpRequest, pk: int) -> tuple[Slot, Owner, Access]:
    slot, owner, access = slot_for(request.user, pk)
    get_object_or_404(Rota, sheet=slot.sheet_id if slot.sheet.kind in KINDS else 0)
    return slot, owner, access


@require_http_methods(GET_POST)
def presentation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the paper; say what one would like to hear."""
    user: Any = request.user
    slot, owner, access = _presented(request, pk)
    rota = Rota.objects.get(sheet=slot.sheet_id)
    known = Presentation.objects.filter(slot=slot).select_related("paper").first()
    form = PresentationForm(
        request.POST or None,
        asks_feedback=rota.asks_feedback,
        initial={"ask": known.ask if known else ""},
    )
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            with transaction.atomic():
                if form.is_given():
                    presenting.choose(slot, form.named(), by=user, now=now, runs=access.runs)
                if "ask" in form.cleaned_data:
                    presenting.ask(slot, form.cleaned_data["ask"], by=user, now=now, runs=access.runs)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Saved.")
            return redirect(slot)
    return render(
        request,
        "events/presentation_edit.html",
        {"form": form, "slot": slot, "owner": owner, "known": known},
        status=422 if form.is_bound else 200,
    )


# ── Stepping in ──


@require_POST
def backup_offer(request: HttpRequest, pk: int) -> HttpResponse:
    """ "I can step in": one's own offer, or yes to a question."""
    user: Any = request.user
    slot, _, access = _slot_of_rota(request, pk)
    if not access.claims:
        raise PermissionDenied
    try:
        backups.offer(slot, user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "Thank you. You hear at once if the presenter cannot.")
    return redirect(slot)


@require_http_methods(GET_POST)
def backup_ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask somebody to be there if need be."""
    user: Any = request.user
    slot, owner, _ = _presented(request, pk)
    form = BackupForm(request.POST or None, candidates=owner.candidates())
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["person"]
        try:
            backups.ask(slot, person, by=user, now=timezone.now())
        except Refused as refused:
            form.add_error("person", str(refused))
        else:
            messages.success(request, f"{person} is asked.")
            return redirect(slot)
    return render(
        request,
        "events/backup_ask.html",
        {"form": form, "slot": slot, "owner": owner},
        status=422 if form.is_bound else 200,
    )


@require_POST
def backup_end(request: HttpRequest, pk: int) -> HttpResponse:
    """They cannot after all, or say no; whoever runs it may take anybody off."""
    slot, _, access = _slot_of_rota(request, pk)
    rows = Backup.objects.filter(slot=slot, state__in=Backup.LIVE).select_related("slot__sheet", "person")
    backup = get_object_or_404(rows if access.runs else rows.filter(person=request.user.pk))
    backups.give_up(backup, now=timezone.now())
    messages.success(request, "Nobody is to step in for this one now.")
    return redirect(slot)


# ── Answers ──


@require_POST
def comment_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer what the presenter asked."""
    user: Any = request.user
    slot, owner, access = _slot_of_rota(request, pk)
    if not access.claims or not access.sees_names:
        raise PermissionDenied
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            presenting.comment(slot, user, form.cleaned_data["text"], now=timezone.now())
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, "Your feedback stands on the page.")
            return redirect(f"{slot.get_absolute_url()}#feedback")
    return render(
        request, "events/comment_create.html", {"form": form, "slot": slot, "owner": owner}, status=422
    )


@require_POST
def comment_remove(request: HttpRequest, pk: int, comment_pk: int) -> HttpResponse:
    """Take one's own words back."""
    slot, _, _ = _slot_of_rota(request, pk)
    row = get_object_or_404(SlotComment, slot=slot, pk=comment_pk, author=request.user.pk)
    row.delete()
    messages.success(request, "Taken back.")
    return redirect(f"{slot.get_absolute_url()}#feedback")


@require_http_methods(GET_POST)
def chapter_push(request: HttpRequest, pk: int) -> HttpResponse:
    """The chapters of a meeting that does not take place: what would move where, and moving it in one step."""
    event, now = event_run_by(request.user, pk), timezone.now()
    if request.method == "POST":
        try:
            done = pushing.push(event, known=request.POST.get("known", ""), now=now)
            audit.record(request.user, "chapters.pushed", event, after={"moved": done.key})  # type: ignore[arg-type]
            messages.success(request, f"Moved on: {len(done.steps)}. Whoever holds one is told.")
            return redirect(event.series or event)
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect("events:chapter_push", event.pk)
    found = pushing.plan(event, now)
    if found is None:
        messages.info(request, "There are no chapters to move on.")
        return redirect(event)
    is_chain = any(step.slot.event_id != event.pk for step in found.steps)
    return render(request, "events/chapter_push.html", {"event": event, "plan": found, "is_chain": is_chain})
