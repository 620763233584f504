"""The speaker's own page, by a magic link, without an account."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from events import ical, speakers
from events.forms.speakers import GuestDeclineForm, GuestForm, SlidesForm
from events.models import Material, SpeakerVisit
from events.notifications import SPEAKER
from events.views.organising import GET_POST
from members.magic_links import by_magic_link
from members.models import Club, MagicLink
from mlclub.refusal import Refused

State = SpeakerVisit.State


def visit_behind(link: MagicLink) -> SpeakerVisit:
    visit = (
        SpeakerVisit.objects.select_related("contact__organization", "event", "host", "talk")
        .filter(pk=link.about_pk)
        .first()
    )
    if visit is None or visit.state == State.IDEA:
        raise Http404
    return visit


def shown(request: HttpRequest, link: MagicLink, visit: SpeakerVisit, **forms: Any) -> HttpResponse:
    now = timezone.now()
    is_wrong = any(form.is_bound for form in forms.values())
    recordings = (
        list(Material.objects.filter(event=visit.event, kind=Material.Kind.RECORDING, url__gt="").shown(now))
        if visit.event
        else []
    )
    context = {
        "visit": visit,
        "event": visit.event,
        "host": visit.host,
        "contact": visit.contact,
        "now": now,
        "path": link.path,
        "form": forms.get("form") or GuestForm(instance=visit, now=now),
        "slides_form": forms.get("slides_form") or SlidesForm(),
        "can_answer": visit.can_answer(now),
        "takes_slides": visit.takes_slides(now),
        "slides": speakers.slides_of(visit),
        "recordings": recordings,
        "dates": [speakers.spoken(date) for date in visit.proposed],
        "agreed": speakers.spoken(visit.agreed_on) if visit.agreed_on else "",
    }
    return render(request, "events/guest_detail.html", context, status=422 if is_wrong else 200)


@by_magic_link(SPEAKER)
@require_http_methods(GET_POST)
def guest_detail(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """When, where, who; and yes, with whatever they want to say."""
    visit, now = visit_behind(link), timezone.now()
    if request.method != "POST":
        return shown(request, link, visit)
    form = GuestForm(request.POST, request.FILES, instance=visit, now=now)
    if not form.is_valid():
        return shown(request, link, visit, form=form)
    said = dict(form.cleaned_data)
    photo, agreed_on = said.pop("new_photo", None), said.pop("agreed_on", None)
    try:
        is_new = speakers.confirm(
            visit, speakers.Answer(said=said, photo=photo, agreed_on=agreed_on), now=now
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return shown(request, link, visit_behind(link), form=form)
    messages.success(request, "Thank you. We look forward to it." if is_new else "Saved.")
    return redirect(link.path)


@by_magic_link(SPEAKER)
@require_http_methods(GET_POST)
def guest_decline(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """No, or another date."""
    visit = visit_behind(link)
    form = GuestDeclineForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            is_other = form.cleaned_data["another"] == "yes"
            speakers.decline(visit, form.cleaned_data["sentence"], another_date=is_other, now=timezone.now())
            messages.success(request, "Thank you for telling us. Your host knows.")
            return redirect(link.path)
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {"form": form, "visit": visit, "event": visit.event, "path": link.path}
    return render(request, "events/guest_decline.html", context, status=422 if form.is_bound else 200)


@by_magic_link(SPEAKER)
@require_POST
def guest_slides(request: HttpRequest, link: MagicLink) -> HttpResponse:
    visit = visit_behind(link)
    form = SlidesForm(request.POST, request.FILES)
    if not form.is_valid():
        return shown(request, link, visit, slides_form=form)
    try:
        speakers.add_slides(visit, **form.cleaned_data, now=timezone.now())
        messages.success(request, "Your slides are with the event.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(link.path)


@by_magic_link(SPEAKER)
@require_http_methods(["GET", "HEAD"])
def guest_calendar(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """The event as a calendar file, with the meeting link."""
    visit = visit_behind(link)
    if visit.event is None:
        raise Http404
    entry = ical.entry_of(visit.event, shows_link=True)
    response = HttpResponse(
        ical.single(entry, zone=Club.current().zone), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="talk.ics"'
    return response
