from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import concept_checks, people
from nmep.forms import ConceptCheckForm
from nmep.models import ConceptCheck, Session
from nmep.views.syllabus import offering_for

Stage = ConceptCheck.Stage


def session_for(request: HttpRequest, slug: str, pk: int) -> Session:
    """The session, for people of its offering and those who teach or run it."""
    offering = offering_for(request, slug)
    session = get_object_or_404(
        Session.objects.filter(offering=offering).select_related("event").defer("search"), pk=pk
    )
    session.offering = offering
    if not (people.belongs(request.user, offering) or concept_checks.may_teach(request.user, session)):
        raise Http404
    return session


@require_http_methods(["GET", "HEAD", "POST"])
def concept_check_list(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a class was asked; whoever teaches it prepares questions here and asks them."""
    session = session_for(request, slug, pk)
    teaches = concept_checks.may_teach(request.user, session)
    if request.method == "POST" and (not teaches or session.offering.is_archived):
        raise Http404
    form = ConceptCheckForm(request.POST or None, instance=ConceptCheck(session=session)) if teaches else None
    if form is not None and request.method == "POST" and form.is_valid():
        form.instance.created_by = request.user
        form.instance.created_at = timezone.now()
        form.save()
        messages.success(request, "Ready. Ask it when the class is there.")
        return redirect("nmep:concept_check_list", slug, session.pk)
    rows = ConceptCheck.objects.filter(session=session).prefetch_related("tallies")
    if not teaches:
        rows = rows.closed()
    return render(
        request,
        "nmep/concept_check_list.html",
        {
            "offering": session.offering,
            "session": session,
            "teaches": teaches,
            "asked": [(row, concept_checks.charts(row)) for row in rows],
            "form": form,
        },
        status=422 if form is not None and form.is_bound else 200,
    )


def taught_check(request: HttpRequest, slug: str, pk: int) -> ConceptCheck:
    """The question, for whoever teaches its class or runs the offering."""
    row = get_object_or_404(
        ConceptCheck.objects.select_related(
            "session__event", "session__offering__program", "session__offering__term"
        ).prefetch_related("tallies"),
        pk=pk,
        session__offering=offering_for(request, slug),
    )
    if not concept_checks.may_teach(request.user, row.session):
        raise Http404
    return row


@never_cache
@require_safe
def concept_check_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """For the projector: the question, the way to vote, how many did, and what came of it."""
    asked = taught_check(request, slug, pk)
    code = concept_checks.code_of(asked.session)
    context: dict[str, Any] = {
        "offering": asked.session.offering,
        "session": asked.session,
        "asked": asked,
        "votes": concept_checks.votes_in(asked),
        "charts": concept_checks.charts(asked),
        "code": code,
        "address": settings.SITE_URL + reverse("nmep:concept_check_vote", args=[code]),
        "short_address": settings.SITE_URL.partition("://")[2] + reverse("nmep:vote_entry"),
    }
    part = "#live" if request.headers.get("HX-Request") else ""
    return render(request, f"nmep/concept_check_detail.html{part}", context)


@require_POST
def concept_check_advance(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """On to the vote, the discussion, the second vote, the end."""
    asked = taught_check(request, slug, pk)
    stage = request.POST.get("stage", "")
    try:
        if stage not in Stage.values:
            raise Refused("That is no step of a question.")
        concept_checks.advance(asked, stage)
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(asked)


@require_http_methods(["GET", "HEAD", "POST"])
def concept_check_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a question that was not asked yet, or throw it away."""
    asked = taught_check(request, slug, pk)
    if request.method == "POST" and asked.session.offering.is_archived:
        raise Http404
    if asked.stage != Stage.DRAFT:
        messages.info(request, "This was asked already; its words stay as the class read them.")
        return redirect(asked)
    if "remove" in request.POST:
        ConceptCheck.objects.filter(pk=asked.pk, stage=Stage.DRAFT).delete()
        messages.success(request, "Thrown away.")
        return redirect("nmep:concept_check_list", slug, asked.session_id)
    form = ConceptCheckForm(request.POST or None, instance=asked)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("nmep:concept_check_list", slug, asked.session_id)
    return render(
        request,
        "nmep/concept_check_edit.html",
        {"offering": asked.session.offering, "session": asked.session, "asked": asked, "form": form},
        status=422 if form.is_bound else 200,
    )


@never_cache
@require_safe
def vote_entry(request: HttpRequest) -> HttpResponse:
    """Typing the code of a class instead of scanning it."""
    code = "".join(filter(str.isalnum, request.GET.get("code", "")))
    if code:
        return redirect("nmep:concept_check_vote", code[:20])
    return render(request, "nmep/vote_entry.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def concept_check_vote(request: HttpRequest, code: str) -> HttpResponse:
    """On the phone: the question that is open, and one tap. Nothing keeps who chose what."""
    asked = concept_checks.asked_under(code)
    if asked is None:
        return render(request, "nmep/vote_entry.html", {"code": code}, status=404)
    user = cast("User", request.user)
    if not concept_checks.may_vote(user, asked.session):
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            option, number = request.POST.get("option", ""), request.POST.get("round", "")
            if not (option.isdecimal() and len(option) < 4):
                raise Refused("Choose one of the answers.")
            counted = concept_checks.vote(asked, user, int(option), number=number_of(number))
            if not counted:
                messages.info(request, "You have voted in this round; the first vote counts.")
            return redirect("nmep:concept_check_vote", code)
        except Refused as refused:
            problem = str(refused)
            asked.refresh_from_db(fields=["stage"])
    context = {
        "offering": asked.session.offering,
        "session": asked.session,
        "asked": asked,
        "has_voted": asked.round is not None and concept_checks.has_voted(asked, user),
        "charts": concept_checks.charts(asked),
        "code": code,
        "problem": problem,
    }
    part = "#live" if request.headers.get("HX-Request") else ""
    return render(request, f"nmep/concept_check_vote.html{part}", context, status=422 if problem else 200)
