"""The states of an offering: what the next one means is said first, and each step is written into the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from events.models import Event, Visibility
from members import audit
from members.models import User
from mlclub.refusal import Refused
from nmep import deadlines, people, stale_text
from nmep.models import Assignment, Enrolment, Offering, Session, Submission

State = Offering.State


@dataclass
class Step:
    """One state that can come next: the words of its button, what it means, and what to look at before."""

    to: str
    label: str
    means: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_back: bool = False
    needs_reason: bool = False
    is_stale: bool = False


# ── Looking ahead ──


def steps(offering: Offering, user: Any) -> list[Step]:
    """The steps that can be taken now by a lead or officer, the way forward first."""
    ahead: dict[str, Callable[[Offering, Any], list[Step]]] = {
        State.DRAFT: _from_draft,
        State.OPEN: _from_open,
        State.RUNNING: _from_running,
        State.CLOSING: _from_closing,
        State.ARCHIVED: _from_archived,
    }
    return ahead[offering.state](offering, user)


def _from_draft(offering: Offering, user: Any) -> list[Step]:
    report = stale_text.findings(offering)
    meetings = len(report.sessions)
    step = Step(
        State.OPEN,
        "Open it",
        [
            "Everybody sees its syllabus.",
            f"Its {meetings} meetings stand in the calendar of those they are for.",
            "From now on a due date that learners can see moves only to later.",
            "Nobody gets a mail. Learners get their welcome when they are enrolled.",
        ],
    )
    if not meetings:
        step.warnings.append("It has no meeting yet.")
    unplaced = sum(1 for session in report.sessions if not session.event.where)
    if unplaced:
        step.warnings.append(f"{unplaced} meeting{_s(unplaced)} without a place.")
    undated = sum(
        1 for row in report.work if row.due_session_id is None and row.state != Assignment.State.WITHDRAWN
    )
    if undated:
        step.warnings.append(f"{undated} assignment{_s(undated)} without a meeting to be due with.")
    if report.summary:
        step.warnings.append(report.summary)
        step.is_stale = True
    return [step]


def _from_open(offering: Offering, user: Any) -> list[Step]:
    learners = _learners(offering)
    forward = Step(
        State.RUNNING,
        "Start it",
        [
            f"Sign-up is over; {learners} learner{_s(learners)} {'is' if learners == 1 else 'are'} in.",
            "Nothing else changes for those who are in, and nobody gets a mail.",
        ],
    )
    if not learners:
        forward.warnings.append("Nobody is enrolled yet.")
    back = Step(
        State.DRAFT,
        "Take it back to a draft",
        ["Only its leads and officers see it; its meetings leave the calendar. Dates may move freely again."],
        is_back=True,
    )
    return [forward] if learners else [forward, back]


def _from_running(offering: Offering, user: Any) -> list[Step]:
    return [
        Step(
            State.CLOSING,
            "Close it",
            [
                "Teaching is over. What is still out is handed in and reviewed as before.",
                "The leads decide who completed it.",
                "Nobody gets a mail.",
            ],
        )
    ]


def _from_closing(offering: Offering, user: Any) -> list[Step]:
    waiting = Submission.objects.waiting().filter(assignment__offering=offering).count()
    learners = _learners(offering)
    forward = Step(
        State.ARCHIVED,
        "Archive it",
        [
            "It can be read and cloned, and nothing in it changes any more: nothing is handed in, reviewed, moved or "
            "mended.",
            "Only an officer reopens it, with a reason that is kept.",
        ],
    )
    if waiting:
        forward.warnings.append(f"{waiting} hand-in{_s(waiting)} without a review would stay so.")
    if learners:
        forward.warnings.append(
            f"{learners} learner{_s(learners)} {'is' if learners == 1 else 'are'} neither complete nor out."
        )
    back = Step(State.RUNNING, "Go on teaching", ["It runs again, as before it was closed."], is_back=True)
    return [forward, back]


def _from_archived(offering: Offering, user: Any) -> list[Step]:
    if not user.has_perm("nmep.change_offering"):
        return []
    return [
        Step(
            State.CLOSING,
            "Reopen it",
            ["It can be changed again until it is archived once more. Your name and the reason are kept."],
            is_back=True,
            needs_reason=True,
        )
    ]


def _learners(offering: Offering) -> int:
    return Enrolment.objects.active().learners().filter(offering=offering).count()


def _s(number: int) -> str:
    return "" if number == 1 else "s"


# ── Taking a step ──


@transaction.atomic
def take(offering: Offering, to: str, *, by: User, now: datetime, reason: str = "") -> bool:
    """Bring an offering into its next state. False means that it was there already: somebody else clicked first.

    Raises `Refused` where the step is not this person's to take, or the state has changed to another.
    """
    held = (
        Offering.objects.select_for_update(of=("self",)).select_related("term", "program").get(pk=offering.pk)
    )
    before = held.state
    if before == to:
        return False
    step = next((each for each in steps(held, by) if each.to == to), None)
    if step is None or not people.may_lead(by, held):
        raise Refused("It is in another state now. Look again.")
    if step.needs_reason and not reason.strip():
        raise Refused("Say why: the reason is kept.")
    held.state = to
    held.save(update_fields=["state"])
    if before == State.DRAFT:
        _show_meetings(held)
    elif to == State.DRAFT:
        _hide_meetings(held)
    deadlines.reconcile(now, offering=held)
    after = {"state": to} | ({"reason": reason.strip()} if reason.strip() else {})
    audit.record(by, "offering-state", held, before={"state": before}, after=after)
    return True


def _show_meetings(offering: Offering) -> None:
    """For whom each meeting of a draft was meant, it now is."""
    sessions = Session.objects.filter(offering=offering).exclude(opens_to="")
    for visibility in Visibility.values:
        Event.objects.filter(pk__in=sessions.filter(opens_to=visibility).values("event")).update(
            visibility=visibility
        )
    Session.objects.filter(offering=offering).update(opens_to="")


def _hide_meetings(offering: Offering) -> None:
    """By invitation again, and remembered for whom they were."""
    sessions = list(Session.objects.filter(offering=offering).select_related("event").defer("search"))
    for session in sessions:
        session.opens_to = session.event.visibility
    Session.objects.bulk_update(sessions, ["opens_to"])
    Event.objects.filter(pk__in=[session.event_id for session in sessions]).update(
        visibility=Visibility.INVITED
    )
