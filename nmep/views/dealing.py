from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from members.models import User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import dealing, review_times
from nmep.models import Assignment, Enrolment, Offering
from nmep.views.learners import led_offering


@require_http_methods(["GET", "HEAD", "POST"])
def review_deal(request: HttpRequest, slug: str) -> HttpResponse:
    """Who has how much; a preview of who would get what; and, once it is sent, the deal."""
    offering = led_offering(request, slug)
    if request.method == "POST":
        return _deal(request, offering)
    now = timezone.now()
    table = review_times.of(offering, now)
    holders = dealing.holders(offering, table)
    undealt = dict(
        dealing.untouched()
        .filter(assignment__offering=offering, reviewer=None)
        .order_by()
        .values_list("assignment")
        .annotate(n=Count("pk"))
    )
    assignment = next((row for row, _ in table.assignments if row.key == request.GET.get("hw")), None)
    again = "again" in request.GET
    wanted = set(request.GET.getlist("with"))
    chosen = [row.person for row in holders if not wanted or str(row.person.pk) in wanted]
    proposals = []
    if assignment is not None:
        proposals = dealing.plan(assignment, chosen, table, again=again)
    return render(
        request,
        "nmep/review_deal.html",
        {
            "offering": offering,
            "holders": holders,
            "times": table,
            "work": [(row, undealt.get(row.pk, 0)) for row, spent in table.assignments if spent.waiting],
            "assignment": assignment,
            "again": again,
            "chosen": {person.pk for person in chosen},
            "proposals": proposals,
            "now": now,
        },
    )


def _deal(request: HttpRequest, offering: Offering) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    assignment = get_object_or_404(Assignment, offering=offering, key=request.POST.get("hw", ""))
    pairs: dict[int, tuple[int | None, int]] = {}
    for name, value in request.POST.items():
        pk = name.removeprefix("to-")
        if name.startswith("to-") and number_of(pk) and number_of(value):
            seen = number_of(request.POST.get(f"seen-{pk}", ""))
            pairs[number_of(pk)] = (seen or None, number_of(value))
    try:
        outcome = dealing.deal(assignment, pairs, by=user)
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("nmep:review_deal", offering.slug)
    if outcome.dealt:
        messages.success(request, f"{outcome.dealt} dealt. Each stands in the queue of its reviewer.")
    if outcome.skipped:
        messages.warning(
            request,
            f"{outcome.skipped} stayed as they were: taken, answered or dealt by somebody else meanwhile, "
            "or the reviewer’s own work.",
        )
    if not pairs:
        messages.info(request, "Nothing was chosen, so nothing was dealt.")
    return redirect("nmep:review_deal", offering.slug)


@require_POST
def review_take_back(request: HttpRequest, slug: str) -> HttpResponse:
    """What somebody was dealt and has not begun goes back into the queue."""
    offering = led_offering(request, slug)
    user: User = request.user  # type: ignore[assignment]
    wanted = request.POST.get("reviewer", "")
    staff = Enrolment.objects.staff().filter(offering=offering).select_related("person")
    holder = staff.filter(person=number_of(wanted)).first()
    if holder is None:
        messages.warning(request, "Choose somebody who reviews here.")
        return redirect("nmep:review_deal", offering.slug)
    try:
        n = dealing.take_back(offering, holder.person, by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("nmep:review_deal", offering.slug)
    if n:
        messages.success(request, f"{n} taken back from {holder.person.display_name}.")
    else:
        messages.info(request, f"{holder.person.display_name} has nothing that was dealt and not begun.")
    return redirect("nmep:review_deal", offering.slug)
