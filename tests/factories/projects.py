from __future__ import annotations

from itertools import count

from projects.models import Initiative, Role, Update
from tests.factories.members import make_member, make_term

number = count(1)


def make_initiative(*, name=None, lead=None, team=(), visibility="members", **fields):
    """A running initiative; `lead` and `team` have roles in the current term."""
    fields.setdefault("kind", Initiative.Kind.RESEARCH)
    fields.setdefault("summary", "What the tide does to the gauges.")
    initiative = Initiative.objects.create(
        name=name or f"Initiative {next(number)}", visibility=visibility, **fields
    )
    if lead is not None:
        Role.objects.create(initiative=initiative, term=make_term(), person=lead, kind=Role.Kind.LEAD)
    for person in team:
        Role.objects.create(initiative=initiative, term=make_term(), person=person)
    return initiative


def make_update(*, initiative, author=None, done="We cleaned the labels.", **fields):
    return Update.objects.create(initiative=initiative, author=author or make_member(), done=done, **fields)
