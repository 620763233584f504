"""What of capstones and of pulses concerns somebody: cards, desk items, lines of the digest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse

from events.models import Attendance, FeedbackForm, FeedbackGiven
from members.models import PairingCheckIn, PairingMember, User
from mlclub.gather import FOR_YOU, Card, Item, Section
from nmep import capstone_steps, mentoring, pulses
from nmep.models import Capstone, CapstoneMember, CapstonePolicy, CapstoneStep, Enrolment, Milestone, Offering
from nmep.models.assignments import at_wall_time

#: How long before it is due a step stands on the home page.
STEP_AHEAD = timedelta(days=14)


def with_capstone(enrolments: QuerySet[Enrolment], now: datetime) -> QuerySet[Enrolment]:
    """The enrolments with their group and its steps, and the pulses that wait, in the same query."""
    mine = CapstoneMember.objects.live().filter(enrolment=OuterRef("pk"))
    held = CapstoneMember.objects.live().filter(enrolment=OuterRef(OuterRef(OuterRef("pk"))))
    state = CapstoneStep.objects.filter(milestone=OuterRef("pk"), capstone__in=held.values("capstone"))
    steps = Milestone.objects.filter(
        offering=OuterRef("offering"), kind=Milestone.Kind.CAPSTONE, due_session__isnull=False
    ).annotate(step_state=Subquery(state.values("state")[:1]))
    given = FeedbackGiven.objects.filter(form__event=OuterRef("event"), person=OuterRef("user"))
    attended = Attendance.objects.filter(
        user=OuterRef("person"),
        event__feedback_forms__audience=FeedbackForm.Audience.ATTENDEES,
        event__ends_at__lte=now,
        event__ends_at__gt=now - pulses.OPEN_FOR,
    ).exclude(Exists(given))
    policy = CapstonePolicy.objects.filter(offering=OuterRef("offering"), closed_at=None)
    return enrolments.annotate(
        group_json=Subquery(
            mine.values(
                row=JSONObject(
                    name="capstone__initiative__name",
                    slug="capstone__initiative__slug",
                    state="capstone__state",
                    decided_at="capstone__decided_at",
                )
            )[:1]
        ),
        steps_json=ArraySubquery(
            steps.values(
                row=JSONObject(
                    pk="pk",
                    title="title",
                    days="due_days",
                    time="due_time",
                    starts_at="due_session__event__starts_at",
                    state="step_state",
                )
            )
        ),
        pulses_json=ArraySubquery(
            attended.values(
                row=JSONObject(title="event__feedback_forms__title", code="event__feedback_forms__code")
            )
        ),
        groups_open=Exists(policy),
    )


def cards(user: User, enrolments: Sequence[Any], now: datetime) -> list[Card]:
    """For learners their group and its next step, for mentors who asks and waits.

    One query, for those who may be mentors; none for new members.
    """
    found: list[Card] = []
    for row in enrolments:
        if row.role == Enrolment.Role.LEARNER:
            found += _group_cards(row, now)
    found += _pulse_cards(enrolments)
    if user.standing.is_active and not user.standing.is_new:
        found += _mentor_cards(user)
    return found


def _group_cards(row: Any, now: datetime) -> list[Card]:
    slug, held = row.offering.slug, row.group_json
    if held is None:
        if not row.groups_open:
            return []
        return [
            Card(
                section=Section.NEW,
                title="You are in no capstone group yet",
                url=reverse("nmep:capstone_list", args=[slug]),
                icon="user-group",
                action="Find one",
                action_url=reverse("nmep:capstone_list", args=[slug]),
                weight=20,
            )
        ]
    url = reverse("nmep:capstone_detail", args=[slug, held["slug"]])
    if held["state"] == Capstone.State.PRESENTED and held["decided_at"] is None:
        next_url = reverse("nmep:capstone_next", args=[slug, held["slug"]])
        return [
            Card(
                section=Section.NEEDED,
                title=f"What happens next to {held['name']}?",
                url=url,
                icon="arrow-right-circle",
                action="Say what",
                action_url=next_url,
                weight=20,
            )
        ]
    if held["state"] in (Capstone.State.PRESENTED, Capstone.State.ARCHIVED):
        return []
    open_ = [
        (due_at, step)
        for step in row.steps_json
        if step["state"] in (None, CapstoneStep.State.OPEN, CapstoneStep.State.REVISE)
        and (due_at := _due_at(row, step)) <= now + STEP_AHEAD
    ]
    return [
        Card(
            section=Section.DUE,
            title=f"{step['title']}: {held['name']}",
            url=f"{url}#step-{step['pk']}",
            when=due_at,
            badge="Changes asked for" if step["state"] == CapstoneStep.State.REVISE else "",
            tone="warn" if step["state"] == CapstoneStep.State.REVISE else "",
            icon="flag",
            action="Hand in",
            action_url=f"{url}#step-{step['pk']}",
            weight=9,
        )
        for due_at, step in sorted(open_, key=lambda each: each[0])[:1]
    ]


def _due_at(row: Any, step: dict[str, Any]) -> datetime:
    return at_wall_time(
        datetime.fromisoformat(step["starts_at"]),
        days=step["days"],
        hour=time.fromisoformat(step["time"]),
        offering=row.offering,
    )


def _pulse_cards(enrolments: Sequence[Any]) -> list[Card]:
    waiting = {pulse["code"]: pulse["title"] for row in enrolments for pulse in row.pulses_json}
    return [
        Card(
            section=Section.NEEDED,
            title=f"Two questions about {title}",
            url=(url := reverse("events:feedback_give", args=[code])),
            meta=("anonymous", "half a minute"),
            icon="chat-bubble-left-right",
            action="Answer",
            action_url=url,
            weight=3,
        )
        for code, title in list(waiting.items())[:2]
    ]


def _mentor_cards(user: User) -> list[Card]:
    found = []
    for row in mentoring.of_mentor(user):
        if row.is_asked:
            url = reverse("nmep:mentor_answer", args=[row.offering.slug, row.initiative.slug])
            found.append(
                Card(
                    section=Section.NEEDED,
                    title=f"Will you mentor {row}?",
                    url=url,
                    meta=("a capstone",),
                    icon="hand-raised",
                    action="Answer",
                    action_url=url,
                    weight=25,
                )
            )
        elif row.waits:
            found.append(
                Card(
                    section=Section.NEEDED,
                    title=f"{row}: {row.waits} waits for your answer",
                    url=row.get_absolute_url(),
                    icon="inbox-stack",
                    action="Read it",
                    action_url=row.get_absolute_url(),
                    weight=18,
                )
            )
    return found


def digest_pulses(people: Sequence[User], now: datetime) -> dict[int, list[Item]]:
    """The questions about a class, for those who were there and have not answered; one query."""
    return {
        person: [
            Item(
                section=FOR_YOU,
                text=f"Two anonymous questions about {title}",
                url=url,
                action="Answer",
                is_filler=True,
            )
            for title, url in forms[:2]
        ]
        for person, forms in pulses.waiting(people, now).items()
    }


def digest_mentors(people: Collection[int], now: datetime) -> dict[int, list[Item]]:
    """For mentors: a step that waits for their answer, and a group that they have not met for three weeks; one query."""
    places = PairingMember.objects.present().filter(
        pairing=OuterRef("mentoring"),
        part=PairingMember.Part.MENTOR,
        answer=PairingMember.Answer.ACCEPTED,
        person__in=people,
    )
    met = PairingCheckIn.objects.filter(
        pairing=OuterRef("mentoring"), said=PairingCheckIn.Said.MET, at__gt=now - mentoring.NOT_MET
    )
    waiting = CapstoneStep.objects.filter(capstone=OuterRef("pk"), state=CapstoneStep.State.HANDED_IN)
    rows: Any = (
        Capstone.objects.filter(Exists(places), offering__in=Offering.objects.live())
        .exclude(state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED])
        .annotate(
            mentors=ArraySubquery(places.order_by().values("person")),
            was_met=Exists(met),
            waits=Subquery(waiting.values("milestone__title")[:1]),
        )
        .select_related("initiative", "offering", "mentoring")
        .defer("initiative__search", "initiative__description")
    )
    found: dict[int, list[Item]] = {}
    for row in rows:
        since = row.mentoring.published_at
        lines = []
        if row.waits:
            lines.append((f"{row}: {row.waits} waits for your answer", "Read it"))
        if not row.was_met and since and since <= now - mentoring.NOT_MET:
            lines.append((f"You have not met {row} for three weeks", "Check in"))
        for person in row.mentors:
            found.setdefault(person, []).extend(
                Item(
                    section=FOR_YOU,
                    text=text,
                    url=row.get_absolute_url(),
                    action=action,
                    weight=16,
                    is_own=True,
                )
                for text, action in lines
            )
    return found


def digest_steps(offering: Offering, learners: Sequence[Enrolment], until: datetime) -> dict[int, list[Item]]:
    """Person → the steps of their group that fall due; two queries, one where none is near."""
    due = [
        (row, due_at)
        for row in capstone_steps.milestones(offering)
        if (due_at := row.due_by_rule()) is not None and due_at < until
    ]
    if not due:
        return {}
    found: dict[int, list[Item]] = {}
    done = set(
        CapstoneStep.objects.filter(capstone__offering=offering)
        .filter(state__in=[CapstoneStep.State.HANDED_IN, CapstoneStep.State.APPROVED])
        .values_list("capstone", "milestone")
    )
    members = (
        CapstoneMember.objects.live()
        .filter(enrolment__in=learners)
        .exclude(capstone__state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED])
        .select_related("capstone__initiative", "capstone__offering", "enrolment")
    )
    for member in members:
        for row, due_at in due:
            if (member.capstone_id, row.pk) not in done:
                found.setdefault(member.enrolment.person_id, []).append(
                    Item(
                        section=FOR_YOU,
                        text=f"{row} of {member.capstone}",
                        url=f"{member.capstone.get_absolute_url()}#step-{row.pk}",
                        action="Hand in",
                        when=due_at,
                        weight=28,
                        is_own=True,
                    )
                )
    return found
