"""What events know of the objects of the floors below, and what stands on the pages of their own."""

from __future__ import annotations

from typing import Any

from events import speakers
from events.gathered import reading
from members.models import Contact
from mlclub.gather import Panel


def panels(obj: Any, user: Any) -> list[Panel]:
    """A contact's history as a speaker, for those who may see contacts; what is presented and prepared."""
    if not isinstance(obj, Contact):
        return reading.panels(obj, user)
    visits = speakers.history_of(obj)
    if not visits:
        return []
    return [Panel(title="As a speaker", template="events/_speaker_history.html", context={"visits": visits})]
