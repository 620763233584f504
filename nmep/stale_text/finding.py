"""All texts of an offering, and what is stale in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

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
        """With one kind of line ending, whatever a browser sent."""
        return str(getattr(self.obj, self.column) or "").replace("\r\n", "\n").replace("\r", "\n")

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


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
    #: What was read on the way, for a page that shows it as well.
    sessions: list[Session] = field(default_factory=list)
    work: list[Assignment] = field(default_factory=list)

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
    looked_at, sessions, work = places(offering)
    weekdays = frozenset(session.event.starts_at.astimezone(offering.zone).weekday() for session in sessions)
    old = _old(offering)
    frame = _frame(offering, old, weekdays)
    reasons = dead(place.text for place in looked_at)
    for place in looked_at:
        hits = _merged(read(place.text, frame), dead_hits(place.text, reasons))
        hits += _of_old_offering(offering, old, place, hits)
        found += _by_line(place, hits)
    shown = [finding for finding in found if finding.fingerprint not in offering.kept_lines]
    return Report(shown, len(looked_at), len(found) - len(shown), sessions, work)


def _merged(hits: list[Hit], links: list[Hit]) -> list[Hit]:
    """A link that leads nowhere because it names the old term is one finding, not two."""
    covered = [link for link in links if not any(_touch(link, hit) for hit in hits)]
    return [*hits, *covered]


def _touch(one: Hit, other: Hit) -> bool:
    return one.start < other.end and other.start < one.end


def _of_old_offering(offering: Offering, old: Any, place: Place, known: list[Hit]) -> list[Hit]:
    """Links to the pages of the offering that this one was cloned from, where its address names no term."""
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
    text = place.text
    for hit in sorted(hits, key=lambda each: each.start):
        number = text.count("\n", 0, hit.start)
        begins = text.rfind("\n", 0, hit.start) + 1
        line = place.lines[number]
        moved = Hit(hit.start - begins, min(hit.end - begins, len(line)), hit.kind, hit.reason, hit.better)
        by_line.setdefault(number, Finding(place, number, line, [])).hits.append(moved)
    return list(by_line.values())


def _old(offering: Offering) -> Any:
    """The offering that this one was cloned from, with `starts` of its meetings."""
    if offering.cloned_from_id is None:
        return None
    starts = Session.objects.filter(offering=OuterRef("pk")).order_by().values("event__starts_at")
    rows = Offering.objects.filter(pk=offering.cloned_from_id).select_related("program", "term")
    return rows.annotate(starts=ArraySubquery(starts)).first()


def _frame(offering: Offering, old: Any, weekdays: frozenset[int]) -> Frame:
    term = offering.term
    earlier = Term.objects.filter(
        starts_on__lt=term.starts_on, starts_on__year__gte=term.starts_on.year - HISTORY
    )
    met = frozenset(start.astimezone(offering.zone).weekday() for start in old.starts) if old else frozenset()
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


def _rows_of(model: type[models.Model], owner: str, *columns: str) -> ArraySubquery:
    """The texts of what belongs to a row, brought along with it."""
    rows = model._default_manager.filter(**{owner: OuterRef("event" if model is Material else "pk")})
    found = JSONObject(pk="pk", **{column: column for column in columns})
    return ArraySubquery(rows.order_by("position", "pk").values(found=found))


def places(offering: Offering) -> tuple[list[Place], list[Session], list[Assignment]]:
    """Every text of the offering that is not empty, with the sessions and the work it was read from. Four queries."""
    rows = [Place(offering, "intro", "Welcome", offering.get_absolute_url())]
    sessions: list[Any] = list(
        Session.objects.filter(offering=offering)
        .select_related("event", "module")
        .defer("search", "event__search")
        .annotate(materials=_rows_of(Material, "event", "kind", "title", "url"))
    )
    for session in sessions:
        session.offering = offering
        rows += _of_session(session)
    for session in sessions:
        rows += _of_materials(session)
    rows += _of_modules(session.module for session in sessions)
    work = _work(offering)
    rows += _of_work(offering, work)
    rows += _of_sheets(offering)
    return [row for row in rows if row.text.strip()], sessions, list(work)


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


def _of_materials(session: Any) -> list[Place]:
    rows = []
    for found in session.materials:
        material = Material(**found)
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


def _work(offering: Offering) -> list[Any]:
    return list(
        Assignment.objects.filter(offering=offering)
        .defer("search")
        .annotate(
            found_parts=_rows_of(Part, "assignment", "title", "hint"),
            found_criteria=_rows_of(RubricCriterion, "assignment", "title", "description"),
        )
    )


def _of_work(offering: Offering, work: list[Any]) -> list[Place]:
    rows = []
    for row in work:
        row.offering = offering
        url = row.get_absolute_url()
        rows += [
            Place(row, "title", f"{row.label}: the title", url),
            Place(row, "text", f"{row.label}: what to do", url),
        ]
        for found in row.found_parts:
            part = Part(**found)
            rows += [Place(part, name, f"{row.label}, part: the {name}", url) for name in ("title", "hint")]
        for found in row.found_criteria:
            criterion = RubricCriterion(**found)
            rows += [
                Place(criterion, name, f"{row.label}, rubric: the {name}", url)
                for name in ("title", "description")
            ]
    milestones = Milestone.objects.filter(offering=offering).order_by("pk")
    return rows + [Place(each, "title", "Milestone", offering.get_absolute_url()) for each in milestones]


def _of_sheets(offering: Offering) -> list[Place]:
    rows = []
    slots = JSONObject(pk="pk", title="title", topic="topic", url="url")
    offered = Slot.objects.filter(sheet=OuterRef("sheet"), withdrawn_at=None).order_by("position", "pk")
    sheets = OfferingSheet.objects.filter(offering=offering).select_related("sheet")
    for owned in sheets.annotate(found_slots=ArraySubquery(offered.values(found=slots))):
        owned.offering = offering
        kind, url = owned.get_kind_display(), owned.get_absolute_url()
        rows += [
            Place(owned.sheet, "title", f"{kind}: the title", url),
            Place(owned.sheet, "text", f"{kind}: what to prepare", url),
        ]
        for found in owned.found_slots:
            slot = Slot(**found)
            rows += [
                Place(slot, name, f"{kind}, {slot.title or 'a slot'}: the {name}", url)
                for name in ("title", "topic", "url")
            ]
    return rows
