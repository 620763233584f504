from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from members import standing
from members.models import Club


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
