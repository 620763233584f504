"""Before a workshop: what to know and set up, and whether it works."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import preparing
from events.access import event_for, event_run_by
from events.forms.rotas import PreparationForm, SetupForm
from events.models import Preparation
from events.views.organising import GET_POST
from mlclub.refusal import Refused


@require_http_methods(GET_POST)
def preparation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Hosts write what to know and to set up; the steps are mailed the day before."""
    event = event_run_by(request.user, pk)
    known = Preparation.objects.filter(event=event).first()
    form = PreparationForm(request.POST or None, instance=known or Preparation(event=event))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved. The steps go to everybody with a seat 24 hours before.")
        return redirect(f"{event.get_absolute_url()}#prepare")
    return render(
        request,
        "events/preparation_edit.html",
        {"form": form, "event": event},
        status=422 if form.is_bound else 200,
    )


@require_POST
def setup_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """ "My setup works", or "I need help"."""
    user: Any = request.user
    event = event_for(user, pk)
    form = SetupForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Say whether it works, and where you are stuck in at most 300 characters.")
        return redirect(f"{event.get_absolute_url()}#prepare")
    said = form.cleaned_data
    try:
        preparing.answer(event, user, works=said["works"], note=said["note"], now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(
            request, "Good. See you there." if said["works"] else "The hosts see that you need help with it."
        )
    return redirect(f"{event.get_absolute_url()}#prepare")
