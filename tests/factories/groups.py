from __future__ import annotations

from datetime import date, timedelta
from itertools import count

from django.utils import timezone

from events import rotas
from events.models import Kind, SeriesFollow
from tests.factories.events import make_series
from wiki import lists
from wiki.models import ReadingTopic

number = count(1)


def make_list(*, title=None, papers=(), curators=(), **fields):
    """A members' list with these papers at its top."""
    made = lists.create(title or f"List {next(number)}", curators=curators, now=timezone.now(), **fields)
    for paper in papers:
        lists.place(made, paper, by=None, now=timezone.now())
    return made


def make_topic(*, reading_list, title=None, parent=None):
    return ReadingTopic.objects.create(
        list=reading_list, parent=parent, title=title or f"Topic {next(number)}", position=next(number)
    )


def make_rota(*, series=None, followers=(), titles=(), **fields):
    """A weekly members' reading group of four dates from in ten days on, with a presenter slot at each."""
    first_on = date.today() + timedelta(days=10)
    series = series or make_series(
        kind=fields.pop("kind", Kind.READING_GROUP),
        visibility=fields.pop("visibility", "members"),
        times=fields.pop("times", 4),
        hosts=fields.pop("hosts", ()),
        first_on=fields.pop("first_on", first_on),
        skips_breaks=False,
    )
    for person in followers:
        SeriesFollow.objects.create(series=series, person=person)
    return rotas.begin(series, titles=titles, now=timezone.now(), **fields)


def slots_of(rota):
    """Its slots, soonest first."""
    return list(rota.sheet.slots.select_related("event", "sheet").in_order())
