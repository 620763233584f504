"""One's own partners: who they are, what one wishes, what one says about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mlclub.refusal import Refused
from nmep import handing_in, joint, partnering, people, teams
from nmep.forms import LetterForm, NoteForm, WishForm
from nmep.models import Assignment, Enrolment, PartnerTeam, PartnerWish
from nmep.views.syllabus import offering_for


def learning(request: HttpRequest, slug: str) -> Enrolment:
    """The enrolment by which the visitor learns here, or a 404."""
    enrolment = people.learner(request.user, offering_for(request, slug))
    if enrolment is None:
        raise Http404
    return enrolment


@require_http_methods(["GET", "HEAD", "POST"])
def partner_list(request: HttpRequest, slug: str) -> HttpResponse:
    """With whom I work on which homework, and with whom I would like to."""
    enrolment = learning(request, slug)
    form = WishForm(request.POST or None, asking=enrolment)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            about = form.cleaned_data["about"]
            try:
                partnering.wish(enrolment, form.cleaned_data["kind"], about, now=timezone.now())
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, "Kept. Only you and the leads can read it.")
                return redirect("nmep:partner_list", slug)
        status = 422
    own = PartnerTeam.objects.told().filter(places__enrolment=enrolment).select_related("round__assignment")
    rows = [
        (team.round.assignment, team, teams.mates(team, enrolment))
        for team in own.with_people().order_by("round__assignment__position")
    ]
    return render(
        request,
        "nmep/partner_list.html",
        {
            "offering": enrolment.offering,
            "roles": people.roles(request.user, enrolment.offering),
            "enrolment": enrolment,
            "rows": rows,
            "wishes": PartnerWish.objects.filter(asking=enrolment).select_related("about__person"),
            "form": form,
        },
        status=status,
    )


@require_POST
def wish_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back what one said."""
    enrolment = learning(request, slug)
    get_object_or_404(PartnerWish, pk=pk, asking=enrolment).delete()
    messages.success(request, "Taken back.")
    return redirect("nmep:partner_list", slug)


def _team(request: HttpRequest, slug: str, key: str) -> tuple[Enrolment, Assignment, PartnerTeam]:
    enrolment = learning(request, slug)
    rows = Assignment.objects.visible_to(request.user, timezone.now()).select_related("offering")
    assignment = get_object_or_404(rows, offering=enrolment.offering, key=key)
    team = teams.team_of(enrolment, assignment)
    if team is None:
        raise Http404
    return enrolment, assignment, team


@require_POST
def partner_note(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Say how it went, to the leads."""
    enrolment, assignment, team = _team(request, slug, key)
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Answer both questions, please.")
        return redirect(f"{assignment.get_absolute_url()}#partners")
    try:
        _, is_new = partnering.note(team, enrolment, **form.cleaned_data, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(f"{assignment.get_absolute_url()}#partners")
    if is_new:
        messages.success(request, "Thank you. Only the leads read it.")
    else:
        messages.info(request, "You have answered this before; the first answer stays.")
    return redirect(f"{assignment.get_absolute_url()}#partners")


@require_http_methods(["GET", "HEAD", "POST"])
def partner_write(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """A few lines to one's partners, without anybody's address."""
    enrolment, assignment, team = _team(request, slug, key)
    partners = teams.mates(team, enrolment)
    if not partners:
        raise Http404
    form = LetterForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                partnering.write(team, enrolment, form.cleaned_data["text"], now=timezone.now())
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, "Sent.")
                return redirect(f"{assignment.get_absolute_url()}#partners")
    context = {"offering": enrolment.offering, "assignment": assignment, "partners": partners, "form": form}
    return render(request, "nmep/partner_write.html", context, status=status)


def hand_in_context(
    request: HttpRequest,
    assignment: Assignment,
    enrolment: Enrolment,
    team: PartnerTeam | None,
    held: handing_in.Standing,
    now: Any,
) -> dict[str, Any]:
    """What the hand-in page says of the partners: who, how to reach them, and how late it is for each."""
    partners = teams.mates(team, enrolment)
    if team is None or not partners:
        return {}
    user: Any = request.user
    shares = joint.shares(enrolment, assignment, held, now, partners) if assignment.is_joint else []
    asked = held.latest is not None and not team.has_note  # type: ignore[attr-defined]
    return {
        "team": team,
        "mates": partners,
        "partners": [
            (row.person, row.person.shown_to(user, "email"), row.person.shown_to(user, "contact"))
            for row in partners
        ],
        "shares": [joint.own_share(enrolment, held, now), *shares] if shares else [],
        "note_form": NoteForm() if asked else None,
    }
