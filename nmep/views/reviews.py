from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.models import User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import holding, people, review_times, reviewing, second_looks
from nmep.models import Enrolment, Offering, Review, Submission
from nmep.views.submissions import review_form_for, submission_for, submission_page
from nmep.views.syllabus import offering_for


def queue_for(request: HttpRequest, slug: str) -> tuple[Offering, people.Roles]:
    """The offering, for those who review in it."""
    offering = offering_for(request, slug)
    roles = people.roles(request.user, offering)
    if not roles.reviews:
        raise Http404
    return offering, roles


@require_safe
def review_queue(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits for a review, oldest first, and one button to begin."""
    offering, roles = queue_for(request, slug)
    user: User = request.user  # type: ignore[assignment]
    mine = reviewing.mine(user, offering).count()
    page = Paginator(reviewing.queue(user, offering), 50).get_page(request.GET.get("page"))
    now = timezone.now()
    context: dict[str, Any] = {"offering": offering, "page": page, "mine": mine, "roles": roles, "now": now}
    if roles.leads:
        times = review_times.of(offering, now)
        batches = {batch.assignment.pk: batch for batch in holding.batches(times.assignments)}
        context |= {
            "batches": [batch for batch in batches.values() if batch.count],
            "times": times,
            "work": [(row, spent, batches.get(row.pk)) for row, spent in times.assignments],
            "looks": second_looks.waiting(offering),
        }
    return render(request, "nmep/review_queue.html", context)


@require_POST
def review_next(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the oldest hand-in that waits."""
    offering, _ = queue_for(request, slug)
    return _to_next(request, offering)


def _to_next(request: HttpRequest, offering: Offering) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    submission = reviewing.take_next(user, offering, now=timezone.now())
    if submission is None:
        messages.success(request, "Nothing waits for a review. Thank you.")
        return redirect("nmep:review_queue", offering.slug)
    return redirect(submission)


@require_POST
def submission_review(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep the review as a draft, or post it and go to the next one."""
    submission = submission_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    if not reviewing.may_answer(user, submission):
        raise Http404
    form = review_form_for(submission, user, request.POST, review=reviewing.draft_of(submission, user))
    if not form.is_valid():
        return submission_page(request, submission, review_form=form, status=422)
    write = reviewing.save if form.is_draft else reviewing.post
    try:
        review = write(
            submission,
            user,
            summary=form.cleaned_data["summary"],
            outcome=form.cleaned_data["outcome"],
            marks=form.marks(),
            skills=form.skills(),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return submission_page(request, submission, review_form=form, status=422)
    if form.is_draft:
        messages.success(request, "Kept as a draft. Only you see it.")
        return redirect(submission)
    if review.state == Review.State.HELD:
        messages.success(request, "Finished and held. They are told nothing until a lead releases it.")
    else:
        messages.success(request, "Posted. They are told that the review is there.")
    if "stay" in request.POST:
        return redirect("nmep:review_queue", slug)
    return _to_next(request, submission.assignment.offering)


@require_POST
def submission_assign(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A lead deals a hand-in to somebody."""
    submission = submission_for(request, slug, pk)
    offering = submission.assignment.offering
    user: User = request.user  # type: ignore[assignment]
    if not people.may_lead(user, offering):
        raise Http404
    wanted = request.POST.get("reviewer", "")
    reviewer = None
    if wanted:
        staff = Enrolment.objects.staff().filter(offering=offering)
        reviewer = get_object_or_404(User, pk=number_of(wanted), pk__in=staff.values("person"))
    try:
        reviewing.assign(submission, reviewer, by=user, now=timezone.now())
        messages.success(request, f"Goes to {reviewer}." if reviewer else "Back in the queue.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(Submission.objects.get(pk=submission.pk))
