"""What the demo's classes were asked, what its learners asked, and who helps at its parties."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from events.models import HelperOffer, HelpTicket
from nmep.demo.work import THE_NEW_MEMBER, Run
from nmep.models import Answer, ConceptCheck, ConceptTally, Question

#: week: (question, answers, the right one, votes of the first round, votes of the second)
CHECKS = {
    1: (
        "A matrix has shape $3 \\times 5$. What can $A^\\top A$ be multiplied with from the right?",
        ["A vector of 3", "A vector of 5", "Any vector"],
        1,
        [6, 5, 2],
        [1, 12, 0],
    ),
    3: (
        "The training loss falls and the validation loss rises. What helps first?",
        ["A longer training", "A larger network", "Less of a network, or more data"],
        2,
        [2, 4, 7],
        [0, 1, 12],
    ),
    5: (
        "Every input of a layer is shifted by a constant. What does batch normalisation put out?",
        ["The same as before", "The same, shifted", "Zero"],
        0,
        [5, 7, 1],
        [10, 3, 0],
    ),
}
#: (learner, homework or None, week or None, question, answers with whether they settle it, days ago)
QUESTIONS: Sequence[tuple[int, int | None, int | None, str, list[tuple[str, bool]], int]] = [
    (
        3,
        1,
        None,
        "Does `np.dot` of a vector and a matrix treat the vector as a row or as a column?",
        [("As a row on the left and as a column on the right. Write `@` and check `.shape`.", True)],
        38,
    ),
    (
        7,
        2,
        None,
        "My gradient check differs in the fourth digit. Is that good enough?",
        [
            ("Try `eps = 1e-5` in float64.", False),
            ("Compare the relative difference: below $10^{-6}$ is fine.", True),
        ],
        24,
    ),
    (1, None, 6, "Is there a recording of the class? I had an exam.", [("The slides are up.", False)], 5),
    (
        9,
        4,
        None,
        "In the second part, may we use a dropout layer that we wrote for another course?",
        [],
        1,
    ),
]


def seed(run: Run, now: datetime, rng: random.Random) -> None:
    """For the term that runs now."""
    _checks(run, now)
    _questions(run, now)
    _parties(run, now, rng)


def _checks(run: Run, now: datetime) -> None:
    for week, (question, options, right, first, second) in CHECKS.items():
        session = run.sessions[week]
        if session.event.ends_at > now:
            continue
        asked = ConceptCheck.objects.create(
            session=session,
            question=question,
            options=options,
            right=right,
            stage=ConceptCheck.Stage.CLOSED,
            created_by=run.staff[0],
            created_at=session.event.starts_at,
        )
        ConceptTally.objects.bulk_create(
            ConceptTally(asked=asked, round=number, option=option, votes=votes)
            for number, counts in ((1, first), (2, second))
            for option, votes in enumerate(counts)
        )
    coming = next((row for row in run.sessions.values() if row.event.starts_at > now), None)
    if coming is not None:
        ConceptCheck.objects.create(
            session=coming,
            question="A sequence becomes twice as long. How many scores does one head of attention compute now?",
            options=[
                "As many as before",
                "$2 \\times$ as many",
                "$4 \\times$ as many",
                "$8 \\times$ as many",
            ],
            right=2,
            created_by=run.staff[0],
            created_at=now - timedelta(days=1),
        )


def _questions(run: Run, now: datetime) -> None:
    for learner, homework, week, text, answers, days in QUESTIONS:
        asked_at = now - timedelta(days=days)
        author = run.learners[learner].person
        question = Question.objects.create(
            offering=run.offering,
            assignment=run.assignments[homework - 1] if homework else None,
            week=week,
            author=author,
            text=text,
            created_at=asked_at,
        )
        question.followers.add(author, run.learners[THE_NEW_MEMBER].person)
        for n, (said, settles) in enumerate(answers, start=1):
            said_at = asked_at + timedelta(hours=5 * n)
            Answer.objects.create(
                question=question,
                author=run.staff[n % len(run.staff)],
                text=said,
                settles=settles,
                created_at=said_at,
            )
            if settles:
                question.answered_at = said_at
                question.save(update_fields=["answered_at"])


def _parties(run: Run, now: datetime, rng: random.Random) -> None:
    """Two helpers at each party that was, and nobody yet for the next one but one."""
    offers, tickets = [], []
    coming = [session for session in run.parties if session.event.starts_at > now]
    for session in run.parties:
        event = session.event
        if session in coming[1:]:
            continue
        helpers = rng.sample(run.staff, 2)
        offers += [
            HelperOffer(event=event, person=person, said_at=min(now, event.starts_at - timedelta(days=2 + n)))
            for n, person in enumerate(helpers)
        ]
        if session in coming:
            continue
        for n, learner in enumerate(rng.sample(run.learners, 5)):
            asked_at = event.starts_at + timedelta(minutes=10 + 9 * n)
            tickets.append(
                HelpTicket(
                    event=event,
                    person=learner.person,
                    topic=f"HW{min(session.week // 2 + 1, 5)}",
                    exercise=str(1 + n // 2),
                    state=HelpTicket.State.DONE,
                    helper=helpers[n % 2],
                    created_at=asked_at,
                    taken_at=asked_at + timedelta(minutes=6),
                    ended_at=asked_at + timedelta(minutes=20),
                )
            )
    HelperOffer.objects.bulk_create(offers)
    HelpTicket.objects.bulk_create(tickets)
