"""The draft of the next term, made from the current one, with three texts that still speak of that."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format

from members.models import Term, User
from nmep import cloning, specs
from nmep.cloning import Wish
from nmep.demo.work import Run
from nmep.models import Assignment, Offering


def seed(run: Run, lead: User, now: datetime) -> Offering | None:
    """Make it, once the current term has everything; None where no next term is planned."""
    source = Offering.objects.select_related("program", "term").get(pk=run.offering.pk)
    term = Term.objects.filter(starts_on__gt=source.term.starts_on).order_by("starts_on").first()
    if term is None:
        return None
    wish = Wish(term, cloning.first_day(source, term))
    draft = cloning.clone(cloning.plan(source, wish), by=lead, now=now).offering
    draft.intro = f"{draft.intro}\n\nWelcome to the class of {source.term}!"
    draft.save(update_fields=["intro"])
    first, second = Assignment.objects.filter(offering=draft).order_by("position")[:2]
    old = date_format(source.term.starts_on, "l, j F")
    specs.revise(first, f"{first.text}\n\nQuestions are welcome until {old}.", now=now)
    specs.revise(second, f"{second.text}\n\nThe entry code of the grader is 7KX2QD.", now=now)
    return draft
