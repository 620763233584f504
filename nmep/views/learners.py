"""One learner: what they have done, owe and need; and what a lead does about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import User
from mlclub.refusal import Refused
from nmep import acts, mastery, offers, passing, people, progress
from nmep.forms.mastery import HelpForm, MarkForm, NoteForm, SkillForm, TimeForm
from nmep.models import (
    Enrolment,
    ExtensionRequest,
    HelpOffer,
    LearnerNote,
    MarkChange,
    Offering,
    SkillMark,
)
from nmep.people import Roles
from nmep.views.syllabus import offering_for


def led_offering(request: HttpRequest, slug: str) -> Offering:
    """The offering, for its leads and the officer for education."""
    return led_with_roles(request, slug)[0]


def led_with_roles(request: HttpRequest, slug: str, *along: str) -> tuple[Offering, Roles]:
    """The same, with what the person may do in it, which the tabs ask for, and what is to be fetched along."""
    offering = offering_for(request, slug, *along)
    roles = people.roles(request.user, offering)
    if not roles.leads:
        raise Http404
    return offering, roles


def learner_for(request: HttpRequest, slug: str, pk: int) -> Enrolment:
    """A learner of an offering that one leads."""
    return _learner(led_with_roles(request, slug, "course_policy")[0], pk)


def _learner(offering: Offering, pk: int) -> Enrolment:
    rows = progress.with_records(
        Enrolment.objects.learners()
        .exclude(state=Enrolment.State.INVITED)
        .filter(offering=offering)
        .select_related("person")
    )
    enrolment: Enrolment = get_object_or_404(rows, pk=pk)
    enrolment.offering = offering
    return enrolment


def own_enrolment(request: HttpRequest, slug: str) -> Enrolment:
    """The enrolment by which one learns here."""
    offering = offering_for(request, slug, "course_policy")
    enrolment = people.learner(request.user, offering)
    if enrolment is None:
        raise Http404
    enrolment.offering = offering
    return enrolment


@require_safe
def progress_mine(request: HttpRequest, slug: str) -> HttpResponse:
    """What I have done, owe and need, in the same words that staff see."""
    return learner_page(request, own_enrolment(request, slug), is_own=True)


@require_safe
def progress_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The same page about one learner, for leads and the officer for education."""
    offering, roles = led_with_roles(request, slug, "course_policy")
    return learner_page(request, _learner(offering, pk), is_own=False, roles=roles)


def learner_page(
    request: HttpRequest,
    enrolment: Enrolment,
    *,
    is_own: bool,
    roles: Roles | None = None,
    typed: dict[str, BaseForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of one learner, with what was typed where something is to be mended."""
    now = timezone.now()
    offering = enrolment.offering
    standing = progress.of(enrolment, now)
    returned = {
        row.assignment.pk: row.submission.pk
        for row in standing.work
        if row.state == "returned" and row.submission
    }
    missing = mastery.missing(enrolment, returned)
    marks = MarkChange.objects.filter(enrolment=enrolment).select_related("assignment", "by")
    seen = SkillMark.objects.filter(enrolment__person=enrolment.person_id, skill__program=offering.program_id)
    forms: dict[str, Any] = {"note_form": NoteForm()}
    if not is_own:
        forms |= {
            "mark_form": MarkForm(standing=standing),
            "time_form": TimeForm(standing=standing),
            "skill_form": SkillForm(standing=standing),
            "proposals": mastery.proposals(standing),
        }
    return render(
        request,
        "nmep/progress_detail.html",
        {
            "offering": offering,
            "enrolment": enrolment,
            "progress": standing,
            "owed": [(work, missing.get(work.assignment.pk)) for work in standing.owed],
            "journal": marks.order_by("-at", "-pk")[:40],
            "seen": seen.select_related("skill", "by").order_by("-at", "-pk")[:40],
            "notes": LearnerNote.objects.filter(enrolment=enrolment).select_related("author"),
            "offers": HelpOffer.objects.open().filter(enrolment=enrolment).select_related("helper"),
            "absences": standing.asked,
            "requests": ExtensionRequest.objects.filter(enrolment=enrolment).select_related("assignment"),
            "passing": passing.of(standing),
            "roles": roles or people.reader(request.user, offering),
            "is_own": is_own,
            "is_frozen": acts.is_frozen(enrolment),
            "now": now,
            **forms,
            **(typed or {}),
        },
        status=status,
    )


def _back(enrolment: Enrolment, anchor: str, *, is_own: bool = False) -> HttpResponse:
    name = "nmep:progress_mine" if is_own else "nmep:progress_detail"
    args = [enrolment.offering.slug] if is_own else [enrolment.offering.slug, enrolment.pk]
    response = redirect(name, *args)
    response["Location"] += f"#{anchor}"
    return response


@require_POST
def mark_change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Exempt, to do over, done: a line of the journal, with a reason."""
    enrolment = learner_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    form = MarkForm(request.POST, standing=progress.of(enrolment, timezone.now()))
    if form.is_valid():
        values = form.cleaned_data
        try:
            is_new = acts.mark(
                enrolment,
                values["assignment"],
                values["kind"],
                why=values["why"],
                by=user,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if is_new:
                messages.success(request, "Written into the journal. They see it on their page.")
            else:
                messages.info(request, "The journal says so already; nothing was written twice.")
            return _back(enrolment, "journal")
    return learner_page(request, enrolment, is_own=False, typed={"mark_form": form}, status=422)


@require_POST
def time_give(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """More time for one learner, without being asked."""
    enrolment = learner_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    form = TimeForm(request.POST, standing=progress.of(enrolment, timezone.now()))
    if form.is_valid():
        values = form.cleaned_data
        try:
            acts.give_time(
                enrolment,
                values["assignment"],
                days=values["days"],
                reason=values["reason"],
                why=values["why"],
                by=user,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "They have more time, and the journal says so.")
            return _back(enrolment, "journal")
    return learner_page(request, enrolment, is_own=False, typed={"time_form": form}, status=422)


@require_POST
def skill_see(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """How far they are with a skill, by somebody who saw it; or the tick behind a proposal."""
    enrolment = learner_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    if "confirm" in request.POST:
        return _confirm(request, enrolment, user)
    form = SkillForm(request.POST, standing=progress.of(enrolment, timezone.now()))
    if form.is_valid():
        values = form.cleaned_data
        try:
            mark = mastery.see(
                enrolment,
                values["skill"].skill,
                values["level"],
                by=user,
                now=timezone.now(),
                evidence=values["evidence"],
                link=values["link"],
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if mark:
                messages.success(request, "Written down. They see it on their page.")
            else:
                messages.info(request, "That is what the latest entry says already.")
            return _back(enrolment, "skills")
    return learner_page(request, enrolment, is_own=False, typed={"skill_form": form}, status=422)


def _confirm(request: HttpRequest, enrolment: Enrolment, user: User) -> HttpResponse:
    standing = progress.of(enrolment, timezone.now())
    wanted = request.POST["confirm"]
    proposal = next((row for row in mastery.proposals(standing) if str(row.skill.skill) == wanted), None)
    if proposal is None:
        messages.info(request, "That was settled meanwhile.")
        return _back(enrolment, "skills")
    try:
        mastery.see(
            enrolment,
            proposal.skill.skill,
            SkillMark.Level.GOT_IT,
            by=user,
            now=timezone.now(),
            evidence=f"{proposal.assignment.label} is done",
            submission=proposal.submission,
        )
        messages.success(request, f"Got it: {proposal.skill.name}.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return _back(enrolment, "skills")


@require_http_methods(["GET", "HEAD", "POST"])
def help_offer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Pick somebody who helps; both are told once, and not why."""
    enrolment = learner_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    standing = progress.of(enrolment, now)
    candidates = offers.candidates(standing)
    form = HelpForm(request.POST if request.method == "POST" else None, candidates=candidates)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            helper = form.people[form.cleaned_data["helper"]]
            try:
                _, is_new = offers.offer(enrolment, helper, by=user, now=now)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                if is_new:
                    messages.success(request, f"{helper} and {enrolment.person} get one mail each.")
                else:
                    messages.info(request, f"{helper} was asked already; nobody is told twice.")
                return _back(enrolment, "help")
        status = 422
    context = {
        "offering": enrolment.offering,
        "enrolment": enrolment,
        "progress": standing,
        "form": form,
        "candidates": candidates,
    }
    return render(request, "nmep/help_offer.html", context, status=status)


@require_POST
def help_end(request: HttpRequest, slug: str, pk: int, offer_pk: int) -> HttpResponse:
    """They have worked together; it is over."""
    enrolment = learner_for(request, slug, pk)
    offer = get_object_or_404(HelpOffer, pk=offer_pk, enrolment=enrolment)
    if offers.end(offer, now=timezone.now()):
        messages.success(request, "It is over. Thank them.")
    return _back(enrolment, "help")


@require_POST
def note_create(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """A note that the learner and the leads read; by the learner where no key is given."""
    is_own = pk is None
    enrolment = own_enrolment(request, slug) if pk is None else learner_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    form = NoteForm(request.POST)
    try:
        if form.is_valid():
            acts.add_note(enrolment, user, form.cleaned_data["text"], now=timezone.now())
    except Refused as refused:
        form.add_error(None, str(refused))
    if form.errors:
        return learner_page(request, enrolment, is_own=is_own, typed={"note_form": form}, status=422)
    messages.success(request, "Kept. Both of you read it." if not is_own else "Kept. Your leads read it too.")
    return _back(enrolment, "notes", is_own=is_own)


@require_POST
def note_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back one's own note."""
    user: User = request.user  # type: ignore[assignment]
    note = get_object_or_404(
        LearnerNote.objects.select_related("enrolment__offering"),
        pk=pk,
        author=user,
        enrolment__offering__slug=slug,
    )
    acts.remove_note(note, user)
    messages.success(request, "Gone.")
    return _back(note.enrolment, "notes", is_own=note.enrolment.person_id == user.pk)
