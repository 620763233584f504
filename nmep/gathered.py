"""What the programme offers to the pages that gather from every app."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Talk
from members.models import Club, Term, User
from mlclub.gather import (
    Card,
    Contribution,
    DeskItem,
    Figure,
    Hit,
    Item,
    Occurrence,
    Panel,
    Section,
    Stand,
)
from mlclub.search import rank
from nmep import deadlines, progress, rosters
from nmep.models import (
    Assignment,
    Comment,
    Deviation,
    Enrolment,
    MarkChange,
    Offering,
    Review,
    Session,
    Submission,
    SubmissionAuthor,
)
from nmep.progress import Work

REVIEW_PROMISE = timedelta(days=5)
STAFFED_AHEAD = timedelta(days=10)


def tick(now: datetime) -> None:
    """Due dates follow whatever was moved, by whoever moved it."""
    deadlines.reconcile(now)


# ── Home ──


def home(user: User, now: datetime) -> list[Card]:
    """Work that is due, and the review queue; two queries, and one more for reviewers."""
    enrolments = _current(user, now)
    offerings = {row.offering_id: row.offering for row in enrolments}
    learning = [row for row in enrolments if row.role == Enrolment.Role.LEARNER]
    works = progress.work_of(offerings, learning, now) if learning else {}
    cards = [card for row in learning for card in _due_cards(row, works[row.pk], now)]
    cards = [
        replace(card, is_primary=at == 0)
        for at, card in enumerate(sorted(cards, key=lambda card: card.when or now))
    ]
    cards += [card for row in learning for card in _class_cards(row)]
    return cards + _review_cards(user, [row for row in enrolments if row.role in Enrolment.STAFF], now)


def _class_cards(enrolment: Any) -> list[Card]:
    """The next meetings of a learner: the class, and the party before or after it."""
    return [
        Card(
            section=Section.NEXT,
            title=row["title"]
            if row["kind"] != Session.Kind.CLASS
            else f"Class, week {row['week']}: {row['title']}",
            url=reverse("nmep:week_detail", args=[enrolment.offering.slug, row["week"]]),
            when=datetime.fromisoformat(row["starts_at"]),
            meta=(row["place"] or "no place yet", "you are expected")
            if row["kind"] == Session.Kind.CLASS
            else (row["place"] or "no place yet",),
            icon="academic-cap",
        )
        for row in enrolment.next_json
    ]


def _current(user: User, now: datetime) -> list[Enrolment]:
    """Where somebody is in now, with what they handed in; kept on the object for the other cards of a page."""
    kept: list[Enrolment] | None = getattr(user, "_nmep_current", None)
    if kept is None:
        rows = (
            Enrolment.objects.active()
            .filter(person=user, offering__in=Offering.objects.live())
            .select_related("offering__program", "offering__term")
        )
        coming = Session.objects.filter(
            offering=OuterRef("offering"), event__ends_at__gt=now, event__state=Event.State.SCHEDULED
        ).order_by("event__starts_at")
        meetings = coming.values(
            row=JSONObject(
                title="title",
                kind="kind",
                week="week",
                starts_at="event__starts_at",
                place="event__place",
            )
        )[:2]
        kept = list(progress.with_records(rows).annotate(next_json=ArraySubquery(meetings)))
        user._nmep_current = kept  # type: ignore[attr-defined]
    return kept


def _due_cards(enrolment: Enrolment, works: Sequence[Work], now: datetime) -> list[Card]:
    work = [row for row in works if row.is_owed]
    work.sort(key=lambda row: (row.due_at or now, row.assignment.position))
    cards = []
    for row in work:
        words = {"returned": "Read the review", "draft": "Continue", "do_over": "Do it over"}
        url = reverse("nmep:assignment_detail", args=[enrolment.offering.slug, row.assignment.key])
        cards.append(
            Card(
                section=Section.DUE,
                title=str(row.assignment),
                url=url,
                when=row.due_at,
                badge="" if row.state == "open" else row.word,
                tone=row.tone,
                icon="pencil-square",
                action=f"{words.get(row.state, 'Submit')}{' ' + row.assignment.label if row.state == 'draft' else ''}",
                action_url=url if row.state == "returned" else f"{url}#hand-in",
                weight=10,
            )
        )
    return cards


def _review_cards(user: User, staffed: Sequence[Enrolment], now: datetime) -> list[Card]:
    if not staffed:
        return []
    offerings = {row.offering_id: row.offering for row in staffed}
    waiting = Submission.objects.waiting().filter(assignment__offering__in=offerings)
    waiting = waiting.exclude(pk__in=Submission.objects.authored_by(user)).filter(
        Q(reviewer=user)
        | Q(reviewer=None, authors__enrolment__reviewer=user)
        | Q(reviewer=None, authors__enrolment__reviewer=None)
    )
    counts: dict[int, list[datetime]] = defaultdict(list)
    for offering, at in waiting.distinct().order_by().values_list("assignment__offering", "handed_in_at"):
        counts[offering].append(at or now)
    cards = []
    for key, moments in counts.items():
        oldest = (now - min(moments)).days
        n = len(moments)
        cards.append(
            Card(
                section=Section.NEEDED,
                title=f"{n} hand-in{'' if n == 1 else 's'} to review",
                url=reverse("nmep:review_queue", args=[offerings[key].slug]),
                meta=(str(offerings[key]), f"the oldest waits {oldest} day{'' if oldest == 1 else 's'}"),
                badge="Overdue" if oldest > REVIEW_PROMISE.days else "",
                tone="warn" if oldest > REVIEW_PROMISE.days else "",
                icon="inbox-stack",
                action="Start",
                action_url=reverse("nmep:review_next", args=[offerings[key].slug]),
                post=True,
                weight=20,
            )
        )
    return cards


def stand(user: User, now: datetime) -> list[Stand]:
    """How a learner stands, as the leads see it."""
    lines: list[Stand] = []
    learning = [row for row in _current(user, now) if row.role == Enrolment.Role.LEARNER]
    for enrolment in learning:
        where = f", {enrolment.offering.program}" if len(learning) > 1 else ""
        row = progress.of(enrolment, now)
        url = reverse("nmep:progress_mine", args=[enrolment.offering.slug])
        spare = enrolment.offering.max_absences - row.absences
        lines.append(
            Stand(
                label=f"Attendance{where}",
                text=f"{row.attended_count} of {row.held_count}",
                detail=f"{spare} more absences are fine" if spare > 0 else "no more absences, please",
                tone="" if spare > 0 else "warn",
                url=url,
                ticks=row.attended,
            )
        )
        handed_in = sum(1 for work in row.work if work.submission or work.is_settled)
        lines.append(
            Stand(
                label=f"Homework{where}",
                text=f"{handed_in} of {len(row.work)} handed in",
                detail=f"{len(row.done)} done" + (f", {len(row.owed)} owed" if row.owed else ""),
                url=url,
            )
        )
        lines += [Stand(label="To look after", text=reason, tone="warn", url=url) for reason in row.reasons]
    return lines


# ── Desk ──


def desk(user: User, now: datetime) -> list[DeskItem]:
    """Hand-ins that wait too long, classes without a lecturer, learners to look after."""
    if not user.has_perm("nmep.view_submission"):
        return []
    return [*_late_reviews(now), *_unstaffed(now), *_flagged(now)]


def _late_reviews(now: datetime) -> list[DeskItem]:
    rows = (
        Submission.objects.waiting()
        .filter(handed_in_at__lt=now - REVIEW_PROMISE, assignment__offering__in=Offering.objects.live())
        .order_by()
        .values("assignment__offering__slug")
        .annotate(n=Count("pk"))
    )
    return [
        DeskItem(
            group="Programme",
            title="Hand-ins wait more than 5 days for a review",
            count=row["n"],
            url=reverse("nmep:review_queue", args=[row["assignment__offering__slug"]]),
            action="Open the queue",
        )
        for row in rows
    ]


def unstaffed(now: datetime) -> list[Session]:
    """Classes of the next ten days that nobody teaches yet."""
    taught = Talk.objects.filter(event=OuterRef("event")).filter(
        Q(speakers__isnull=False) | ~Q(speaker_names="")
    )
    soon = Session.objects.classes().filter(
        event__starts_at__gte=now,
        event__starts_at__lt=now + STAFFED_AHEAD,
        event__state=Event.State.SCHEDULED,
        offering__in=Offering.objects.live(),
    )
    return list(soon.filter(~Exists(taught)).select_related("event", "offering").order_by("event__starts_at"))


def _unstaffed(now: datetime) -> list[DeskItem]:
    return [
        DeskItem(
            group="Programme",
            title=f"Week {session.week} has no lecturer: {session.title}",
            count=1,
            url=reverse("admin:events_event_change", args=[session.event_id]),
            detail=f"in {(session.event.starts_at - now).days} days",
            action="Find one",
        )
        for session in unstaffed(now)
    ]


def _flagged(now: datetime) -> list[DeskItem]:
    items = []
    running = Offering.objects.filter(state__in=[Offering.State.RUNNING, Offering.State.CLOSING])
    for offering in running.select_related("program", "term"):
        flagged = rosters.table(offering, now).flagged
        if flagged:
            items.append(
                DeskItem(
                    group="Programme",
                    title=f"Learner{'' if flagged == 1 else 's'} to look after in {offering}",
                    count=flagged,
                    url=f"{reverse('nmep:roster', args=[offering.slug])}?show=flagged",
                    action="See why",
                    icon="flag",
                )
            )
    return items


# ── Digest ──


def digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """Work due, the next class and reviews of the week; the same number of queries for any number of people."""
    found: dict[int, list[Item]] = defaultdict(list)
    people = {user.pk: user for user in users}
    rows = (
        Enrolment.objects.active()
        .filter(person__in=people, offering__in=Offering.objects.live())
        .select_related("offering__program", "offering__term")
    )
    by_offering: dict[int, list[Enrolment]] = defaultdict(list)
    offerings: dict[int, Offering] = {}
    for row in rows:
        by_offering[row.offering_id].append(row)
        offerings[row.offering_id] = row.offering
    for key, enrolments in by_offering.items():
        learners = [row for row in enrolments if row.role == Enrolment.Role.LEARNER]
        _digest_learners(found, offerings[key], learners, since, until)
        _digest_reviewers(
            found, offerings[key], [row for row in enrolments if row.role in Enrolment.STAFF], since
        )
    return dict(found)


def _digest_learners(
    found: dict[int, list[Item]],
    offering: Offering,
    learners: list[Enrolment],
    since: datetime,
    until: datetime,
) -> None:
    if not learners:
        return
    sessions = list(
        Session.objects.filter(offering=offering, event__starts_at__gte=since, event__starts_at__lt=until)
        .filter(event__state=Event.State.SCHEDULED)
        .select_related("event")
        .order_by("event__starts_at")
    )
    posted = set(
        Review.objects.filter(
            state=Review.State.POSTED,
            posted_at__gte=since - timedelta(days=7),
            posted_at__lt=since,
            submission__assignment__offering=offering,
        ).values_list("submission__authors__enrolment", "submission__assignment")
    )
    weeks = max((session.week for session in sessions), default=0)
    for row in progress.of_many(offering, learners, since):
        mine = found[row.enrolment.person_id]
        for work in row.owed:
            if (work.due_at and work.due_at < until) or work.state in ("returned", "do_over"):
                mine.append(
                    Item(
                        section="For you",
                        text=f"{work.assignment}: {work.word.lower() if work.state != 'open' else 'due'}",
                        url=reverse("nmep:assignment_detail", args=[offering.slug, work.assignment.key]),
                        action="Submit" if work.state != "returned" else "Read the review",
                        when=work.due_at,
                        weight=30,
                    )
                )
            elif (row.enrolment.pk, work.assignment.pk) in posted:
                mine.append(
                    Item(
                        section="For you",
                        text=f"A review of {work.assignment.label} is there",
                        url=reverse("nmep:assignment_detail", args=[offering.slug, work.assignment.key]),
                        action="Read it",
                        weight=20,
                    )
                )
        mine += [
            Item(
                section="This week",
                text=f"{'Class, week ' + str(weeks) + ': ' if session.kind == Session.Kind.CLASS else ''}"
                f"{session.title}{', ' + session.event.where if session.event.where else ''}",
                url=reverse("nmep:week_detail", args=[offering.slug, session.week]),
                action="Week",
                when=session.event.starts_at,
                weight=20,
            )
            for session in sessions
        ]
        mine.append(
            Item(
                section="For you",
                text="Where you stand",
                url=reverse("nmep:progress_mine", args=[offering.slug]),
                action="My progress",
                is_filler=True,
            )
        )


def _digest_reviewers(
    found: dict[int, list[Item]], offering: Offering, staff: list[Enrolment], since: datetime
) -> None:
    if not staff:
        return
    waiting = (
        Submission.objects.waiting()
        .filter(assignment__offering=offering)
        .order_by()
        .values_list("pk", "reviewer", "authors__enrolment__reviewer", "handed_in_at")
    )
    dealt: dict[int | None, set[int]] = defaultdict(set)
    oldest: dict[int | None, datetime] = {}
    for pk, taken, reviewer, handed_in_at in waiting:
        key = taken or reviewer
        dealt[key].add(pk)
        oldest[key] = min(oldest.get(key, since), handed_in_at or since)
    for enrolment in staff:
        chosen: list[tuple[int | None, str]] = [
            (enrolment.person_id, "wait for your review"),
            (None, "wait for whoever takes them"),
        ]
        for dealt_to, words in chosen:
            if dealt.get(dealt_to) and (
                dealt_to is not None or enrolment.role in (Enrolment.Role.LEAD, Enrolment.Role.HELPER)
            ):
                n, days = len(dealt[dealt_to]), (since - oldest[dealt_to]).days
                item = Item(
                    section="For you" if dealt_to else "Needs a person",
                    text=f"{n} hand-in{'' if n == 1 else 's'} {words} (oldest {days} days)",
                    url=reverse("nmep:review_queue", args=[offering.slug]),
                    action="Start",
                    weight=15,
                )
                if item not in found[enrolment.person_id]:
                    found[enrolment.person_id].append(item)


# ── Search, calendar, panels ──


def search(query: str, user: Any, limit: int) -> list[Hit]:
    """Assignments and weeks that the person may read."""
    now = timezone.now()
    zone = Club.current().zone
    work = rank(
        Assignment.objects.visible_to(user, now)
        .filter(state=Assignment.State.PUBLISHED)
        .exclude(offering__state=Offering.State.DRAFT),
        query,
        body_field="text",
        limit=limit,
    )
    sessions = rank(
        Session.objects.filter(offering__in=Offering.objects.visible_to(user)),
        query,
        body_field="summary",
        limit=limit,
    )
    offerings = {
        row.pk: row
        for row in Offering.objects.filter(
            pk__in={row.offering_id for row in [*work, *sessions]}
        ).select_related("program", "term")
    }
    hits = [
        Hit(
            kind="Assignment",
            title=str(row),
            url=reverse("nmep:assignment_detail", args=[offerings[row.offering_id].slug, row.key]),
            headline=row.headline,
            rank=row.rank,
            meta=(
                str(offerings[row.offering_id]),
                *((f"due {row.due_at.astimezone(zone):%d %b}",) if row.due_at else ()),
            ),
        )
        for row in work
    ]
    hits += [
        Hit(
            kind="Class",
            title=str(row),
            url=reverse("nmep:week_detail", args=[offerings[row.offering_id].slug, row.week]),
            headline=row.headline,
            rank=row.rank,
            meta=(str(offerings[row.offering_id]),),
        )
        for row in sessions
    ]
    return sorted(hits, key=lambda hit: -hit.rank)[:limit]


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
    """On an event's page: which week of which programme it is."""
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
        Panel(title="Part of a programme", template="nmep/_event_panel.html", context={"session": session})
    ]


def contributions(person: User, viewer: Any) -> list[Contribution]:
    """What somebody taught."""
    now = timezone.now()
    sessions = (
        Session.objects.filter(
            event__in=Talk.objects.filter(speakers=person).values("event"), event__ends_at__lte=now
        )
        .exclude(offering__state=Offering.State.DRAFT)
        .select_related("event", "offering")
        .order_by("-event__starts_at")
    )
    taught = [
        Contribution(verb="taught", title=row.title, url=row.get_absolute_url(), on=row.event.starts_at)
        for row in sessions[:50]
    ]
    reviews = Review.objects.filter(reviewer=person, state=Review.State.POSTED)
    counted = (
        reviews.order_by()
        .values("submission__assignment__offering__slug", "submission__assignment__offering")
        .annotate(n=Count("pk"))
    )
    latest: dict[int, Any] = {
        row["submission__assignment__offering"]: row["posted_at"]
        for row in reviews.order_by("posted_at").values("submission__assignment__offering", "posted_at")
    }
    taught += [
        Contribution(
            verb="reviewed",
            title=f"{row['n']} hand-in{'' if row['n'] == 1 else 's'}",
            url=reverse("nmep:syllabus", args=[row["submission__assignment__offering__slug"]]),
            on=latest[row["submission__assignment__offering"]],
        )
        for row in counted
    ]
    return taught


def numbers(term: Term) -> list[Figure]:
    """How the offerings of a term went."""
    learners = Enrolment.objects.learners().filter(offering__term=term)
    authored = SubmissionAuthor.objects.filter(assignment__offering__term=term, n=1).exclude(
        submission__state=Submission.State.DRAFT
    )
    handed_in = authored.count()
    on_time = authored.filter(late_by=timedelta(0)).count()
    return [
        Figure(
            name="Learners enrolled",
            value=learners.count(),
            n=learners.count(),
            definition="Enrolments as a learner.",
        ),
        Figure(
            name="Homework on time",
            value=round(100 * on_time / handed_in, 1) if handed_in else 0,
            n=handed_in,
            definition="Share of first versions that came by their due date, in percent.",
        ),
    ]


# ── Their own data, and rights ──


def personal_data(person: User) -> dict[str, Any]:
    """Everything kept about somebody as a learner, and what they wrote as a reviewer."""
    authored = SubmissionAuthor.objects.filter(enrolment__person=person)
    return {
        "enrolments": list(
            Enrolment.objects.filter(person=person).values("offering__slug", "role", "state", "created_at")
        ),
        "submissions": list(
            authored.values(
                "submission__assignment__key",
                "submission__assignment__offering__slug",
                "n",
                "submission__state",
                "submission__handed_in_at",
                "late_by",
            )
        ),
        "pieces": list(
            Submission.objects.filter(pk__in=authored.values("submission")).values(
                "pk", "pieces__part__title", "pieces__name", "pieces__text", "pieces__url", "pieces__sha256"
            )
        ),
        "reviews of my work": list(
            Review.objects.filter(
                submission__in=authored.values("submission"), state=Review.State.POSTED
            ).values("submission__assignment__key", "outcome", "summary", "posted_at")
        ),
        "marks": list(
            MarkChange.objects.filter(enrolment__person=person).values(
                "assignment__key", "kind", "value", "why", "at"
            )
        ),
        "comments I wrote": list(Comment.objects.filter(author=person).values("text", "created_at")),
        "more time": list(
            Deviation.objects.filter(enrolment__person=person).values(
                "assignment__key", "extra_days", "reason"
            )
        ),
    }


MODELS = [
    "program",
    "module",
    "offering",
    "session",
    "enrolment",
    "assignment",
    "milestone",
    "specrevision",
    "part",
    "rubriccriterion",
    "deviation",
    "submission",
    "submissionauthor",
    "piece",
    "review",
    "rubricmark",
    "comment",
    "markchange",
]
#: What nobody changes by hand: the record of what was handed in and said.
RECORDS = [
    "submission",
    "submissionauthor",
    "piece",
    "review",
    "rubricmark",
    "comment",
    "markchange",
    "specrevision",
]
#: What says nothing about a learner, for officers in general.
OPEN = ["program", "module", "offering", "session", "assignment", "milestone", "part", "rubriccriterion"]


def office_permissions() -> dict[str, list[str]]:
    """All of it for the officer for education; officers in general see the plan, and no learner's work."""
    education = [f"nmep.view_{model}" for model in MODELS]
    education += [
        f"nmep.{verb}_{model}"
        for model in MODELS
        if model not in RECORDS
        for verb in ("add", "change", "delete")
    ]
    education += [
        "nmep.add_markchange",
        "nmep.review_submission",
        "nmep.export_roster",
        "events.view_event",
        "events.add_event",
        "events.change_event",
        "events.view_attendance",
    ]
    return {
        "education": education,
        "president": [f"nmep.view_{model}" for model in [*OPEN, "enrolment"]] + ["nmep.change_offering"],
        "*": [f"nmep.view_{model}" for model in OPEN],
    }
