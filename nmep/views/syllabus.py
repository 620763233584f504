from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from nmep import courses, people, planning, pulses
from nmep import syllabus as plan
from nmep.models import Offering, Program


def offering_for(request: HttpRequest, slug: str, *along: str) -> Offering:
    """The offering at an address, with what is to be fetched along, or a 404 for whoever may not see it."""
    rows = Offering.objects.visible_to(request.user).select_related("program", "term", *along)
    return get_object_or_404(rows, slug=slug)


@login_not_required
@require_safe
def current(request: HttpRequest) -> HttpResponse:
    """My current offering; for everybody else what is taught here, and when."""
    mine = people.current(request.user) if request.user.is_authenticated else None
    if mine is not None and "all" not in request.GET:
        return redirect(mine)
    offerings = (
        Offering.objects.visible_to(request.user)
        .select_related("program", "term")
        .order_by("-term__starts_on", "program__name")
    )
    return render(
        request,
        "nmep/current.html",
        {
            "programs": Program.objects.order_by("name"),
            "offerings": offerings,
            "mine": mine,
            "may_create": request.user.has_perm("nmep.add_offering"),
        },
    )


@login_not_required
@require_safe
def syllabus(request: HttpRequest, slug: str) -> HttpResponse:
    """The term at a glance."""
    offering = offering_for(request, slug)
    now = timezone.now()
    weeks = plan.weeks(offering, request.user, now)
    user = request.user
    return render(
        request,
        "nmep/syllabus.html",
        {
            "offering": offering,
            "weeks": weeks,
            "band": planning.band(meeting.session for week in weeks for meeting in week.meetings),
            "week_now": plan.week_now(weeks),
            "roles": people.roles(user, offering),
            "leads": people.leads_of(offering),
            "shows_materials": plan.shows_materials(offering, user),
            "now": now,
        },
    )


@login_not_required
@require_safe
def week_detail(request: HttpRequest, slug: str, week: int) -> HttpResponse:
    """One week on one page: class, notes, exercise, homework, party."""
    offering = offering_for(request, slug, "course_policy")
    now = timezone.now()
    user = request.user
    roles = people.roles(user, offering)
    ends = plan.ends_of(offering)
    found = plan.weeks(offering, user, now, only=week, ends=ends)
    if not found:
        raise Http404
    numbers = sorted(ends)
    place = numbers.index(week)
    return render(
        request,
        "nmep/week_detail.html",
        {
            "offering": offering,
            "week": found[0],
            "weeks_in_all": len(numbers),
            "before": numbers[place - 1] if place else None,
            "after": numbers[place + 1] if place + 1 < len(numbers) else None,
            "is_in": roles.belongs,
            "roles": roles,
            **courses.check_in_of(user, offering, week, learns=roles.learns),
            "shows_materials": plan.shows_materials(offering, user),
            "pulses": pulses.shown(
                [meeting.session for meeting in found[0].meetings], user, now, leads=roles.leads
            ),
            "now": now,
        },
    )
