"""Saving one mended line, where the text stands."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction

from members import audit
from members.models import User
from nmep import specs
from nmep.models import Assignment, Offering
from nmep.stale_text.finding import Place, findings, places


class Changed(Exception):
    """The line is not what somebody saw: it was changed meanwhile, or there is no such text."""


@transaction.atomic
def mend(offering: Offering, key: str, number: int, *, was: str, line: str, by: User, now: datetime) -> Place:
    """Put `line` where `was` stands as line `number` of the text called `key`; the same words elsewhere follow.

    Raises `Changed`, or a ValidationError when the text may not be so.
    """
    Offering.objects.select_for_update(of=("self",), no_key=True).get(pk=offering.pk)
    place = next((each for each in places(offering)[0] if each.key == key), None)
    if place is None or place.mend_url:
        raise Changed
    lines = place.lines
    if number >= len(lines) or lines[number] != was:
        raise Changed
    before = place.text
    text = "\n".join([*lines[:number], *line.replace("\r\n", "\n").split("\n"), *lines[number + 1 :]])
    column = place.obj._meta.get_field(place.column)
    if not isinstance(column, models.TextField):
        text = " ".join(text.split())
    column.clean(text, place.obj)  # type: ignore[union-attr]
    if text == before:
        return place
    for obj, name in [(place.obj, place.column), *place.also]:
        _write(obj, name, text, now)
    audit.record(
        by, "stale-text-mended", place.obj, before={place.column: was[:500]}, after={place.column: line[:500]}
    )
    return place


@transaction.atomic
def keep(offering: Offering, key: str, number: int, *, was: str, by: User) -> None:
    """Remember that a line is right as it is. Raises `Changed` when no such line is asked about."""
    held = Offering.objects.select_for_update(of=("self",), no_key=True).get(pk=offering.pk)
    asked = findings(offering).findings
    finding = next((row for row in asked if row.place.key == key and row.number == number), None)
    if finding is None or finding.line != was:
        raise Changed
    if finding.fingerprint not in held.kept_lines:
        held.kept_lines = [*held.kept_lines, finding.fingerprint]
        held.save(update_fields=["kept_lines"])
        audit.record(by, "stale-text-kept", finding.place.obj, after={finding.place.column: was[:500]})


def _write(obj: models.Model, name: str, text: str, now: datetime) -> None:
    if isinstance(obj, Assignment) and name == "text":
        specs.revise(obj, text, note="Brought up to date", now=now)
        return
    setattr(obj, name, text)
    obj.save(update_fields=[name])
