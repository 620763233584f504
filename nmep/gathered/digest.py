"""The lines of the weekly digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.urls import reverse

from events.models import Event, Slot
from members.models import User
from mlclub.gather import (
    Item,
)
from nmep import papers, progress
from nmep.gathered import capstone_news
from nmep.models import (
    Enrolment,
    Offering,
    Review,
    Session,
    Submission,
)


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
    for person, items in capstone_news.digest_pulses(users, since).items():
        found[person] += items
    return dict(found)


def _digest_leads(found: dict[int, list[Item]], led: list[tuple[int, int]], since: datetime) -> None:
    """Paper slots that nobody holds, for those who lead."""
    if not led:
        return
    empty: dict[int, list[Slot]] = defaultdict(list)
    for slot in papers.empty(since, offerings={key for _, key in led}):
        empty[getattr(slot, "offering", 0)].append(slot)
    for person, offering in led:
        if slots := empty.get(offering):
            found[person].append(
                Item(
                    section="Needs a person",
                    text=f"{len(slots)} paper slot{'' if len(slots) == 1 else 's'} with room: "
                    f"{', '.join(slot.label for slot in slots[:3])}",
                    url=reverse("nmep:paper_list", args=[getattr(slots[0], "slug", "")]),
                    action="Put somebody down",
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
    steps = capstone_news.digest_steps(offering, learners, until)
    for row in progress.of_many(offering, learners, since):
        mine = found[row.enrolment.person_id]
        mine += steps.get(row.enrolment.person_id, [])
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
