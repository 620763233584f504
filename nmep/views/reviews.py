from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.models import User
from nmep import people, reviewing
from nmep.forms import ReviewForm
from nmep.models import Enrolment, Offering, Submission
from nmep.views.submissions import submission_for, submission_page
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
    return render(
        request,
        "nmep/review_queue.html",
        {"offering": offering, "page": page, "mine": mine, "roles": roles, "now": timezone.now()},
    )


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
    is_draft = "draft" in request.POST
    form = ReviewForm(
        request.POST,
        criteria=submission.assignment.criteria.all(),
        review=reviewing.draft_of(submission, user),
        is_draft=is_draft,
    )
    if not form.is_valid():
        return submission_page(request, submission, review_form=form, status=422)
    write = reviewing.save if is_draft else reviewing.post
    try:
        write(
            submission,
            user,
            summary=form.cleaned_data["summary"],
            outcome=form.cleaned_data["outcome"],
            marks=form.marks(),
            now=timezone.now(),
        )
    except reviewing.Refused as refused:
        form.add_error(None, str(refused))
        return submission_page(request, submission, review_form=form, status=422)
    if is_draft:
        messages.success(request, "Kept as a draft. Only you see it.")
        return redirect(submission)
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
        reviewer = get_object_or_404(
            User, pk=wanted if wanted.isdigit() else 0, pk__in=staff.values("person")
        )
    try:
        reviewing.assign(submission, reviewer, by=user, now=timezone.now())
        messages.success(request, f"Goes to {reviewer}." if reviewer else "Back in the queue.")
    except reviewing.Refused as refused:
        messages.warning(request, str(refused))
    return redirect(Submission.objects.get(pk=submission.pk))
