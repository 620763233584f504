from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members.models import User
from mlclub.refusal import Refused
from nmep import leaving
from nmep.forms import AskLeaveForm, LeaveForm
from nmep.models import Departure, Enrolment
from nmep.views.partners import learning
from nmep.views.roster import led_offering


@require_http_methods(["GET", "HEAD", "POST"])
def leave_mine(request: HttpRequest, slug: str) -> HttpResponse:
    """I want to leave, or I stay after all; with what leaving does."""
    enrolment = learning(request, slug)
    user: User = request.user  # type: ignore[assignment]
    form, now = AskLeaveForm(request.POST or None), timezone.now()
    if request.method == "POST" and "stay" in request.POST:
        if leaving.stay(enrolment, by=user, now=now):
            messages.success(request, "Good. You stay, and nothing has changed.")
        return redirect("nmep:progress_mine", slug)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _, is_new = leaving.ask(enrolment, reason=form.cleaned_data["reason"], now=now)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                told = "The leads know. You are in until one of them answers."
                messages.success(request, told if is_new else "You have asked already. " + told)
                return redirect("nmep:leave_mine", slug)
    context = {
        "offering": enrolment.offering,
        "enrolment": enrolment,
        "effects": leaving.effects(enrolment, now),
        "asked": leaving.open_request(enrolment),
        "form": form,
    }
    return render(request, "nmep/leave_mine.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def leave_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What it does when this learner leaves, the one button that does it, and the one that takes it back."""
    offering = led_offering(request, slug)
    rows = Enrolment.objects.learners().filter(offering=offering)
    enrolment = get_object_or_404(rows.select_related("person", "offering__term"), pk=pk)
    user: User = request.user  # type: ignore[assignment]
    form, now, status = LeaveForm(request.POST or None), timezone.now(), 200
    name = enrolment.person.display_name
    asked = leaving.open_request(enrolment)
    if request.method == "POST":
        try:
            if "resume" in request.POST:
                back = leaving.resume(enrolment, by=user, now=now)
                messages.success(request, f"{name} learns here again." if back else "Nothing was changed.")
                return redirect("nmep:progress_detail", slug, pk)
            if "stay" in request.POST:
                leaving.stay(enrolment, by=user, now=now)
                messages.success(request, f"{name} stays.")
                return redirect("nmep:progress_detail", slug, pk)
            status = 422
            if form.is_valid():
                leaving.withdraw(enrolment, by=user, reason=form.cleaned_data["reason"], now=now)
                messages.success(request, f"{name} has left. What that frees stands below.")
                return redirect("nmep:leave_detail", slug, pk)
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect("nmep:leave_detail", slug, pk)
    elif asked is not None:
        form = LeaveForm(initial={"reason": asked.reason or "Asked to leave"})
    context = {
        "offering": offering,
        "enrolment": enrolment,
        "effects": leaving.effects(enrolment, now) if enrolment.is_learning else None,
        "asked": asked,
        "left": Departure.objects.filter(enrolment=enrolment, state=Departure.State.DONE)
        .select_related("settled_by")
        .first(),
        "form": form,
    }
    return render(request, "nmep/leave_detail.html", context, status=status)
