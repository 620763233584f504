"""Pages of a symposium by a magic link: an author's abstract, a guest's seat, a club's own page."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from events import registrations, symposia, symposium_guests
from events.forms.symposia import AbstractForm, LinkForm, as_typed
from events.models import Abstract, CoHost, Registration, SymposiumGuest
from events.notifications import ABSTRACT, CO_HOST, SEAT
from events.views.organising import GET_POST
from members.magic_links import by_magic_link
from members.models import MagicLink
from mlclub.refusal import Refused


@by_magic_link(ABSTRACT)
@require_http_methods(GET_POST)
def abstract_detail(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """Confirm, change until the deadline, take back, and leave slides or a poster afterwards."""
    abstract = (
        Abstract.objects.select_related("symposium__event", "session__track").filter(pk=link.about_pk).first()
    )
    if abstract is None:
        raise Http404
    symposium, now = abstract.symposium, timezone.now()
    is_open = symposium.is_open(now) and abstract.state != Abstract.State.WITHDRAWN
    step = request.POST.get("step", "")
    form = AbstractForm(
        request.POST if step == "change" else None,
        initial=as_typed(abstract),
        symposium=symposium,
        has_address=True,
    )
    link_form = LinkForm(request.POST if step == "link" else None, initial={"link": abstract.link})
    if request.method == "POST":
        try:
            said = ""
            if step == "confirm":
                symposia.confirm(abstract, now=now)
                said = "Thank you. Your abstract is handed in."
            elif step == "withdraw":
                symposia.withdraw(abstract, now=now)
                said = "Taken back."
            elif step == "change" and form.is_valid():
                symposia.change(abstract, **form.said(), now=now)
                said = "Saved."
            elif step == "link" and link_form.is_valid():
                symposia.add_link(abstract, link_form.cleaned_data["link"], now=now)
                said = "Saved."
            if said:
                messages.success(request, said)
                return redirect(link.path)
        except Refused as refused:
            form.add_error(None, str(refused)) if form.is_bound else messages.warning(request, str(refused))
    context = {
        "abstract": abstract,
        "symposium": symposium,
        "event": symposium.event,
        "form": form,
        "link_form": link_form,
        "is_open": is_open,
        "is_told": symposium.released_at is not None,
        "is_over": symposium.event.is_over(now),
        "path": link.path,
        "now": now,
    }
    is_wrong = form.is_bound or link_form.is_bound
    return render(request, "events/abstract_detail.html", context, status=422 if is_wrong else 200)


@by_magic_link(SEAT)
@require_http_methods(GET_POST)
def seat_detail(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """Take the seat, or give it back."""
    guest = (
        SymposiumGuest.objects.select_related("symposium__event", "registration", "organization")
        .filter(pk=link.about_pk)
        .first()
    )
    if guest is None:
        raise Http404
    now = timezone.now()
    if request.method == "POST":
        if request.POST.get("step") == "leave":
            symposium_guests.give_seat_back(guest, now=now)
            messages.success(request, "Your seat is free for somebody else.")
        else:
            outcome = symposium_guests.take_seat(guest, now=now)
            if outcome.answer == registrations.Answer.GOING:
                messages.success(request, "You have a seat.")
            elif outcome.answer == registrations.Answer.WAITING:
                messages.info(request, f"All seats are taken; you are number {outcome.line} in line.")
            else:
                messages.warning(request, "Seats are not given at the moment.")
        return redirect(link.path)
    # Only a live one has a position.
    registration = Registration.objects.with_position().filter(symposium_guest=guest).first()
    capacity = guest.symposium.event.capacity
    position = getattr(registration, "position", 0)
    has_seat = registration is not None and (capacity is None or position <= capacity)
    context = {
        "guest": guest,
        "symposium": guest.symposium,
        "event": guest.symposium.event,
        "registration": registration,
        "has_seat": has_seat,
        "path": link.path,
        "now": now,
    }
    return render(request, "events/seat_detail.html", context)


@by_magic_link(CO_HOST)
@require_http_methods(GET_POST)
def co_host_detail(request: HttpRequest, link: MagicLink) -> HttpResponse:
    """A club's own page: who of theirs comes, what they handed in, and a form to hand in more."""
    row = (
        CoHost.objects.select_related("symposium__event", "organization", "lead")
        .filter(pk=link.about_pk)
        .first()
    )
    # Another lead may have taken over since the link went out.
    if row is None or row.lead_id != link.contact_id:
        raise Http404
    symposium, now = row.symposium, timezone.now()
    form = AbstractForm(
        request.POST if request.method == "POST" else None,
        initial={"club_1": str(row.organization_id)},
        symposium=symposium,
        has_address=False,
    )
    form.fields["email"].label = "Address that gets the link to it"
    if request.method == "POST" and form.is_valid():
        try:
            symposia.submit(symposium, **form.said(), email=form.cleaned_data["email"], now=now)
            messages.success(
                request, "Handed in. It counts once the link in the mail to that address confirms it."
            )
            return redirect(link.path)
        except Refused as refused:
            form.add_error(None, str(refused))
    guests = SymposiumGuest.objects.filter(
        symposium=symposium, organization=row.organization, registration__state="going"
    )
    context = {
        "row": row,
        "symposium": symposium,
        "event": symposium.event,
        "guests": list(guests),
        "abstracts": list(
            symposium.abstracts.exclude(state=Abstract.State.WITHDRAWN)
            .filter(authors__organization=row.organization)
            .distinct()
            .prefetch_related("authors")
        ),
        "counts": next(
            (each for each in symposium_guests.counts_of(symposium) if each.club == row.organization), None
        ),
        "form": form,
        "is_open": symposium.is_open(now),
        "is_over": symposium.event.is_over(now),
        "is_told": symposium.released_at is not None,
        "path": link.path,
        "now": now,
    }
    return render(request, "events/co_host_detail.html", context, status=422 if form.is_bound else 200)
