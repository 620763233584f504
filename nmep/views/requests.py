"""What learners ask for, absences and more time, and how leads answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import User
from mlclub.refusal import Refused
from nmep import absences, acts, extensions, people
from nmep.forms.mastery import AbsenceForm, AnswerForm, ExtensionForm, SpendForm
from nmep.models import Absence, Assignment, Enrolment, ExtensionRequest
from nmep.views.assignments import assignment_for
from nmep.views.learners import led_offering, own_enrolment


@require_http_methods(["GET", "HEAD", "POST"])
def absence_mine(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that I cannot come, before or after; and what became of it."""
    enrolment = own_enrolment(request, slug)
    now = timezone.now()
    sessions = absences.askable(enrolment, now) if enrolment.is_learning else []
    form = AbsenceForm(request.POST if request.method == "POST" else None, sessions=sessions, now=now)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            values = form.cleaned_data
            try:
                absences.ask(
                    enrolment,
                    form.sessions[values["session"]],
                    reason=values["reason"],
                    text=values["text"],
                    now=now,
                )
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, "Your leads know, and answer here.")
                return redirect("nmep:absence_mine", slug)
        status = 422
    context = {
        "offering": enrolment.offering,
        "enrolment": enrolment,
        "form": form if sessions else None,
        "absences": Absence.objects.filter(enrolment=enrolment)
        .select_related("session__event")
        .order_by("session__event__starts_at"),
        "now": now,
    }
    return render(request, "nmep/absence_mine.html", context, status=status)


@require_POST
def absence_take_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """I come after all."""
    enrolment = own_enrolment(request, slug)
    absence = get_object_or_404(Absence, pk=pk, enrolment=enrolment)
    if absences.take_back(absence):
        messages.success(request, "Taken back: you are expected.")
    else:
        messages.info(request, "A lead has answered it already.")
    return redirect("nmep:absence_mine", slug)


@require_safe
def request_list(request: HttpRequest, slug: str) -> HttpResponse:
    """What learners have asked for, each with one click to answer."""
    offering = led_offering(request, slug)
    answered = (
        Absence.objects.filter(enrolment__offering=offering)
        .exclude(state=Absence.State.ASKED)
        .select_related("enrolment__person", "session__event", "decided_by")
        .order_by("-decided_at")
    )
    given = (
        ExtensionRequest.objects.filter(enrolment__offering=offering)
        .exclude(state=ExtensionRequest.State.ASKED)
        .select_related("enrolment__person", "assignment", "decided_by")
        .order_by("-decided_at")
    )
    context = {
        "offering": offering,
        "absences": absences.waiting_in(offering),
        "extensions": extensions.waiting_in(offering),
        "answered": answered[:20],
        "given": given[:20],
        "roles": people.roles(request.user, offering),
    }
    return render(request, "nmep/request_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def absence_decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Excuse or not: where the mail leads, and what the list posts to."""
    offering = led_offering(request, slug)
    rows = Absence.objects.select_related("enrolment__person", "session__event", "decided_by")
    absence = get_object_or_404(rows, pk=pk, enrolment__offering=offering)
    absence.enrolment.offering = offering
    _not_ones_own(request, absence.enrolment)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user: User = request.user  # type: ignore[assignment]
        absence.state = form.cleaned_data["seen"] or absence.state
        try:
            absences.answer(
                absence,
                is_excused=form.cleaned_data["answer"] == "yes",
                by=user,
                now=timezone.now(),
                why=form.cleaned_data["why"],
            )
            messages.success(request, f"{absence.enrolment.person} is told that there is an answer.")
        except Refused as refused:
            messages.warning(request, str(refused))
        return redirect("nmep:request_list", slug)
    status = 422 if request.method == "POST" else 200
    context = {"offering": offering, "absence": absence, "is_frozen": acts.is_frozen(absence.enrolment)}
    return render(request, "nmep/absence_decide.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def extension_decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Grant more time or not: where the mail leads, and what the list posts to."""
    offering = led_offering(request, slug)
    rows = ExtensionRequest.objects.select_related("enrolment__person", "assignment", "decided_by")
    wanted = get_object_or_404(rows, pk=pk, enrolment__offering=offering)
    _not_ones_own(request, wanted.enrolment)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user: User = request.user  # type: ignore[assignment]
        try:
            extensions.answer(
                wanted,
                is_granted=form.cleaned_data["answer"] == "yes",
                days=form.cleaned_data["days"],
                by=user,
                now=timezone.now(),
            )
            messages.success(request, f"{wanted.enrolment.person} is told that there is an answer.")
        except Refused as refused:
            messages.warning(request, str(refused))
        return redirect("nmep:request_list", slug)
    status = 422 if request.method == "POST" else 200
    wanted.assignment.offering = offering
    context = {"offering": offering, "wanted": wanted, "form": form}
    return render(request, "nmep/extension_decide.html", context, status=status)


def _not_ones_own(request: HttpRequest, enrolment: Enrolment) -> None:
    """Nobody answers their own request, whatever office they hold."""
    if enrolment.person_id == request.user.pk:
        raise Http404


def _learning(request: HttpRequest, slug: str, key: str) -> tuple[Enrolment, Assignment]:
    assignment = assignment_for(request, slug, key)
    enrolment = people.learner(request.user, assignment.offering)
    if enrolment is None:
        raise Http404
    enrolment.offering = assignment.offering
    return enrolment, assignment


@require_POST
def extension_ask(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """One tap: ask the leads for more days."""
    enrolment, assignment = _learning(request, slug, key)
    form = ExtensionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say how many days, from 1 to 30, and which kind of reason.")
        return _to_time(assignment)
    try:
        wanted = extensions.ask(enrolment, assignment, now=timezone.now(), **form.cleaned_data)
        days = f"{wanted.days} more day{'' if wanted.days == 1 else 's'}"
        messages.success(request, f"Asked for {days}. Your leads answer here.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return _to_time(assignment)


@require_POST
def late_days_spend(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Put late days of one's own on an assignment."""
    enrolment, assignment = _learning(request, slug, key)
    form = SpendForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say how many of your late days, as a number.")
        return _to_time(assignment)
    try:
        is_new = extensions.spend(
            enrolment,
            assignment,
            days=form.cleaned_data["days"],
            seen_due=form.cleaned_data["due"],
            now=timezone.now(),
        )
        if is_new:
            messages.success(request, "Spent. The due date below is yours.")
        else:
            messages.info(request, "Your due date had changed already; no late day was spent.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return _to_time(assignment)


def _to_time(assignment: Assignment) -> HttpResponse:
    return redirect(f"{assignment.get_absolute_url()}#time")
