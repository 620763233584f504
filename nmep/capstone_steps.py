"""The milestones of a capstone: a group hands in, its mentor or a lead answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.files.base import File
from django.db import transaction
from django.db.models import Prefetch

from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused
from nmep.mentoring import mentor_of
from nmep.models import Capstone, CapstoneMember, CapstoneStep, Milestone, Offering, StepComment, StepVersion
from nmep.notifications import StepAnswered, StepHandedIn
from nmep.people import leads_of
from projects.models import Initiative


@dataclass(frozen=True)
class Stage:
    """A milestone as a group sees it. `step` is None before anything was handed in."""

    milestone: Milestone
    due_at: datetime | None
    step: CapstoneStep | None

    @property
    def state(self) -> str:
        return self.step.state if self.step else CapstoneStep.State.OPEN

    @property
    def is_open(self) -> bool:
        """Whether the group has something to do."""
        return self.state in (CapstoneStep.State.OPEN, CapstoneStep.State.REVISE)

    def is_late(self, now: datetime) -> bool:
        return self.state == CapstoneStep.State.OPEN and self.due_at is not None and self.due_at < now


def milestones(offering: Offering) -> list[Milestone]:
    """The steps of the offering's capstones in the order in which they are due."""
    rows = Milestone.objects.filter(offering=offering, kind=Milestone.Kind.CAPSTONE).select_related(
        "due_session__event", "due_session__offering"
    )
    return sorted(rows, key=lambda row: (row.due_by_rule() is None, row.due_by_rule() or 0, row.pk))


def stages(capstone: Capstone) -> list[Stage]:
    """Where a group stands on each milestone, with versions and comments; four queries."""
    steps = {
        step.milestone_id: step
        for step in CapstoneStep.objects.filter(capstone=capstone)
        .select_related("signed_by")
        .prefetch_related(
            Prefetch("versions", StepVersion.objects.select_related("by")),
            Prefetch("comments", StepComment.objects.select_related("author")),
        )
    }
    return [Stage(row, row.due_by_rule(), steps.get(row.pk)) for row in milestones(capstone.offering)]


def _held(capstone: Capstone) -> Capstone:
    """The group's row under lock; an archived offering takes nothing."""
    row = Capstone.objects.select_for_update(of=("self",)).select_related("offering", "initiative")
    held = row.get(pk=capstone.pk)
    held.offering.check_changes()
    return held


@transaction.atomic
def hand_in(
    capstone: Capstone,
    milestone: Milestone,
    *,
    by: User,
    now: datetime,
    text: str = "",
    url: str = "",
    file: File[bytes] | None = None,
    name: str = "",
) -> tuple[StepVersion, bool]:
    """A version of a step by any member. The same contents twice (two members, two clicks) are one version.

    Gives the version and whether it is new. Raises `Refused`.
    """
    capstone = _held(capstone)
    if not CapstoneMember.objects.live().filter(capstone=capstone, enrolment__person=by).exists():
        raise Refused("Only the group hands in.")
    step, _ = CapstoneStep.objects.get_or_create(capstone=capstone, milestone=milestone)
    digest = _digest(text, url, file)
    latest = step.versions.order_by("-n").first()
    if latest is not None and latest.sha256 == digest:
        return latest, False
    if step.state == CapstoneStep.State.APPROVED:
        raise Refused("This step is approved: there is nothing left to hand in.")
    version = StepVersion(
        step=step,
        n=latest.n + 1 if latest else 1,
        text=text,
        url=url,
        name=name,
        sha256=digest,
        by=by,
        at=now,
    )
    if file is not None:
        file.seek(0)
        version.file.save(name, file, save=False)
    version.save()
    step.state = CapstoneStep.State.HANDED_IN
    step.signed_by = step.signed_at = None
    step.save()
    if capstone.state in (Capstone.State.FORMING, Capstone.State.REVISE):
        capstone.state = Capstone.State.PROPOSED
        capstone.save(update_fields=["state"])
    place = mentor_of(capstone)
    readers = (
        [place.person] if place and place.answer == place.Answer.ACCEPTED else leads_of(capstone.offering)
    )
    for reader in readers:
        if reader.pk != by.pk:
            tell(StepHandedIn, reader, about=step, slot=f"v{version.n}", now=now)
    return version, True


def _digest(text: str, url: str, file: File[bytes] | None) -> str:
    digest = hashlib.sha256(f"{text}\0{url}\0".encode())
    if file is not None:
        file.seek(0)
        for chunk in file.chunks():
            digest.update(chunk)
    return digest.hexdigest()


@transaction.atomic
def answer(step: CapstoneStep, *, by: User, approves: bool, n: int, comment: str = "", now: datetime) -> bool:
    """Approve version `n` of a step, or ask for changes (with a comment). False: somebody answered it before.

    Raises `Refused` where a newer version came in meanwhile.
    """
    capstone = _held(step.capstone)
    step = CapstoneStep.objects.select_for_update(of=("self",)).select_related("milestone").get(pk=step.pk)
    latest = step.versions.order_by("-n").first()
    if latest is not None and latest.n != n:
        raise Refused(f"Version {latest.n} came in meanwhile. Read it first.")
    if step.state != CapstoneStep.State.HANDED_IN:
        return False
    step.state = CapstoneStep.State.APPROVED if approves else CapstoneStep.State.REVISE
    step.signed_by, step.signed_at = by, now
    step.save()
    if comment:
        StepComment.objects.create(step=step, author=by, text=comment, at=now)
    _move_on(capstone, step)
    for row in CapstoneMember.objects.live().filter(capstone=capstone).select_related("enrolment__person"):
        tell(StepAnswered, row.enrolment.person, about=step, slot=f"v{n} {step.state}", now=now)
    return True


def _move_on(capstone: Capstone, step: CapstoneStep) -> None:
    """The first step is the proposal; every later one that is approved is a checkpoint passed."""
    is_first = milestones(capstone.offering)[:1] == [step.milestone]
    if is_first and not capstone.is_over:
        is_approved = step.state == CapstoneStep.State.APPROVED
        capstone.state = Capstone.State.APPROVED if is_approved else Capstone.State.REVISE
        if is_approved:
            Initiative.objects.filter(pk=capstone.initiative_id, state=Initiative.State.PROPOSED).update(
                state=Initiative.State.RUNNING
            )
    elif step.state == CapstoneStep.State.APPROVED and not capstone.is_over:
        capstone.state = Capstone.State.CHECKPOINTED
    capstone.save(update_fields=["state"])


@transaction.atomic
def comment(step: CapstoneStep, *, by: User, text: str, now: datetime) -> bool:
    """Say something about a step. False: the same words within a minute."""
    _held(step.capstone)
    latest = step.comments.order_by("-at", "-pk").first()
    if (
        latest
        and latest.author_id == by.pk
        and latest.text == text
        and (now - latest.at).total_seconds() < 60
    ):
        return False
    StepComment.objects.create(step=step, author=by, text=text, at=now)
    return True


def overdue(
    offering: Offering, now: datetime, groups: Iterable[Capstone] | None = None
) -> list[tuple[Capstone, Milestone]]:
    """Groups with people that have not handed in what was due; two queries beside those for `groups`."""
    due = [row for row in milestones(offering) if (at := row.due_by_rule()) is not None and at < now]
    if not due:
        return []
    done = set(
        CapstoneStep.objects.filter(capstone__offering=offering)
        .exclude(state=CapstoneStep.State.OPEN)
        .values_list("capstone", "milestone")
    )
    if groups is None:
        groups = Capstone.objects.filter(offering=offering).with_people()
    return [
        (row, milestone)
        for row in groups
        if row.team and not row.is_over
        for milestone in due
        if (row.pk, milestone.pk) not in done
    ]
