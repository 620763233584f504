"""What other pages show of the programme: search, calendar, an event, a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, FloatField, Max, When
from django.urls import reverse
from django.utils import timezone

from events.models import Claim, Event, Slot, Talk
from events.slot_access import owner_of
from members.models import Club, Term, User
from mlclub.gather import (
    Contribution,
    Hit,
    Occurrence,
    Panel,
)
from mlclub.search import Source
from mlclub.search.meaning import Subject
from nmep import papers, people
from nmep.models import (
    Assignment,
    Capstone,
    Completion,
    Deviation,
    Enrolment,
    Module,
    Offering,
    OfferingSheet,
    PaperTalk,
    Program,
    Review,
    Session,
)
from nmep.sheets import ProgrammeSheet
from projects.models import Initiative
from wiki.models import Paper


def findable(user: Any, now: datetime) -> list[Source]:
    """Modules, assignments and weeks that the person may read; those of earlier terms below today's."""
    weight = Case(
        When(offering__in=Offering.objects.live(), then=1.0), default=0.6, output_field=FloatField()
    )
    of_offering = {
        "offering": "offering__slug",
        "program": "offering__program__name",
        "term": "offering__term__name",
    }

    def in_term(rows: Any, term: Term) -> Any:
        return rows.filter(offering__term=term)

    return [
        Source(
            kind="Assignment",
            rows=Assignment.objects.visible_to(user, now)
            .filter(state=Assignment.State.PUBLISHED)
            .exclude(offering__state=Offering.State.DRAFT),
            body="text",
            weight=weight,
            newest_by="offering__term__starts_on",
            facts={"title": "title", "key": "key", "due_at": "due_at", **of_offering},
            hit=_assignment,
            in_term=in_term,
        ),
        Source(
            kind="Class",
            rows=Session.objects.filter(offering__in=Offering.objects.visible_to(user)),
            body="summary",
            weight=weight,
            newest_by="event__starts_at",
            facts={
                "title": "title",
                "week": "week",
                "event": "event__pk",
                "event_slug": "event__slug",
                "starts_at": "event__starts_at",
                **of_offering,
            },
            hit=_class,
            in_term=in_term,
        ),
        Source(
            kind="Module",
            rows=Module.objects.visible_to(user),
            body="outline",
            facts={"title": "title", "slug": "slug", "level": "level"},
            hit=_module,
        ),
    ]


def _assignment(row: dict[str, Any]) -> Hit:
    due = datetime.fromisoformat(row["due_at"]) if row["due_at"] else None
    return Hit(
        kind="Assignment",
        title=f"{row['key'].upper()}: {row['title']}",
        url=reverse("nmep:assignment_detail", args=[row["offering"], row["key"]]),
        meta=(
            f"{row['program']}, {row['term']}",
            *((f"due {due.astimezone(Club.current().zone):%d %b}",) if due else ()),
        ),
    )


def _class(row: dict[str, Any]) -> Hit:
    starts_at = datetime.fromisoformat(row["starts_at"]).astimezone(Club.current().zone)
    return Hit(
        kind="Class",
        title=f"Week {row['week']}: {row['title']}",
        url=reverse("nmep:week_detail", args=[row["offering"], row["week"]]),
        meta=(f"{row['program']}, {row['term']}", f"{starts_at:%-d %b %Y}"),
        instead_of=reverse("events:event_detail", args=[row["event"], row["event_slug"] or "event"]),
    )


def _module(row: dict[str, Any]) -> Hit:
    return Hit(
        kind="Module",
        title=row["title"],
        url=reverse("learn:module_detail", args=[row["slug"]]),
        meta=(str(Module.Level(row["level"]).label),),
    )


def subjects() -> list[Subject]:
    """Modules, weeks and assignments are found by what they say."""
    return [
        Subject(model=Module, body=("overview", "outline")),
        Subject(model=Session, body=("summary",)),
        Subject(model=Assignment, body=("text",)),
    ]


def names_of_things() -> Iterator[str]:
    """What modules, weeks and assignments are called."""
    for model in (Module, Session, Assignment):
        yield from model.objects.values_list("title", flat=True)


def calendar(user: User, since: datetime, until: datetime) -> list[Occurrence]:
    """The due dates of what somebody is learning, half an hour long and ending when work is due."""
    rows = Enrolment.objects.active().learners().filter(person=user, offering__in=Offering.objects.live())
    offerings = rows.values("offering")
    work = Assignment.objects.filter(
        offering__in=offerings, state=Assignment.State.PUBLISHED, due_at__gte=since, due_at__lt=until
    ).select_related("offering")
    deviations: dict[int, list[Deviation]] = defaultdict(list)
    for row in Deviation.objects.filter(enrolment__person=user, assignment__in=work):
        deviations[row.assignment_id].append(row)
    occurrences = []
    for assignment in work:
        due_at = assignment.due_for(deviations[assignment.pk]) or until
        occurrences.append(
            Occurrence(
                uid=f"nmep-assignment-{assignment.pk}",
                title=f"{assignment.label} is due",
                starts_at=due_at - timedelta(minutes=30),
                ends_at=due_at,
                url=assignment.get_absolute_url(),
                description=assignment.title,
                # Seconds since a fixed day: it rises when the date moves, which it does only to later.
                sequence=int(due_at.timestamp()) // 60,
            )
        )
    return occurrences


def panels(obj: Any, user: Any) -> list[Panel]:
    """On an event's page: which week of which programme it is. On a project's: the capstone that it is; on a paper's:
    where it was presented; on a slot's: which paper it is for."""
    if isinstance(obj, Initiative):
        return _capstone_panels(obj, user)
    if isinstance(obj, Paper):
        return _paper_panels(obj, user)
    if isinstance(obj, Slot):
        return _slot_panels(obj, user)
    if not isinstance(obj, Event):
        return []
    session = (
        Session.objects.filter(event=obj, offering__in=Offering.objects.visible_to(user))
        .select_related("offering__program", "offering__term")
        .first()
    )
    if session is None:
        return []
    return [
        Panel(
            title="Part of a programme",
            template="nmep/_event_panel.html",
            context={"session": session, "talks": papers.given_at(obj)},
        )
    ]


def _paper_panels(paper: Paper, user: Any) -> list[Panel]:
    found = papers.presented(paper, user, timezone.now())
    if not found:
        return []
    return [
        Panel(title="Presented here", template="nmep/_presented_panel.html", context={"presented": found})
    ]


def _slot_panels(slot: Slot, user: Any) -> list[Panel]:
    owner = owner_of(slot.sheet)
    if not isinstance(owner, ProgrammeSheet) or owner.own.kind != OfferingSheet.Kind.PAPER:
        return []
    talk = (
        PaperTalk.objects.filter(slot=slot)
        .select_related("paper", "notes")
        .defer(*papers.HEAVY)
        .prefetch_related("materials")
        .first()
    )
    present = getattr(slot, "present", None)
    claims = Claim.objects.held().filter(slot=slot) if present is None else present
    presents = any(claim.person_id == user.pk and claim.state in Claim.TAKING for claim in claims)
    return [
        Panel(
            title="The paper",
            template="nmep/_paper_panel.html",
            context={
                "slot": slot,
                "talk": talk,
                "offering": owner.own.offering,
                "materials": talk.materials.all() if talk else [],
                "may_choose": presents or owner.roles(user).leads,
                "notes": talk.notes if talk and talk.notes and talk.notes.trashed_at is None else None,
                "reads": user.standing.reads_members_area,
                "writes": user.standing.writes,
            },
        )
    ]


def _capstone_panels(initiative: Initiative, user: Any) -> list[Panel]:
    """Only where the capstone's own page opens: for people of the offering and readers of the members' area."""
    if initiative.kind != Initiative.Kind.CAPSTONE or not user.is_authenticated:
        return []
    capstone = (
        Capstone.objects.filter(initiative=initiative, offering__in=Offering.objects.visible_to(user))
        .select_related("offering__program", "offering__term", "initiative")
        .first()
    )
    if capstone is None or not (user.standing.reads_members_area or people.belongs(user, capstone.offering)):
        return []
    return [Panel(title="A capstone", template="nmep/_capstone_panel.html", context={"capstone": capstone})]


def contributions(person: User, viewer: Any) -> list[Contribution]:
    """What somebody taught."""
    now = timezone.now()
    sessions = (
        Session.objects.filter(
            event__in=Talk.objects.filter(speakers=person).values("event"), event__ends_at__lte=now
        )
        .exclude(offering__state=Offering.State.DRAFT)
        .select_related("event", "offering__program", "offering__term")
        .order_by("-event__starts_at")
    )
    taught = [
        Contribution(verb="taught", title=_where(row), url=row.get_absolute_url(), on=row.event.starts_at)
        for row in sessions[:50]
    ]
    reviews = Review.objects.posted().filter(reviewer=person).order_by()
    counted = reviews.values("submission__assignment__offering__slug").annotate(
        n=Count("pk"), latest=Max("posted_at")
    )
    taught += [
        Contribution(
            verb="reviewed",
            title=f"{row['n']} hand-in{'' if row['n'] == 1 else 's'}",
            url=reverse("nmep:syllabus", args=[row["submission__assignment__offering__slug"]]),
            on=row["latest"],
        )
        for row in counted
    ]
    return taught + _completed(person, viewer)


def _completed(person: User, viewer: Any) -> list[Contribution]:
    """What somebody completed, for members, where its person agrees."""
    if not viewer.is_authenticated or not viewer.standing.reads_members_area:
        return []
    rows = (
        Completion.objects.valid()
        .filter(enrolment__person=person, is_shown=True)
        .select_related("enrolment__offering__program", "enrolment__offering__term")
    )
    return [
        Contribution(
            verb="completed",
            title=f"{row.enrolment.offering.program} ({row.enrolment.offering.term})",
            url=row.enrolment.offering.get_absolute_url(),
            on=row.at,
        )
        for row in rows
    ]


def _where(session: Session) -> str:
    """Taught: NMEP week 5 (FA26), Attention."""
    program = session.offering.program
    name = Club.current().programme_name if program.kind == Program.Kind.NMEP else program.name
    return f"Taught: {name} week {session.week} ({session.offering.term.slug.upper()}), {session.title}"


def help_topics(event: Event) -> list[str]:
    """At a homework party: the homework of its offering that is out, the newest first."""
    rows = Assignment.objects.released(timezone.now()).filter(offering__sessions__event=event)
    return [row.label for row in rows.order_by("-position", "-key").defer("text", "search")]
