"""A question in class: everybody votes alone, talks it over, and votes again. No vote has a name, here or in the data."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from events import check_in
from events.models import Attendance
from members.models import User
from mlclub.refusal import Refused
from nmep import people
from nmep.models import ConceptCheck, ConceptTally, ConceptVoter, Enrolment, Session
from nmep.models.concept_checks import taught_by


@dataclass(frozen=True)
class Bar:
    """One answer in one round. `percent` is its share of the votes of the round."""

    option: str
    votes: int
    percent: int
    is_right: bool


@dataclass(frozen=True)
class Chart:
    """A round as the class sees it once its vote is over."""

    round: int
    votes: int
    bars: list[Bar]


def may_teach(user: Any, session: Session) -> bool:
    """Whoever teaches the class, the leads of the offering, and the officer for education."""
    return taught_by(user, session) or people.may_lead(user, session.offering)


def may_vote(user: Any, session: Session) -> bool:
    """People of the offering, and whoever is checked in to the class."""
    if Enrolment.objects.active().filter(person=user, offering=session.offering_id).exists():
        return True
    return Attendance.objects.filter(event=session.event_id, user=user).exists()


def code_of(session: Session) -> str:
    """Six letters that lead to what a class is asked; the same through the whole class, and stored nowhere."""
    digest = hmac.new(session.event.check_in_secret.encode(), b"concept checks", hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    letters = []
    for _ in range(check_in.LENGTH):
        number, at = divmod(number, len(check_in.ALPHABET))
        letters.append(check_in.ALPHABET[at])
    return "".join(letters)


def asked_under(code: str) -> ConceptCheck | None:
    """The question that is going on in the class with this code."""
    said = code.strip().upper().encode(errors="replace")
    going_on = ConceptCheck.objects.going_on().select_related(
        "session__event", "session__offering__program", "session__offering__term"
    )
    return next((row for row in going_on if hmac.compare_digest(code_of(row.session).encode(), said)), None)


def advance(asked: ConceptCheck, stage: str) -> bool:
    """Go on to `stage`. False where it stood there already; raises Refused where the step is not open."""
    asked.session.offering.check_changes()
    try:
        with transaction.atomic():
            row = ConceptCheck.objects.select_for_update(of=("self",)).get(pk=asked.pk)
            if row.stage == stage:
                return False
            if not row.may_become(stage):
                raise Refused(f"This question is at “{row.get_stage_display().lower()}” by now.")
            row.stage = stage
            row.save(update_fields=["stage"])
            if row.is_closed:
                # From here on nothing says who took part.
                ConceptVoter.objects.filter(asked=row).delete()
    except IntegrityError:
        raise Refused("Another question of this class is still open. Close that one first.") from None
    asked.stage = stage
    return True


@transaction.atomic
def vote(asked: ConceptCheck, person: User, option: int, *, number: int) -> bool:
    """Count one vote in round `number`; False where this person has voted in it. Raises Refused when it is over.

    The row that says who voted and the sum that says what was chosen share nothing but the round.
    """
    row = ConceptCheck.objects.select_for_update(of=("self",)).get(pk=asked.pk)
    if row.round != number:
        raise Refused("That vote is over. Look at the screen for what comes next.")
    if not 0 <= option < len(row.options):
        raise Refused("Choose one of the answers.")
    _, is_first = ConceptVoter.objects.get_or_create(asked=row, round=number, person=person)
    if not is_first:
        return False
    tally, _ = ConceptTally.objects.get_or_create(asked=row, round=number, option=option)
    ConceptTally.objects.filter(pk=tally.pk).update(votes=F("votes") + 1)
    return True


def has_voted(asked: ConceptCheck, person: Any) -> bool:
    return ConceptVoter.objects.filter(asked=asked, round=asked.round or 0, person=person).exists()


def votes_in(asked: ConceptCheck) -> int:
    """How many have voted in the round that is open."""
    return sum(int(row.votes) for row in asked.tallies.all() if row.round == asked.round)


def charts(asked: ConceptCheck) -> list[Chart]:
    """The rounds whose vote is over, so that nobody follows the crowd; the right answer once all is over."""
    shown = {
        ConceptCheck.Stage.DISCUSS: (1,),
        ConceptCheck.Stage.SECOND: (1,),
        ConceptCheck.Stage.CLOSED: (1, 2),
    }.get(ConceptCheck.Stage(asked.stage), ())
    rows = list(asked.tallies.all())
    found = []
    for number in shown:
        counts = [0] * len(asked.options)
        for row in rows:
            if row.round == number and row.option < len(counts):
                counts[row.option] = row.votes
        if number == 1 or any(counts):
            found.append(_chart(asked, number, counts))
    return found


def _chart(asked: ConceptCheck, number: int, counts: Sequence[int]) -> Chart:
    votes = sum(counts)
    return Chart(
        round=number,
        votes=votes,
        bars=[
            Bar(
                option=text,
                votes=count,
                percent=round(100 * count / votes) if votes else 0,
                is_right=asked.is_closed and asked.right == at,
            )
            for at, (text, count) in enumerate(zip(asked.options, counts, strict=True))
        ],
    )
