from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from members.models import User
from mlclub import uploads
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import changes, checking, people, phrases, reading, reviewing
from nmep.forms.reviewing import AskAgainForm, CommentForm, LookAnswerForm, ReviewForm, SettleForm
from nmep.models import Comment, Piece, Review, SecondLook, Skill, Submission, SubmissionAuthor


def submission_for(request: HttpRequest, slug: str, pk: int) -> Submission:
    """The version at an address, or a 404 for whoever may not see it.

    It brings along `versions_json`, all that its people handed in here, and `skills_json` of its assignment.
    """
    rows = Submission.objects.visible_to(request.user).select_related(
        "assignment__offering__term", "assignment__offering__program", "spec", "reviewer", "handed_in_by"
    )
    together = SubmissionAuthor.objects.filter(
        submission=OuterRef("pk"), enrolment__authored__submission=OuterRef(OuterRef("pk"))
    )
    versions = (
        Submission.objects.visible_to(request.user)
        .handed_in()
        .filter(Exists(together), assignment=OuterRef("assignment"))
        .order_by("-n", "-pk")
        .values(row=JSONObject(pk="pk", n="n", state="state", handed_in_at="handed_in_at"))
    )
    skills = Skill.objects.filter(assignments=OuterRef("assignment")).order_by("position", "pk")
    return get_object_or_404(
        rows.annotate(
            versions_json=ArraySubquery(versions),
            skills_json=ArraySubquery(skills.values(row=JSONObject(pk="pk", name="name"))),
        ).with_people_and_pieces(),
        pk=pk,
        assignment__offering__slug=slug,
    )


def _versions(submission: Any) -> list[Submission]:
    """What its people handed in here, the newest first, from the rows that `submission_for` brought."""
    return [
        Submission(**{**row, "handed_in_at": datetime.fromisoformat(row["handed_in_at"])})
        for row in submission.versions_json
    ]


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
    look_form: AskAgainForm | LookAnswerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    assignment, offering = submission.assignment, submission.assignment.offering
    authors = list(submission.authors.all())
    is_author = any(author.enrolment.person_id == user.pk for author in authors)
    staff, roles = people.staff_and_roles(user, offering)
    may_review, is_lead = roles.reviews and not is_author, roles.leads and not is_author
    reviews = reviewing.reviews_of(submission, user, reviews=may_review)
    if review_form is None and may_review and submission.is_answerable and not reviews.is_finished:
        review_form = review_form_for(submission, user, review=reviews.draft)
    pieces = list(submission.pieces.all())
    wanted = request.GET.get("piece", "")
    shown = next((piece for piece in pieces if str(piece.pk) == wanted), None)
    shown = shown or next((piece for piece in pieces if piece.is_notebook), None) or next(iter(pieces), None)
    versions = _versions(submission)
    comments = list(
        Comment.objects.filter(submission__in=[version.pk for version in versions])
        .shown_to(user, with_held=may_review)
        .select_related("author", "submission", "piece__part", "second_look")
    )
    look = SecondLook.objects.open().filter(review=reviews.posted).first() if reviews.posted else None
    said = Counter(comment.piece.part_id for comment in comments if comment.piece and not comment.parent_id)
    page = reading.page_of(submission, shown, comments)
    look_form = look_form or _look_form(submission, reviews, look, is_author=is_author, is_lead=is_lead)
    now = timezone.now()
    checks = checking.summaries([submission], user, now).get(submission.pk, [])
    context: dict[str, Any] = {
        "submission": submission,
        "assignment": assignment,
        "offering": offering,
        "authors": authors,
        "is_author": is_author,
        "roles": roles,
        "review": reviews.posted,
        "held": reviews.held,
        "look": look,
        "is_lead": is_lead,
        "ask_form": look_form if isinstance(look_form, AskAgainForm) else None,
        "answer_form": look_form if isinstance(look_form, LookAnswerForm) else None,
        "review_form": review_form,
        "comment_form": comment_form or CommentForm(),
        "typed": _typed(comment_form),
        "may_comment": is_author or may_review,
        "pieces": [(piece, said[piece.part_id]) for piece in pieces],
        "has_starter": changes.has_starter(pieces),
        "shown": shown,
        "page": page,
        "versions": versions,
        "staff": staff if is_lead else (),
        "checks": checks,
        "is_checking": checking.is_going_on(checks),
        "may_check": is_lead,
        "waiting_comments": sum(
            1 for comment in comments if comment.posted_at is None and comment.submission_id == submission.pk
        ),
        "now": now,
    }
    return render(request, "nmep/submission_detail.html", context, status=status)


def review_form_for(
    submission: Any, user: User, data: QueryDict | None = None, *, review: Review | None
) -> ReviewForm:
    """The rubric of a version with the phrases that `user` may insert; bound when there is `data`."""
    criteria = list(reviewing.criteria_of(submission.assignment, review))
    return ReviewForm(
        data,
        criteria=criteria,
        review=review,
        phrases=phrases.choices(user, submission.assignment.offering, criteria),
        skills=[Skill(**row) for row in submission.skills_json],
        is_draft=bool(data and "draft" in data),
    )


def _look_form(
    submission: Submission,
    reviews: reviewing.Reviews,
    look: SecondLook | None,
    *,
    is_author: bool,
    is_lead: bool,
) -> AskAgainForm | LookAnswerForm | None:
    """To ask for another look, or to answer who asked for it."""
    if look is not None:
        return answer_form_for(submission) if is_lead else None
    return AskAgainForm() if is_author and reviews.posted else None


def answer_form_for(submission: Submission, data: QueryDict | None = None) -> LookAnswerForm:
    return LookAnswerForm(data, may_be_done=submission.state == Submission.State.RETURNED)


def _typed(form: CommentForm | None) -> dict[str, Any]:
    """What was typed into a comment that was refused, and where."""
    if form is None:
        return {}
    index, piece = form["cell_index"].value(), form["piece"].value()
    is_cell = str(index or "").isdecimal()
    at = f"c{number_of(index) + 1}" if is_cell else "text" if piece else "whole"
    return {"at": at, "text": form["text"].value(), "line": form["line"].value(), "errors": form.errors}


@require_safe
def submission_changes(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What is new since the version before, or beyond the starter."""
    submission = submission_for(request, slug, pk)
    before = _version_before(request, submission)
    has_starter = changes.has_starter(submission.pieces.all())
    beyond = has_starter and (request.GET.get("since") == "starter" or before is None)
    if before is None and not beyond:
        raise Http404
    found = changes.beyond_starter(submission) if beyond else changes.since(before, submission)  # type: ignore[arg-type]
    return render(
        request,
        "nmep/submission_changes.html",
        {
            "submission": submission,
            "assignment": submission.assignment,
            "offering": submission.assignment.offering,
            "before": before,
            "has_starter": has_starter,
            "beyond": beyond,
            "changes": found,
        },
    )


def _version_before(request: HttpRequest, submission: Submission) -> Submission | None:
    authors = [author.enrolment_id for author in submission.authors.all()]
    is_author = any(author.enrolment.person_id == request.user.pk for author in submission.authors.all())
    # Whoever reviews a version may see what it was before, though that one was dealt to somebody else.
    versions = Submission.objects.visible_to(request.user) if is_author else Submission.objects.all()
    return (
        versions.handed_in()
        .filter(assignment=submission.assignment, authors__enrolment__in=authors, n__lt=submission.n)
        .prefetch_related("pieces__part")
        .order_by("-n")
        .first()
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
    piece = next((row for row in submission.pieces.all() if row.pk == values["piece"]), None)
    if values["line"] and piece and not parent:
        lines = reading.lines_of(piece, values["cell_index"])
        if not lines.has(values["line"]):
            form.add_error("line", f"There is no line {values['line']}: this has {lines.count}.")
            return submission_page(request, submission, comment_form=form, status=422)
    try:
        comment = reviewing.comment(
            submission,
            user,
            values["text"],
            now=timezone.now(),
            piece=piece,
            line=values["line"] if piece else None,
            cell_key=values["cell_key"],
            cell_index=values["cell_index"],
            parent=parent,
            asks_for_change=values["asks_for_change"],
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return submission_page(request, submission, comment_form=form, status=422)
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
    anchor = "#text" if comment.piece_id else "#thread"
    if comment.cell_index is not None:
        anchor = f"#c{comment.cell_index + 1}"
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
