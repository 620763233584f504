from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members.models import User
from mlclub.refusal import Refused
from nmep import cloning, stale_text
from nmep.forms.cloning import CloneForm
from nmep.models import Offering
from nmep.stale_text import Report
from nmep.views.learners import led_with_roles

GET_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_POST)
def offering_clone(request: HttpRequest, slug: str) -> HttpResponse:
    """The next term from this one: choose, see every date, make the draft."""
    offering, roles = led_with_roles(request, slug)
    terms = cloning.terms_for(offering, timezone.localdate())
    asked = request.POST if request.method == "POST" else request.GET if "term" in request.GET else None
    form = CloneForm(asked, source=offering, terms=terms)
    plan = cloning.plan(offering, form.wish()) if form.is_bound and form.is_valid() else None
    if request.method == "POST" and plan is not None:
        if request.POST.get("seen") != plan.seal:
            form.add_error(None, "The dates have changed since you looked at them. Look again.")
        else:
            answer = _make(request, form, plan)
            if answer is not None:
                return answer
    drafts = Offering.objects.visible_to(request.user).filter(cloned_from=offering)
    return render(
        request,
        "nmep/offering_clone.html",
        {
            "offering": offering,
            "roles": roles,
            "form": form,
            "plan": plan,
            "terms": terms,
            "is_source": offering.state in cloning.SOURCES,
            "drafts": drafts.select_related("program", "term"),
        },
        status=422 if form.is_bound and form.errors else 200,
    )


def _make(request: HttpRequest, form: CloneForm, plan: cloning.Plan) -> HttpResponse | None:
    user: User = request.user  # type: ignore[assignment]
    try:
        outcome = cloning.clone(plan, by=user, now=timezone.now())
    except Refused as problem:
        form.add_error(None, str(problem))
        return None
    if outcome.is_new:
        messages.success(
            request, f"The draft of {outcome.offering} is made. Nobody but you and officers sees it."
        )
    else:
        messages.info(request, f"The draft of {outcome.offering} was there already.")
    return redirect("nmep:offering_stale", outcome.offering.slug)


@require_http_methods(GET_POST)
def offering_stale(request: HttpRequest, slug: str) -> HttpResponse:
    """Every text that still speaks of another term, with a field to mend it."""
    offering, roles = led_with_roles(request, slug)
    is_archived = offering.state == Offering.State.ARCHIVED
    typed: dict[str, Any] = {}
    if request.method == "POST" and not is_archived:
        try:
            return _mend(request, offering)
        except stale_text.Changed:
            messages.warning(request, "That line has changed since you saw it. Here it is as it stands now.")
            return redirect("nmep:offering_stale", slug)
        except ValidationError as problem:
            typed = {
                "key": f"{request.POST.get('key')}-{request.POST.get('number')}",
                "line": request.POST.get("line", ""),
                "errors": problem.messages,
            }
    report: Report = stale_text.findings(offering)
    return render(
        request,
        "nmep/offering_stale.html",
        {
            "offering": offering,
            "roles": roles,
            "report": report,
            "typed": typed,
            "is_archived": is_archived,
        },
        status=422 if typed else 200,
    )


def _mend(request: HttpRequest, offering: Offering) -> HttpResponse:
    """Save the line, or remember that it is right as it is."""
    user: User = request.user  # type: ignore[assignment]
    data, now = request.POST, timezone.now()
    number = data.get("number", "")
    if not number.isdecimal() or len(number) > 6:
        raise stale_text.Changed
    key = (data.get("key", ""), int(number))
    if "keep" in data:
        stale_text.keep(offering, *key, was=data.get("was", ""), by=user)
        messages.success(request, "It stays as it is.")
    else:
        place = stale_text.mend(
            offering, *key, was=data.get("was", ""), line=data.get("line", ""), by=user, now=now
        )
        messages.success(request, f"Saved: {place.label}.")
    return redirect("nmep:offering_stale", offering.slug)
