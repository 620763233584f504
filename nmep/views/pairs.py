"""The rounds of partners, for the leads of an offering."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.models import User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import pair_repair as repairs
from nmep import partnering, people
from nmep.forms import MatchForm, MoveForm
from nmep.models import Assignment, Offering, PairingRound, PartnerTeam, PartnerWish
from nmep.partner_facts import Criteria
from nmep.views.roster import led_offering


def led_round(request: HttpRequest, slug: str, key: str) -> PairingRound:
    """The round of an assignment, for the leads of its offering; not kept before somebody matches."""
    offering = led_offering(request, slug)
    assignment = get_object_or_404(Assignment.objects.filter(offering=offering).defer("search"), key=key)
    assignment.offering = offering
    made = PairingRound.objects.filter(assignment=assignment).select_related("published_by").first()
    made = made or PairingRound(assignment=assignment)
    made.assignment = assignment
    return made


def page_of(made: PairingRound) -> HttpResponse:
    return redirect("nmep:pair_detail", made.assignment.offering.slug, made.assignment.key)


@require_safe
def pair_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every homework with its round, and what was wished and said."""
    offering = led_offering(request, slug)
    rows = (
        Assignment.objects.filter(offering=offering)
        .exclude(partners=Assignment.Partners.NONE)
        .select_related("pairing_round")
        .defer("text", "search")
    )
    return render(
        request,
        "nmep/pair_list.html",
        {
            "offering": offering,
            "roles": people.roles(request.user, offering),
            "rows": [(row, getattr(row, "pairing_round", None)) for row in rows],
            "wishes": _wishes(offering),
            "others": Assignment.objects.filter(offering=offering, partners=Assignment.Partners.NONE).count(),
        },
    )


def _wishes(offering: Offering) -> Any:
    rows = PartnerWish.objects.filter(asking__offering=offering)
    return rows.select_related("asking__person", "about__person").order_by("asking__person__name", "pk")


@require_safe
def pair_detail(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Match, look, lock, adjust, publish; afterwards, mend."""
    return _page(request, led_round(request, slug, key))


def _page(
    request: HttpRequest,
    made: PairingRound,
    *,
    match_form: MatchForm | None = None,
    move_form: MoveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    assignment = made.assignment
    formed = list(_formed(made))
    waiting = partnering.learners(made)
    notes = partnering.notes_of(assignment.offering_id) if made.is_told else []
    for team in formed:
        team.said = [note for note in notes if note.team_id == team.pk]
    alone = repairs.lone(formed, waiting) if formed or made.is_told else []
    context = {
        "made": made,
        "assignment": assignment,
        "offering": assignment.offering,
        "teams": formed,
        "waiting": waiting,
        "alone": alone,
        "match_form": match_form or MatchForm(initial=vars(Criteria.of(made))),
        "move_form": move_form or _move_form(formed, waiting),
        "proposal": repairs.proposal(made, formed=formed, waiting=waiting, notes=notes)
        if made.is_told and alone
        else None,
        "status": status,
    }
    return render(request, "nmep/pair_detail.html", context, status=status)


def _formed(made: PairingRound) -> Any:
    if made.pk is None:
        return []
    return PartnerTeam.objects.filter(round=made, places__isnull=False).distinct().with_people()


def _move_form(formed: list[PartnerTeam], waiting: Any, data: Any = None) -> MoveForm:
    pairs = [team for team in formed if len(team.places.all()) == 2]
    return MoveForm(data, learners=waiting, pairs=pairs)


@require_POST
def pair_match(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """A preview of pairs; the locked ones stay."""
    made = led_round(request, slug, key)
    form = MatchForm(request.POST)
    if not form.is_valid():
        return _page(request, made, match_form=form, status=422)
    now = timezone.now()
    made = partnering.round_of(made.assignment, now)
    # Matching again gives other pairs; everything else being equal the seed decides.
    again = made.state != PairingRound.State.COLLECTING
    try:
        alone = partnering.propose(made, form.criteria(), now=now, seed=made.seed + 1 if again else made.seed)
    except Refused as refused:
        messages.warning(request, str(refused))
        return page_of(made)
    if alone:
        messages.warning(request, "Somebody stays without a partner: see below.")
    messages.success(request, "Matched. Nobody is told before you publish.")
    return page_of(made)


@require_POST
def pair_lock(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Keep a pair when matching again, or let it go."""
    made = led_round(request, slug, key)
    team, verb = request.POST.get("team", ""), request.POST.get("verb", "lock")
    try:
        if not (made.pk and partnering.lock(made, number_of(team), is_locked=verb == "lock")):
            messages.warning(request, "That pair is gone.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return page_of(made)


@require_POST
def pair_move(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Move one learner; whom that leaves alone is put with somebody at once."""
    made = led_round(request, slug, key)
    user: User = request.user  # type: ignore[assignment]
    form = _move_form(list(_formed(made)), partnering.learners(made), request.POST)
    if made.pk is None or not form.is_valid():
        return _page(request, made, move_form=form, status=422)
    person, (kind, pk), now = int(form.cleaned_data["person"]), form.target, timezone.now()
    try:
        if kind == "with":
            partnering.put_together(made, person, pk, by=user, now=now)
        elif kind == "team":
            partnering.join(made, person, pk, by=user, now=now)
        else:
            partnering.set_alone(made, person, by=user, now=now)
    except Refused as refused:
        messages.warning(request, str(refused))
        return page_of(made)
    messages.success(request, "Moved, and told to those whom it is about." if made.is_told else "Moved.")
    return page_of(made)


@require_POST
def pair_publish(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Tell everybody their partners."""
    made = led_round(request, slug, key)
    user: User = request.user  # type: ignore[assignment]
    try:
        if made.pk is None:
            raise Refused("There are no pairs to publish yet: match first.")
        n = partnering.publish(made, by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
        return page_of(made)
    messages.success(request, f"Published. {n} team{'' if n == 1 else 's'} will read it in their mail.")
    return page_of(made)


@require_POST
def pair_repair(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Give those without a partner one, as the page showed."""
    made = led_round(request, slug, key)
    user: User = request.user  # type: ignore[assignment]
    try:
        if made.pk is None:
            raise Refused("There are no pairs to mend yet.")
        n = repairs.repair(made, request.POST.get("mark", ""), by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
        return page_of(made)
    if n:
        messages.success(request, f"{n} team{' was' if n == 1 else 's were'} changed and told.")
    else:
        messages.info(request, "Everybody has a partner already; nothing was changed.")
    return page_of(made)
