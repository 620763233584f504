from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from members.models import User
from mlclub import gather
from mlclub.gather import Card, Section

#: Nobody is asked for more than this at once.
MOST_NEEDED = 3
MOST_NEW = 5
MOST_NEXT = 6

SECTIONS = [
    (Section.DUE, "Due from you"),
    (Section.NEXT, "Where next"),
    (Section.NEW, "New for you"),
    (Section.NEEDED, "Where you are needed"),
]


@login_not_required
@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The public face: what the club is, what is open next, how to join. Members go on to their week."""
    if request.user.is_authenticated and "stay" not in request.GET:
        return redirect("portal:home")
    now = timezone.now()
    items = gather.flat("front", now)
    kinds: dict[str, list[gather.FrontItem]] = {}
    for item in items:
        kinds.setdefault(item.kind, []).append(item)
    return render(
        request,
        "portal/front.html",
        {
            "now": now,
            "events": sorted(kinds.get("event", []), key=lambda item: item.when or now)[:5],
            "numbers": kinds.get("number", [])[:4],
            "projects": kinds.get("project", [])[:6],
            "pages": kinds.get("page", [])[:4],
            "posts": kinds.get("post", [])[:3],
        },
    )


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is due from me, where do I go next, what is new, where am I needed; in this order."""
    user = cast("User", request.user)
    now = timezone.now()
    cards: list[Card] = gather.once(gather.flat("home", user, now))
    monday = timezone.localtime(now).date()
    monday -= timedelta(days=monday.weekday())
    return render(
        request,
        "portal/home.html",
        {
            "now": now,
            "week": (monday, monday + timedelta(days=6)),
            "sections": [(section, title, arranged(cards, section, now)) for section, title in SECTIONS],
            "stand": gather.flat("stand", user, now),
        },
    )


def arranged(cards: list[Card], section: Section, now: datetime) -> list[Card]:
    """The cards of one section: by the hour, what is new newest first, by weight where that decides; never too many."""
    mine = [card for card in cards if card.section == section]
    mine.sort(key=lambda card: (card.when is None, card.when or now, -card.weight))
    most = {Section.NEEDED: MOST_NEEDED, Section.NEW: MOST_NEW, Section.NEXT: MOST_NEXT}.get(section)
    if section == Section.NEW:
        mine.sort(key=lambda card: card.when or now, reverse=True)
    if section in {Section.NEEDED, Section.NEW}:
        mine.sort(key=lambda card: -card.weight)
    return mine[:most]
