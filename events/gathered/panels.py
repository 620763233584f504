"""What events know of the objects of the floors below."""

from __future__ import annotations

from typing import Any

from events import speakers
from members.models import Contact
from mlclub.gather import Panel


def panels(obj: Any, user: Any) -> list[Panel]:
    """A contact's history as a speaker, for those who may see contacts."""
    if not isinstance(obj, Contact):
        return []
    visits = speakers.history_of(obj)
    if not visits:
        return []
    return [Panel(title="As a speaker", template="events/_speaker_history.html", context={"visits": visits})]
