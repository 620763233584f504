"""Paper talks and oral exams of the demo: held ones with papers, slides and results; five places that nobody has yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from simple_history.utils import bulk_create_with_history

from events.models import Claim, Material, Slot, SlotQuestion, SlotSheet, TalkMentoring
from members.models import Membership, Pairing, PairingMember, Topic, User
from nmep.demo import texts
from nmep.demo.work import THE_NEW_MEMBER, Run
from nmep.models import Enrolment, OfferingSheet, OralResult, PaperTalk
from nmep.sheets import ORAL_TEXT, PAPER_TEXT
from wiki.models import Paper

FIRST, LAST = 4, 10
#: Places of future paper slots that are free.
FREE = 5
QUESTIONS = [
    "Why does it not need a recurrence?",
    "How much of the gain comes from the data alone?",
    "What happens with half the batch size?",
    "Would a smaller model show the same curve?",
]


def seed(runs: Sequence[Run], now: datetime) -> None:
    """The sheets of every term; those of the current one are half filled."""
    # The reading groups have brought some of them.
    papers = [
        Paper.objects.get_or_create(
            arxiv_id=arxiv_id, defaults={"title": title, "year": year, "created_at": now}
        )[0]
        for title, year, arxiv_id in texts.PAPERS
    ]
    for run in runs:
        # Every term reads another part of the list; some papers come again.
        turn = run.index * 5 % len(papers)
        _papers(run, papers[turn:] + papers[:turn], now)
        _orals(run, now)
    _mentors(runs[-1], now)


def _learners(run: Run) -> list[Enrolment]:
    """Those who are in it to the end."""
    gone = (Enrolment.State.WITHDREW, Enrolment.State.DID_NOT_FINISH)
    return [row for row in run.learners if row.state not in gone]


def _sheet(run: Run, kind: OfferingSheet.Kind, created_at: datetime, **fields: object) -> OfferingSheet:
    sheet = SlotSheet.objects.create(
        kind=kind,
        title=f"{kind.label}, {run.offering.program}",
        term=run.offering.term,
        audience=SlotSheet.Audience.OWNER,
        created_at=created_at,
        **fields,
    )
    return OfferingSheet.objects.create(offering=run.offering, sheet=sheet, kind=kind, first_week=FIRST)


def _papers(run: Run, papers: Sequence[Paper], now: datetime) -> None:
    begins = run.sessions[1].event.starts_at
    own = _sheet(
        run, OfferingSheet.Kind.PAPER, begins, text=PAPER_TEXT, takes_questions=True, offers_mentor=True
    )
    own.suggestions.set(papers[:6])
    slots = Slot.objects.bulk_create(
        Slot(
            sheet=own.sheet,
            event=run.sessions[week].event,
            position=week,
            title=f"Week {week}",
            capacity=2,
        )
        for week in range(FIRST, LAST + 1)
    )
    over = [slot for slot in slots if slot.has_begun(now)]
    coming = [slot for slot in slots if not slot.has_begun(now)]
    learners = _learners(run)
    if run.index == 3:
        learners = [row for row in learners if row is not run.learners[THE_NEW_MEMBER]]
    places = [slot for slot in over for _ in range(2)]
    # The nearest is shared by two, the next has one; what is left stays free.
    places += [slot for slot in coming for _ in range(2)][: max(0, len(coming) * 2 - FREE)]
    claims = Claim.objects.bulk_create(
        Claim(slot=slot, person=row.person, claimed_at=begins + timedelta(days=n % 5))
        for n, (slot, row) in enumerate(zip(places, learners, strict=False))
    )
    held = {claim.slot_id for claim in claims}
    talks = PaperTalk.objects.bulk_create(
        PaperTalk(
            slot=slot,
            offering=run.offering,
            session=run.sessions[slot.position],
            paper=papers[n],
            chosen_at=begins + timedelta(days=6),
        )
        for n, slot in enumerate(slots)
        if slot.pk in held and n < len(papers) and slot not in coming[1:]
    )
    slides = Material.objects.bulk_create(
        Material(
            event=talk.slot.event,
            kind=Material.Kind.SLIDES,
            title=f"Slides: {talk.paper.title}"[:160],
            url=f"https://files.club.example/{run.offering.slug}/paper-{talk.slot.position}.pdf",
            position=5,
        )
        for talk in talks
        if talk.slot in over
    )
    through = PaperTalk.materials.through
    through.objects.bulk_create(
        through(papertalk_id=talk.pk, material_id=material.pk)
        for talk, material in zip([talk for talk in talks if talk.slot in over], slides, strict=True)
    )
    askers = learners[-len(QUESTIONS) :]
    asked = [*over[-1:], *coming[:1]]
    SlotQuestion.objects.bulk_create(
        SlotQuestion(
            slot=slot,
            author=row.person,
            text=text,
            asked_at=min(now, slot.event.starts_at) - timedelta(hours=9),
        )
        for slot in asked
        if slot.event
        for row, text in zip(askers, QUESTIONS, strict=False)
        if not any(claim.slot_id == slot.pk and claim.person == row.person for claim in claims)
    )


def _orals(run: Run, now: datetime) -> None:
    """An hour each, two examiners in turn; in the current term half of them are over."""
    begins = run.sessions[1].event.starts_at
    own = _sheet(run, OfferingSheet.Kind.ORAL, begins, text=ORAL_TEXT, hides_names=True)
    if run.index == 3:
        first = (now - timedelta(days=3)).replace(hour=18, minute=0, second=0, microsecond=0)
    else:
        first = run.sessions[7].event.starts_at + timedelta(days=1)
    learners = _learners(run)
    slots: list[Slot] = []
    for n in range(len(learners) + (4 if run.index == 3 else 0)):
        day = n // 3 + (2 if run.index == 3 and n >= 6 else 0)
        at = first + timedelta(days=day, hours=n % 3)
        slots.append(
            Slot(
                sheet=own.sheet,
                position=n,
                starts_at=at,
                minutes=60,
                place="Room 12, Marlow Hall",
            )
        )
    Slot.objects.bulk_create(slots)
    helpers = Slot.helpers.through
    helpers.objects.bulk_create(
        helpers(slot_id=slot.pk, user_id=run.staff[n % 2].pk) for n, slot in enumerate(slots)
    )
    claims = Claim.objects.bulk_create(
        Claim(
            slot=slot,
            person=row.person,
            state=Claim.State.DONE if slot.is_over(now) else Claim.State.HELD,
            claimed_at=begins + timedelta(days=9),
            ended_at=slot.ends_at if slot.is_over(now) else None,
        )
        for slot, row in zip(slots, learners, strict=False)
    )
    rows = [
        OralResult(
            enrolment=row,
            claim=claim,
            examiner=run.staff[n % 2],
            outcome=OralResult.Outcome.AGAIN if run.index == 3 and n == 3 else OralResult.Outcome.PASSED,
            notes="Clear on gradients. Look at batch norm at test time once more.",
            private_notes="Nervous at first.",
            at=claim.ended_at or now,
        )
        for n, (claim, row) in enumerate(zip(claims, learners, strict=False))
        if claim.state == Claim.State.DONE
    ]
    bulk_create_with_history(rows, OralResult, default_date=begins)
    free = slots[len(learners) :]
    again = [row for row in rows if row.outcome == OralResult.Outcome.AGAIN]
    Claim.objects.bulk_create(
        Claim(slot=slot, person=row.enrolment.person, claimed_at=now - timedelta(days=1))
        for row, slot in zip(again, free, strict=False)
    )


def _mentors(run: Run, now: datetime) -> None:
    """Three who help with talks, a talk that has a mentor, and one that looks for one."""
    topic, _ = Topic.objects.get_or_create(
        slug="presentation-mentoring", defaults={"name": "Presentation mentoring"}
    )
    teaching, _ = Topic.objects.get_or_create(slug="teaching", defaults={"name": "Teaching"})
    helpers: list[User] = run.staff[:3]
    for membership in Membership.objects.filter(person__in=helpers, term=run.offering.term):
        membership.give.add(topic, teaching)
    coming = [
        claim
        for claim in Claim.objects.held()
        .filter(
            slot__sheet__in=OfferingSheet.objects.filter(offering=run.offering, kind="paper").values("sheet")
        )
        .select_related("slot__event", "slot__sheet", "person")
        .order_by("slot__position", "pk")
        if not claim.slot.has_begun(now)
    ]
    for claim in coming[:2]:
        claim.wants_mentor = True
        claim.save(update_fields=["wants_mentor"])
    if coming:
        claim, mentor = coming[0], helpers[-1]
        pairing = Pairing.objects.create(
            kind=Pairing.Kind.PRESENTATION_MENTOR,
            term=run.offering.term,
            reason=f"{mentor} offered to help with talks.",
            goal=f"The talk in {claim.slot.sheet.title}, {claim.slot.label}.",
            starts_on=(now - timedelta(days=8)).date(),
            state=Pairing.State.ACTIVE,
            created_at=now - timedelta(days=8),
            published_at=now - timedelta(days=8),
        )
        for person, part in ((mentor, "mentor"), (claim.person, "mentee")):
            PairingMember.objects.create(
                pairing=pairing,
                person=person,
                part=part,
                answer=PairingMember.Answer.ACCEPTED,
                answered_at=now - timedelta(days=8),
            )
        TalkMentoring.objects.create(claim=claim, pairing=pairing, outline_at=now - timedelta(days=2))
