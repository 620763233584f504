from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members.models import User
from nmep import filling, people, planning
from nmep.forms.planning import FillForm, OfferingForm, PlanForm
from nmep.models import Module, Offering, Session
from nmep.views.roster import led_offering

GET_POST = ["GET", "HEAD", "POST"]
CHANGED = "The plan was changed while you looked at it. Here it is as it stands now."
CLOSED = "This term is archived; its plan stays as it is."


@permission_required("nmep.add_offering", raise_exception=True)
@require_http_methods(GET_POST)
def offering_create(request: HttpRequest) -> HttpResponse:
    """A new term of a programme, as a draft to be planned."""
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    form = OfferingForm(request.POST or None, now=now)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        offering, is_new = filling.create_offering(
            data["program"], form.terms[data["term"]], leads=data["leads"], by=user, now=now
        )
        if is_new:
            messages.success(
                request, f"{offering} is a draft: only its leads and officers see it. Now pick modules."
            )
        else:
            messages.info(request, f"{offering} was there already.")
        return redirect("nmep:plan", offering.slug)
    return render(request, "nmep/offering_create.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(GET_POST)
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Which module comes in which week: order them, pick them, and make the classes."""
    offering = led_offering(request, slug)
    now = timezone.now()
    sessions = planning.classes(offering)
    modules = list(Module.objects.only("title", "slug", "level", "overview"))
    page: dict[str, Any] = {"sessions": sessions, "modules": modules, "now": now, "offering": offering}
    if request.method != "POST":
        return _shown(request, page)
    if "modules" in request.POST or "first_on" in request.POST:
        return _fill(request, page)
    return _order(request, page)


def _order(request: HttpRequest, page: dict[str, Any]) -> HttpResponse:
    """Save the order that was typed, or say what it puts before what it needs."""
    offering: Offering = page["offering"]
    form = PlanForm(request.POST, sessions=page["sessions"], modules=page["modules"], now=page["now"])
    if request.POST.get("seen") != planning.seal(page["sessions"]):
        messages.warning(request, CHANGED)
        return redirect("nmep:plan", offering.slug)
    wanted = form.plan() if form.is_valid() else None
    if wanted is None:
        return _shown(request, page, form=form, status=422)
    if "swap" in request.POST:
        wanted = wanted.swapped(request.POST["swap"])
        form.show(wanted)
    if wanted.blocking and "anyway" not in request.POST:
        return _shown(request, page, form=form, refused=wanted, status=422)
    return _saved(request, offering, wanted)


def _saved(request: HttpRequest, offering: Offering, wanted: planning.Plan) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    try:
        changed = planning.save(offering, wanted, seen=request.POST["seen"], by=user, now=wanted.now)
    except planning.Changed:
        messages.warning(request, CHANGED)
    except planning.Closed:
        messages.error(request, CLOSED)
    else:
        _say(request, changed)
    return redirect("nmep:plan", offering.slug)


def _say(request: HttpRequest, changed: list[Session]) -> None:
    if not changed:
        messages.info(request, "The plan was so already.")
        return
    weeks = ", ".join(str(session.week) for session in changed)
    messages.success(request, f"Saved. Changed: week{'' if len(changed) == 1 else 's'} {weeks}.")
    left = [session for session in changed if session.materials]  # type: ignore[attr-defined]
    if left:
        weeks = ", ".join(str(session.week) for session in left)
        messages.warning(
            request,
            f"Materials stay with their date. Look at those of week{'' if len(left) == 1 else 's'} {weeks}.",
        )


def _fill(request: HttpRequest, page: dict[str, Any]) -> HttpResponse:
    """Show the days that the picked modules fall on, or make the classes."""
    offering: Offering = page["offering"]
    form = FillForm(request.POST, offering=offering, sessions=page["sessions"], modules=page["modules"])
    if not form.is_valid():
        return _shown(request, page, fill=form, status=422)
    wish = form.wish()
    filled = filling.fill(offering, wish)
    if filled.problem:
        form.add_error(None, filled.problem)
        return _shown(request, page, fill=form, status=422)
    if "make" not in request.POST:
        return _shown(request, page, fill=form, filled=filled)
    user: User = request.user  # type: ignore[assignment]
    try:
        made = filling.make_classes(offering, wish, seen=form.cleaned_data["seen"], by=user, now=page["now"])
    except planning.Changed:
        messages.warning(request, CHANGED)
    except planning.Closed:
        messages.error(request, CLOSED)
    else:
        messages.success(
            request, f"{len(made)} class{'' if len(made) == 1 else 'es'} made, each with its event."
        )
    return redirect("nmep:plan", offering.slug)


def _shown(
    request: HttpRequest,
    page: dict[str, Any],
    *,
    form: PlanForm | None = None,
    fill: FillForm | None = None,
    refused: planning.Plan | None = None,
    filled: filling.Filled | None = None,
    status: int = 200,
) -> HttpResponse:
    offering, sessions, modules, now = (page[name] for name in ("offering", "sessions", "modules", "now"))
    is_archived = offering.state == Offering.State.ARCHIVED
    return render(
        request,
        "nmep/plan.html",
        {
            "offering": offering,
            "sessions": sessions,
            "roles": people.roles(request.user, offering),
            "form": form or PlanForm(sessions=sessions, modules=modules, now=now),
            "fill": fill or FillForm(offering=offering, sessions=sessions, modules=modules),
            "plan": refused or planning.stands(sessions, now),
            "is_refused": refused is not None,
            "filled": filled,
            "band": planning.band(sessions),
            "is_archived": is_archived,
            "is_draft": offering.state == Offering.State.DRAFT,
            "has_modules": bool(modules),
        },
        status=status,
    )
