from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members import audit
from members.models import User
from nmep import people, review_times, rosters
from nmep.views.learners import led_offering


@require_safe
def roster(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody who learns here, a row each."""
    offering = led_offering(request, slug)
    user: User = request.user  # type: ignore[assignment]
    table = rosters.table(offering, timezone.now(), show=request.GET.get("show", ""))
    return render(
        request,
        "nmep/roster.html",
        {
            "offering": offering,
            "table": table,
            "times": review_times.in_all(offering, timezone.now()),
            "may_export": people.reader(user, offering).leads,
        },
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
