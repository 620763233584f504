from __future__ import annotations

from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from members import standing
from members.models import Club
from mlclub.look import theme_of


def club(request: HttpRequest) -> dict[str, Any]:
    """What every page knows: the club, its term and weeks, and what the visitor is to it."""
    user = getattr(request, "user", None)
    today = standing.today()

    term = SimpleLazyObject(lambda: standing.current_term(user))

    def weeks() -> list[Any]:
        return term.weeks(today) if term and term.ends_on >= today else []

    return {
        "club": Club.current(),
        "term": term,
        "term_weeks": SimpleLazyObject(weeks),
        "standing": SimpleLazyObject(lambda: standing.of(user) if user is not None else standing.NOBODY),
    }


def frame_mark(request: HttpRequest) -> str | None:
    """Stands for what a signed-in person sees around the content of a page, the token of its forms with it: while the mark
    is the same, so is the frame. None where it may change unseen: officers have menus of the apps above, a message waits,
    no token was given out yet; and for visitors, whose pages hold nothing of their own to be compared without."""
    user: Any = request.user
    token = request.META.get("CSRF_COOKIE")
    if not user.is_authenticated or user.enters_admin or not token or len(get_messages(request)):
        return None
    club, here = Club.current(), standing.of(user)
    parts = (
        request.get_full_path(), token, theme_of(request), standing.today(),
        club.name, club.brief, club.logo.name, club.programme_name, club.time_zone,
        user.pk, user.display_name, user.avatar_url, here.writes, here.reads_members_area,
        here.term and (here.term.name, here.term.starts_on, here.term.ends_on),
    )  # fmt: skip
    return repr(parts)
