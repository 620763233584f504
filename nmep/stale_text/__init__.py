"""Texts of an offering that still speak of another term: `findings` lists them with the reason, `mend` saves a line.

Read are names of other terms, dates and weekdays that are not this term's, links of the portal that lead nowhere, and
codes and invitations that let people in. What cannot be told for sure is left alone.
"""

from nmep.stale_text.finding import Finding, Place, Report, findings, places
from nmep.stale_text.mending import Changed, keep, mend
from nmep.stale_text.words import Frame, Hit, read

__all__ = [
    "Changed",
    "Finding",
    "Frame",
    "Hit",
    "Place",
    "Report",
    "findings",
    "keep",
    "mend",
    "places",
    "read",
]
