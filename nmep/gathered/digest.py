"""The lines of the weekly digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse

from events.models import Event
from members.models import User
from mlclub.gather import (
    Item,
)
from nmep import attention, papers, progress, requirements
from nmep.gathered import capstone_news
from nmep.models import (
    Enrolment,
    Offering,
    Review,
    Session,
    Submission,
)

#: So much of what needs a lead is named.
TOLD = 3


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
                    section="Needs a person",
                    text=f"{offering.program}: {', '.join(named)}{more}",
                    url=reverse("nmep:staff", args=[offering.slug]),
                    action="Look",
                    weight=15,
                )
            )


def _digest_learners(
    found: dict[int, list[Item]],
    offering: Offering,
    learners: list[Enrolment],
    since: datetime,
    until: datetime,
) -> None:
    if not learners:
        return
    latest = Session.objects.filter(offering=OuterRef("offering")).order_by("-week")
    sessions: list[Any] = list(
        Session.objects.filter(offering=offering, event__starts_at__gte=since, event__starts_at__lt=until)
        .filter(event__state=Event.State.SCHEDULED)
        .annotate(weeks=Subquery(latest.values("week")[:1]))
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
    left = papers.room(offering, since)
    steps = capstone_news.digest_steps(offering, learners, until)
    for row in progress.of_many(offering, learners, since):
        mine = found[row.enrolment.person_id]
        mine += steps.get(row.enrolment.person_id, [])
        for work in row.owed:
            url = reverse("nmep:assignment_detail", args=[offering.slug, work.assignment.key])
            if work.state == "returned" or (row.enrolment.pk, work.assignment.pk) in posted:
                mine.append(
                    Item(
                        section="For you",
                        text=f"Your review of {work.assignment.label} is there",
                        url=url,
                        action="Read it",
                        weight=25,
                    )
                )
            elif (work.due_at and work.due_at < until) or work.state == "do_over":
                mine.append(
                    Item(
                        section="For you",
                        text=f"{work.assignment} is due",
                        url=url,
                        action="Submit",
                        when=work.due_at,
                        weight=30,
                    )
                )
        if left and row.findings[requirements.PAPER.key].word == "None":
            mine.append(
                Item(
                    section="For you",
                    text=f"Paper: you have not picked one; {left} slot{'' if left == 1 else 's'} left",
                    url=reverse("nmep:paper_list", args=[offering.slug]),
                    action="Claim",
                    weight=18,
                )
            )
        mine += [
            Item(
                section="This week",
                text=f"{f'Class, week {session.week} of {session.weeks}: ' if session.kind == Session.Kind.CLASS else ''}"
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
