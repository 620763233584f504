"""The door list and the hosts' list: who is expected, who is here, who was."""

from __future__ import annotations

import csv
import json
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events import door, people_file, registrations
from events.access import event_run_by
from events.forms import GuestForm, HeadCountForm
from events.models import Event, HeadCount, Registration, SignUpAnswer
from events.registrations import Answer
from events.views.organising import GET_POST
from members import audit
from members.models import User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of

#: How many people a page of the list shows; a browser with scripts has them all.
A_PAGE = 40
#: The hosts' list says more of each.
PEOPLE_A_PAGE = 25


@never_cache
@require_http_methods(GET_POST)
def event_door(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody who is expected, a search that also finds who is not, check-in with one tap, and undo."""
    event = event_run_by(request.user, pk)
    now = timezone.now()
    form = None
    if request.method == "POST":
        if "straggler" in request.POST:
            return straggler(request, event)
        if "walk_in" in request.POST:
            form = GuestForm(request.POST, prefix="walk_in")
            if form.is_valid():
                return let_in(request, event, **form.cleaned_data)
        else:
            return let_in(request, event, **whom(request, event))
    query = typed(request)
    people = door.people_of(event, query)
    page = Paginator(people, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "event": event,
        "page_obj": page,
        "people": page.object_list,
        "stragglers": door.stragglers(event, query) if query else [],
        "query": query,
        "form": form or GuestForm(prefix="walk_in", initial={"name": query} if query and not people else {}),
        "here": event.attendances.count(),
        "now": now,
        "opens_at": event.starts_at - Event.CHECK_IN_BEFORE,
        "is_open": door.may_edit(event, now),
        "has_begun": event.has_begun(now),
        "heads": HeadCount.objects.filter(event=event).first(),
    }
    return render(request, "events/event_door.html", context, status=422 if form else 200)


def typed(request: HttpRequest) -> str:
    """The name that is looked for."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:120]


def straggler(request: HttpRequest, event: Event) -> HttpResponse:
    """A part of a name, typed below the code: whoever alone is meant is let in, otherwise the door says who it may be."""
    query = " ".join(request.POST.get("straggler", "").replace("\x00", "").split())[:120]
    expected = [each for each in door.people_of(event, query) if each.arrival is None] if query else []
    others = door.stragglers(event, query) if query else []
    if len(expected) == 1 or (not expected and len(others) == 1):
        row = expected[0].row if expected else None
        user = row.user if row else others[0]
        person = {"user": user} if user else {"name": row.name, "email": row.email}  # type: ignore[union-attr]
        let_in(request, event, **person)
        return redirect("events:event_screen", event.pk)
    return redirect(f"{reverse('events:event_door', args=[event.pk])}?{urlencode({'q': query})}")


def whom(request: HttpRequest, event: Event) -> dict[str, Any]:
    """Who is meant: somebody registered, or an account that the search found."""
    if registration := number_of(request.POST.get("registration", "")):
        row = get_object_or_404(Registration.objects.select_related("user"), event=event, pk=registration)
        return {"user": row.user} if row.user else {"name": row.name, "email": row.email}
    number = request.POST.get("user", "")
    return {"user": get_object_or_404(User.objects.real(), pk=number_of(number))}


def let_in(request: HttpRequest, event: Event, **person: Any) -> HttpResponse:
    now = timezone.now()
    try:
        attendance, was_here = door.let_in(event, **person, by=request.user, at=now, now=now)  # type: ignore[arg-type]
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"{attendance.who} {'was already here' if was_here else 'is here'}.")
    return redirect("events:event_door", event.pk)


@require_POST
def door_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a check-in back."""
    event = event_run_by(request.user, pk)
    number = number_of(request.POST.get("attendance", ""))
    try:
        is_gone = door.take_back(event, number, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "Taken back." if is_gone else "It was taken back already.")
    return redirect("events:event_door", event.pk)


@never_cache
@require_safe
def door_roster(request: HttpRequest, pk: int) -> HttpResponse:
    """The list for a browser that keeps it, to search at once and without a network. Asked every few seconds."""
    event = event_run_by(request.user, pk)
    etag = f'"{door.mark(event)}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    return JsonResponse(door.listed(event), headers={"ETag": etag})


@require_POST
def door_ticks(request: HttpRequest, pk: int) -> HttpResponse:
    """Ticks that a browser kept, each answered by its key; those that came before change nothing."""
    event = event_run_by(request.user, pk)
    now = timezone.now()
    try:
        ticks = list(door.read_all(json.loads(request.body), now))
    except (Refused, ValueError, RecursionError):
        return JsonResponse({"sentence": "These are no ticks."}, status=422)
    taken = [door.take(event, tick, by=request.user, now=now) for tick in ticks]  # type: ignore[arg-type]
    answers = [
        {"key": str(each.key), "attendance": each.attendance, "sentence": each.sentence} for each in taken
    ]
    return JsonResponse({"ticks": answers})


@require_POST
def head_count(request: HttpRequest, pk: int) -> HttpResponse:
    """How many people were in the room."""
    event = event_run_by(request.user, pk)
    form = HeadCountForm(request.POST)
    if form.is_valid():
        try:
            door.count_heads(event, form.cleaned_data["people"], by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except Refused as refused:
            form.add_error("people", str(refused))
        else:
            messages.success(request, f"{form.cleaned_data['people']} people in the room.")
            return redirect("events:event_people", event.pk)
    return render(request, "events/event_people.html", people_context(request, event, form), status=422)


# ── The hosts' list ──


@never_cache
@require_safe
def event_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is registered, in order, and who was there. The notes on food and access are for the hosts alone."""
    event = event_run_by(request.user, pk)
    return render(request, "events/event_people.html", people_context(request, event))


def people_context(
    request: HttpRequest, event: Event, head_form: HeadCountForm | None = None
) -> dict[str, Any]:
    user: Any = request.user
    now, count = timezone.now(), HeadCount.objects.filter(event=event).first()
    query = typed(request)
    everybody = sorted(door.people_of(event), key=people_file.in_order)
    here = sum(each.arrival is not None for each in everybody)
    found = [each for each in everybody if query.lower() in each.name.lower()]
    page = Paginator(found, PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    shown = {each.registration.pk: each.registration for each in page.object_list if each.registration}
    said: dict[int, list[SignUpAnswer]] = {}
    answers = SignUpAnswer.objects.filter(registration__in=shown).order_by("question__position", "pk")
    for answer in answers:
        said.setdefault(answer.registration_id, []).append(answer)
    for pk, row in shown.items():
        row.said = said.get(pk, [])  # type: ignore[attr-defined]
    gone = event.registrations.exclude(state=Registration.State.GOING)
    left = Paginator(
        gone.select_related("user", "cancelled_by", "guest_of__user").order_by("-cancelled_at", "-pk"),
        PEOPLE_A_PAGE,
    ).get_page(request.GET.get("gone"))
    context = {
        "event": event,
        "total": len(everybody),
        "page_obj": page,
        "people": page.object_list,
        "query": query,
        "gone": list(left.object_list),
        "gone_page": left,
        "asks": bool(said),
        "here": here,
        "sees_notes": event.is_hosted_by(user),
        "now": now,
        "may_edit": door.may_edit(event, now),
        "heads": count,
        "head_form": head_form or HeadCountForm(initial={"people": count.people} if count else {}),
    }
    if count:
        context["captured"] = round(100 * min(here, count.people) / (count.people or 1))
    return context


@require_POST
def people_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Who signed up, who was there and what they answered, as one file: addresses only for officers who may export
    them. The audit trail keeps who took it."""
    event = event_run_by(request.user, pk)
    user: Any = request.user
    has_addresses = user.has_perm("events.export_registration")
    audit.record(user, "registrations.exported", event, after={"addresses": has_addresses})
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{event.slug or "event"}-people.csv"'
    csv.writer(answer).writerows(people_file.rows_of(event, has_addresses=has_addresses))
    return answer


@require_POST
def people_cancel(request: HttpRequest, pk: int, registration_pk: int) -> HttpResponse:
    """A host takes somebody off the list, at that person's wish."""
    event = event_run_by(request.user, pk)
    row = get_object_or_404(Registration.objects.select_related("event"), event=event, pk=registration_pk)
    outcome = registrations.cancel(row, by=request.user, reason="By a host")  # type: ignore[arg-type]
    if outcome.answer == Answer.CANCELLED:
        words = "was off the list already" if outcome.is_repeat else "is off the list"
        messages.success(request, f"{row.who} {words}.")
    return redirect("events:event_people", event.pk)
