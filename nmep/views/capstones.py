"""Ideas and groups: the list, one capstone, and what the lead does with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import feedback
from events.models import Material
from members.models import PairingCheckIn, PairingMember, User
from mlclub.refusal import Refused
from nmep import capstone_matching, capstone_steps, capstones, mentoring, people
from nmep.forms.capstones import IdeaForm, MatchForm, MoveForm, PolicyForm, StepAnswerForm, StepForm
from nmep.models import Capstone, Enrolment, Offering
from nmep.views.roster import led_offering
from nmep.views.syllabus import offering_for

GET_POST = ["GET", "HEAD", "POST"]


def group_offering(request: HttpRequest, slug: str) -> Offering:
    """The offering, for people in it and for readers of the members' area."""
    offering = offering_for(request, slug, "capstone_policy")
    user: Any = request.user
    if not (people.roles(user, offering).belongs or user.standing.reads_members_area):
        raise Http404
    return offering


def capstone_for(request: HttpRequest, slug: str, project: str) -> Capstone:
    offering = group_offering(request, slug)
    capstone = get_object_or_404(
        Capstone.objects.with_people()
        .select_related("talk__form__event", "talk__showcase__session__event")
        .prefetch_related("initiative__topics"),
        offering=offering,
        initiative__slug=project,
    )
    capstone.offering = offering
    return capstone


@dataclass(frozen=True)
class Place:
    """What somebody is to a capstone."""

    is_member: bool
    is_mentor: bool
    leads: bool
    mentor: PairingMember | None

    @property
    def signs(self) -> bool:
        return self.is_mentor or self.leads

    @property
    def reads_work(self) -> bool:
        return self.is_member or self.signs


def place_in(capstone: Capstone, user: Any) -> Place:
    """One query; another where the page has not asked for the roles of `user`."""
    mentor = mentoring.mentor_of(capstone)
    return Place(
        is_member=any(row.enrolment.person_id == user.pk for row in capstone.team),
        is_mentor=bool(
            mentor and mentor.person_id == user.pk and mentor.answer == PairingMember.Answer.ACCEPTED
        ),
        leads=people.reader(user, capstone.offering).leads,
        mentor=mentor,
    )


@require_safe
def capstone_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Ideas and groups; for leads also who has none, and which groups need something."""
    return _list(request, group_offering(request, slug))


def _list(
    request: HttpRequest, offering: Offering, *, form: PolicyForm | None = None, status: int = 200
) -> HttpResponse:
    user: Any = request.user
    now = timezone.now()
    policy = capstones.policy_of(offering)
    rows = list(
        Capstone.objects.filter(offering=offering)
        .with_people()
        .select_related("mentoring", "successor")
        .prefetch_related(
            "initiative__topics",
            Prefetch("mentoring__members", PairingMember.objects.present().select_related("person")),
        )
    )
    for row in rows:
        row.offering = offering
    held = next(
        (row for row in rows if any(one.enrolment.person_id == user.pk for one in row.team)),
        None,
    )
    roles = people.reader(user, offering)
    context: dict[str, Any] = {
        "offering": offering,
        "policy": policy,
        "capstones": [(row, _mentor(row), max(policy.max_size - len(row.team), 0)) for row in rows],
        "mine": held,
        "chooses": roles.learns and not policy.closed_at,
        "roles": roles,
        "shows_people": user.standing.reads_members_area or roles.belongs,
    }
    if roles.leads:
        without = capstones.without_group(offering)
        context |= {
            "without": without,
            "needs": mentoring.needs([offering.pk], now),
            "overdue": capstone_steps.overdue(offering, now, rows),
            "unmentored": [row for row in rows if row.team and row.mentoring_id is None and not row.is_over],
            "undecided": [row for row in rows if row.awaits_decision],
            "policy_form": form or PolicyForm(instance=policy, initial={"is_closed": bool(policy.closed_at)}),
            "move_form": _move_form(rows, without),
        }
    return render(request, "nmep/capstone_list.html", context, status=status)


def _mentor(capstone: Capstone) -> User | None:
    """The mentor among what was brought along; who is only asked is not one yet."""
    if capstone.mentoring is None:
        return None
    return next(
        (
            row.person
            for row in capstone.mentoring.members.all()
            if row.part == PairingMember.Part.MENTOR and row.answer == PairingMember.Answer.ACCEPTED
        ),
        None,
    )


def _move_form(groups: list[Capstone], without: list[Enrolment], data: Any = None) -> MoveForm:
    placed = [row.enrolment for capstone in groups for row in capstone.team]
    return MoveForm(data, prefix="move", learners=[*placed, *without], groups=groups)


@require_http_methods(GET_POST)
def capstone_propose(request: HttpRequest, slug: str) -> HttpResponse:
    """A learner proposes an idea, and is its first member."""
    offering = group_offering(request, slug)
    enrolment = people.learner(request.user, offering)
    if enrolment is None:
        raise Http404
    form = IdeaForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            capstone = capstones.propose(
                enrolment,
                name=form.cleaned_data["name"],
                summary=form.cleaned_data["summary"],
                topics=form.cleaned_data["topics"],
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{capstone} is on the list, and you are its first member.")
            return redirect(capstone)
    return render(
        request,
        "nmep/capstone_propose.html",
        {"offering": offering, "form": form},
        status=422 if form.is_bound else 200,
    )


@require_POST
def capstone_join(request: HttpRequest, slug: str, project: str) -> HttpResponse:
    """Take a place. Whoever comes second to the last one is told where there is room."""
    capstone = capstone_for(request, slug, project)
    enrolment = people.learner(request.user, capstone.offering)
    if enrolment is None:
        raise Http404
    try:
        is_new = capstones.join(capstone, enrolment, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("nmep:capstone_list", slug)
    messages.success(request, f"You are in {capstone}." if is_new else f"You are in {capstone} already.")
    return redirect(capstone)


@require_POST
def capstone_leave(request: HttpRequest, slug: str) -> HttpResponse:
    offering = group_offering(request, slug)
    enrolment = people.learner(request.user, offering)
    if enrolment is None:
        raise Http404
    try:
        left = capstones.leave(enrolment, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"You left {left}." if left else "You are in no group.")
    return redirect("nmep:capstone_list", slug)


@require_POST
def capstone_policy(request: HttpRequest, slug: str) -> HttpResponse:
    """The lead sets the sizes, and closes the groups or opens them again."""
    offering = led_offering(request, slug)
    form = PolicyForm(request.POST, instance=capstones.policy_of(offering))
    if not form.is_valid():
        return _list(request, offering, form=form, status=422)
    user: Any = request.user
    try:
        capstones.set_policy(offering, **form.cleaned_data, by=user, now=timezone.now())
        messages.success(request, "Saved.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("nmep:capstone_list", slug)


@require_POST
def capstone_move(request: HttpRequest, slug: str) -> HttpResponse:
    """The lead puts somebody into another group, or into none."""
    offering = led_offering(request, slug)
    groups = list(Capstone.objects.filter(offering=offering).with_people())
    form = _move_form(groups, capstones.without_group(offering), request.POST)
    user: Any = request.user
    if not form.is_valid():
        messages.error(request, "Choose who, and a group of this programme.")
        return redirect("nmep:capstone_list", slug)
    enrolment, capstone = form.cleaned_data["enrolment"], form.cleaned_data["capstone"]
    enrolment.offering = offering
    try:
        capstones.move(enrolment, capstone, by=user, now=timezone.now())
        messages.success(request, f"{enrolment.person} is in {capstone or 'no group'}.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("nmep:capstone_list", slug)


@require_http_methods(GET_POST)
def capstone_match(request: HttpRequest, slug: str) -> HttpResponse:
    """The matcher proposes groups for the rest; the lead adjusts and publishes."""
    offering = led_offering(request, slug)
    seed = request.GET.get("seed", "0")
    policy = capstones.policy_of(offering)
    waiting, going = capstones.without_group(offering), capstones.rooms(offering, policy)
    proposal = capstone_matching.match(
        offering,
        seed=int(seed) if seed.isdecimal() and len(seed) < 6 else 0,
        among=(policy, list(waiting), list(going)),
    )
    form = MatchForm(request.POST or None, waiting=waiting, rooms=going, proposal=proposal)
    user: Any = request.user
    if request.method == "POST" and form.is_valid():
        try:
            changed, said = capstones.publish(offering, form.places, by=user, now=timezone.now())
        except Refused as refused:
            changed, said = [], [str(refused)]
        for words in said:
            messages.warning(request, words)
        if changed:
            messages.success(
                request, f"Published: {len(changed)} groups changed, and everybody placed was told."
            )
        return redirect("nmep:capstone_list", slug)
    return render(
        request,
        "nmep/capstone_match.html",
        {
            "offering": offering,
            "form": form,
            "proposal": proposal,
            "policy": policy,
            "next_seed": proposal and (int(seed) if seed.isdecimal() and len(seed) < 6 else 0) + 1,
        },
        status=422 if form.is_bound else 200,
    )


@require_safe
def capstone_detail(request: HttpRequest, slug: str, project: str) -> HttpResponse:
    """One group: who, the mentor, the steps, what listeners said, and what happens next."""
    return detail(request, capstone_for(request, slug, project))


def detail(
    request: HttpRequest,
    capstone: Capstone,
    *,
    forms: dict[str, Any] | None = None,
    status: int = 200,
    now: datetime | None = None,
) -> HttpResponse:
    """The page, with forms that were sent and need mending."""
    user: Any = request.user
    now = now or timezone.now()
    place = place_in(capstone, user)
    policy = capstones.policy_of(capstone.offering)
    context: dict[str, Any] = {
        "offering": capstone.offering,
        "capstone": capstone,
        "initiative": capstone.initiative,
        "place": place,
        "policy": policy,
        "now": now,
        "topics": list(capstone.initiative.topics.all()),
        "talk": getattr(capstone, "talk", None),
    }
    learns = not place.is_member and people.reader(user, capstone.offering).learns
    enrolment = people.learner(user, capstone.offering) if learns else None
    context["joins"] = bool(
        enrolment
        and enrolment.is_learning
        and not policy.closed_at
        and len(capstone.team) < policy.max_size
        and not capstone.is_over
        and capstones.of_learner(enrolment) is None
    )
    if place.reads_work:
        stages = capstone_steps.stages(capstone)
        first_open = next((row.milestone.pk for row in stages if row.is_open), None)
        first_waiting = next((row.milestone.pk for row in stages if row.state == "handed_in"), None)
        forms = forms or {}
        context["stages"] = [
            {
                "stage": row,
                "hand_in": (
                    forms.get(f"hand_in-{row.milestone.pk}") or StepForm(prefix=f"s{row.milestone.pk}")
                )
                if place.is_member and row.is_open
                else None,
                "answer": (
                    forms.get(f"answer-{row.milestone.pk}")
                    or StepAnswerForm(
                        prefix=f"a{row.milestone.pk}", initial={"n": row.step.versions.all()[0].n}
                    )
                )
                if place.signs and row.step and row.state == "handed_in"
                else None,
                "is_next": row.milestone.pk == first_open,
                # One filled button a page: the oldest that waits for an answer, else what is to be handed in.
                "is_primary": not capstone.awaits_decision
                and row.milestone.pk == (first_waiting if place.signs and first_waiting else first_open),
                "is_late": row.is_late(now),
            }
            for row in stages
        ]
        if place.mentor:
            context["check_ins"] = list(
                PairingCheckIn.objects.filter(pairing=place.mentor.pairing_id).select_related("person")[:5]
            )
            context["said"] = PairingCheckIn.Said.choices
    talk = context["talk"]
    if talk and talk.form and talk.form.released_at and (place.is_member or place.leads):
        context["results"] = feedback.results(talk.form, now=now)
    if talk:
        context["materials"] = Material.objects.visible_to(user, now).filter(
            event=talk.showcase.session.event_id
        )
    return render(request, "nmep/capstone_detail.html", context, status=status)
