"""The lines of the weekly digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from events.models import Event
from members import interests
from members.models import User
from mlclub.gather import FOR_YOU, HELP, NEEDS_A_PERSON, NEWS, THIS_WEEK, Heading, Item
from nmep import attention, papers, progress, requirements
from nmep.gathered import capstone_news
from nmep.models import (
    Enrolment,
    Offering,
    Program,
    Review,
    Session,
    Submission,
)

#: So much of what needs a lead is named.
TOLD = 3
STILL_TAKEN = "It is still taken."
#: Classes of so many days are offered to alumni.
HELPED_WITHIN = timedelta(days=31)


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
        auditors = [row for row in enrolments if row.role == Enrolment.Role.AUDITOR]
        if learners or auditors:
            classes = _class_items(offerings[key], _classes(offerings[key], since, until))
            _digest_learners(found, offerings[key], learners, since, until, classes)
            for row in auditors:
                found[row.person_id] += classes
        _digest_reviewers(
            found, offerings[key], [row for row in enrolments if row.role in Enrolment.STAFF], since
        )
    led = [(row.person_id, row.offering_id) for row in rows if row.role == Enrolment.Role.LEAD]
    _digest_leads(found, led, since)
    for person, items in capstone_news.digest_mentors(people, since).items():
        found[person] += items
    for person, items in capstone_news.digest_pulses(users, since).items():
        found[person] += items
    return dict(found)


def _digest_leads(found: dict[int, list[Item]], led: list[tuple[int, int]], since: datetime) -> None:
    """What needs those who lead, in one line an offering; one query."""
    if not led:
        return
    needs = attention.of_many({key for _, key in led}, since)
    for person, key in led:
        offering, mine = needs[key]
        if mine:
            named = [f"{need.count} {need.title[0].lower()}{need.title[1:]}" for need in mine[:TOLD]]
            more = f", and {len(mine) - TOLD} more" if len(mine) > TOLD else ""
            found[person].append(
                Item(
                    section=NEEDS_A_PERSON,
                    text=f"{offering.program}: {', '.join(named)}{more}",
                    url=reverse("nmep:staff", args=[offering.slug]),
                    action="Look",
                    weight=15,
                    is_own=True,
                )
            )


def _classes(offering: Offering, since: datetime, until: datetime) -> list[Any]:
    """The meetings of the offering in these days, with the last week there is; one query."""
    return list(
        Session.objects.filter(offering=offering, event__starts_at__gte=since, event__starts_at__lt=until)
        .filter(event__state=Event.State.SCHEDULED)
        .with_last_week()
        .select_related("event")
        .order_by("event__starts_at")
    )


def _class_items(offering: Offering, sessions: Sequence[Any]) -> list[Item]:
    return [
        Item(
            section=THIS_WEEK,
            text=f"Class, week {session.week} of {session.last_week}: {session.title}"
            if session.kind == Session.Kind.CLASS
            else session.title,
            detail=session.event.where or "no place yet",
            url=reverse("nmep:week_detail", args=[offering.slug, session.week]),
            action="Week",
            when=session.event.starts_at,
            weight=20,
            is_own=True,
        )
        for session in sessions
    ]


def _digest_learners(
    found: dict[int, list[Item]],
    offering: Offering,
    learners: list[Enrolment],
    since: datetime,
    until: datetime,
    classes: list[Item],
) -> None:
    if not learners:
        return
    posted = set(
        Review.objects.filter(
            state=Review.State.POSTED,
            posted_at__gte=since - NEWS,
            posted_at__lt=since,
            submission__assignment__offering=offering,
        ).values_list("submission__authors__enrolment", "submission__assignment")
    )
    left = papers.room(offering, since)
    steps = capstone_news.digest_steps(offering, learners, until)
    for row in progress.of_many(offering, learners, since):
        mine = found[row.enrolment.person_id]
        mine += steps.get(row.enrolment.person_id, [])
        for work in row.owed:
            url = reverse("nmep:assignment_detail", args=[offering.slug, work.assignment.key])
            is_answered = work.state == "returned" or (row.enrolment.pk, work.assignment.pk) in posted
            if is_answered:
                mine.append(_own(f"Your review of {work.assignment.label} is there", url, "Read it", 25))
            elif work.state == "do_over":
                mine.append(_own(f"{work.assignment} is to be done over", url, "Submit", 29))
            elif work.due_at and work.due_at < since:
                mine.append(_own(f"{work.assignment} was due", url, "Submit", 31, work.due_at, STILL_TAKEN))
            elif work.due_at and work.due_at < until:
                mine.append(_own(f"{work.assignment} is due", url, "Submit", 30, work.due_at))
        if left and row.findings[requirements.PAPER.key].word == "None":
            free = f"{left} slot{'' if left == 1 else 's'} left"
            url = reverse("nmep:paper_list", args=[offering.slug])
            mine.append(_own(f"Paper: you have not picked one; {free}", url, "Claim", 18))
        mine += classes
        mine.append(
            Item(
                section=FOR_YOU,
                text="Where you stand",
                url=reverse("nmep:progress_mine", args=[offering.slug]),
                action="My progress",
                is_filler=True,
            )
        )


def _own(
    text: str, url: str, action: str, weight: int, when: datetime | None = None, detail: str = ""
) -> Item:
    return Item(
        section=FOR_YOU,
        text=text,
        url=url,
        action=action,
        when=when,
        weight=weight,
        detail=detail,
        is_own=True,
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
            (enrolment.person_id, "for your review"),
            (None, "for whoever takes them"),
        ]
        for dealt_to, words in chosen:
            if dealt.get(dealt_to) and (
                dealt_to is not None or enrolment.role in (Enrolment.Role.LEAD, Enrolment.Role.HELPER)
            ):
                n, days = len(dealt[dealt_to]), (since - oldest[dealt_to]).days
                item = Item(
                    section=FOR_YOU if dealt_to else NEEDS_A_PERSON,
                    text=f"{n} hand-in{' waits' if n == 1 else 's wait'} {words}",
                    lead=f"{days} day{'' if days == 1 else 's'}",
                    detail="since the oldest was handed in" if n > 1 else "",
                    url=reverse("nmep:review_queue", args=[offering.slug]),
                    action="Start",
                    weight=15,
                    is_own=True,
                )
                if item not in found[enrolment.person_id]:
                    found[enrolment.person_id].append(item)


def digest_heading(users: Sequence[User], since: datetime, until: datetime) -> dict[int, Heading]:
    """For learners, the programme that they are in and its week; the new members' programme before a course."""
    rows = list(
        Enrolment.objects.active()
        .filter(person__in=users, offering__in=Offering.objects.live())
        .filter(role__in=Enrolment.PARTICIPANTS)
        .values_list("person", "offering", "offering__program__name", "offering__program__kind")
    )
    if not rows:
        return {}
    rows.sort(key=lambda row: row[3] == Program.Kind.NMEP)
    coming: Any = Session.objects.classes().filter(
        offering__in={row[1] for row in rows}, event__state=Event.State.SCHEDULED
    )
    weeks = {
        offering: (week, last)
        for offering, week, last in coming.filter(event__starts_at__gte=since, event__starts_at__lt=until)
        .with_last_week()
        .order_by("-event__starts_at")
        .values_list("offering", "week", "last_week")
    }
    found = {}
    for person, offering, name, _ in rows:
        week, last = weeks.get(offering, (None, 0))
        found[person] = Heading(
            text=f"{name}, week {week} of {last}" if week else f"{name}, no class this week",
            week=week,
            weeks=last,
        )
    return found


def alumni_digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """One class of the month that nobody teaches yet, rather one that the person knows about; two queries."""
    classes = list(
        attention.without_teacher(since, HELPED_WITHIN)
        .filter(offering__in=Offering.objects.live())
        .select_related("event", "offering__program")
        .order_by("event__starts_at")
    )
    if not classes:
        return {}
    words = interests.Vocabulary.current()
    topics = {row.pk: words.in_text(f"{row.title} {row.summary}") for row in classes}
    found = {}
    for user in users:
        row = next((row for row in classes if words.shared(user, topics[row.pk])), classes[0])
        found[user.pk] = [
            Item(
                section=HELP,
                text=f"Teach “{row.title}” in the {row.offering.program}",
                detail="Nobody does yet. Answer this mail, and an officer writes back.",
                when=row.event.starts_at,
                url=row.get_absolute_url(),
                action="See it",
            )
        ]
    return found
