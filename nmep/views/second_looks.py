from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from members.models import User
from mlclub.refusal import Refused
from nmep import people, second_looks
from nmep.forms.reviewing import AskAgainForm
from nmep.models import Review, SecondLook
from nmep.views.submissions import answer_form_for, submission_for, submission_page


@require_POST
def look_ask(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A learner asks for another look at the posted review of their work."""
    submission = submission_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    if not submission.authors.filter(enrolment__person=user).exists():
        raise Http404
    review = get_object_or_404(Review.objects.posted(), submission=submission)
    form = AskAgainForm(request.POST)
    if not form.is_valid():
        return submission_page(request, submission, look_form=form, status=422)
    try:
        second_looks.ask(review, user, form.cleaned_data["text"], now=timezone.now())
        messages.success(request, "Asked. The leads read it, and you are told when there is an answer.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(f"{submission.get_absolute_url()}#thread")


@require_POST
def look_answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A lead answers, and says whether the review stands."""
    submission = submission_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    is_author = submission.authors.filter(enrolment__person=user).exists()
    if is_author or not people.may_lead(user, submission.assignment.offering):
        raise Http404
    look = SecondLook.objects.filter(review__submission=submission).order_by("-asked_at").first()
    if look is None:
        raise Http404
    form = answer_form_for(submission, request.POST)
    if not form.is_valid():
        return submission_page(request, submission, look_form=form, status=422)
    values = form.cleaned_data
    try:
        second_looks.answer(look, user, values["text"], outcome=values["outcome"], now=timezone.now())
    except Refused as refused:
        form.add_error(None, str(refused))
        return submission_page(request, submission, look_form=form, status=422)
    messages.success(request, "Answered in the thread. They are told that there is an answer.")
    return redirect(f"{submission.get_absolute_url()}#thread")
