"""What of the events is told by the programme's own app."""

from __future__ import annotations

from events.models import Kind

#: What belongs to the programme is told by the app that knows it.
PROGRAMME = [Kind.LECTURE, Kind.HOMEWORK_PARTY]
