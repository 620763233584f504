"""Paper talks of an offering."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events.models import Claim, Material, Slot
from events.sheets import sheet_of
from members import audit
from members.models import User
from mlclub.refusal import Refused
from nmep import paper_notes as notes_of_talks
from nmep import papers, people, sheets
from nmep.forms import PaperChoiceForm, PaperSheetForm, SlidesForm, SuggestionForm
from nmep.models import Offering, OfferingSheet, PaperTalk
from nmep.views.syllabus import offering_for
from wiki.papers import keep

GET_POST = ["GET", "HEAD", "POST"]
KIND = OfferingSheet.Kind.PAPER


def led(request: HttpRequest, slug: str) -> tuple[Offering, User]:
    """The offering, for those who lead it and while it may change."""
    offering = offering_for(request, slug)
    user: User = request.user  # type: ignore[assignment]
    if not people.may_lead(user, offering) or offering.state == Offering.State.ARCHIVED:
        raise Http404
    return offering, user


@require_safe
def paper_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Who presents what, and the slots that are free."""
    return paper_page(request, slug)


def paper_page(request: HttpRequest, slug: str, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Draw the page, with whatever form was refused."""
    offering = offering_for(request, slug)
    own = sheets.sheet_of_kind(offering, KIND)
    owner = sheets.ProgrammeSheet(own) if own else None
    roles = owner.roles(request.user) if owner else people.roles(request.user, offering)
    context: dict[str, Any] = {"offering": offering, "roles": roles, "own": own}
    context |= {"sheet_form": None, "suggestion_form": None, **forms}
    if own is None or owner is None:
        if not roles.leads and not people.belongs(request.user, offering):
            raise Http404
        if roles.leads and offering.state != Offering.State.ARCHIVED:
            context["sheet_form"] = context["sheet_form"] or PaperSheetForm()
        return render(request, "nmep/paper_list.html", context, status=status)
    access = owner.access(request.user)
    if access is None:
        raise Http404
    shown = sheet_of(own.sheet, request.user, access, timezone.now())
    talks = papers.talks_by_slot(row.slot for row in shown.rows)
    for row in shown.rows:
        talk = talks.get(row.slot.pk)
        row.slot.extra = [talk.paper.title] if talk else []  # type: ignore[attr-defined]
    if access.runs:
        context["suggestion_form"] = context["suggestion_form"] or SuggestionForm()
    return render(
        request,
        "nmep/paper_list.html",
        {
            "shown": shown,
            "sheet": own.sheet,
            "access": access,
            "suggestions": list(own.suggestions.all()),
            "now": shown.now,
            **context,
        },
        status=status,
    )


@require_POST
def paper_create(request: HttpRequest, slug: str) -> HttpResponse:
    """The sheet from the classes in one step; again, slots for classes that came later."""
    offering, user = led(request, slug)
    own = sheets.sheet_of_kind(offering, KIND)
    form = PaperSheetForm(request.POST)
    if own is None and not form.is_valid():
        return paper_page(request, slug, sheet_form=form, status=422)
    said = form.cleaned_data if own is None else {}
    sheets.create_papers(offering, by=user, **said)
    messages.success(request, "Every class has its slot.")
    return redirect("nmep:paper_list", slug)


@require_POST
def paper_suggest(request: HttpRequest, slug: str) -> HttpResponse:
    """Suggest a paper, or take a suggestion away."""
    offering, _ = led(request, slug)
    own = get_object_or_404(OfferingSheet, offering=offering, kind=KIND)
    wanted = request.POST.get("remove", "")
    if wanted:
        paper = get_object_or_404(own.suggestions, pk=wanted if wanted.isdecimal() else 0)
        own.suggestions.remove(paper)
        messages.success(request, f"{paper.title} is no suggestion any more.")
        return redirect("nmep:paper_list", slug)
    form = SuggestionForm(request.POST)
    if not form.is_valid():
        return paper_page(request, slug, suggestion_form=form, status=422)
    paper = keep(form.named(), now=timezone.now())
    own.suggestions.add(paper)
    messages.success(request, f"{paper.title} is suggested.")
    return redirect("nmep:paper_list", slug)


def own_slot(request: HttpRequest, slug: str, pk: int) -> tuple[Offering, OfferingSheet, Slot]:
    """A paper slot of the offering, for those who present it and for its leads."""
    offering = offering_for(request, slug)
    user: Any = request.user
    own = get_object_or_404(OfferingSheet.objects.select_related("sheet"), offering=offering, kind=KIND)
    slot = get_object_or_404(Slot.objects.select_related("sheet", "event"), pk=pk, sheet=own.sheet_id)
    holds = Claim.objects.taking().filter(slot=slot, person=user).exists()
    if not (holds or people.may_lead(user, offering)) or offering.state == Offering.State.ARCHIVED:
        raise Http404
    return offering, own, slot


@require_http_methods(GET_POST)
def paper_choose(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Which paper a slot presents."""
    offering, own, slot = own_slot(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    form = PaperChoiceForm(request.POST or None, suggestions=own.suggestions.all())
    if request.method == "POST" and form.is_valid():
        try:
            talk = papers.choose(slot, form.paper(), by=user, now=timezone.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{slot.label} presents {talk.paper.title}.")
            return redirect(slot)
    return render(
        request,
        "nmep/paper_choose.html",
        {"offering": offering, "slot": slot, "form": form, "own": own},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def paper_slides(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Leave the slides with the paper."""
    offering, _, slot = own_slot(request, slug, pk)
    talk = get_object_or_404(PaperTalk.objects.select_related("paper"), slot=slot)
    if slot.event is None:
        raise Http404
    material = Material(event=slot.event, kind=Material.Kind.SLIDES)
    form = SlidesForm(
        request.POST or None,
        request.FILES or None,
        instance=material,
        initial={"title": f"Slides: {talk.paper.title}"[:160]},
    )
    if request.method == "POST" and form.is_valid():
        papers.add_material(talk, form.save(commit=False))
        audit.record(request.user, "material.added", slot.event, after={"title": material.title})  # type: ignore[arg-type]
        messages.success(request, "The slides stay with the paper.")
        return redirect(slot)
    return render(
        request,
        "nmep/paper_slides.html",
        {"offering": offering, "slot": slot, "talk": talk, "form": form},
        status=422 if form.is_bound else 200,
    )


@require_POST
def paper_notes(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Begin the notes of the talk in the wiki, with what is known of it, and go on writing there."""
    _, _, slot = own_slot(request, slug, pk)
    talk = get_object_or_404(
        PaperTalk.objects.select_related(
            "paper", "slot__event", "slot__sheet", "offering__program", "offering__term"
        ),
        slot=slot,
    )
    try:
        page = notes_of_talks.write(talk, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(slot)
    messages.success(request, "The page is there, with what is known of the talk. Now your words.")
    return redirect("wiki:page_edit", page.path)
