"""Saying what one thinks, on the phone: members as themselves, guests by their device."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from events import feedback
from events.forms.feedback import AnswerForm
from events.models import FeedbackForm
from events.views.organising import GET_POST
from mlclub.refusal import Refused

#: The signed cookie that makes a phone without an account one that answers once.
DEVICE, DEVICE_LASTS = "feedback_device", 60 * 60 * 24 * 60
#: A whole room may sit behind one address.
GUESTS = "60/h/ip"


@login_not_required
@never_cache
@require_http_methods(GET_POST)
def feedback_give(request: HttpRequest, code: str) -> HttpResponse:
    """Three ratings and two sentences about a talk, or the two questions about a class; once each."""
    form = get_object_or_404(FeedbackForm.objects.select_related("event"), code=code.lower())
    user: Any = request.user
    person = user if user.is_authenticated else None
    if form.is_for_attendees:
        if person is None:
            return redirect_to_login(request.get_full_path())
        if not feedback.was_there(form, person):
            raise Http404
    token = "" if person else _device(request)
    now = timezone.now()
    context: dict[str, Any] = {"feedback": form, "event": form.event}
    if refused := feedback.refusal(form, person, now):
        return _answer(request, token, context | {"refused": refused})
    if feedback.has_answered(form, person=person, token=token):
        return _answer(request, token, context | {"is_done": True})
    answers = AnswerForm(request.POST or None, questions=form.questions)
    if request.method != "POST":
        return _answer(request, token, context | {"form": answers})
    if not answers.is_valid():
        return _answer(request, token, context | {"form": answers}, status=422)
    if person is None and not _counted(request, form):
        return render(request, "429.html", status=429)
    try:
        feedback.give(form, ratings=answers.ratings, texts=answers.texts, now=now, person=person, token=token)
    except Refused as refused:
        return _answer(request, token, context | {"refused": str(refused)}, status=422)
    return _answer(request, token, context | {"is_done": True})


def _counted(request: HttpRequest, form: FeedbackForm) -> bool:
    """Whether one more guest of this address may answer this form. Nobody may while nobody can count."""
    action = f"feedback-{form.pk}"
    return ratelimit.consume(request, app="events", action=action, config={action: GUESTS}) is not None


def _device(request: HttpRequest) -> str:
    return request.get_signed_cookie(DEVICE, default="", salt=DEVICE) or secrets.token_hex(16)


def _answer(request: HttpRequest, token: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = render(request, "events/feedback_give.html", context, status=status)
    if token:
        response.set_signed_cookie(
            DEVICE,
            token,
            salt=DEVICE,
            max_age=DEVICE_LASTS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response
