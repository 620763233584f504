"""The capstones of the demo club: four in week 7 of the current term, eleven past ones with what became of them."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, time, timedelta

from simple_history.utils import bulk_create_with_history

from events import feedback
from events.feedback import MIN_ANSWERS
from events.models import Attendance, Event, FeedbackAnswer, FeedbackForm, FeedbackGiven, Kind, Visibility
from members.demo import People
from members.models import Pairing, PairingCheckIn, PairingMember, User
from nmep import pulses
from nmep.demo.work import WITHDREW, Run
from nmep.models import (
    Capstone,
    CapstoneMember,
    CapstonePolicy,
    CapstoneStep,
    Enrolment,
    Milestone,
    Session,
    Showcase,
    ShowcaseTalk,
    StepComment,
    StepVersion,
)
from projects.models import Initiative, InitiativeLink, Role, Update

K = Initiative.Kind
#: In the current term: in no group yet, and the group that nobody mentors.
ALONE, UNMENTORED = 14, 3
PLAN = (
    "**Question.** {summary}\n\n**Data.** What the club has, and what we collect in two weeks.\n\n"
    "**First result.** A baseline that takes an afternoon, by the checkpoint.\n\n**Who does what.** We take turns."
)
KEEP = [
    "The plot with the failures told me more than the table.",
    "You showed what did not work. Keep doing that.",
    "The live demo, even the part where it broke.",
    "One question, one answer, no detours.",
    "Everybody of you spoke.",
    "The baseline came first. Thank you.",
]
TRY = [
    "Say the question before the method.",
    "Fewer words on the slides.",
    "I would like to see the error bars.",
    "Compare with something stupid first.",
    "Speak to the last row.",
    "",
]
DIFFERENT = [
    "A short break after an hour.",
    "More time for the exercise.",
    "The first derivation was too quick for me.",
    "More pictures like the one with the hills.",
    "",
    "",
]
HONEST = "Three weeks in we saw that the labels were wrong. We wrote down how to notice earlier, and stopped."


def seed(runs: list[Run], people: People, now: datetime) -> None:
    """Make them out of the capstones among the projects; without projects there is nothing to make."""
    rng = random.Random(13)  # noqa: S311  for variety, not for secrets
    for run in runs:
        offering = run.offering
        term = offering.term
        groups = list(Initiative.objects.filter(kind=K.CAPSTONE, roles__term=term).distinct().order_by("pk"))
        if not groups:
            continue
        is_current = run.index == len(runs) - 1
        session = _session(run)
        last = Milestone.objects.create(
            offering=offering,
            kind=Milestone.Kind.CAPSTONE,
            title="Final project",
            due_session=session,
            due_time=time(17),
        )
        CapstonePolicy.objects.create(
            offering=offering, closed_at=None if is_current else run.sessions[8].event.starts_at
        )
        milestones = [
            *Milestone.objects.filter(offering=offering, kind=Milestone.Kind.CAPSTONE).exclude(pk=last.pk),
            last,
        ]
        teams = _deal(run, len(groups), is_current=is_current)
        made = [
            _group(run, initiative, team, at, people, now)
            for at, (initiative, team) in enumerate(zip(groups, teams, strict=True))
        ]
        if is_current:
            _propose(made[0], milestones[0], now - timedelta(days=2))
        else:
            _steps(made, milestones, run)
            _show(made, session, rng)
    _pulses(runs[-1], now, rng)


def _session(run: Run) -> Session:
    """The showcase, two days after the last class."""
    offering, last = run.offering, run.sessions[max(run.sessions)]
    starts_at = datetime.combine(
        last.event.starts_at.astimezone(offering.zone).date() + timedelta(days=2),
        time(18),
        tzinfo=offering.zone,
    )
    event = Event.objects.create(
        kind=Kind.SHOWCASE,
        title="Showcase of the final projects",
        summary="Short talks by the groups of the new-member programme. Everybody is welcome.",
        term=offering.term,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        original_starts_at=starts_at,
        place="Hall 306, Marlow Hall",
        visibility=Visibility.PUBLIC,
        created_at=last.event.created_at,
    )
    seq = max(Session.objects.filter(offering=offering).values_list("seq", flat=True)) + 1
    return Session.objects.create(
        offering=offering, seq=seq, week=last.week, kind=Session.Kind.SHOWCASE, title=event.title, event=event
    )


def _deal(run: Run, n: int, *, is_current: bool) -> list[list[Enrolment]]:
    """The learners in `n` groups of three or four; in the current term one is left over."""
    left_out = {ALONE} if is_current else set(WITHDREW[run.index])
    rows = [
        row for at, row in enumerate(run.learners) if at not in left_out and row.state != "did_not_finish"
    ]
    return [rows[at::n][:4] for at in range(n)]


def _group(
    run: Run, initiative: Initiative, team: list[Enrolment], at: int, people: People, now: datetime
) -> Capstone:
    """A capstone with its members, its mentor, and the roles and updates of those who are really in it."""
    term, is_current = run.offering.term, run.index == 3
    kickoff = run.sessions[7].event.starts_at if not is_current else now - timedelta(days=6)
    mentor = Role.objects.filter(initiative=initiative, term=term, kind=Role.Kind.MENTOR).first()
    person = mentor.person if mentor else run.staff[0]
    if is_current and at == 0:
        person = people.cast["mentor"]
    Role.objects.filter(initiative=initiative, term=term).delete()
    roles = [
        Role(
            initiative=initiative,
            term=term,
            person=row.person,
            kind=Role.Kind.LEAD if n == 0 else Role.Kind.CONTRIBUTOR,
        )
        for n, row in enumerate(team)
    ]
    has_mentor = not (is_current and at == UNMENTORED)
    if has_mentor:
        roles.append(Role(initiative=initiative, term=term, person=person, kind=Role.Kind.MENTOR))
    bulk_create_with_history(roles, Role, default_date=kickoff)
    updates = list(Update.objects.filter(initiative=initiative).order_by("created_at"))
    for n, update in enumerate(updates):
        update.author = team[n % len(team)].person
    Update.objects.bulk_update(updates, ["author"])
    initiative.started_on = kickoff.astimezone(run.offering.zone).date()
    initiative.state = Initiative.State.PROPOSED if is_current else initiative.state
    initiative.save()
    capstone = Capstone.objects.create(
        offering=run.offering, initiative=initiative, idea_by=team[0].person, created_at=kickoff
    )
    CapstoneMember.objects.bulk_create(
        [CapstoneMember(capstone=capstone, enrolment=row, joined_at=kickoff) for row in team]
    )
    if has_mentor:
        _mentor(capstone, person, [row.person for row in team], kickoff, is_current=is_current, now=now)
    return capstone


def _mentor(
    capstone: Capstone, person: User, group: list[User], kickoff: datetime, *, is_current: bool, now: datetime
) -> None:
    at = min(kickoff + timedelta(days=1), now - timedelta(hours=20))
    pairing = Pairing.objects.create(
        kind=Pairing.Kind.CAPSTONE_MENTOR,
        term_id=capstone.offering.term_id,
        reason=f"{', '.join(topic.name for topic in capstone.initiative.topics.all())}, 0 of 2 places used",
        goal=f"Help {capstone} with its capstone.",
        state=Pairing.State.ACTIVE if is_current else Pairing.State.ENDED,
        created_at=kickoff,
        published_at=at,
        ended_at=None if is_current else kickoff + timedelta(weeks=5),
    )
    members = [PairingMember(pairing=pairing, person=each, part=PairingMember.Part.MENTEE) for each in group]
    members.append(
        PairingMember(
            pairing=pairing,
            person=person,
            part=PairingMember.Part.MENTOR,
            answer=PairingMember.Answer.ACCEPTED,
            answered_at=at,
        )
    )
    PairingMember.objects.bulk_create(members)
    for week in range(0 if is_current else 4):
        PairingCheckIn.objects.create(
            pairing=pairing,
            person=group[week % len(group)],
            said="met",
            at=kickoff + timedelta(weeks=week, days=2),
        )
    capstone.mentoring = pairing
    capstone.save(update_fields=["mentoring"])
    capstone.pairings.add(pairing)


def _propose(capstone: Capstone, milestone: Milestone, at: datetime) -> None:
    """The quickest group has handed in before it is due; its mentor has it to read."""
    _step(capstone, milestone, at, state=CapstoneStep.State.HANDED_IN)
    Capstone.objects.filter(pk=capstone.pk).update(state=Capstone.State.PROPOSED)


def _step(capstone: Capstone, milestone: Milestone, at: datetime, *, state: str) -> CapstoneStep:
    group = [row.enrolment.person for row in capstone.members.select_related("enrolment__person")]
    text = PLAN.format(summary=capstone.initiative.summary)
    signed = state == CapstoneStep.State.APPROVED
    mentor = None
    if signed and capstone.mentoring:
        mentor = capstone.mentoring.members.get(part=PairingMember.Part.MENTOR).person
    step = CapstoneStep.objects.create(
        capstone=capstone,
        milestone=milestone,
        state=state,
        signed_by=mentor,
        signed_at=at + timedelta(days=1) if signed else None,
    )
    StepVersion.objects.create(
        step=step,
        n=1,
        text=text,
        url=f"https://code.example/{capstone.initiative.slug}" if signed else "",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        by=group[0],
        at=at,
    )
    if mentor:
        StepComment.objects.create(
            step=step, author=mentor, text="Clear. Start with the baseline.", at=at + timedelta(days=1)
        )
    return step


def _steps(made: list[Capstone], milestones: list[Milestone], run: Run) -> None:
    for capstone in made:
        for milestone in milestones:
            due_at = milestone.due_by_rule()
            if due_at is not None:
                _step(capstone, milestone, due_at - timedelta(hours=5), state=CapstoneStep.State.APPROVED)


def _show(made: list[Capstone], session: Session, rng: random.Random) -> None:
    """They presented, the listeners spoke, and each went on or ended."""
    at = session.event.starts_at
    showcase = Showcase.objects.create(session=session, minutes=9, published_at=at - timedelta(days=3))
    for position, capstone in enumerate(made, start=1):
        form = feedback.ask(
            session.event,
            str(capstone),
            feedback.TALK,
            about=[row.enrolment.person for row in capstone.members.select_related("enrolment__person")],
        )
        ShowcaseTalk.objects.create(showcase=showcase, capstone=capstone, position=position, form=form)
        _answers(form, rng.randint(11, 19), rng)
        FeedbackForm.objects.filter(pk=form.pk).update(released_at=at + timedelta(days=2))
        link = (
            InitiativeLink.objects.filter(earlier=capstone.initiative_id)
            .exclude(kind=InitiativeLink.Kind.INSPIRED)
            .first()
        )
        decided_at = session.event.ends_at + timedelta(days=3)
        Capstone.objects.filter(pk=capstone.pk).update(
            state=Capstone.State.PRESENTED if link else Capstone.State.ARCHIVED,
            presented_at=session.event.ends_at,
            decided_at=decided_at,
            successor=link.later_id if link else None,
        )
        if not link:
            Initiative.objects.filter(pk=capstone.initiative_id).update(
                state=Initiative.State.ARCHIVED, outcome=HONEST
            )


def _answers(form: FeedbackForm, n: int, rng: random.Random) -> None:
    FeedbackGiven.objects.bulk_create(
        [FeedbackGiven(form=form, device=f"{rng.getrandbits(256):064x}") for _ in range(n)]
    )
    rows = [
        FeedbackAnswer(
            form=form,
            is_counted=n >= MIN_ANSWERS,
            ratings={question["key"]: rng.choice([2, 3, 3, 4, 4]) for question in form.ratings},
            texts={
                key: text
                for key, pool in (("keep", KEEP), ("next", TRY), ("different", DIFFERENT))
                if key in {question["key"] for question in form.texts} and (text := rng.choice(pool))
            },
        )
        for _ in range(n)
    ]
    FeedbackAnswer.objects.bulk_create(sorted(rows, key=lambda row: row.pk.int))


def _pulses(run: Run, now: datetime, rng: random.Random) -> None:
    """What the classes so far were like; the last one still asks."""
    held = [session for session in run.sessions.values() if session.event.ends_at <= now]
    new_member = run.learners[0].person
    for session in sorted(held, key=lambda each: each.event.starts_at)[-3:]:
        session.offering = run.offering
        form = pulses.make(session)
        there = Attendance.objects.filter(event=session.event, user__isnull=False).exclude(user=new_member)
        n = min(there.count(), 9)
        FeedbackGiven.objects.bulk_create(
            [FeedbackGiven(form=form, person_id=pk) for pk in there.values_list("user", flat=True)[:n]]
        )
        rows = [
            FeedbackAnswer(
                form=form,
                is_counted=n >= MIN_ANSWERS,
                ratings={"followed": rng.choice([2, 3, 3, 4])},
                texts={"different": text} if (text := rng.choice(DIFFERENT)) else {},
            )
            for _ in range(n)
        ]
        FeedbackAnswer.objects.bulk_create(sorted(rows, key=lambda row: row.pk.int))
