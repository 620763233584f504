"""Speakers as hosts and officers see them: who is at which stage, and each step of one."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import speakers
from events.forms.speakers import (
    InviteForm,
    SpeakerAnswerForm,
    SpeakerEventForm,
    SpeakerFilterForm,
    SuggestForm,
    ThanksForm,
)
from events.models import Event, SpeakerVisit
from events.views.organising import GET_POST
from members import contacts
from members.access import active_members_only, members_only
from members.forms import save_topics
from members.models import User
from mlclub import uploads
from mlclub.refusal import Refused
from mlclub.typed import number as number_of

State = SpeakerVisit.State
#: The stages as the list shows them; what is over comes last and by pages.
STAGES = [State.IDEA, State.INVITED, State.PUT_OFF, State.CONFIRMED, State.SPOKE]
OVER = [State.THANKED, State.DECLINED]
#: How many of one stage a page names.
MOST = 50


@members_only
@require_safe
def speaker_list(request: HttpRequest) -> HttpResponse:
    """Who is at which stage, and who waits for whom since when."""
    user: Any = request.user
    mine = SpeakerVisit.objects.visible_to(user)
    form = SpeakerFilterForm(request.GET, visits=mine)
    asked = form.cleaned_data if form.is_valid() else {}
    visits = mine.select_related("contact__organization", "event", "host")
    if asked.get("host"):
        visits = visits.filter(host=asked["host"])
    if asked.get("topic"):
        visits = visits.filter(topics=asked["topic"])
    rows = list(visits.filter(state__in=STAGES).order_by("since", "pk")[: MOST * len(STAGES)])
    page = Paginator(visits.filter(state__in=OVER).order_by("-since", "-pk"), 20).get_page(
        request.GET.get("page")
    )
    page.object_list = list(page.object_list)
    everybody = [*rows, *page.object_list]
    prefetch_related_objects(everybody, "topics", "event__hosts")
    for row in everybody:
        row.runs = row.is_run_by(user)  # type: ignore[attr-defined]
    stages = [(stage, [row for row in rows if row.state == stage]) for stage in STAGES]
    context = {
        "form": form,
        "stages": [(stage, found) for stage, found in stages if found],
        "page_obj": page,
        "can_suggest": user.standing.writes,
        "is_filtered": any(asked.values()),
    }
    return render(request, "events/speaker_list.html", context)


@active_members_only
@require_http_methods(GET_POST)
def speaker_suggest(request: HttpRequest) -> HttpResponse:
    """Any member has an idea. It becomes a contact that officers see, and a row of the list."""
    user = cast("User", request.user)
    form = SuggestForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said, now = form.cleaned_data, timezone.now()
        with transaction.atomic():
            organization = (
                contacts.organization_called(said["organization"]) if said["organization"] else None
            )
            contact = contacts.keep(
                said["name"], said["email"], organization=organization, role=said["role"],
                source=said["source"] if said["email"] else "", by=user, now=now,
            )  # fmt: skip
            visit, is_new = speakers.suggest(
                contact,
                why=said["why"],
                topics=save_topics(said["topics"]),
                by=user,
                host=user if said["hosts"] else None,
                now=now,
            )
        if is_new:
            messages.success(request, f"{contact.name} is on the list.")
        else:
            messages.info(
                request, f"{contact.name} is on the list already: {visit.get_state_display().lower()}."
            )
        return redirect("events:speaker_list")
    return render(
        request, "events/speaker_suggest.html", {"form": form}, status=422 if form.is_bound else 200
    )


def visit_for(user: Any, pk: int, *, runs: bool = True) -> SpeakerVisit:
    """The visit; with `runs`, a 403 for whoever sees it and may not write to the speaker."""
    visit: SpeakerVisit = get_object_or_404(
        SpeakerVisit.objects.visible_to(user)
        .select_related("contact__organization", "contact__user", "event", "host", "suggested_by", "talk")
        .prefetch_related("topics"),
        pk=pk,
    )
    if runs and not visit.is_run_by(user):
        raise PermissionDenied
    return visit


@require_safe
def speaker_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One speaker: what they said, what was written to them, and the next step."""
    visit = visit_for(request.user, pk)
    user = cast("User", request.user)
    now = timezone.now()
    needs_event = visit.state == State.CONFIRMED and visit.event is None
    context = {
        "visit": visit,
        "contact": visit.contact,
        "now": now,
        "dates": [speakers.spoken(date) for date in visit.proposed],
        "agreed": speakers.spoken(visit.agreed_on) if visit.agreed_on else "",
        "slides": speakers.slides_of(visit),
        "event_form": SpeakerEventForm(user=user, now=now) if needs_event else None,
        "answer_form": SpeakerAnswerForm() if visit.state in (State.INVITED, State.CONFIRMED) else None,
        "sees_contact": user.has_perm("members.view_contact"),
    }
    return render(request, "events/speaker_detail.html", context)


@require_POST
def speaker_take(request: HttpRequest, pk: int) -> HttpResponse:
    """Become the host of an idea: whoever suggested it, or an officer."""
    user = cast("User", request.user)
    visit = visit_for(user, pk, runs=False)
    if speakers.take(visit, by=user):
        messages.success(request, "You host them. Write to them next.")
    else:
        messages.info(request, f"{visit.host.display_name if visit.host else 'Somebody'} hosts them already.")
    return redirect(visit)


@require_http_methods(GET_POST)
def speaker_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the letter from the template, look at it, send it."""
    user = cast("User", request.user)
    visit, now = visit_for(user, pk), timezone.now()
    if not visit.can_be_invited:
        messages.info(request, f"{visit.contact.name} is {visit.get_state_display().lower()} already.")
        return redirect(visit)
    visit.event = visit.event if visit.event and visit.event.starts_at > now else None
    if request.method == "POST":
        form = InviteForm(request.POST, visit=visit, user=user, now=now)
    else:
        if asked := number_of(request.GET.get("event")):
            visit.event = Event.objects.visible_to(user).filter(pk=asked).first()
        chosen = visit.event
        start = {"event": chosen, "audience": visit.audience, "getting_in": visit.getting_in}
        form = InviteForm(
            initial={**start, **speakers.template_letter(visit, user)}, visit=visit, user=user, now=now
        )
    context: dict[str, Any] = {"form": form, "visit": visit, "contact": visit.contact}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        context["dates"] = [speakers.spoken(date) for date in said["proposed"]]
        if request.POST.get("step") != "send":
            context["preview"] = said
            return render(request, "events/speaker_invite.html", context)
        try:
            with transaction.atomic():
                if said.get("email"):
                    visit.contact = contacts.give_address(visit.contact, said["email"], now=now)
                    visit.save(update_fields=["contact"])
                speakers.invite(
                    visit, event=said["event"], proposed=said["proposed"], subject=said["subject"],
                    letter=said["letter"], audience=said["audience"], getting_in=said["getting_in"], by=user, now=now,
                )  # fmt: skip
            messages.success(request, f"The invitation to {visit.contact.name} is on its way.")
            return redirect(visit)
        except Refused as refused:
            form.add_error(None, str(refused))
    return render(request, "events/speaker_invite.html", context, status=422 if form.is_bound else 200)


@require_POST
def speaker_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    user = cast("User", request.user)
    visit = visit_for(user, pk)
    if speakers.take_back(visit, by=user, now=timezone.now()):
        messages.success(
            request, "Taken back: the link opens nothing any more. Tell them why, they have the letter."
        )
    else:
        messages.info(request, "There was nothing to take back.")
    return redirect(visit)


@require_POST
def speaker_event(request: HttpRequest, pk: int) -> HttpResponse:
    """The event of a speaker who chose a date."""
    user, now = cast("User", request.user), timezone.now()
    visit = visit_for(user, pk)
    form = SpeakerEventForm(request.POST, user=user, now=now)
    if not form.is_valid():
        messages.warning(request, "Choose an event that is still to come.")
        return redirect(visit)
    try:
        speakers.set_event(visit, form.cleaned_data["event"], now=now)
        messages.success(request, f"{visit.contact.name} is told when and where.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(visit)


@require_POST
def speaker_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What the speaker told the host by another way."""
    user = cast("User", request.user)
    visit = visit_for(user, pk)
    form = SpeakerAnswerForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Say what they told you: yes, another time, or no.")
        return redirect(visit)
    said = form.cleaned_data
    if speakers.answer_for(visit, said["state"], sentence=said["sentence"], by=user, now=timezone.now()):
        messages.success(request, "Written down.")
    else:
        messages.info(request, "It was so already.")
    return redirect(visit)


@require_http_methods(GET_POST)
def speaker_thank(request: HttpRequest, pk: int) -> HttpResponse:
    """The thank-you: drafted, read by the host, sent once."""
    user = cast("User", request.user)
    visit = visit_for(user, pk)
    if visit.state != State.SPOKE:
        was = "They are thanked already." if visit.state == State.THANKED else "They have not spoken yet."
        messages.info(request, was)
        return redirect(visit)
    draft = visit.thanks or speakers.template_thanks(visit)
    form = ThanksForm(request.POST if request.method == "POST" else None, initial={"thanks": draft})
    if request.method == "POST" and form.is_valid():
        if speakers.thank(visit, form.cleaned_data["thanks"], by=user, now=timezone.now()):
            messages.success(request, f"The thank-you to {visit.contact.name} is on its way.")
        else:
            messages.info(request, "Somebody has thanked them already.")
        return redirect(visit)
    context = {"form": form, "visit": visit, "contact": visit.contact}
    return render(request, "events/speaker_thank.html", context, status=422 if form.is_bound else 200)


@login_not_required
@require_safe
def speaker_photo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The photo of a speaker who agreed, for whoever sees the event."""
    shown = SpeakerVisit.objects.shown().filter(
        shows_photo=True, event__in=Event.objects.visible_to(request.user)
    )
    visit = get_object_or_404(shown.exclude(photo=""), pk=pk)
    return uploads.serve_private(request, visit.photo, filename="photo", as_attachment=False)
