from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from members.models import User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import people, questions
from nmep.forms import AnswerForm, QuestionForm
from nmep.models import Answer, Assignment, Offering, Question
from nmep.views.syllabus import offering_for


def asking_in(request: HttpRequest, slug: str) -> Offering:
    """The offering, for those who read its questions."""
    offering = offering_for(request, slug)
    if people.belongs(request.user, offering) or request.user.has_perm("nmep.view_submission"):
        return offering
    standing = cast("User", request.user).standing
    if standing.reads_members_area and offering.program.kind == offering.program.Kind.NMEP:
        return offering
    raise Http404


@require_http_methods(["GET", "HEAD", "POST"])
def question_list(request: HttpRequest, slug: str) -> HttpResponse:
    """What was asked, and asking. A question that looks like one that is there is shown beside it first."""
    offering = asking_in(request, slug)
    user, now = cast("User", request.user), timezone.now()
    may_ask = questions.may_take_part(user, offering)
    assignments = list(Assignment.objects.released(now).filter(offering=offering).defer("text", "search"))
    form, alike = None, []
    if may_ask:
        form = QuestionForm(
            request.POST or None,
            offering=offering,
            assignments=assignments,
            initial={"place": request.GET.get("about", "")},
        )
    if request.method == "POST":
        if form is None:
            messages.error(request, "Questions are asked by people who are in this programme now.")
            return redirect("nmep:question_list", slug)
        if form.is_valid():
            text = form.cleaned_data["text"]
            alike = [] if "all-the-same" in request.POST else questions.alike(offering, text)
            mine = [row for row in alike if row.author_id == user.pk and row.text == text]
            if mine or not alike:
                question, is_new = questions.ask(offering, user, text, now=now, **form.about())
                messages.success(
                    request,
                    "Asked. You are told when somebody answers."
                    if is_new
                    else "You have asked this; here it is.",
                )
                return redirect(question)
    shown = questions.shown(offering, user)
    about = request.GET.get("about", "")
    kind, _, value = about.partition("-")
    if kind == "hw":
        shown = shown.filter(assignment__key=value)
    elif kind == "week" and number_of(value):
        shown = shown.filter(week=number_of(value))
    if "open" in request.GET:
        shown = shown.unanswered()
    return render(
        request,
        "nmep/question_list.html",
        {
            "offering": offering,
            "roles": people.roles(user, offering),
            "page": Paginator(shown, 30).get_page(request.GET.get("page")),
            "form": form,
            "alike": alike,
            "about": about,
            "assignments": assignments,
            "now": now,
        },
        status=422 if form is not None and form.is_bound else 200,
    )


def question_for(request: HttpRequest, slug: str, pk: int) -> Question:
    """The question at an address, or a 404 for whoever may not read it."""
    rows = Question.objects.visible_to(request.user).with_counts(request.user)
    return get_object_or_404(
        rows.select_related("offering__program", "offering__term", "assignment", "author"),
        pk=pk,
        offering=offering_for(request, slug),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def question_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A question with its answers, and answering it."""
    question = question_for(request, slug, pk)
    user, now = cast("User", request.user), timezone.now()
    may_answer = questions.may_take_part(user, question.offering)
    form = AnswerForm(request.POST or None) if may_answer else None
    if request.method == "POST":
        if form is None:
            messages.error(request, "Answers come from people who are in this programme now.")
            return redirect(question)
        if form.is_valid():
            questions.answer(question, user, form.cleaned_data["text"], now=now)
            messages.success(request, "Thank you. Whoever wonders is told.")
            return redirect(question)
    answers = question.answers.select_related("author").order_by("-settles", "created_at", "pk")
    return render(
        request,
        "nmep/question_detail.html",
        {
            "offering": question.offering,
            "question": question,
            "answers": answers,
            "form": form,
            "may_settle": questions.may_settle(user, question),
        },
        status=422 if form is not None and form.is_bound else 200,
    )


@require_POST
def question_follow(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Wonder too, or no more."""
    question = question_for(request, slug, pk)
    wanted = request.POST.get("wanted") == "1"
    questions.follow(question, cast("User", request.user), wanted=wanted)
    messages.success(request, "You are told when somebody answers." if wanted else "You are told no more.")
    return redirect(question)


@require_POST
def question_settle(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """This answer settles it; or it is open again."""
    question = question_for(request, slug, pk)
    number = request.POST.get("answer", "")
    answer = None
    if number:
        answer = get_object_or_404(Answer, question=question, pk=number_of(number))
    try:
        questions.settle(question, answer, by=cast("User", request.user), now=timezone.now())
        messages.success(request, "Marked as answered." if answer else "Open again.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(question)
