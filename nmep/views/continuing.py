from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mlclub.refusal import Refused
from nmep import continuing
from nmep.forms.capstones import NextForm
from nmep.models import Capstone
from nmep.views.capstones import GET_POST, capstone_for, place_in
from projects import lineage
from projects.models import Initiative


@require_http_methods(GET_POST)
def capstone_next(request: HttpRequest, slug: str, project: str) -> HttpResponse:
    """What happens next to this capstone? Its group or a lead says it, once."""
    capstone = capstone_for(request, slug, project)
    place = place_in(capstone, request.user)
    if not (place.is_member or place.leads):
        raise Http404
    if not capstone.awaits_decision:
        words = "That is decided already." if capstone.decided_at else "First it is presented."
        messages.info(request, words)
        return redirect(capstone)
    user: Any = request.user
    form = NextForm(request.POST or None, capstone=capstone, targets=_targets(capstone, user))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            successor = continuing.decide(
                capstone,
                data["kind"],
                by=user,
                people=data["people"],
                direction=data["direction"],
                name=data["name"],
                target=data.get("target"),
                now=timezone.now(),
            )
        except continuing.AlreadyDecided:
            messages.info(request, "Somebody of the group was quicker: it is decided.")
            return redirect(capstone)
        except lineage.Circle:
            form.add_error("target", "That project came of this one.")
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            words = (
                f"{capstone} goes on as {successor}." if successor else f"{capstone} ends here, with thanks."
            )
            messages.success(request, words)
            return redirect(successor or capstone)
    return render(
        request,
        "nmep/capstone_next.html",
        {"offering": capstone.offering, "capstone": capstone, "form": form},
        status=422 if form.is_bound else 200,
    )


def _targets(capstone: Capstone, user: Any) -> Any:
    """What it can join: what another capstone of the term became, and what its people work on already."""
    siblings = Capstone.objects.filter(offering=capstone.offering, successor__isnull=False)
    rows = Initiative.objects.visible_to(user).exclude(state__in=["done", "archived"])
    return (
        rows.filter(Q(pk__in=siblings.values("successor")) | Q(roles__person=user))
        .exclude(pk=capstone.initiative_id)
        .exclude(kind=Initiative.Kind.CAPSTONE)
        .distinct()
        .order_by("name")
    )
