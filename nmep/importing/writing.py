"""Making an offering of a plan: in one transaction, and the second time without a change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.utils.text import slugify

from events import schedule
from events.models import Event, Kind, Material, Talk, Visibility
from members.models import Club, Term, User
from members.term_systems import terms_of
from mlclub.refusal import Refused
from nmep import deadlines, specs
from nmep.importing.plan import Entry, Link, Plan, Row, without_front_matter
from nmep.importing.report import Report
from nmep.models import Assignment, Milestone, Offering, Part, Program, Session
from wiki.importing import reading
from wiki.importing.reading import Draft

TERM = re.compile(r"\b(sp|fa|su|wi|spring|fall|autumn|summer|winter)\s*'?(?:20)?(\d\d)\b", re.I)


@dataclass
class Hours:
    """When classes begin and end, and when work is due, on the clock of the wall."""

    begins: time
    ends: time
    due: time


def import_syllabus(
    plan: Plan,
    *,
    program: str,
    term: str,
    hours: Hours,
    source: str,
    now: datetime,
    is_rehearsal: bool = False,
) -> Report:
    """Write the plan; a rehearsal writes it and takes it back. Its texts are rendered in a process of their own first."""
    drafts = [Draft(file, file.removesuffix(".md"), text) for file, text in plan.texts]
    reading.anatomies(
        drafts, plan.report, keys=frozenset(), pictures=frozenset(), macros=Club.current().tex_macros
    )
    reading.count(drafts, plan.report)
    with transaction.atomic():
        writer = Writer(plan, hours, now)
        writer.run(program, term, source)
        if is_rehearsal:
            transaction.set_rollback(True)
    return writer.report


class Writer:
    """One run of an import."""

    def __init__(self, plan: Plan, hours: Hours, now: datetime) -> None:
        self.plan, self.hours, self.now = plan, hours, now
        self.zone = Club.current().zone
        self.report = plan.report
        self.sessions: list[tuple[Row, Session]] = []

    def run(self, program: str, term: str, source: str) -> None:
        self.offering = self.find_offering(self.find_program(program), self.find_term(term), source)
        self.report.offering = str(self.offering)
        for seq, row in enumerate(self.plan.rows, start=1):
            self.write_session(row, seq)
        for row, session in self.sessions:
            self.write_lecturers(row, session)
            self.write_entries(row, session)
        deadlines.reconcile(self.now, offering=self.offering)
        self.report.weeks = len({row.week for row in self.plan.rows})
        self.report.sessions = len(self.sessions)
        self.report.lecturers = len({name for row in self.plan.rows for name in row.lecturers})

    # ── Rows, counted ──

    def keep(self, model: type[models.Model], key: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """Create or update one row, and count it."""
        row = model._default_manager.filter(**key).first()
        if row is None:
            self.report.created += 1
            return model._default_manager.create(**key, **values)
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        if not changed:
            self.report.unchanged += 1
            return row
        for name in changed:
            setattr(row, name, values[name])
        row.save()
        self.report.updated += 1
        return row

    # ── The offering ──

    def find_program(self, name: str) -> Program:
        found = (
            Program.objects.filter(slug=slugify(name)).first()
            or Program.objects.filter(name__iexact=name).first()
        )
        if found:
            return found
        return Program.objects.create(name=name, slug=slugify(name)[:40], kind=Program.Kind.NMEP)

    def find_term(self, name: str) -> Term:
        """The term by its slug or name; one that the name tells of is made, with the usual days."""
        found = (
            Term.objects.filter(slug=name.lower()).first() or Term.objects.filter(name__iexact=name).first()
        )
        if found:
            return found
        match = TERM.search(name)
        known = ", ".join(Term.objects.values_list("slug", flat=True)) or "none yet"
        if match is None:
            raise Refused(f"There is no term “{name}”. Known are: {known}.")
        season = {"au": "fa"}.get(match[1][:2].lower(), match[1][:2].lower())
        slug = f"{season}{match[2]}"
        found = Term.objects.filter(slug=slug).first()
        if found:
            return found
        usual = next(
            (row for row in terms_of(Club.current().term_system, 2000 + int(match[2])) if row.slug == slug),
            None,
        )
        if usual is None:
            raise Refused(f"“{name}” is not a term of this club's year. Known are: {known}.")
        clash = Term.objects.filter(starts_on__lte=usual.ends_on, ends_on__gte=usual.starts_on).first()
        if clash:
            raise Refused(f"{usual.name} would overlap with {clash.name}: use --term {clash.slug}.")
        return Term.objects.create(
            name=usual.name, slug=slug, starts_on=usual.starts_on, ends_on=usual.ends_on
        )

    def find_offering(self, program: Program, term: Term, source: str) -> Offering:
        existing = Offering.objects.filter(program=program, term=term).first()
        if existing and not existing.imported_from and existing.sessions.exists():
            raise Refused(
                f"{existing} already has a syllabus that was written here. Choose another --program or --term."
            )
        slug = term.slug
        if existing is None and Offering.objects.filter(slug=slug).exists():
            slug = f"{program.slug}-{term.slug}"
        values: dict[str, Any] = {"intro": self.plan.intro, "imported_from": Path(source).name[:200]}
        if existing is None:
            values |= {"slug": slug, "state": Offering.State.RUNNING}
        return self.keep(Offering, {"program": program, "term": term}, values)

    # ── A week ──

    def at(self, row: Row, hour: time) -> datetime:
        return datetime.combine(row.on, hour, tzinfo=self.zone)

    def write_session(self, row: Row, seq: int) -> None:
        starts_at, ends_at = self.at(row, self.hours.begins), self.at(row, self.hours.ends)
        if ends_at <= starts_at:
            ends_at += timedelta(days=1)
        is_showcase = "showcase" in row.title.lower()
        session = Session.objects.filter(offering=self.offering, seq=seq).select_related("event").first()
        if session is None:
            event = Event.objects.create(
                kind=Kind.SHOWCASE if is_showcase else Kind.LECTURE,
                title=row.title,
                term=self.offering.term,
                starts_at=starts_at,
                ends_at=ends_at,
                original_starts_at=starts_at,
                place=self.plan.place,
                visibility=Visibility.MEMBERS
                if self.offering.program.kind == Program.Kind.NMEP
                else Visibility.PUBLIC,
            )
        else:
            event = session.event
            self.move(event, starts_at, ends_at, row)
        session = self.keep(
            Session,
            {"offering": self.offering, "seq": seq},
            {
                "week": row.week,
                "title": row.title,
                "event": event,
                "kind": Session.Kind.SHOWCASE if is_showcase else Session.Kind.CLASS,
            },
        )
        session.event = event
        self.sessions.append((row, session))
        for link in row.links:
            self.write_material(row, session, link, material_kind(link.text), link.text.capitalize())

    def move(self, event: Event, starts_at: datetime, ends_at: datetime, row: Row) -> None:
        """Follow the site, unless somebody has moved the class here."""
        if (event.starts_at, event.ends_at) == (starts_at, ends_at):
            return
        if event.is_exception:
            self.warn(row, f"Week {row.week} was moved here and stays where it is.")
            return
        schedule.move(event, starts_at=starts_at, ends_at=ends_at, now=self.now)
        event.original_starts_at = starts_at
        event.save(update_fields=["original_starts_at"])
        self.report.updated += 1

    def write_lecturers(self, row: Row, session: Session) -> None:
        """Who has an account of exactly that name is linked; the others are kept as text."""
        if not row.lecturers:
            return
        people: list[User] = []
        names: list[str] = []
        for name in row.lecturers:
            found = list(User.objects.real().filter(name__iexact=name)[:2])
            if len(found) == 1:
                people += found
            else:
                names.append(name)
        talk = self.keep(
            Talk,
            {"event": session.event, "position": 0},
            {"title": row.title, "speaker_names": ", ".join(names)},
        )
        if set(talk.speakers.values_list("pk", flat=True)) != {person.pk for person in people}:
            talk.speakers.set(people)

    def warn(self, row: Row, words: str) -> None:
        self.report.warn("index.md", row.line, words)

    def follow(self, *, leads: bool) -> None:
        """Count a link of the schedule."""
        self.report.links += 1
        self.report.links_resolved += leads
        self.report.links_broken += not leads

    def write_material(self, row: Row, session: Session, link: Link, kind: str, title: str) -> None:
        href = link.href.strip()
        is_on_the_web = bool(re.match(r"https?://", href))
        self.follow(leads=is_on_the_web)
        if not is_on_the_web:
            words = f"The link “{link.text}” leads to {href}, which is not on the web; left out."
            self.report.drop("index.md", row.line, words)
            return
        self.keep(Material, {"event": session.event, "url": href[:500]}, {"kind": kind, "title": title[:160]})
        self.report.materials += 1

    # ── Work and dates ──

    def write_entries(self, row: Row, session: Session) -> None:
        for entry in row.entries:
            lower = entry.label.lower()
            if entry.homework is not None:
                self.write_assignment(row, session, entry, entry.homework)
            elif "exercise" in lower or "reading" in lower or (not entry.label and entry.links):
                kind = "exercise" if "exercise" in lower else "reading" if "reading" in lower else "link"
                for link in entry.links:
                    self.write_material(row, session, link, kind, link.text)
            else:
                self.write_milestone(row, session, entry)

    def rule(self, row: Row, session: Session, entry: Entry) -> tuple[Session, int]:
        """The meeting that a date follows: the one on that day, or the last one before."""
        on = entry.due_on or row.on
        before = [(each, held) for each, held in self.sessions if each.on <= on]
        anchor_row, anchor = max(before, key=lambda pair: pair[0].on, default=(row, session))
        return anchor, (on - anchor_row.on).days

    def write_milestone(self, row: Row, session: Session, entry: Entry) -> None:
        anchor, days = self.rule(row, session, entry)
        lower = entry.label.lower()
        is_exam = any(word in lower for word in ("midterm", "exam", "quiz"))
        is_capstone = any(word in lower for word in ("project", "capstone"))
        kind = (
            Milestone.Kind.EXAM
            if is_exam
            else Milestone.Kind.CAPSTONE
            if is_capstone
            else Milestone.Kind.OTHER
        )
        self.keep(
            Milestone,
            {"offering": self.offering, "title": entry.label[:120]},
            {"kind": kind, "due_session": anchor, "due_days": days, "due_time": self.hours.due},
        )
        self.report.milestones += 1

    def write_assignment(self, row: Row, session: Session, entry: Entry, number: int) -> None:
        values: dict[str, Any] = {
            "title": (", ".join(link.text for link in entry.links) or entry.label)[:120],
            "position": number,
            "open_session": session,
            "open_time": self.hours.begins,
            "state": Assignment.State.PUBLISHED,
        }
        if entry.due_on:
            anchor, days = self.rule(row, session, entry)
            values |= {"due_session": anchor, "due_days": days, "due_time": self.hours.due}
            self.report.due_dates += 1
        else:
            self.warn(row, f"{entry.label} has no due date.")
        assignment = self.keep(Assignment, {"offering": self.offering, "key": f"hw{number}"}, values)
        specs.revise(assignment, self.task(row, entry), note="Imported", now=self.now)
        self.report.assignments += 1
        if not assignment.parts.exists():
            self.write_parts(assignment, entry)

    def task(self, row: Row, entry: Entry) -> str:
        """The links of the entry, and the homework page where one of them leads to one."""
        lines, pages = [], []
        for link in entry.links:
            _, page = self.plan.page(link.href)
            is_on_the_web = bool(re.match(r"https?://", link.href))
            self.follow(leads=bool(page) or is_on_the_web)
            if page:
                pages.append(without_front_matter(page)[1].strip())
            elif is_on_the_web:
                lines.append(f"- [{link.text}]({link.href})")
            else:
                lines.append(f"- {link.text}")
                self.warn(
                    row,
                    f"{entry.label} links to {link.href}, which is not on the web; "
                    f"“{link.text}” is kept without a link.",
                )
        return "\n\n".join(filter(None, ["\n".join(lines), *pages])) or entry.label

    @staticmethod
    def write_parts(assignment: Assignment, entry: Entry) -> None:
        """A part for each thing that is linked; with several, none is needed by itself."""
        wanted = [(link.text, part_kind(link.href)) for link in entry.links] or [
            ("Notebook", Part.Kind.NOTEBOOK)
        ]
        for position, (title, kind) in enumerate(wanted):
            Part.objects.create(
                assignment=assignment,
                position=position,
                kind=kind,
                title=title[:120],
                is_required=len(wanted) == 1,
                max_megabytes=5 if kind == Part.Kind.NOTEBOOK else 20,
            )


def part_kind(href: str) -> str:
    is_notebook = "colab.research.google.com" in href or href.lower().endswith(".ipynb")
    return Part.Kind.NOTEBOOK if is_notebook else Part.Kind.FILE


def material_kind(text: str) -> str:
    """What a link in the schedule is, by what it is called."""
    lower = text.lower()
    for word, kind in (
        ("slide", "slides"),
        ("note", "notes"),
        ("record", "recording"),
        ("video", "recording"),
    ):
        if word in lower:
            return kind
    return "worksheet" if "worksheet" in lower else "link"
