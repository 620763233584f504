"""A career fair as its officers run it: what it is, the companies, their booths, and a look at each report."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import fair_report, fairs
from events.access import event_run_by
from events.forms.fairs import AnswerForm, AssignForm, BoothsForm, FairForm, HandOverForm, NotesForm
from events.models import Booth, Fair, FairCompany
from events.views.fairs import fair_run_by
from events.views.organising import GET_POST
from mlclub.refusal import Refused
from mlclub.typed import number as number_of

State = FairCompany.State


@require_http_methods(GET_POST)
def fair_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an event a career fair, or change what it is as one."""
    event = event_run_by(request.user, pk)
    fair = Fair.objects.filter(event=event).first()
    form = FairForm(request.POST or None, instance=fair, event=event)
    if request.method == "POST" and form.is_valid():
        fair = form.save()
        messages.success(request, "Saved. Companies register on the fair’s page.")
        return redirect(fair)
    context = {"event": event, "fair": fair, "form": form}
    return render(request, "events/fair_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(GET_POST)
def fair_companies(request: HttpRequest, slug: str) -> HttpResponse:
    """All companies by where they stand, the booths, and how many there are of each."""
    fair = fair_run_by(request.user, slug)
    form = BoothsForm(request.POST or None)
    if request.method == "POST" and "remove" in request.POST:
        booth = get_object_or_404(Booth, fair=fair, pk=number_of(request.POST["remove"]))
        try:
            fairs.remove_booth(booth)
        except Refused as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, f"Booth {booth.number} is off the plan.")
        return redirect("events:fair_companies", fair.slug)
    if request.method == "POST" and form.is_valid():
        try:
            new = fairs.add_booths(fair, **form.cleaned_data)
        except Refused as refused:
            form.add_error("last", str(refused))
        else:
            messages.success(request, f"{new} new {'booth' if new == 1 else 'booths'} on the plan.")
            return redirect("events:fair_companies", fair.slug)
    companies = list(fair.companies.proven().select_related("booth"))
    booths = list(fair.booths.select_related("company"))
    context = {
        "fair": fair,
        "event": fair.event,
        "form": form,
        "groups": [
            (state.label, [company for company in companies if company.state == state]) for state in State
        ],
        "rows": fairs.booths_by_row(booths),
        "unproven": fair.companies.filter(confirmed_at=None).count(),
        "free": sum(not hasattr(booth, "company") for booth in booths),
        "students": fair.students.count(),
    }
    return render(request, "events/fair_companies.html", context, status=422 if form.is_bound else 200)


def company_of(fair: Fair, pk: int) -> FairCompany:
    """A company that proved its address, or a 404."""
    company = get_object_or_404(fair.companies.proven().select_related("booth", "decided_by"), pk=pk)
    company.fair = fair
    return company


def fair_company_context(request: HttpRequest, company: FairCompany, **forms: Any) -> dict[str, Any]:
    """The page of one company with all its forms, or with the one that was sent back."""
    return {
        "fair": company.fair,
        "event": company.fair.event,
        "company": company,
        "now": timezone.now(),
        "answer_form": AnswerForm(company=company),
        "assign_form": AssignForm(company=company),
        "notes_form": NotesForm(instance=company),
        "hand_over_form": HandOverForm(),
        **forms,
    }


@require_safe
def fair_company(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One company: what it said, the answer, its booth, notes."""
    company = company_of(fair_run_by(request.user, slug), pk)
    return render(request, "events/fair_company.html", fair_company_context(request, company))


@require_POST
def fair_company_answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Accept or decline; whoever is second is told what it was answered."""
    user: Any = request.user
    company = company_of(fair_run_by(user, slug), pk)
    form = AnswerForm(request.POST, company=company)
    if not form.is_valid():
        return _again(request, company, answer_form=form)
    now, answer = timezone.now(), form.cleaned_data["answer"]
    try:
        if "decline" in request.POST:
            fairs.decline(company, by=user, answer=answer, now=now)
            messages.success(request, f"{company.name} is told that it cannot come.")
        else:
            fairs.accept(company, by=user, answer=answer, booth=form.cleaned_data["booth"], now=now)
            messages.success(request, f"{company.name} is told that it comes.")
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("events:fair_company", slug, pk)
    return redirect("events:fair_companies", slug)


@require_POST
def fair_company_booth(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Another booth, or none."""
    company = company_of(fair_run_by(request.user, slug), pk)
    form = AssignForm(request.POST, company=company)
    if not form.is_valid():
        return _again(request, company, assign_form=form)
    booth = form.cleaned_data["booth"]
    try:
        if fairs.assign(company, booth, now=timezone.now()):
            where = f"has booth {booth.number}" if booth else "has no booth now"
            messages.success(request, f"{company.name} {where}, and is told in ten minutes.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("events:fair_company", slug, pk)


@require_POST
def fair_company_notes(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The officers' notes, or somebody else who writes for the company."""
    user: Any = request.user
    company = company_of(fair_run_by(user, slug), pk)
    if "hand_over" in request.POST:
        form = HandOverForm(request.POST)
        if not form.is_valid():
            return _again(request, company, hand_over_form=form)
        try:
            fairs.hand_over(company, by=user, now=timezone.now(), **form.cleaned_data)
            messages.success(request, f"{form.cleaned_data['name']} gets a link of their own.")
        except Refused as refused:
            messages.warning(request, str(refused))
        return redirect("events:fair_company", slug, pk)
    notes = NotesForm(request.POST, instance=company)
    if not notes.is_valid():
        return _again(request, company, notes_form=notes)
    FairCompany.objects.filter(pk=company.pk).update(notes=notes.cleaned_data["notes"])
    messages.success(request, "Saved.")
    return redirect("events:fair_company", slug, pk)


def _again(request: HttpRequest, company: FairCompany, **sent: Any) -> HttpResponse:
    context = fair_company_context(request, company, **sent)
    return render(request, "events/fair_company.html", context, status=422)


@require_safe
def fair_report_preview(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a company is told a week later; who let it know them is for the company alone."""
    company = company_of(fair_run_by(request.user, slug), pk)
    now = timezone.now()
    context = {
        "fair": company.fair,
        "event": company.fair.event,
        "company": company,
        "report": fair_report.of(company, now),
        "now": now,
    }
    return render(request, "events/fair_report.html", context)
