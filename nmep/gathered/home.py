"""What is due from somebody, where they go next, and what they review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import JSONObject
from django.urls import reverse

from events.models import Event
from members.models import User
from mlclub.gather import (
    Card,
    Section,
    Stand,
)
from nmep import papers, progress
from nmep.gathered import capstone_news, review_news
from nmep.models import (
    Absence,
    Completion,
    Departure,
    Enrolment,
    ExtensionRequest,
    Offering,
    Session,
    Submission,
)
from nmep.progress import Work
from nmep.unpaired import with_unpaired
from projects.models import Initiative, Role

REVIEW_PROMISE = timedelta(days=5)
#: So long after completing a programme home says where to go next, and so much of it.
WHERE_NEXT = timedelta(days=120)
NEXT_SHOWN = 4


def home(user: User, now: datetime) -> list[Card]:
    """Work that is due, and the review queue; two queries, one more for reviewers and for those who may be mentors."""
    enrolments = _current(user, now)
    offerings = {row.offering_id: row.offering for row in enrolments}
    learning = [row for row in enrolments if row.role == Enrolment.Role.LEARNER]
    works = progress.work_of(offerings, learning, now) if learning else {}
    user._nmep_works = works  # type: ignore[attr-defined]
    cards = [card for row in learning for card in _due_cards(row, works[row.pk], now)]
    cards = [
        replace(card, is_primary=at == 0)
        for at, card in enumerate(sorted(cards, key=lambda card: card.when or now))
    ]
    cards += [card for row in learning for card in papers.cards(row, now)]
    cards += [card for row in learning for card in _class_cards(row)]
    cards += capstone_news.cards(user, enrolments, now)
    led = [row for row in enrolments if row.role == Enrolment.Role.LEAD]
    cards += [
        card for row in led for card in (*_request_cards(row), *_people_cards(row), *review_news.cards(row))
    ]
    if not enrolments:
        cards += _next_cards(user, now)
    return cards + _review_cards(user, [row for row in enrolments if row.role in Enrolment.STAFF], now)


def _request_cards(enrolment: Any) -> list[Card]:
    """What learners asked a lead for."""
    n = len(enrolment.asked_json) + len(enrolment.wanted_json)
    if not n:
        return []
    offering = enrolment.offering
    return [
        Card(
            section=Section.NEEDED,
            title=f"{n} request{'' if n == 1 else 's'} of learners to answer",
            url=reverse("nmep:request_list", args=[offering.slug]),
            meta=(str(offering),),
            icon="hand-raised",
            action="Answer",
            action_url=reverse("nmep:request_list", args=[offering.slug]),
            weight=25,
        )
    ]


def _people_cards(enrolment: Any) -> list[Card]:
    """For a lead: whoever has no partner for an open homework, and whoever asks to leave."""
    offering = enrolment.offering
    cards = [
        Card(
            section=Section.NEEDED,
            title=f"{row['n']} without a partner for {row['key'].upper()}",
            url=reverse("nmep:pair_detail", args=[offering.slug, row["key"]]),
            meta=(
                str(offering),
                f"due {datetime.fromisoformat(row['due_at']).astimezone(offering.zone):%a %-d %b}",
            ),
            tone="warn",
            icon="user-plus",
            action="Mend",
            action_url=reverse("nmep:pair_detail", args=[offering.slug, row["key"]]),
            weight=24,
        )
        for row in enrolment.unpaired_json
    ]
    return cards + [
        Card(
            section=Section.NEEDED,
            title="A learner asks to leave",
            url=reverse("nmep:leave_detail", args=[offering.slug, pk]),
            meta=(str(offering),),
            tone="warn",
            icon="arrow-right-start-on-rectangle",
            action="Answer",
            action_url=reverse("nmep:leave_detail", args=[offering.slug, pk]),
            weight=26,
        )
        for pk in enrolment.leaving_json
    ]


def _next_cards(user: User, now: datetime) -> list[Card]:
    """Where somebody goes who has just completed a programme: what takes newer members now."""
    completed = Completion.objects.valid().filter(enrolment__person=user, at__gte=now - WHERE_NEXT)
    takes = Initiative.objects.visible_to(user).open_to_newer_members().filter(Exists(completed))
    mine = Role.objects.filter(initiative=OuterRef("pk"), person=user)
    return [
        Card(
            section=Section.NEW,
            title=f"Where next? {row.name}",
            url=row.get_absolute_url(),
            meta=(row.get_kind_display(), row.opening),
            icon="map",
            action="See it",
            action_url=row.get_absolute_url(),
            weight=15,
        )
        for row in takes.exclude(Exists(mine)).order_by("kind", "name")[:NEXT_SHOWN]
    ]


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
            instead_of=reverse("events:event_detail", args=[row["event"], row["slug"]]),
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
                event="event",
                slug="event__slug",
            )
        )[:2]
        asked = Absence.objects.waiting().filter(enrolment__offering=OuterRef("offering")).order_by()
        wanted = (
            ExtensionRequest.objects.waiting().filter(enrolment__offering=OuterRef("offering")).order_by()
        )
        with_all = with_unpaired(capstone_news.with_capstone(progress.with_records(rows), now), now)
        leaving = Departure.objects.filter(
            enrolment__offering=OuterRef("offering"), state=Departure.State.ASKED
        ).order_by()
        kept = list(
            with_all.annotate(
                next_json=ArraySubquery(meetings),
                asked_json=ArraySubquery(asked.values("pk")),
                wanted_json=ArraySubquery(wanted.values("pk")),
                leaving_json=ArraySubquery(leaving.values("enrolment")),
                **papers.columns(now),
                **review_news.columns(),
            )
        )
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
        row = progress.of(enrolment, now, getattr(user, "_nmep_works", None))
        url = reverse("nmep:progress_mine", args=[enrolment.offering.slug])
        spare = enrolment.offering.max_absences - row.absences
        lines.append(
            Stand(
                label=f"Attendance{where}",
                text=f"{row.attended_count} of {row.held_count}"
                + (f", {row.excused_count} excused" if row.excused_count else ""),
                detail=f"{spare} more absences are fine" if spare > 0 else "no more absences, please",
                tone="" if spare > 0 else "warn",
                url=url,
                ticks=row.ticks,
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
