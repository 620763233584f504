"""The showcase: the running order, the projector, and the feedback before it is released."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import feedback
from events.models import Event
from mlclub.refusal import Refused
from nmep import people, showcases
from nmep.forms.capstones import RunningOrderForm
from nmep.models import Offering, Session, Showcase, ShowcaseTalk
from nmep.views.capstones import GET_POST
from nmep.views.roster import led_offering
from nmep.views.syllabus import offering_for


def _session(offering: Offering) -> Session:
    session = showcases.session_of(offering)
    if session is None:
        raise Http404
    session.offering = offering
    return session


def _talks(showcase: Showcase | None) -> list[ShowcaseTalk]:
    if showcase is None:
        return []
    rows = ShowcaseTalk.objects.filter(showcase=showcase).select_related(
        "capstone__initiative", "capstone__offering", "form"
    )
    return list(rows.order_by("position"))


@login_not_required
@require_safe
def showcase_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Who presents when, for everybody who may see the event."""
    offering = offering_for(request, slug)
    session = _session(offering)
    user: Any = request.user
    leads = user.is_authenticated and people.may_lead(user, offering)
    if not leads and not Event.objects.visible_to(user).filter(pk=session.event_id).exists():
        raise Http404
    showcase = showcases.of(session)
    now = timezone.now()
    talks = _talks(showcase) if showcase and (showcase.published_at or leads) else []
    return render(
        request,
        "nmep/showcase_detail.html",
        {
            "offering": offering,
            "session": session,
            "showcase": showcase,
            "talks": [(talk, talk.starts_at(showcase)) for talk in talks if showcase],
            "takes_feedback": session.event.starts_at <= now,
            "leads": leads,
            "roles": people.roles(user, offering),
            "reads": user.is_authenticated
            and (user.standing.reads_members_area or people.belongs(user, offering)),
        },
    )


@require_http_methods(GET_POST)
def showcase_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The running order by numbers."""
    offering = led_offering(request, slug)
    session = _session(offering)
    showcase = showcases.of(session)
    places = {talk.capstone_id: talk.position for talk in _talks(showcase)}
    groups = sorted(showcases.groups(offering), key=lambda row: (places.get(row.pk, 999), str(row)))
    form = RunningOrderForm(
        request.POST or None,
        groups=groups,
        places=places,
        initial={"minutes": showcase.minutes if showcase else Showcase._meta.get_field("minutes").default},
    )
    user: Any = request.user
    if request.method == "POST" and form.is_valid():
        try:
            showcase = showcases.save_order(
                session, form.places, minutes=form.cleaned_data["minutes"], by=user
            )
            if "publish" in request.POST:
                showcases.publish(showcase, by=user, now=timezone.now())
                messages.success(request, "Published. Each talk has its feedback form.")
            else:
                messages.success(request, "Saved.")
        except Refused as refused:
            messages.warning(request, str(refused))
        return redirect("nmep:showcase_detail", slug)
    return render(
        request,
        "nmep/showcase_edit.html",
        {"offering": offering, "session": session, "showcase": showcase, "form": form, "groups": groups},
        status=422 if form.is_bound else 200,
    )


@never_cache
@require_safe
def showcase_screen(request: HttpRequest, slug: str) -> HttpResponse:
    """For the projector: the talk that runs, and where to say what one thinks."""
    offering = led_offering(request, slug)
    session = _session(offering)
    showcase = showcases.of(session)
    if showcase is None or not showcase.published_at:
        raise Http404
    talks = _talks(showcase)
    current = next((talk for talk in talks if talk.pk == showcase.current_id), None)
    at = talks.index(current) if current else -1
    address = f"{settings.SITE_URL}{current.form.get_absolute_url()}" if current and current.form else ""
    return render(
        request,
        "nmep/showcase_screen.html",
        {
            "offering": offering,
            "session": session,
            "current": current,
            "before": talks[at - 1] if at > 0 else None,
            "after": talks[at + 1] if at + 1 < len(talks) else None,
            "count": len(talks),
            "address": address,
            "short_address": address.partition("://")[2],
        },
    )


@require_POST
def showcase_show(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The projector goes on to a talk."""
    offering = led_offering(request, slug)
    talk = get_object_or_404(
        ShowcaseTalk.objects.select_related("showcase"), showcase__session__offering=offering, pk=pk
    )
    showcases.show(talk.showcase, talk)
    return redirect("nmep:showcase_screen", slug)


@require_safe
def feedback_read(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The lead reads what was said about a talk, for kindness, before the group does."""
    offering = led_offering(request, slug)
    talk = _talk(offering, pk)
    return render(
        request,
        "nmep/feedback_read.html",
        {
            "offering": offering,
            "talk": talk,
            "results": feedback.results(talk.form, with_hidden=True, now=timezone.now())
            if talk.form
            else None,
            "least": feedback.MIN_ANSWERS,
        },
    )


def _talk(offering: Offering, pk: int) -> ShowcaseTalk:
    rows = ShowcaseTalk.objects.select_related("capstone__initiative", "capstone__offering", "form__event")
    talk = get_object_or_404(rows, showcase__session__offering=offering, pk=pk)
    if talk.form is None:
        raise Http404
    return talk


@require_POST
def feedback_hide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take one sentence out, or put it back; the audit trail knows who did."""
    offering = led_offering(request, slug)
    talk = _talk(offering, pk)
    user: Any = request.user
    try:
        answer = UUID(request.POST.get("answer", ""))
    except ValueError as wrong:
        raise Http404 from wrong
    hides = "back" not in request.POST
    if talk.form and feedback.hide(talk.form, answer, request.POST.get("key", ""), by=user, is_hidden=hides):
        messages.success(request, "It is taken out." if hides else "It is back.")
    else:
        messages.info(request, "It was released meanwhile; nothing was changed.")
    return redirect("nmep:feedback_read", slug, pk)


@require_POST
def feedback_release(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    offering = led_offering(request, slug)
    talk = _talk(offering, pk)
    user: Any = request.user
    try:
        if showcases.release(talk, by=user, now=timezone.now()):
            messages.success(request, f"{talk.capstone} can read it, and has been told.")
        else:
            messages.info(request, "It was released before.")
    except feedback.TooFew as few:
        messages.warning(request, str(few))
    return redirect("nmep:feedback_read", slug, pk)
