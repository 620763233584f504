from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from members.models import User
from mlclub import uploads
from nmep import people, reading, reviewing
from nmep.forms import CommentForm, ReviewForm, SettleForm
from nmep.models import Comment, Enrolment, Piece, Review, Submission


def submission_for(request: HttpRequest, slug: str, pk: int) -> Submission:
    """The version at an address, or a 404 for whoever may not see it."""
    rows = Submission.objects.visible_to(request.user).select_related(
        "assignment__offering__term", "assignment__offering__program", "spec", "reviewer", "handed_in_by"
    )
    return get_object_or_404(
        rows.with_people_and_pieces(),
        pk=pk,
        assignment__offering__slug=slug,
    )


@require_safe
def submission_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One version: its pieces, what was said about them, and the rubric for whoever reviews it."""
    return submission_page(request, submission_for(request, slug, pk))


def submission_page(
    request: HttpRequest,
    submission: Submission,
    *,
    review_form: ReviewForm | None = None,
    comment_form: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    assignment, offering = submission.assignment, submission.assignment.offering
    authors = list(submission.authors.all())
    is_author = any(author.enrolment.person_id == user.pk for author in authors)
    roles = people.roles(user, offering)
    may_review = roles.reviews and not is_author
    posted = (
        Review.objects.filter(submission=submission, state=Review.State.POSTED)
        .select_related("reviewer")
        .prefetch_related("marks__criterion")
        .first()
    )
    if review_form is None and may_review and submission.is_answerable:
        review_form = ReviewForm(
            criteria=assignment.criteria.all(), review=reviewing.draft_of(submission, user)
        )
    pieces = list(submission.pieces.all())
    wanted = request.GET.get("piece", "")
    shown = next((piece for piece in pieces if str(piece.pk) == wanted), None)
    shown = shown or next((piece for piece in pieces if piece.is_notebook), None) or next(iter(pieces), None)
    versions = (
        Submission.objects.visible_to(user)
        .handed_in()
        .filter(assignment=assignment, authors__enrolment__in=[author.enrolment_id for author in authors])
    )
    versions = versions.distinct().order_by("-n")
    comments = list(
        Comment.objects.filter(submission__in=versions)
        .shown_to(user)
        .select_related("author", "submission", "piece")
    )
    page = reading.page_of(submission, shown, comments)
    is_lead = roles.leads and not is_author
    context: dict[str, Any] = {
        "submission": submission,
        "assignment": assignment,
        "offering": offering,
        "authors": authors,
        "is_author": is_author,
        "roles": roles,
        "review": posted,
        "review_form": review_form,
        "comment_form": comment_form or CommentForm(),
        "may_comment": is_author or may_review,
        "pieces": pieces,
        "shown": shown,
        "page": page,
        "versions": versions,
        "staff": Enrolment.objects.staff().filter(offering=offering).select_related("person")
        if is_lead
        else (),
        "waiting_comments": sum(1 for comment in comments if comment.posted_at is None),
        "now": timezone.now(),
    }
    return render(request, "nmep/submission_detail.html", context, status=status)


@require_safe
def submission_changes(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What changed in the notebook since the version before, cell by cell."""
    submission = submission_for(request, slug, pk)
    authors = [author.enrolment_id for author in submission.authors.all()]
    is_author = any(author.enrolment.person_id == request.user.pk for author in submission.authors.all())
    # Whoever reviews a version may see what it was before, though that one was dealt to somebody else.
    versions = Submission.objects.visible_to(request.user) if is_author else Submission.objects.all()
    before = (
        versions.handed_in()
        .filter(assignment=submission.assignment, authors__enrolment__in=authors, n__lt=submission.n)
        .prefetch_related("pieces__part")
        .order_by("-n")
        .first()
    )
    if before is None:
        raise Http404
    return render(
        request,
        "nmep/submission_changes.html",
        {
            "submission": submission,
            "assignment": submission.assignment,
            "offering": submission.assignment.offering,
            "before": before,
            "changes": reading.changes(before, submission),
        },
    )


@require_POST
def comment_create(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say something about a version, or answer what was said."""
    submission = submission_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    is_author = submission.authors.filter(enrolment__person=user).exists()
    if not (is_author or reviewing.may_answer(user, submission)):
        raise Http404
    form = CommentForm(request.POST)
    if not form.is_valid():
        return submission_page(request, submission, comment_form=form, status=422)
    values = form.cleaned_data
    parent = None
    if values["parent"]:
        parent = get_object_or_404(
            Comment.objects.shown_to(user).filter(submission=submission), pk=values["parent"], parent=None
        )
    comment = reviewing.comment(
        submission,
        user,
        values["text"],
        now=timezone.now(),
        piece=submission.pieces.filter(pk=values["piece"]).first() if values["piece"] else None,
        cell_key=values["cell_key"],
        cell_index=values["cell_index"],
        parent=parent,
        asks_for_change=values["asks_for_change"],
    )
    if comment.posted_at is None:
        messages.success(request, "Kept. It goes out with your review.")
    return redirect(back_to(request, submission, comment))


def back_to(request: HttpRequest, submission: Submission, comment: Comment) -> str:
    """Where the comment was written: the page asked for, at the cell."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    anchor = f"#c{comment.cell_index + 1}" if comment.cell_index is not None else "#thread"
    piece = f"?piece={comment.piece_id}" if comment.piece_id else ""
    return f"{submission.get_absolute_url()}{piece}{anchor}"


@require_POST
def comment_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a comment as addressed, settled, or open again."""
    user: User = request.user  # type: ignore[assignment]
    comment = get_object_or_404(
        Comment.objects.shown_to(user)
        .filter(submission__in=Submission.objects.visible_to(user))
        .select_related("submission__assignment__offering"),
        pk=pk,
    )
    form = SettleForm(request.POST)
    if not form.is_valid() or not reviewing.settle(comment, form.cleaned_data["state"], by=user):
        messages.warning(request, "That cannot be said of this comment.")
    return redirect(back_to(request, comment.submission, comment))


def piece_for(request: HttpRequest, pk: int) -> Piece:
    """A piece of a version that the person may see; files have no other door."""
    return get_object_or_404(
        Piece.objects.filter(submission__in=Submission.objects.visible_to(request.user)).select_related(
            "part"
        ),
        pk=pk,
    )


@require_safe
def piece_download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file as it was handed in, always as a download."""
    piece = piece_for(request, pk)
    if not piece.file:
        raise Http404
    return uploads.serve_private(request, piece.file, piece.name)


@require_safe
@cache_control(private=True, max_age=3600, immutable=True)
def piece_image(request: HttpRequest, pk: int, cell: int, output: int) -> HttpResponse:
    """A picture that a cell of a notebook drew."""
    piece = piece_for(request, pk)
    picture = reading.picture(piece, cell, output)
    if picture is None:
        raise Http404
    content, mime = picture
    response = HttpResponse(content, content_type=mime)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Content-Disposition"] = "inline"
    return response
