"""A symposium as those who run and review it see it: clubs, reviews, decisions, and the programme."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from events import symposia, symposium_guests, symposium_programme
from events.forms.symposia import CoHostForm, DealForm, ReviewForm, SessionForm, SymposiumForm, TrackForm
from events.models import Abstract, AbstractReview, CoHost, ProgrammeSession, Symposium
from events.views.organising import GET_POST
from events.views.symposia import symposium_for
from members import contacts
from members.models import Organization, User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of


@permission_required("events.add_symposium", raise_exception=True)
@require_http_methods(GET_POST)
def symposium_create(request: HttpRequest) -> HttpResponse:
    return symposium_form(request, Symposium())


@require_http_methods(GET_POST)
def symposium_edit(request: HttpRequest, slug: str) -> HttpResponse:
    return symposium_form(request, symposium_for(request.user, slug, runs=True))


def symposium_form(request: HttpRequest, symposium: Symposium) -> HttpResponse:
    form = SymposiumForm(
        request.POST if request.method == "POST" else None, instance=symposium, user=request.user
    )
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            made = form.save()
        messages.success(request, "Saved.")
        return redirect("events:symposium_run", made.slug)
    context = {"form": form, "symposium": symposium}
    return render(request, "events/symposium_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(GET_POST)
def symposium_run(request: HttpRequest, slug: str) -> HttpResponse:
    """Clubs, reviewers, decisions, and their release. Each button is one step."""
    user = cast("User", request.user)
    symposium, now = symposium_for(user, slug, runs=True), timezone.now()
    step = request.POST.get("step", "")
    is_post = request.method == "POST"
    club_form = CoHostForm(request.POST if is_post and step == "club" else None)
    deal_form = DealForm(request.POST if is_post and step == "deal" else None)
    if is_post:
        try:
            with transaction.atomic():
                said = _run_step(request, symposium, step, club_form, deal_form)
            if said:
                messages.success(request, said)
                return redirect("events:symposium_run", slug)
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect("events:symposium_run", slug)
    is_wrong = club_form.is_bound or deal_form.is_bound
    context = {
        "symposium": symposium,
        "event": symposium.event,
        "now": now,
        "co_hosts": list(symposium.co_hosts.select_related("organization", "lead")),
        "abstracts": symposia.abstracts_with_scores(symposium),
        "unconfirmed": symposium.abstracts.filter(state=Abstract.State.UNCONFIRMED).count(),
        "decisions": Abstract.Decision.choices,
        "club_form": club_form,
        "deal_form": deal_form,
        "counts": symposium_guests.counts_of(symposium),
    }
    return render(request, "events/symposium_run.html", context, status=422 if is_wrong else 200)


def _run_step(
    request: HttpRequest, symposium: Symposium, step: str, club_form: CoHostForm, deal_form: DealForm
) -> str:
    """Do one step; answers what to say, or nothing where a form is wrong. Raises Refused."""
    user, now = cast("User", request.user), timezone.now()
    if step == "club":
        if not club_form.is_valid():
            return ""
        said = club_form.cleaned_data
        club = contacts.organization_called(said["organization"], kind=Organization.Kind.CAMPUS_CLUB)
        lead = contacts.keep(
            said["lead_name"],
            said["lead_email"],
            organization=club,
            source="Lead of a co-host",
            by=user,
            now=now,
        )
        row, _ = CoHost.objects.update_or_create(
            symposium=symposium, organization=club, defaults={"lead": lead}
        )
        symposium_guests.invite_lead(row, now=now)
        return f"{club} holds it with us; {lead} has a mail with the link."
    if step == "deal":
        if not deal_form.is_valid():
            return ""
        dealt = symposia.deal(symposium, deal_form.cleaned_data["reviewers"])
        return f"{dealt} review{'' if dealt == 1 else 's'} dealt."
    if step == "decide":
        for abstract in symposium.abstracts.live():
            wanted = request.POST.get(f"decision-{abstract.pk}")
            if wanted is not None and wanted != abstract.decision:
                symposia.decide(abstract, wanted)
        return "Decisions saved. Nobody is told before you release them."
    if step == "release":
        told = symposia.release(symposium, by=user, now=now)
        return f"Released: {told} mail{'' if told == 1 else 's'}." if told else "They were released already."
    raise Refused("Choose one of the steps.")


@require_http_methods(GET_POST)
def symposium_plan(request: HttpRequest, slug: str) -> HttpResponse:
    """The programme without dragging: tracks, sessions, and where each talk and poster goes."""
    user = cast("User", request.user)
    symposium = symposium_for(user, slug, runs=True)
    step, is_post = request.POST.get("step", ""), request.method == "POST"
    track_form = TrackForm(request.POST if is_post and step == "track" else None)
    asked = number_of(request.POST.get("session_pk") or request.GET.get("session"))
    session = _session(symposium, asked) if asked else None
    session_form = SessionForm(
        request.POST if is_post and step == "session" else None,
        instance=session,
        initial={}
        if session
        else {"starts_at": symposium.event.starts_at, "ends_at": symposium.event.ends_at},
        symposium=symposium,
    )
    if is_post:
        try:
            said = _plan_step(request, symposium, step, track_form, session_form)
            if said:
                messages.success(request, said)
                return redirect("events:symposium_plan", slug)
        except Refused as refused:
            if session_form.is_bound:
                session_form.add_error(None, str(refused))
            else:
                messages.warning(request, str(refused))
                return redirect("events:symposium_plan", slug)
    tracks = symposium_programme.programme_of(symposium)
    context = {
        "symposium": symposium,
        "event": symposium.event,
        "tracks": tracks,
        "sessions": [each.session for _, sessions in tracks for each in sessions],
        "unplaced": list(
            symposium.abstracts.accepted().filter(session=None).prefetch_related("authors__organization")
        ),
        "track_form": track_form,
        "session_form": session_form,
        "session": session,
    }
    is_wrong = track_form.is_bound or session_form.is_bound
    return render(request, "events/symposium_plan.html", context, status=422 if is_wrong else 200)


def _session(symposium: Symposium, pk: int) -> ProgrammeSession:
    return get_object_or_404(ProgrammeSession.objects.filter(track__symposium=symposium), pk=pk)


def _plan_step(
    request: HttpRequest, symposium: Symposium, step: str, track_form: TrackForm, session_form: SessionForm
) -> str:
    if step == "track":
        track_form.instance.symposium = symposium
        track_form.instance.position = symposium.tracks.count()
        if not track_form.is_valid():
            return ""
        if symposium.tracks.filter(name__iexact=track_form.cleaned_data["name"]).exists():
            raise Refused("There is a track of this name already.")
        track_form.save()
        return "The track is there."
    if step == "session":
        if not session_form.is_valid():
            return ""
        session = session_form.save(commit=False)
        symposium_programme.save_session(session)
        return "The session is saved."
    if step == "publish":
        is_public = request.POST.get("public") == "yes"
        symposium_programme.publish(symposium, is_public=is_public, now=timezone.now())
        return "Everybody sees the programme." if is_public else "Only you see the programme."
    if step == "drop-session":
        gone = _session(symposium, number_of(request.POST.get("session_pk")))
        symposium_programme.remove_session(gone)
        return f"“{gone.title}” is gone."
    if step == "drop-track":
        track = get_object_or_404(symposium.tracks, pk=number_of(request.POST.get("track_pk")))
        symposium_programme.remove_track(track)
        return f"“{track.name}” is gone."
    if step not in ("place", "up", "down"):
        raise Refused("Choose one of the steps.")
    abstract = get_object_or_404(symposium.abstracts, pk=number_of(request.POST.get("abstract")))
    if step == "place":
        asked = request.POST.get("to", "")
        to = _session(symposium, number_of(asked)) if asked else None
        symposium_programme.place(abstract, to)
        return f"“{abstract.title}” is {f'in “{to.title}”' if to else 'off the programme'}."
    symposium_programme.move_within(abstract, up=step == "up")
    return "Moved."


@require_safe
def symposium_review(request: HttpRequest, slug: str) -> HttpResponse:
    """What I review, and what is still to do."""
    symposium = symposium_for(request.user, slug)
    rows = list(
        AbstractReview.objects.filter(reviewer=cast("User", request.user), abstract__symposium=symposium)
        .exclude(abstract__state=Abstract.State.WITHDRAWN)
        .select_related("abstract")
        .order_by("done_at", "pk")
    )
    if not rows:
        raise Http404
    context = {"symposium": symposium, "event": symposium.event, "rows": rows}
    return render(request, "events/symposium_review.html", context)


@require_http_methods(GET_POST)
def abstract_review(request: HttpRequest, pk: int) -> HttpResponse:
    """One abstract, without its authors, and what I think of it."""
    row = get_object_or_404(
        AbstractReview.objects.select_related("abstract__symposium__event"),
        pk=pk,
        reviewer=cast("User", request.user),
    )
    symposium = row.abstract.symposium
    form = ReviewForm(request.POST if request.method == "POST" else None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            said = form.cleaned_data
            symposia.review(row, score=said["score"], comment=said["comment"], now=timezone.now())
            messages.success(request, "Saved.")
            return redirect("events:symposium_review", symposium.slug)
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {"form": form, "row": row, "abstract": row.abstract, "symposium": symposium}
    return render(request, "events/abstract_review.html", context, status=422 if form.is_bound else 200)
