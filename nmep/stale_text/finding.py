"""All texts of an offering, and what is stale in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models

from events.models import Material, Slot
from members.models import Term
from nmep.models import Assignment, Milestone, Offering, OfferingSheet, Part, RubricCriterion, Session
from nmep.stale_text.links import dead, dead_hits
from nmep.stale_text.words import HISTORY, Frame, Hit, read, sentence_at


@dataclass
class Place:
    """One text of an offering: which column of which row, what people call it, and where they read it."""

    obj: models.Model
    column: str
    label: str
    url: str
    # The same words in another row, which follow when these are mended.
    also: list[tuple[models.Model, str]] = field(default_factory=list)
    # A text that other terms use too is mended on its own page.
    mend_url: str = ""

    @property
    def key(self) -> str:
        return f"{self.obj._meta.model_name}-{self.obj.pk}-{self.column}"

    @property
    def text(self) -> str:
        return str(getattr(self.obj, self.column) or "")

    @property
    def lines(self) -> list[str]:
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@dataclass
class Finding:
    """One line of a text with everything that is stale in it. Places of hits count from the start of the line."""

    place: Place
    number: int
    line: str
    hits: list[Hit]

    @property
    def key(self) -> str:
        return f"{self.place.key}-{self.number}"

    @property
    def fingerprint(self) -> str:
        """What is remembered of a line that somebody left as it is; another line asks again."""
        return hashlib.sha256(f"{self.place.key}\n{self.line}".encode()).hexdigest()[:16]

    @property
    def sentence(self) -> list[str]:
        """Before the first hit, the hit, and what follows in its sentence."""
        return list(sentence_at(self.line, self.hits[0].start, self.hits[0].end))

    @cached_property
    def better(self) -> str:
        """The line with what could stand there instead; where nobody can say, it stays."""
        line = self.line
        for hit in sorted(self.hits, key=lambda each: -each.start):
            if hit.better:
                line = line[: hit.start] + hit.better + line[hit.end :]
        return line

    @property
    def rows(self) -> int:
        return min(max(len(self.line) // 70 + 1, 1), 8)


@dataclass
class Report:
    """What a look at an offering came to."""

    findings: list[Finding]
    texts: int
    #: How many lines somebody left as they are.
    kept: int = 0

    @property
    def hits(self) -> int:
        return sum(len(finding.hits) for finding in self.findings)

    @property
    def stale_texts(self) -> int:
        return len({finding.place.key for finding in self.findings})

    @property
    def summary(self) -> str:
        """Such as "3 texts still speak of another term."; empty when there is none."""
        count = self.stale_texts
        if not count:
            return ""
        return (
            f"{count} text{'' if count == 1 else 's'} still speak{'s' if count == 1 else ''} of another term."
        )


def findings(offering: Offering) -> Report:
    """Everything stale in the texts of `offering`, in the order of its pages."""
    found: list[Finding] = []
    looked_at, weekdays = places(offering)
    frame = _frame(offering, weekdays)
    reasons = dead(place.text for place in looked_at)
    for place in looked_at:
        hits = _merged(read(place.text, frame), dead_hits(place.text, reasons))
        hits += _of_old_offering(offering, place, hits)
        found += _by_line(place, hits)
    shown = [finding for finding in found if finding.fingerprint not in offering.kept_lines]
    return Report(shown, texts=len(looked_at), kept=len(found) - len(shown))


def _merged(hits: list[Hit], links: list[Hit]) -> list[Hit]:
    """A link that leads nowhere because it names the old term is one finding, not two."""
    covered = [link for link in links if not any(_touch(link, hit) for hit in hits)]
    return [*hits, *covered]


def _touch(one: Hit, other: Hit) -> bool:
    return one.start < other.end and other.start < one.end


def _of_old_offering(offering: Offering, place: Place, known: list[Hit]) -> list[Hit]:
    """Links to the pages of the offering that this one was cloned from, where its address names no term."""
    old = offering.cloned_from
    if old is None:
        return []
    wanted, hits, at = f"/nmep/{old.slug}/", [], 0
    while (at := place.text.find(wanted, at)) >= 0:
        end = at + len(wanted)
        hit = Hit(at, end, "term", f"{wanted} leads to {old}.", f"/nmep/{offering.slug}/")
        if not any(_touch(hit, other) for other in known):
            hits.append(hit)
        at = end
    return hits


def _by_line(place: Place, hits: list[Hit]) -> list[Finding]:
    by_line: dict[int, Finding] = {}
    text = place.text.replace("\r\n", "\n").replace("\r", "\n")
    for hit in sorted(hits, key=lambda each: each.start):
        number = text.count("\n", 0, hit.start)
        begins = text.rfind("\n", 0, hit.start) + 1
        line = place.lines[number]
        moved = Hit(hit.start - begins, min(hit.end - begins, len(line)), hit.kind, hit.reason, hit.better)
        by_line.setdefault(number, Finding(place, number, line, [])).hits.append(moved)
    return list(by_line.values())


def _frame(offering: Offering, weekdays: frozenset[int]) -> Frame:
    term = offering.term
    earlier = Term.objects.filter(
        starts_on__lt=term.starts_on, starts_on__year__gte=term.starts_on.year - HISTORY
    )
    old = offering.cloned_from
    met: frozenset[int] = frozenset()
    if old is not None:
        starts = Session.objects.filter(offering=old).order_by().values_list("event__starts_at", flat=True)
        met = frozenset(start.astimezone(offering.zone).weekday() for start in starts)
    return Frame(
        name=term.name,
        slug=term.slug,
        starts_on=term.starts_on,
        ends_on=term.ends_on,
        others=tuple(earlier.values_list("name", "slug")),
        old_years=frozenset({old.term.starts_on.year, old.term.ends_on.year} if old else ()),
        left_weekdays=met - weekdays if weekdays else frozenset(),
        weekdays=weekdays,
    )


# ── Where texts stand ──


def places(offering: Offering) -> tuple[list[Place], frozenset[int]]:
    """Every text of the offering that is not empty, and the weekdays on which it meets. Eight queries."""
    rows = [Place(offering, "intro", "Welcome", offering.get_absolute_url())]
    sessions = list(
        Session.objects.filter(offering=offering)
        .select_related("event", "module")
        .defer("search", "event__search")
    )
    for session in sessions:
        session.offering = offering
        rows += _of_session(session)
    weekdays = frozenset(session.event.starts_at.astimezone(offering.zone).weekday() for session in sessions)
    rows += _of_materials({session.event_id: session for session in sessions})
    rows += _of_modules(session.module for session in sessions)
    rows += _of_work(offering)
    rows += _of_sheets(offering)
    return [row for row in rows if row.text.strip()], weekdays


def _of_session(session: Session) -> list[Place]:
    event, url, name = session.event, session.get_absolute_url(), f"Week {session.week}"
    same_title: list[tuple[models.Model, str]] = [(event, "title")] if event.title == session.title else []
    rows = [
        Place(session, "title", f"{name}: the title", url, also=same_title),
        Place(session, "summary", f"{name}: what happens", url),
        Place(event, "summary", f"{name}: the event's summary", event.get_absolute_url()),
        Place(event, "description", f"{name}: the event's description", event.get_absolute_url()),
    ]
    if not same_title:
        rows.append(Place(event, "title", f"{name}: the event's title", event.get_absolute_url()))
    return rows


def _of_materials(by_event: dict[int, Session]) -> list[Place]:
    rows = []
    for material in Material.objects.filter(event__in=by_event):
        session = by_event[material.event_id]
        for column, what in (("title", "title"), ("url", "address")):
            label = f"Week {session.week}, {material.get_kind_display().lower()}: the {what}"
            rows.append(Place(material, column, label, session.get_absolute_url()))
    return rows


def _of_modules(modules: Iterable[Any]) -> list[Place]:
    rows = []
    for module in dict.fromkeys(filter(None, modules)):
        url = module.get_absolute_url()
        for column in ("title", "overview", "outline", "before", "after"):
            label = f"Module {module}: {module._meta.get_field(column).verbose_name}"
            rows.append(Place(module, column, label, url, mend_url=url))
    return rows


def _of_work(offering: Offering) -> list[Place]:
    work = {row.pk: row for row in Assignment.objects.filter(offering=offering).defer("search")}
    rows = []
    for row in work.values():
        row.offering = offering
        url = row.get_absolute_url()
        rows += [
            Place(row, "title", f"{row.label}: the title", url),
            Place(row, "text", f"{row.label}: what to do", url),
        ]
    for part in Part.objects.filter(assignment__in=work):
        owner = work[part.assignment_id]
        for column in ("title", "hint"):
            rows.append(Place(part, column, f"{owner.label}, part: the {column}", owner.get_absolute_url()))
    for criterion in RubricCriterion.objects.filter(assignment__in=work):
        owner = work[criterion.assignment_id]
        for column in ("title", "description"):
            label = f"{owner.label}, rubric: the {column}"
            rows.append(Place(criterion, column, label, owner.get_absolute_url()))
    for milestone in Milestone.objects.filter(offering=offering):
        rows.append(Place(milestone, "title", "Milestone", offering.get_absolute_url()))
    return rows


def _of_sheets(offering: Offering) -> list[Place]:
    sheets = {}
    rows = []
    for owned in OfferingSheet.objects.filter(offering=offering).select_related("sheet"):
        owned.offering = offering
        sheets[owned.sheet_id] = owned
        for column, what in (("title", "the title"), ("text", "what to prepare")):
            label = f"{owned.get_kind_display()}: {what}"
            rows.append(Place(owned.sheet, column, label, owned.get_absolute_url()))
    for slot in Slot.objects.filter(sheet__in=sheets, withdrawn_at=None):
        owned = sheets[slot.sheet_id]
        for column in ("title", "topic", "url"):
            label = f"{owned.get_kind_display()}, {slot.title or 'a slot'}: the {column}"
            rows.append(Place(slot, column, label, owned.get_absolute_url()))
    return rows
