"""Everybody against the rule, completing the cohort, and the certificate."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import User
from mlclub.refusal import Refused
from nmep import completion
from nmep.forms.completion import ConfirmForm, CorrectForm, OverrideForm, RuleForm
from nmep.models import Completion
from nmep.views.learners import led_offering


@require_http_methods(["GET", "HEAD", "POST"])
def completion_check(request: HttpRequest, slug: str) -> HttpResponse:
    """Each learner against each line of the rule; posting writes the rule."""
    offering = led_offering(request, slug)
    user: User = request.user  # type: ignore[assignment]
    form = RuleForm(request.POST if request.method == "POST" else None, offering=offering)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                completion.set_rule(offering, form.numbers(), by=user)
        except Refused as refused:
            form.add_error(None, str(refused))
        if not form.errors:
            messages.success(request, "That is the rule from now on.")
            return redirect("nmep:completion_check", slug)
        status = 422
    found = completion.check(offering, timezone.now())
    context = {"offering": offering, "check": found, "form": form}
    return render(request, "nmep/completion_check.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def completion_confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """How many complete it and what becomes of the others, and the button that does it."""
    offering = led_offering(request, slug)
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                made = completion.complete(
                    offering,
                    seen=form.cleaned_data["seen"],
                    others_stay=form.cleaned_data["others"] == "stay",
                    by=user,
                    now=now,
                )
            except Refused as refused:
                messages.warning(request, str(refused))
            else:
                count = f"{len(made)} {'has' if len(made) == 1 else 'have'}"
                messages.success(request, f"{count} completed it. Each gets one mail with the certificate.")
            return redirect("nmep:completion_check", slug)
        status = 422
    found = completion.check(offering, now)
    if not form.is_bound:
        form = ConfirmForm(initial={"seen": len(found.completing)})
    context = {"offering": offering, "check": found, "form": form}
    return render(request, "nmep/completion_confirm.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def completion_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One learner against the rule: decide otherwise before, correct afterwards."""
    offering = led_offering(request, slug)
    user: User = request.user  # type: ignore[assignment]
    found = completion.check(offering, timezone.now())
    row = next((row for row in found.rows if row.enrolment.pk == pk), None)
    ended = next((row for row in found.decided if row.enrolment_id == pk), None)
    if row is None and ended is None:
        raise Http404
    if request.method == "POST" and row is not None and "follow" in request.POST:
        completion.follow_rule(row.enrolment, by=user)
        messages.success(request, "As the rule says.")
        return redirect("nmep:completion_check", slug)
    bound = request.POST if request.method == "POST" else None
    initial = {"outcome": row.override.outcome, "reason": row.override.reason} if row and row.override else {}
    form = OverrideForm(bound, initial=initial) if row is not None else CorrectForm(bound)
    status = 200
    if request.method == "POST":
        if form.is_valid() and _decide(request, user, row, ended, form):
            return redirect("nmep:completion_check", slug)
        status = 422
    may_correct = user.has_perm("nmep.change_enrolment")
    context = {
        "offering": offering,
        "row": row,
        "ended": ended,
        "person": row.enrolment.person if row else ended.enrolment.person if ended else None,
        "form": form if row is not None or may_correct else None,
    }
    return render(request, "nmep/completion_detail.html", context, status=status)


def _decide(
    request: HttpRequest,
    user: User,
    row: completion.Row | None,
    ended: Completion | None,
    form: OverrideForm | CorrectForm,
) -> bool:
    """Do what the form says; False with the reason on the form."""
    now, values = timezone.now(), form.cleaned_data
    try:
        if row is not None:
            completion.override(row.enrolment, values["outcome"], reason=values["reason"], by=user, now=now)
        elif ended is not None:
            why = values["why"]
            if values["act"] == "revoke":
                completion.revoke(ended, why=why, by=user, now=now)
            elif values["act"] == "restore":
                completion.restore(ended, why=why, by=user)
            else:
                is_complete = values["act"] == "complete"
                completion.correct(ended, is_complete=is_complete, why=why, by=user, now=now)
    except Refused as refused:
        form.add_error(None, str(refused))
        return False
    messages.success(request, "Written down, with the reason.")
    return True


@login_not_required
@require_safe
def certificate(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """Who completed what and when, for whoever has the address; no mark, and gone once it is revoked."""
    found = _completion(certificate_id)
    context = {
        "completion": found,
        "offering": found.enrolment.offering,
        "person": found.enrolment.person,
        "is_own": request.user.is_authenticated and found.enrolment.person_id == request.user.pk,
    }
    response = render(request, "nmep/certificate.html", context, status=410 if found.revoked_at else 200)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
def certificate_show(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """Whether members read of it on my profile."""
    found = _completion(certificate_id)
    if found.enrolment.person_id != request.user.pk:
        raise Http404
    completion.show(found, is_shown="show" in request.POST)
    messages.success(
        request,
        "Members read it on your profile." if "show" in request.POST else "Your profile does not say it.",
    )
    return redirect(found)


def _completion(certificate_id: str) -> Completion:
    rows = Completion.objects.filter(is_complete=True).select_related(
        "enrolment__person", "enrolment__offering__program", "enrolment__offering__term"
    )
    return get_object_or_404(rows, certificate_id=certificate_id)
