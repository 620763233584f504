"""Oral exams of an offering: slots, and results that few may see."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events.models import Claim
from events.sheets import sheet_of
from members.models import User
from mlclub.refusal import Refused
from nmep import orals, people, sheets
from nmep.forms import OralResultForm, OralSlotsForm
from nmep.models import Enrolment, Offering, OfferingSheet, OralResult
from nmep.views.papers import led
from nmep.views.syllabus import offering_for

KIND = OfferingSheet.Kind.ORAL


def staff_of(offering: Offering) -> Any:
    """Those who may examine."""
    rows = Enrolment.objects.staff().filter(offering=offering)
    return User.objects.filter(pk__in=rows.values("person")).order_by("name", "pk")


@require_safe
def oral_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Times that are free or taken; for examiners whom they examine, for leads who has none."""
    return oral_page(request, slug)


def oral_page(request: HttpRequest, slug: str, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Draw the page, with whatever form was refused."""
    offering = offering_for(request, slug)
    user: Any = request.user
    own = sheets.sheet_of_kind(offering, KIND)
    owner = sheets.ProgrammeSheet(own) if own else None
    roles = owner.roles(user) if owner else people.roles(user, offering)
    if owner is None and not roles.leads and not roles.belongs:
        raise Http404
    context: dict[str, Any] = {"offering": offering, "roles": roles, "own": own, "slots_form": None, **forms}
    if roles.leads and offering.state != Offering.State.ARCHIVED:
        context["slots_form"] = context["slots_form"] or OralSlotsForm(staff=staff_of(offering))
    if own is not None and owner is not None:
        access = owner.access(user)
        if access is None:
            raise Http404
        shown = sheet_of(own.sheet, user, access, timezone.now())
        results = OralResult.objects.visible_to(user).filter(enrolment__offering=offering)
        known = list(results.select_related("enrolment", "examiner").order_by("at", "pk"))
        by_claim = {result.claim_id: result for result in known}
        context |= {
            "shown": shown,
            "sheet": own.sheet,
            "access": access,
            "now": shown.now,
            "to_examine": [
                (row, claim, by_claim.get(claim.pk))
                for row in shown.rows
                for claim in row.claims
                if claim.state in (Claim.State.HELD, Claim.State.DONE)
                and any(helper.pk == user.pk for helper in row.slot.helpers.all())
            ],
            "mine": [result for result in reversed(known) if result.enrolment.person_id == user.pk],
            "standings": orals.standings(offering, known) if roles.leads else [],
        }
    return render(request, "nmep/oral_list.html", context, status=status)


@require_POST
def oral_create(request: HttpRequest, slug: str) -> HttpResponse:
    """A day of slots in one go."""
    offering, user = led(request, slug)
    form = OralSlotsForm(request.POST, staff=staff_of(offering))
    if not form.is_valid():
        return oral_page(request, slug, slots_form=form, status=422)
    said = form.cleaned_data
    made = sheets.add_orals(offering, by=user, **{**said, "examiners": list(said["examiners"])})
    if made:
        messages.success(request, f"{len(made)} slot{'' if len(made) == 1 else 's'} added.")
    else:
        messages.warning(request, "No slot fits there that is not on the sheet already.")
    return redirect("nmep:oral_list", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def oral_result(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Write how an exam went: its examiners and the leads. The learner reads it on the page of the exams."""
    offering = offering_for(request, slug)
    user: User = request.user  # type: ignore[assignment]
    own = get_object_or_404(OfferingSheet, offering=offering, kind=KIND)
    rows = Claim.objects.taking().select_related("slot__sheet", "slot__event", "person")
    claim = get_object_or_404(rows, pk=pk, slot__sheet=own.sheet_id)
    leads = people.may_lead(user, offering)
    if claim.person == user or not orals.may_examine(user, claim.slot, leads=leads):
        raise Http404
    result = OralResult.objects.filter(claim=claim).first()
    form = OralResultForm(request.POST or None, instance=result)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            orals.record(claim, user, now=timezone.now(), **said)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Kept. {claim.person} is told that it is there.")
            return redirect("nmep:oral_list", slug)
    return render(
        request,
        "nmep/oral_result.html",
        {"offering": offering, "claim": claim, "form": form, "result": result},
        status=422 if form.is_bound else 200,
    )
