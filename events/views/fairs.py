"""A career fair as everybody sees it: its page, its plan, the form for companies, and the students' wishes."""

from __future__ import annotations

from typing import Any

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from events import fair_students, fairs, registrations
from events.forms.fairs import CompanyForm, StudentForm
from events.models import Fair, FairCompany, FairDisclosure, FairStudent, Registration
from events.registrations import Answer
from events.views.organising import GET_POST
from events.views.seats import said
from mlclub import uploads
from mlclub.refusal import Refused

#: Forms that one network, and one address, may send: each sends a mail, so nobody may while nobody can count.
RATE = {"fair-company": "20/h/ip", "fair-address": "4/h/key"}


def fair_for(user: Any, slug: str) -> Fair:
    """The fair, or a 404 for whoever may not know of its event."""
    fairs_seen = Fair.objects.visible_to(user).select_related("event").prefetch_related("event__hosts")
    return get_object_or_404(fairs_seen, slug=slug)


def fair_run_by(user: Any, slug: str) -> Fair:
    """The fair for the hosts of its event and for officers; a 403 for others who see it."""
    fair = fair_for(user, slug)
    if not fair.event.is_run_by(user):
        raise PermissionDenied
    return fair


@login_not_required
@require_safe
def fair_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """What the fair is, who comes to it, and the next step for a student and for a company."""
    fair = fair_for(request.user, slug)
    user, now = request.user, timezone.now()
    companies = list(fair.companies.accepted().select_related("booth"))
    is_going = user.is_authenticated and (
        Registration.objects.live().filter(event=fair.event_id, user=user).exists()
    )
    context = {
        "fair": fair,
        "event": fair.event,
        "companies": companies,
        "is_going": is_going,
        "runs": fair.event.is_run_by(user),
        "now": now,
        "takes_companies": fair.takes_companies(now),
        "takes_wishes": fair.takes_wishes(now),
    }
    return render(request, "events/fair_detail.html", context)


@login_not_required
@require_safe
def fair_booths(request: HttpRequest, slug: str) -> HttpResponse:
    """The plan of the booths, and the companies by name; made to be printed, too."""
    fair = fair_for(request.user, slug)
    booths = list(fair.booths.select_related("company"))
    placed = sorted(
        (each for each in booths if hasattr(each, "company")), key=lambda each: each.company.name.lower()
    )
    context = {"fair": fair, "event": fair.event, "rows": fairs.booths_by_row(booths), "placed": placed}
    return render(request, "events/fair_booths.html", context)


@login_not_required
@require_safe
def fair_logo(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """A company's logo: public once it is accepted, before that for whoever runs the fair."""
    fair = fair_for(request.user, slug)
    companies = fair.companies.exclude(logo="")
    companies = companies.proven() if fair.event.is_run_by(request.user) else companies.accepted()
    company = get_object_or_404(companies, pk=pk)
    return uploads.serve_private(request, company.logo, f"logo-{company.pk}", as_attachment=False)


@login_not_required
@never_cache
@require_http_methods(GET_POST)
def fair_register(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for companies; the link in the mail that follows is their way in."""
    fair = fair_for(request.user, slug)
    now = timezone.now()
    is_open, status = fair.takes_companies(now), 200
    form = CompanyForm(request.POST or None, request.FILES or None, fair=fair)
    if request.method == "POST" and is_open:
        if form.is_valid():
            if is_too_much(request, form.cleaned_data["contact_email"]):
                return render(request, "429.html", status=429)
            try:
                if not form.is_machine:
                    fairs.register(fair, form.cleaned_data, logo=form.made, now=now)
            except Refused as refused:
                messages.warning(request, str(refused))
                return redirect(fair)
            # The same words whether the address is known or not, and for machines.
            messages.success(request, "Look into your mail: the link there confirms the registration.")
            return redirect(fair)
        status = 422
    elif request.method == "POST":
        messages.warning(request, "Registration for companies is closed.")
        return redirect(fair)
    context = {"fair": fair, "event": fair.event, "form": form, "is_open": is_open}
    return render(request, "events/fair_register.html", context, status=status)


def is_too_much(request: HttpRequest, address: str) -> bool:
    """Whether this network, or this address, has had its share of mail."""
    by_network = ratelimit.consume(request, app="events", action="fair-company", config=RATE)
    by_address = ratelimit.consume(
        request, app="events", action="fair-address", config=RATE, key=address.strip().lower()
    )
    return by_network is None or by_address is None


@never_cache
@require_http_methods(GET_POST)
def fair_students_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One's own part: coming, whom to meet, who may know one, the résumé, and who took what."""
    user: Any = request.user
    fair = fair_for(user, slug)
    now = timezone.now()
    mine = FairStudent.objects.visible_to(user).filter(fair=fair).first()
    companies = list(fair.companies.accepted().select_related("booth"))
    if request.method == "POST" and "withdraw" in request.POST:
        if fair_students.withdraw(fair, user):
            messages.success(request, "Taken back. Your ticks and your résumé are deleted.")
        else:
            messages.info(request, "There was nothing to take back.")
        return redirect("events:fair_students", fair.slug)
    form = student_form(request, fair, mine, companies)
    if request.method == "POST" and form.is_valid():
        return saved(request, fair, form)
    seen = FairDisclosure.objects.filter(person=user, company__fair=fair).select_related("company")[:200]
    context = {
        "fair": fair,
        "event": fair.event,
        "form": form,
        "mine": mine,
        "seen": seen,
        "now": now,
        "takes_wishes": fair.takes_wishes(now),
        "is_going": Registration.objects.live().filter(event=fair.event_id, user=user).exists(),
        "is_open": fair.event.is_open(now),
    }
    return render(request, "events/fair_students.html", context, status=422 if form.is_bound else 200)


def student_form(
    request: HttpRequest, fair: Fair, mine: FairStudent | None, companies: list[FairCompany]
) -> StudentForm:
    """The form with what was said, or with what was just typed."""
    user: Any = request.user
    ticks = list(mine.ticks.all()) if mine else []
    initial: dict[str, Any] = {
        "meets": [str(row.company_id) for row in ticks if row.wants_to_meet],
        "opens": [str(row.company_id) for row in ticks if row.is_open],
    }
    if mine is None:
        initial |= {
            "field": user.study[:80],
            "graduates_in": user.graduates_on.year if user.graduates_on else None,
        }
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    return StudentForm(*sent, instance=mine, initial=initial, fair=fair, companies=companies)


def saved(request: HttpRequest, fair: Fair, form: StudentForm) -> HttpResponse:
    """Write it down, and sign the student up for the event while that is possible."""
    user: Any = request.user
    given, now = form.cleaned_data, timezone.now()
    try:
        fair_students.save(
            fair,
            user,
            field=given["field"],
            graduates_in=given["graduates_in"],
            meets=[int(pk) for pk in given["meets"]],
            opens=[int(pk) for pk in given["opens"]],
            opens_to_all=given["is_open_to_all"],
            resume=form.made,
            removes_resume="remove_resume" in request.POST,
            now=now,
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(fair)
    messages.success(request, "Saved.")
    if fair.event.is_open(now):
        outcome = registrations.register(fair.event, user, now=now)
        if outcome.is_live and not outcome.is_repeat:
            tone = messages.SUCCESS if outcome.answer == Answer.GOING else messages.WARNING
            messages.add_message(request, tone, said(outcome, fair.event))
    return redirect("events:fair_students", fair.slug)


@require_safe
def fair_door(request: HttpRequest, slug: str) -> HttpResponse:
    """The fair's door is the door of its event."""
    fair = fair_run_by(request.user, slug)
    return redirect("events:event_door", fair.event_id)
