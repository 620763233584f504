from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members.models import User
from mlclub.refusal import Refused
from nmep import cloning, stages
from nmep.forms.meetings import StepForm
from nmep.models import Offering, Session
from nmep.views.learners import led_with_roles

GET_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_POST)
def offering_state(request: HttpRequest, slug: str) -> HttpResponse:
    """What state the term is in, what comes next and what it means, and its meetings."""
    offering, roles = led_with_roles(request, slug)
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    found = [
        (step, StepForm(initial={"to": step.to}, needs_reason=step.needs_reason))
        for step in stages.steps(offering, user)
    ]
    status = 200
    if request.method == "POST":
        wanted = request.POST.get("to", "")
        step = next((step for step, _ in found if step.to == wanted), None)
        form = StepForm(request.POST, needs_reason=bool(step and step.needs_reason))
        if form.is_valid():
            try:
                taken = stages.take(
                    offering, wanted, by=user, now=now, reason=form.cleaned_data.get("reason", "")
                )
            except Refused as problem:
                messages.warning(request, str(problem))
            else:
                state = Offering.State(wanted).label.lower() if taken else ""
                messages.success(request, f"It is {state} now." if taken else "It was so already.")
            return redirect("nmep:offering_state", slug)
        found = [(each, form if each.to == wanted else shown) for each, shown in found]
        status = 422
    sessions = Session.objects.filter(offering=offering).select_related("event").defer("search")
    made_from = None
    if offering.cloned_from_id is not None:
        made_from = Offering.objects.select_related("program", "term").get(pk=offering.cloned_from_id)
    return render(
        request,
        "nmep/offering_state.html",
        {
            "offering": offering,
            "roles": roles,
            "steps": found,
            "made_from": made_from,
            "states": Offering.State.choices,
            "sessions": sessions.order_by("event__starts_at"),
            "is_archived": offering.state == Offering.State.ARCHIVED,
            "is_source": offering.state in cloning.SOURCES,
            "now": now,
        },
        status=status,
    )
