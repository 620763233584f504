from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from members.models import User
from mlclub.refusal import Refused
from nmep import holding
from nmep.models import Assignment, Review
from nmep.views.learners import led_offering
from nmep.views.submissions import submission_for


def _led_assignment(request: HttpRequest, slug: str, key: str) -> Assignment:
    offering = led_offering(request, slug)
    assignment = get_object_or_404(Assignment.objects.defer("text", "search"), offering=offering, key=key)
    assignment.offering = offering
    return assignment


@require_POST
def review_hold(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Hold the reviews of an assignment from now on, or let them go out as they are finished."""
    assignment = _led_assignment(request, slug, key)
    user: User = request.user  # type: ignore[assignment]
    holds = request.POST.get("hold") == "yes"
    try:
        holding.set_holding(assignment, holds=holds, by=user)
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("nmep:review_queue", slug)
    if holds:
        messages.success(
            request, f"Reviews of {assignment.label} are held from now on, until you release them."
        )
    else:
        messages.success(
            request, f"Reviews of {assignment.label} go out as they are finished. What is held stays held."
        )
    return redirect("nmep:review_queue", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def review_release(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The held reviews of an assignment with their outcomes; a second click posts them all."""
    assignment = _led_assignment(request, slug, key)
    user: User = request.user  # type: ignore[assignment]
    if request.method == "POST":
        try:
            n = holding.release(
                assignment, by=user, now=timezone.now(), keep_holding="keep_holding" in request.POST
            )
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect("nmep:review_queue", slug)
        if n:
            messages.success(
                request, f"{n} review{'' if n == 1 else 's'} released. Each learner is told once."
            )
        else:
            messages.info(request, "Nothing was held any more; somebody else may have released it.")
        return redirect("nmep:review_queue", slug)
    # A lead who also learns here reads the review of their own work when everybody does.
    held = list(holding.held(assignment))
    reviews = [review for review in held if not _is_own(review, user)]
    return render(
        request,
        "nmep/review_release.html",
        {
            "offering": assignment.offering,
            "assignment": assignment,
            "reviews": reviews,
            "done": sum(review.outcome == Review.Outcome.DONE for review in reviews),
            "returned": sum(review.outcome == Review.Outcome.RETURN for review in reviews),
            "own": len(held) - len(reviews),
        },
    )


def _is_own(review: Review, user: User) -> bool:
    return any(author.enrolment.person_id == user.pk for author in review.submission.authors.all())


@require_POST
def review_withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A reviewer makes their held review a draft again."""
    submission = submission_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    review = (
        Review.objects.filter(submission=submission, reviewer=user).exclude(state=Review.State.DRAFT).first()
    )
    if review is None:
        raise Http404
    if holding.take_back(review, by=user):
        messages.success(request, "It is a draft again. Only you see it.")
    else:
        messages.warning(request, "It was released meanwhile; they can read it.")
    return redirect(submission)
