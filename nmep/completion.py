"""How an offering ends: the rule, everybody against it, and the decision, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import transaction

from members import audit
from members.ledger import tell
from members.models import Membership, User
from mlclub.refusal import Refused
from nmep import acts, progress, requirements
from nmep.models import Completion, Enrolment, Offering, Override, Program
from nmep.notifications import Completed
from nmep.requirements import Finding, Requirement


class Changed(Refused):
    """It is not any more what was looked at."""


@dataclass(frozen=True)
class Line:
    """One line of an offering's rule."""

    requirement: Requirement
    n: int
    total: int

    @property
    def words(self) -> str:
        return self.requirement.words(self.n, self.total)


@dataclass(frozen=True)
class Against:
    """How a learner stands against one line."""

    line: Line
    finding: Finding

    @property
    def is_met(self) -> bool:
        return self.line.requirement.is_met(self.finding, self.line.n)


@dataclass(frozen=True)
class Row:
    """One learner against the rule, and what completing the cohort would make of them."""

    enrolment: Enrolment
    against: tuple[Against, ...]
    override: Override | None = None

    @property
    def missing(self) -> tuple[Against, ...]:
        return tuple(row for row in self.against if not row.is_met)

    @property
    def meets(self) -> bool:
        return not self.missing

    @property
    def completes(self) -> bool:
        if self.override is not None:
            return self.override.outcome == Override.Outcome.COMPLETES
        return self.meets

    @property
    def snapshot(self) -> list[dict[str, Any]]:
        return [
            {
                "key": row.line.requirement.key,
                "words": row.line.words,
                "detail": row.finding.detail,
                "is_met": row.is_met,
            }
            for row in self.against
        ]


@dataclass(frozen=True)
class Check:
    """Everybody against the rule. `decided` are those for whom it ended already, `gone` those who left."""

    offering: Offering
    lines: list[Line]
    rows: list[Row]
    decided: list[Completion]
    gone: list[Enrolment]

    @cached_property
    def completing(self) -> list[Row]:
        return [row for row in self.rows if row.completes]

    @cached_property
    def others(self) -> list[Row]:
        return [row for row in self.rows if not row.completes]

    @property
    def can_complete(self) -> bool:
        return bool(self.lines) and self.offering.state in (Offering.State.RUNNING, Offering.State.CLOSING)


def rule_of(offering: Offering) -> list[Line]:
    """The lines that are on, in their order."""
    lines = []
    for each in requirements.EVERY:
        if each.key in offering.completion_rule:
            # The number of absences stands on the offering, where the flag reads it too.
            is_absences = each.key == requirements.ABSENCES.key
            n = offering.max_absences if is_absences else int(offering.completion_rule[each.key])
            lines.append(Line(each, n, each.total(offering)))
    return lines


@transaction.atomic
def set_rule(offering: Offering, numbers: dict[str, int | None], *, by: User) -> None:
    """Write the rule: a number for each requirement, None where it is not asked for."""
    offering.check_changes()
    before = {"rule": offering.completion_rule, "absences": offering.max_absences}
    rule: dict[str, int | bool] = {key: n for key, n in numbers.items() if n is not None}
    allowed = numbers.get(requirements.ABSENCES.key)
    if allowed is not None:
        offering.max_absences = allowed
        rule[requirements.ABSENCES.key] = True
    offering.completion_rule = rule
    offering.save(update_fields=["completion_rule", "max_absences"])
    after = {"rule": rule, "absences": offering.max_absences}
    if before != after:
        audit.record(by, "completion-rule", offering, before=before, after=after)


def check(offering: Offering, now: datetime) -> Check:
    """Everybody who learns or learnt here, against the rule."""
    lines = rule_of(offering)
    learners = list(
        progress.with_records(
            Enrolment.objects.learners()
            .filter(offering=offering)
            .exclude(state=Enrolment.State.INVITED)
            .select_related("person", "override", "completion__decided_by")
            .order_by("person__name", "pk")
        )
    )
    for row in learners:
        row.offering = offering
    active = [row for row in learners if row.state == Enrolment.State.ACTIVE]
    rows = [
        Row(
            standing.enrolment,
            tuple(Against(line, standing.findings[line.requirement.key]) for line in lines),
            getattr(standing.enrolment, "override", None),
        )
        for standing in progress.of_many(offering, active, now)
    ]
    decided = [row.completion for row in learners if hasattr(row, "completion")]
    gone = [row for row in learners if row not in active and not hasattr(row, "completion")]
    return Check(offering, lines, rows, decided, gone)


@transaction.atomic
def override(enrolment: Enrolment, outcome: str, *, reason: str, by: User, now: datetime) -> Override:
    """Decide otherwise than the rule for one learner, before the cohort is completed."""
    enrolment = acts.locked(enrolment)
    acts.not_ones_own(enrolment, by)
    if enrolment.state != Enrolment.State.ACTIVE:
        raise Refused("How it ended for them is settled.")
    if not reason.strip():
        raise Refused("Say why.")
    row, _ = Override.objects.update_or_create(
        enrolment=enrolment, defaults={"outcome": outcome, "reason": reason, "by": by, "at": now}
    )
    audit.record(by, "completion-override", enrolment, after={"outcome": outcome, "why": reason})
    return row


@transaction.atomic
def follow_rule(enrolment: Enrolment, *, by: User) -> bool:
    """Take an override back."""
    deleted, _ = Override.objects.filter(enrolment=enrolment).delete()
    if deleted:
        audit.record(by, "completion-override", enrolment, after={"outcome": "as the rule says"})
    return bool(deleted)


@transaction.atomic
def complete(
    offering: Offering, *, seen: int, others_stay: bool, by: User, now: datetime
) -> list[Completion]:
    """Complete the cohort: states, snapshots, promotions and one mail each, once however many click.

    `seen` is how many would complete on the page that was confirmed; Changed when it is another number by
    now. The others stay open, or did not finish, unless an override says which.
    """
    offering = (
        Offering.objects.select_for_update(of=("self",)).select_related("program", "term").get(pk=offering.pk)
    )
    found = check(offering, now)
    if not found.can_complete:
        raise Refused("It has no rule yet, or it is not running.")
    if not found.rows:
        raise Refused("Nobody is left to decide about.")
    if len(found.completing) != seen:
        raise Changed(
            f"Meanwhile it is {len(found.completing)}, not {seen}, who complete it. Look again before you confirm."
        )
    made = [_end(row, is_complete=True, by=by, now=now) for row in found.completing]
    for row in found.others:
        outcome = row.override.outcome if row.override else ""
        stays = outcome == Override.Outcome.STAYS_OPEN or (not outcome and others_stay)
        if not stays:
            _end(row, is_complete=False, by=by, now=now)
    offering.state = Offering.State.CLOSING
    offering.save(update_fields=["state"])
    audit.record(
        by,
        "cohort-completed",
        offering,
        after={"completed": [row.enrolment_id for row in made], "rule": offering.completion_rule},
    )
    return made


def _end(row: Row, *, is_complete: bool, by: User, now: datetime) -> Completion:
    enrolment = row.enrolment
    is_override = row.override is not None and is_complete != row.meets
    completion = Completion.objects.create(
        enrolment=enrolment,
        is_complete=is_complete,
        snapshot=row.snapshot,
        is_override=is_override,
        reason=row.override.reason if row.override and is_override else "",
        decided_by=by,
        at=now,
    )
    _write_state(enrolment, is_complete=is_complete)
    if is_complete:
        _graduate(completion, now)
    return completion


def _write_state(enrolment: Enrolment, *, is_complete: bool) -> None:
    """Through `save`, so that the history says when."""
    enrolment.state = Enrolment.State.COMPLETED if is_complete else Enrolment.State.DID_NOT_FINISH
    enrolment.save(update_fields=["state"])


def _graduate(completion: Completion, now: datetime) -> None:
    """Promote a new member, from this term on, and tell them where to go next."""
    enrolment = completion.enrolment
    if enrolment.offering.program.kind == Program.Kind.NMEP:
        since = enrolment.offering.term.starts_on
        rows = Membership.objects.new().filter(person=enrolment.person_id, term__starts_on__gte=since)
        for membership in rows.select_for_update(of=("self",)):
            membership.kind = Membership.Kind.MEMBER
            membership.save(update_fields=["kind"])
    tell(Completed, enrolment.person, about=completion, now=now)


# ── Afterwards: only officers, with a reason that goes into the audit trail ──


def _officer(by: User, why: str) -> None:
    if not by.has_perm("nmep.change_enrolment"):
        raise Refused("This is settled. Only the officer for education changes it, with a reason.")
    if not why.strip():
        raise Refused("Say why.")


def _locked(completion: Completion) -> Completion:
    rows = Completion.objects.select_for_update(of=("self",)).select_related(
        "enrolment__person", "enrolment__offering__program", "enrolment__offering__term"
    )
    return rows.get(pk=completion.pk)


@transaction.atomic
def correct(completion: Completion, *, is_complete: bool, why: str, by: User, now: datetime) -> bool:
    """Decide otherwise after the cohort was completed; False when it says so already."""
    _officer(by, why)
    completion = _locked(completion)
    acts.not_ones_own(completion.enrolment, by)
    if completion.is_complete == is_complete:
        return False
    completion.is_complete, completion.is_override = is_complete, True
    completion.reason, completion.decided_by, completion.at = why, by, now
    completion.save(update_fields=["is_complete", "is_override", "reason", "decided_by", "at"])
    _write_state(completion.enrolment, is_complete=is_complete)
    if is_complete:
        _graduate(completion, now)
    audit.record(by, "completion-corrected", completion, after={"is_complete": is_complete, "why": why})
    return True


@transaction.atomic
def revoke(completion: Completion, *, why: str, by: User, now: datetime) -> bool:
    """The certificate is shown no more; False when it was revoked already."""
    _officer(by, why)
    completion = _locked(completion)
    if completion.revoked_at is not None:
        return False
    completion.revoked_at, completion.revoked_by, completion.revoked_because = now, by, why
    completion.save(update_fields=["revoked_at", "revoked_by", "revoked_because"])
    audit.record(by, "certificate-revoked", completion, after={"why": why})
    return True


@transaction.atomic
def restore(completion: Completion, *, why: str, by: User) -> bool:
    """The certificate is shown again, at the same address."""
    _officer(by, why)
    completion = _locked(completion)
    if completion.revoked_at is None:
        return False
    completion.revoked_at, completion.revoked_by, completion.revoked_because = None, None, ""
    completion.save(update_fields=["revoked_at", "revoked_by", "revoked_because"])
    audit.record(by, "certificate-restored", completion, after={"why": why})
    return True


def show(completion: Completion, *, is_shown: bool) -> None:
    """Whether members read on the profile that it was completed; its person decides."""
    Completion.objects.filter(pk=completion.pk).update(is_shown=is_shown)
