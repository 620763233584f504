from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from mlclub import uploads
from mlclub.refusal import Refused
from nmep import boards, checking, extensions, handing_in, joint, mastery, people, teams
from nmep.forms import HandInForm
from nmep.forms.mastery import REASONS
from nmep.models import (
    Assignment,
    Check,
    Comment,
    Enrolment,
    Offering,
    Part,
    Review,
    RubricMark,
    SpecRevision,
)
from nmep.views.partners import hand_in_context


def assignment_for(request: HttpRequest, slug: str, key: str) -> Assignment:
    """The assignment at an address, or a 404 for whoever may not see it (yet)."""
    rows = Assignment.objects.visible_to(request.user, timezone.now()).select_related(
        "offering__program", "offering__term", "due_session__event"
    )
    return get_object_or_404(rows.defer("search"), offering__slug=slug, key=key)


@require_http_methods(["GET", "HEAD", "POST"])
def assignment_detail(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """What to do, and handing it in, on one page."""
    assignment = assignment_for(request, slug, key)
    enrolment = people.learner(request.user, assignment.offering)
    if request.method == "POST":
        if enrolment is None:
            messages.error(request, "You are not enrolled here, so there is nothing to hand in.")
            return redirect(assignment)
        return _receive(request, assignment, enrolment)
    return _page(request, assignment, enrolment)


def _receive(request: HttpRequest, assignment: Assignment, enrolment: Enrolment) -> HttpResponse:
    """A hand-in or a draft. What is right is kept also where something else is not."""
    held = handing_in.standing(enrolment, assignment)
    is_draft = "draft" in request.POST
    form = HandInForm(
        request.POST,
        request.FILES,
        parts=assignment.parts.all(),
        kept=_kept(held),
        is_draft=is_draft,
        partners=_may_be_left_out(assignment, joint.partners_of(enrolment, assignment)),
    )
    now = timezone.now()
    try:
        if not form.is_valid():
            if form.given() and not held.is_done:
                handing_in.save_draft(enrolment, assignment, form.given(), now=now)
            return _page(request, assignment, enrolment, form=form, status=422)
        if is_draft:
            handing_in.save_draft(enrolment, assignment, form.given(), now=now)
            messages.success(request, "Saved as a draft. Nobody but you can read it.")
            return redirect(assignment)
        with transaction.atomic():
            outcome = handing_in.hand_in(
                enrolment,
                assignment,
                form.given(),
                n=form.cleaned_data["n"],
                now=now,
                jointly=form.cleaned_data.get("jointly", True),
            )
    except Refused as refused:
        form.add_error(None, str(refused))
        return _page(request, assignment, enrolment, form=form, status=422)
    if outcome.is_new:
        messages.success(
            request, f"Version {outcome.submission.n} is in. The receipt is below and in your mail."
        )
    elif outcome.submission.handed_in_by_id != enrolment.person_id:
        who = outcome.submission.handed_in_by
        messages.info(request, f"{who} handed in version {outcome.submission.n} already, for you as well.")
    else:
        messages.info(request, f"Version {outcome.submission.n} was in already; nothing was handed in twice.")
    return redirect(f"{assignment.get_absolute_url()}#versions")


def _may_be_left_out(assignment: Assignment, partners: list[Enrolment]) -> str:
    """The names of partners whom a learner may hand in without."""
    if not assignment.is_joint or assignment.partners == Assignment.Partners.REQUIRED:
        return ""
    return " and ".join(row.person.display_name for row in partners)


def _kept(held: handing_in.Standing) -> dict[int, Any]:
    """What stands when a part is left empty: the draft's piece, else the version's before."""
    pieces = {piece.part_id: piece for piece in held.latest.pieces.all()} if held.latest else {}
    if held.draft is not None:
        pieces.update({piece.part_id: piece for piece in held.draft.pieces.all()})
    return pieces


def _page(
    request: HttpRequest,
    assignment: Assignment,
    enrolment: Enrolment | None,
    *,
    form: HandInForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    parts = list(assignment.parts.all())
    context: dict[str, Any] = {
        "assignment": assignment,
        "offering": assignment.offering,
        "enrolment": enrolment,
        "now": now,
        "parts": parts,
        "late_until": assignment.closes_for([]),
        "criteria": assignment.criteria.select_related("part"),
        "status": status,
    }
    if enrolment is None:
        roles = people.roles(request.user, assignment.offering)
        context |= {
            "roles": roles,
            "has_board": boards.has_board(boards.scoring(parts), assignment, roles, now),
            "sees_code": bool(assignment.outside_url) and roles.reviews,
        }
        return render(request, "nmep/assignment_detail.html", context, status=status)
    enrolment.offering = assignment.offering
    team = teams.team_of(enrolment, assignment)
    held = handing_in.standing(enrolment, assignment, teams.extra_time(team, enrolment))
    refused = handing_in.refusal(enrolment, assignment, now, held)
    kept = _kept(held)
    together = hand_in_context(request, assignment, enrolment, team, held, now)
    if form is None and refused is None:
        form = HandInForm(
            parts=context["parts"],
            kept=kept,
            initial={"n": held.next_n},
            partners=_may_be_left_out(assignment, together.get("mates", [])),
        )
    elif form is not None:
        form.keep(kept, n=held.next_n)
    latest = [held.latest] if held.latest else []
    checks = [one for found in checking.summaries(latest, request.user, now).values() for one in found]
    reviews = list(
        Review.objects.posted()
        .filter(submission__in=held.versions)
        .select_related("reviewer", "submission__assignment__offering")
        .prefetch_related(Prefetch("marks", RubricMark.objects.select_related("criterion")))
    )
    comments = list(
        Comment.objects.filter(submission__in=held.versions)
        .shown_to(request.user)
        .select_related("author", "submission__assignment__offering")
        .defer("submission__assignment__text", "submission__assignment__search")
    )
    scoring = boards.scoring(parts)
    context |= together
    context |= {
        "has_board": boards.has_board(scoring, assignment, people.Roles(), now),
        "tries": _tries(parts, scoring, held, assignment.offering, now),
        "sees_code": bool(assignment.outside_url),
        "checks": checks,
        "is_checking": checking.is_going_on(checks),
        "held": held,
        "form": form,
        "refused": refused,
        "pieces": [(part, kept.get(part.pk)) for part in context["parts"]],
        "late_until": held.closes_at,
        "room": extensions.room(enrolment, assignment, held, now),
        "reasons": REASONS,
        "missing": _missing(held, reviews, comments),
        "reviews": reviews,
        "comments": comments,
    }
    return render(request, "nmep/assignment_detail.html", context, status=status)


def _missing(
    held: handing_in.Standing, reviews: list[Review], comments: list[Comment]
) -> mastery.Missing | None:
    """What the review of the latest version still asks for, while it is to be mended."""
    latest = held.latest
    if latest is None or not held.is_returned:
        return None
    marks = [mark for review in reviews if review.submission_id == latest.pk for mark in review.marks.all()]
    return mastery.still_asked(marks, comments)


def _tries(
    parts: list[Part], checks: list[Check], held: handing_in.Standing, offering: Offering, now: datetime
) -> list[tuple[Part, boards.Tries]]:
    """The parts that take only so many files a day, with what is left of them."""
    found = []
    for part in parts:
        handed_in = [
            (piece.sha256, version.handed_in_at)
            for version in held.versions
            for piece in version.pieces.all()
            if piece.part_id == part.pk
        ]
        own = [check for check in checks if check.part_id == part.pk]
        left = boards.left_of(own, handed_in, offering.zone, now)
        if left is not None:
            found.append((part, left))
    return found


@require_safe
def part_starter(request: HttpRequest, slug: str, key: str, pk: int) -> HttpResponseBase:
    """What learners begin with, as a download."""
    assignment = assignment_for(request, slug, key)
    part = get_object_or_404(Part.objects.exclude(skeleton=""), assignment=assignment, pk=pk)
    return uploads.serve_private(request, part.skeleton, part.skeleton_name or f"{assignment.key}-starter")


@require_safe
def spec_detail(request: HttpRequest, slug: str, key: str, n: int) -> HttpResponse:
    """What the assignment asked for in an earlier revision."""
    assignment = assignment_for(request, slug, key)
    spec = get_object_or_404(SpecRevision, assignment=assignment, n=n)
    return render(
        request,
        "nmep/spec_detail.html",
        {"assignment": assignment, "offering": assignment.offering, "spec": spec},
    )
