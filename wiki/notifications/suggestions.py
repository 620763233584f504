from __future__ import annotations

from datetime import datetime
from typing import Any

from members.ledger import Category, Kind, kind
from members.models import Notification
from wiki.models import Suggestion


def _suggestion(row: Notification) -> Suggestion | None:
    return Suggestion.objects.select_related("page", "author", "settled_by").filter(pk=row.about_pk).first()


@kind(
    "wiki-suggestion",
    label="Suggestions for pages you look after",
    template="wiki/mail/suggestion_made",
    category=Category.TRANSACTIONAL,
    why="because you look after this page, or after the library",
)
class SuggestionMade(Kind):
    """Somebody suggests a change and waits for a word."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        suggestion = _suggestion(row)
        if suggestion is None or not suggestion.is_waiting:
            return "decided or withdrawn meanwhile"
        if suggestion.page.trashed_at is not None:
            return "the page is in the trash"
        return suggestion.can_be_decided_by(row.person) or "no longer theirs to decide"

    def context(self, row: Notification) -> dict[str, Any]:
        return {"suggestion": _suggestion(row)}


@kind(
    "wiki-suggestion-settled",
    label="What came of your suggestions",
    template="wiki/mail/suggestion_settled",
    category=Category.TRANSACTIONAL,
    why="because you suggested a change to this page",
)
class SuggestionSettled(Kind):
    """The answer to whoever suggested something."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return _suggestion(row) is not None or "the page is gone"

    def context(self, row: Notification) -> dict[str, Any]:
        suggestion = _suggestion(row)
        state = suggestion.state if suggestion else ""
        return {
            "suggestion": suggestion,
            "is_taken": state in (Suggestion.State.ACCEPTED, Suggestion.State.PARTLY),
            "is_in_part": state == Suggestion.State.PARTLY,
        }
