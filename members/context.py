from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from members import standing
from members.models import Club, Term


def club(request: HttpRequest) -> dict[str, Any]:
    """What every page knows: the club, its term and weeks, and what the visitor is to it."""
    user = getattr(request, "user", None)
    today = standing.today()

    def current_term() -> Term | None:
        if user is not None and user.is_authenticated:
            return standing.of(user).term
        return Term.objects.current(today)

    term = SimpleLazyObject(current_term)

    def weeks() -> list[Any]:
        return term.weeks(today) if term and term.ends_on >= today else []

    return {
        "club": Club.current(),
        "term": term,
        "term_weeks": SimpleLazyObject(weeks),
        "standing": SimpleLazyObject(lambda: standing.of(user) if user is not None else standing.NOBODY),
    }
