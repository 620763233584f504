"""A symposium as everybody sees it, and as those who run and review it do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from events import ical, symposia
from events.forms.symposia import (
    AbstractForm,
    CoHostForm,
    DealForm,
    ReviewForm,
    SeatForm,
    SessionForm,
    SymposiumForm,
    TrackForm,
    club_of,
)
from events.models import Abstract, AbstractReview, CoHost, Event, ProgrammeSession, Symposium
from members import contacts
from members.models import Club, Organization, User
from mlclub.gather import Occurrence
from mlclub.refusal import Refused

GET_POST = ["GET", "HEAD", "POST"]
RATE = {"symposium-form": "10/m/ip,60/h/ip"}


@dataclass(frozen=True)
class Shown:
    """A session of the programme with its talks or posters, and their times."""

    session: ProgrammeSession
    slots: list[symposia.Slot]


def symposium_for(user: Any, slug: str, *, runs: bool = False) -> Symposium:
    """The symposium for whoever sees its event; with `runs`, a 403 for whoever does not run it."""
    symposium = get_object_or_404(
        Symposium.objects.filter(event__in=Event.objects.visible_to(user)).select_related("event"), slug=slug
    )
    if runs and not symposium.event.is_run_by(user):
        raise PermissionDenied
    return symposium


def is_too_much(request: HttpRequest) -> bool:
    """Whether this network has sent its share of forms. Each sends a mail, so nobody may while nobody can count."""
    return ratelimit.consume(request, app="events", action="symposium-form", config=RATE) is None


def programme_of(symposium: Symposium) -> list[tuple[Any, list[Shown]]]:
    """Every track with its sessions in order; three queries."""
    shown = Abstract.objects.accepted().prefetch_related("authors__organization").order_by("position", "pk")
    sessions = ProgrammeSession.objects.order_by("starts_at", "pk").prefetch_related(
        Prefetch("abstracts", shown, to_attr="placed")
    )
    tracks = symposium.tracks.prefetch_related(Prefetch("sessions", sessions, to_attr="in_order"))
    return [
        (track, [Shown(each, symposia.slots_of(each, symposium, each.placed)) for each in track.in_order])
        for track in tracks
    ]


@login_not_required
@require_safe
def symposium_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The call, who holds it, how to come; and afterwards what was shown."""
    user: Any = request.user
    symposium = symposium_for(user, slug)
    now = timezone.now()
    runs = symposium.event.is_run_by(user)
    is_over = symposium.event.is_over(now)
    context = {
        "symposium": symposium,
        "event": symposium.event,
        "now": now,
        "runs": runs,
        "clubs": [row.organization for row in symposium.co_hosts.select_related("organization")],
        "topics": list(symposium.topics.all()),
        "is_open": symposium.is_open(now),
        "is_over": is_over,
        "shown": list(
            symposium.abstracts.accepted()
            .prefetch_related("authors__organization")
            .order_by("decision", "poster_number", "title")
        )
        if is_over and symposium.published_at
        else [],
        "to_review": user.is_authenticated
        and AbstractReview.objects.filter(reviewer=user, abstract__symposium=symposium).count(),
        "counts": symposia.counts_of(symposium) if runs and is_over else [],
    }
    return render(request, "events/symposium_detail.html", context)


@login_not_required
@require_http_methods(GET_POST)
def symposium_submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand an abstract in: with the account's address, or with one that the mail's link proves."""
    user: Any = request.user
    symposium, now = symposium_for(user, slug), timezone.now()
    if not symposium.is_open(now):
        messages.info(request, "Abstracts are no longer taken.")
        return redirect(symposium)
    start = {"name_1": user.display_name, "address_1": user.email} if user.is_authenticated else {}
    form = AbstractForm(
        request.POST if request.method == "POST" else None,
        initial=start,
        symposium=symposium,
        has_address=user.is_authenticated,
    )
    if request.method == "POST":
        if is_too_much(request):
            return render(request, "429.html", status=429)
        if form.is_valid():
            email = user.email if user.is_authenticated else form.cleaned_data["email"]
            try:
                symposia.submit(
                    symposium, **form.said(), email=email, is_proven=user.is_authenticated, now=now
                )
                messages.success(
                    request, "Thank you. Look into your mail: the link there confirms and changes it."
                )
                return redirect(symposium)
            except Refused as refused:
                form.add_error(None, str(refused))
    context = {"form": form, "symposium": symposium, "event": symposium.event, "now": now}
    return render(request, "events/symposium_submit.html", context, status=422 if form.is_bound else 200)


@login_not_required
@require_http_methods(GET_POST)
def symposium_seat(request: HttpRequest, slug: str) -> HttpResponse:
    """A seat for a guest of another club; members sign up on the event's page."""
    symposium, now = symposium_for(request.user, slug), timezone.now()
    form = SeatForm(request.POST if request.method == "POST" else None, symposium=symposium)
    if request.method == "POST":
        if is_too_much(request):
            return render(request, "429.html", status=429)
        if form.is_valid():
            club = club_of(symposium, form.cleaned_data["club"])
            symposia.ask_for_seat(
                symposium,
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                organization=club,
                now=now,
            )
            messages.success(request, "Look into your mail: the link there takes the seat.")
            return redirect(symposium)
    context = {"form": form, "symposium": symposium, "event": symposium.event}
    return render(request, "events/symposium_seat.html", context, status=422 if form.is_bound else 200)


@login_not_required
@require_safe
def symposium_program(request: HttpRequest, slug: str) -> HttpResponse:
    """The public programme: tracks side by side."""
    symposium = symposium_for(request.user, slug)
    runs = symposium.event.is_run_by(request.user)
    if symposium.published_at is None and not runs:
        raise Http404
    context = {
        "symposium": symposium,
        "event": symposium.event,
        "tracks": programme_of(symposium),
        "is_draft": symposium.published_at is None,
    }
    return render(request, "events/symposium_program.html", context)


@login_not_required
@require_safe
def symposium_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """The published programme as a calendar, one entry a session."""
    symposium = symposium_for(request.user, slug)
    if symposium.published_at is None:
        raise Http404
    event = symposium.event
    entries = [
        Occurrence(
            uid=f"symposium-{each.session.pk}-{event.uid}",
            title=f"{each.session.title} ({track.name})",
            starts_at=each.session.starts_at,
            ends_at=each.session.ends_at,
            place=track.place or event.where,
            description="\n".join(slot.abstract.title for slot in each.slots),
            sequence=event.schedule_version,
            updated_at=symposium.published_at,
            is_cancelled=event.is_cancelled,
        )
        for track, sessions in programme_of(symposium)
        for each in sessions
    ]
    body = ical.feed(entries, name=event.title, zone=Club.current().zone)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{symposium.slug}.ics"'
    return response


# ── Those who run it ──


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
        "counts": symposia.counts_of(symposium),
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
        symposia.invite_lead(row, now=now)
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
    session = None
    if (asked := request.POST.get("session_pk") or request.GET.get("session") or "").isdigit():
        session = get_object_or_404(
            ProgrammeSession.objects.filter(track__symposium=symposium), pk=int(asked[:9])
        )
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
    tracks = programme_of(symposium)
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
        symposia.save_session(session)
        return "The session is saved."
    if step == "publish":
        is_public = request.POST.get("public") == "yes"
        symposia.publish(symposium, is_public=is_public, now=timezone.now())
        return "Everybody sees the programme." if is_public else "Only you see the programme."
    if step not in ("place", "up", "down"):
        raise Refused("Choose one of the steps.")
    pk = request.POST.get("abstract", "")
    abstract = get_object_or_404(symposium.abstracts, pk=int(pk[:9]) if pk.isdigit() else 0)
    if step == "place":
        asked = request.POST.get("to", "")
        to = None
        if asked:
            to = get_object_or_404(
                ProgrammeSession.objects.filter(track__symposium=symposium),
                pk=int(asked[:9]) if asked.isdigit() else 0,
            )
        symposia.place(abstract, to)
        return f"“{abstract.title}” is {f'in “{to.title}”' if to else 'off the programme'}."
    symposia.move_within(abstract, up=step == "up")
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
