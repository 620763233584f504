"""A term made from an earlier one: `plan` says for every date where it would fall, `clone` makes the draft of it.

The weeks, work, slot sheets, rules and texts are carried. People, rooms, meeting links, slides, recordings and codes are
not: they belong to the term that was.
"""

from mlclub.refusal import Refused
from nmep.cloning.drafting import SOURCES, Outcome, clone
from nmep.cloning.planning import Line, Plan, Wish, first_day, plan, terms_for
from nmep.cloning.redating import Holiday

__all__ = [
    "SOURCES",
    "Holiday",
    "Line",
    "Outcome",
    "Plan",
    "Refused",
    "Wish",
    "clone",
    "first_day",
    "plan",
    "terms_for",
]
