"""Help at a party: saying that one can give it, asking for it, and going to whoever asked."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from events import helping
from events.access import event_for
from events.forms import HelpForm
from events.models import Event, HelpTicket, Kind
from members.models import User
from mlclub import gather
from mlclub.refusal import Refused
from mlclub.typed import number as number_of


def party_for(request: HttpRequest, pk: int) -> Event:
    """An event with a help queue, for those who see it."""
    event = event_for(request.user, pk)
    if event.kind != Kind.HOMEWORK_PARTY:
        raise Http404
    return event


@require_POST
def help_offer(request: HttpRequest, pk: int) -> HttpResponse:
    """I can help; or I cannot after all, which whoever was named says too."""
    event = event_for(request.user, pk)
    user, now = cast("User", request.user), timezone.now()
    if "withdraw" in request.POST:
        helping.withdraw(event, user, now=now)
        messages.success(request, "Taken back. You still have a seat; give it back below if you do not come.")
    elif not helping.is_wanted(event):
        raise Http404
    elif not helping.may_offer(user, event):
        messages.warning(request, "Members who have been here for a while help at parties.")
    else:
        try:
            is_new = helping.offer(event, user, now=now)
            messages.success(
                request, "Thank you. It stands in your calendar." if is_new else "You have said so already."
            )
        except Refused as refused:
            messages.warning(request, str(refused))
    return redirect(event)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def help_queue(request: HttpRequest, pk: int) -> HttpResponse:
    """Who wants help with what, by exercise; and standing in the queue oneself."""
    event = party_for(request, pk)
    user, now = cast("User", request.user), timezone.now()
    takes_part = helping.takes_part(user, event)
    topics = gather.flat("help_topics", event)
    form = HelpForm(request.POST or None, topics=topics)
    if request.method == "POST" and form.is_valid():
        try:
            _, is_new = helping.ask(event, user, now=now, **form.cleaned_data)
            messages.success(request, "You are in the queue." if is_new else "You are in the queue already.")
            return redirect("events:help_queue", event.pk)
        except Refused as refused:
            form.add_error(None, str(refused))
    groups = helping.groups(event, now) if takes_part else []
    mine = next((row for group in groups for row in group.tickets if row.person_id == user.pk), None)
    context = {
        "event": event,
        "now": now,
        "is_open": helping.is_open(event, now),
        "takes_part": takes_part,
        "gives_help": helping.gives_help(user, event),
        "groups": [(group, group.is_among_peers(now)) for group in groups],
        "mine": mine,
        "helpers": helping.helpers_of(event),
        "form": form,
    }
    part = "#queue" if request.headers.get("HX-Request") else ""
    status = 422 if form.is_bound else 200
    return render(request, f"events/help_queue.html{part}", context, status=status)


@require_POST
def help_take(request: HttpRequest, pk: int) -> HttpResponse:
    """A helper goes to everybody of a group."""
    event = party_for(request, pk)
    user = cast("User", request.user)
    if not helping.gives_help(user, event):
        raise Http404
    wanted = [number_of(value) for value in request.POST.getlist("ticket")]
    tickets = list(HelpTicket.objects.live().filter(event=event, pk__in=wanted))
    if helping.take(tickets, user, now=timezone.now()):
        messages.success(request, "They are yours. Press “Done” when it is settled.")
    else:
        messages.info(request, "Somebody else has gone to them.")
    return redirect("events:help_queue", event.pk)


@require_POST
def help_change(request: HttpRequest, pk: int, ticket_pk: int) -> HttpResponse:
    """Settled, taken back, put back, or a helper is wanted all the same."""
    event = party_for(request, pk)
    user, now = cast("User", request.user), timezone.now()
    ticket = get_object_or_404(HelpTicket, event=event, pk=ticket_pk)
    is_mine, helps = ticket.person_id == user.pk, helping.gives_help(user, event)
    if not (is_mine or helps):
        raise Http404
    act = request.POST.get("act")
    if act == "done":
        changed = helping.finish(ticket, now=now)
    elif act == "leave" and is_mine:
        changed = helping.finish(ticket, now=now, is_helped=False)
    elif act == "helper" and is_mine:
        changed = helping.want_helper(ticket, now)
    elif act == "back" and helps:
        changed = helping.put_back(ticket)
    else:
        raise Http404
    messages.success(request, "Noted." if changed else "That had happened already.")
    return redirect("events:help_queue", event.pk)
