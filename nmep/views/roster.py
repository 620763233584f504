from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members import audit
from members.models import User
from nmep import people, progress, rosters
from nmep.models import Enrolment, MarkChange, Offering
from nmep.views.syllabus import offering_for


def led_offering(request: HttpRequest, slug: str) -> Offering:
    """The offering, for its leads and the officer for education."""
    offering = offering_for(request, slug)
    if not people.may_lead(request.user, offering):
        raise Http404
    return offering


@require_safe
def progress_mine(request: HttpRequest, slug: str) -> HttpResponse:
    """What I have done, owe and need, in the same words that staff see."""
    offering = offering_for(request, slug)
    enrolment = people.learner(request.user, offering)
    if enrolment is None:
        raise Http404
    return _progress(request, offering, enrolment, is_own=True)


@require_safe
def progress_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The same page about one learner, for leads and the officer for education."""
    offering = led_offering(request, slug)
    enrolment = get_object_or_404(
        Enrolment.objects.learners().filter(offering=offering).select_related("person", "offering__term"),
        pk=pk,
    )
    return _progress(request, offering, enrolment, is_own=False)


def _progress(
    request: HttpRequest, offering: Offering, enrolment: Enrolment, *, is_own: bool
) -> HttpResponse:
    now = timezone.now()
    enrolment.offering = offering
    journal = (
        MarkChange.objects.filter(enrolment=enrolment)
        .select_related("assignment", "by")
        .order_by("-at", "-pk")
    )
    return render(
        request,
        "nmep/progress_detail.html",
        {
            "offering": offering,
            "enrolment": enrolment,
            "progress": progress.of(enrolment, now),
            "journal": journal[:40],
            "is_own": is_own,
            "now": now,
        },
    )


@require_safe
def roster(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody who learns here, a row each."""
    offering = led_offering(request, slug)
    user: User = request.user  # type: ignore[assignment]
    table = rosters.table(offering, timezone.now(), show=request.GET.get("show", ""))
    return render(
        request,
        "nmep/roster.html",
        {"offering": offering, "table": table, "may_export": people.may_lead(user, offering)},
    )


@require_POST
def roster_export(request: HttpRequest, slug: str) -> HttpResponse:
    """The roster as CSV; who took it is written into the audit trail."""
    offering = led_offering(request, slug)
    user: User = request.user  # type: ignore[assignment]
    table = rosters.table(offering, timezone.now())
    audit.record(user, "roster-exported", offering, after={"rows": len(table.rows)})
    response = HttpResponse(rosters.csv_of(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="roster-{offering.slug}.csv"'
    return response
