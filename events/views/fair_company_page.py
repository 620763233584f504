"""A company's own page, by a magic link: its registration, its booth, and what students opened to it."""

from __future__ import annotations

import csv
import io

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST

from events import fair_report, fair_students, fairs
from events.forms.fairs import CompanyChangeForm
from events.models import FairCompany
from events.notifications import FAIR_COMPANY
from events.views.organising import GET_POST
from members.exporting import harmless
from members.magic_links import by_magic_link, path_of
from members.models import MagicLink
from mlclub import uploads
from mlclub.refusal import Refused


def company_behind(link: MagicLink) -> FairCompany:
    """The company that a link opens; a 404 when it is gone or somebody else writes for it."""
    company = (
        FairCompany.objects.select_related("fair__event", "booth")
        .filter(pk=link.about_pk, contact_email__iexact=link.to)
        .first()
    )
    if company is None:
        raise Http404
    return company


def address_of(request: HttpRequest) -> str:
    """Where on the internet the request comes from, as far as the proxies in front are trusted."""
    return str(get_adapter().get_client_ip(request))


@by_magic_link(FAIR_COMPANY)
@require_http_methods(GET_POST)
def company_detail(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """Everything the company may know; its one post proves the address."""
    company, now = company_behind(link), timezone.now()
    if request.method == "POST":
        try:
            if fairs.confirm(company, now=now):
                messages.success(
                    request, "Thank you. The officers have your registration and answer by mail."
                )
        except Refused as refused:
            messages.warning(request, str(refused))
        return redirect(path_of(link))
    fair = company.fair
    has_report = company.is_accepted and not fair.event.is_cancelled and now >= fair.report_at
    context = {
        "link": link,
        "home": path_of(link),
        "company": company,
        "fair": fair,
        "event": fair.event,
        "now": now,
        "has_begun": fair.event.has_begun(now),
        "is_over": fair.event.is_over(now),
        "has_report": has_report,
        "report": fair_report.of(company, now) if company.is_accepted else None,
        "reads_resumes": company.reads_resumes(now),
        "students": fair_students.open_to(company, now),
    }
    return render(request, "events/company_detail.html", context)


@by_magic_link(FAIR_COMPANY)
@require_http_methods(GET_POST)
def company_edit(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """The company changes what it said of itself."""
    company, now = company_behind(link), timezone.now()
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = CompanyChangeForm(*sent, instance=company, fair=company.fair)
    if request.method == "POST" and form.is_valid():
        try:
            fairs.change(company, form.cleaned_data, logo=form.made, now=now)
            messages.success(request, "Saved.")
        except Refused as refused:
            messages.warning(request, str(refused))
        return redirect(path_of(link))
    context = {"home": path_of(link), "company": company, "fair": company.fair, "form": form}
    return render(request, "events/company_edit.html", context, status=422 if form.is_bound else 200)


@by_magic_link(FAIR_COMPANY)
@require_POST
def company_withdraw(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """The company does not come after all."""
    company = company_behind(link)
    try:
        if fairs.withdraw(company, now=timezone.now()):
            messages.success(request, "Taken back. We are sorry that you cannot come.")
        else:
            messages.info(request, "It was taken back already.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(path_of(link))


@by_magic_link(FAIR_COMPANY)
@require_POST
def company_resume(request: HttpRequest, link: MagicLink, pk: int) -> HttpResponseBase:
    """One résumé of a student who opened it to this company; the student sees that it was taken."""
    company = company_behind(link)
    taken = fair_students.take_resume(company, pk, address=address_of(request), now=timezone.now())
    if taken is None:
        raise Http404
    student, data = taken
    name = f"{slugify(student.user.display_name) or 'resume'}.pdf"
    return uploads.private(
        HttpResponse(data), "application/pdf", uploads.disposition(name, as_attachment=True)
    )


@by_magic_link(FAIR_COMPANY)
@require_POST
def company_list(request: HttpRequest, link: MagicLink) -> HttpResponseBase:
    """Everybody who is open to this company, as a table for a spreadsheet."""
    company, now = company_behind(link), timezone.now()
    if not company.reads_resumes(now):
        raise Http404
    students = fair_students.take_list(company, address=address_of(request), now=now)
    until = date_format(timezone.localtime(company.fair.resumes_until), "j F Y")
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow([harmless(f"For {company.name} alone; delete it by {until}")])
    writer.writerow(["name", "email", "studies", "graduates in", "résumé"])
    for student in students:
        cells = [
            student.user.display_name,
            student.user.email,
            student.field,
            student.graduates_in,
            "yes" if student.resume else "no",
        ]
        writer.writerow([harmless(cell) for cell in cells])
    name = f"{slugify(company.fair.slug)}-{slugify(company.name) or 'list'}.csv"
    return uploads.private(
        HttpResponse(held.getvalue()),
        "text/csv; charset=utf-8",
        uploads.disposition(name, as_attachment=True),
    )
