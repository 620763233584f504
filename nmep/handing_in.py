"""A learner hands in one version of their work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.base import File
from django.db import transaction
from django.template.defaultfilters import date as formatted
from django.utils import timezone

from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused
from nmep import at_once, boards, checking, deadlines, joint
from nmep.models import (
    Assignment,
    Deviation,
    Enrolment,
    MarkChange,
    Part,
    Piece,
    SpecRevision,
    Submission,
    SubmissionAuthor,
)
from nmep.notifications import Receipt
from nmep.people import leads_of


class Closed(Refused):
    """The late window is over."""


class HandedInMeanwhile(Refused):
    """Something else has been handed in as this version: in another tab, or by a co-author."""


@dataclass(frozen=True)
class Given:
    """What was given for one part: a checked file with its name, a text, or a link."""

    file: File[bytes] | None = None
    name: str = ""
    text: str = ""
    url: str = ""

    def fingerprint(self) -> tuple[str, int]:
        """sha256 and size of exactly what is kept."""
        if self.file is None:
            content = (self.text or self.url).encode()
            return hashlib.sha256(content).hexdigest(), len(content)
        digest, size = hashlib.sha256(), 0
        self.file.seek(0)
        for chunk in self.file.chunks():
            digest.update(chunk)
            size += len(chunk)
        self.file.seek(0)
        return digest.hexdigest(), size


@dataclass(frozen=True)
class Outcome:
    """The version that now stands; `is_new` is false for the second click."""

    submission: Submission
    is_new: bool


@dataclass(frozen=True)
class Standing:
    """What a learner has on an assignment, and until when they may hand in."""

    versions: list[Submission]
    draft: Submission | None
    due_at: datetime | None
    closes_at: datetime | None
    # A lead asked for it once more, past the review that stands.
    is_reopened: bool = False

    @property
    def latest(self) -> Submission | None:
        return self.versions[0] if self.versions else None

    @property
    def next_n(self) -> int:
        return self.latest.n + 1 if self.latest else 1

    @property
    def is_returned(self) -> bool:
        """Whether the latest version is to be mended: a review or a lead asked for another one."""
        return bool(self.latest and (self.latest.state == Submission.State.RETURNED or self.is_reopened))

    @property
    def is_done(self) -> bool:
        return bool(self.latest and self.latest.state == Submission.State.DONE and not self.is_reopened)

    def is_closed(self, now: datetime) -> bool:
        """Whether the window is over. Work that was returned may always be mended."""
        return bool(self.closes_at and now > self.closes_at and not self.is_returned)

    def would_be_late(self, now: datetime) -> bool:
        return bool(self.due_at and now > self.due_at and not self.is_returned)


def standing(
    enrolment: Enrolment, assignment: Assignment, deviations: list[Deviation] | None = None
) -> Standing:
    """What `enrolment` has on `assignment`; four queries, and one more once something was handed in. One less
    where their `deviations` are known already."""
    rows = list(
        Submission.objects.filter(authors__enrolment=enrolment, assignment=assignment)
        .select_related("handed_in_by")
        .with_people_and_pieces()
        .order_by("-n")
    )
    for row in rows:
        row.assignment = assignment
    if deviations is None:
        deviations = list(Deviation.objects.filter(enrolment=enrolment, assignment=assignment))
    draft = next((row for row in rows if row.state == Submission.State.DRAFT), None)
    versions = [row for row in rows if row is not draft]
    return Standing(
        versions=versions,
        draft=draft,
        due_at=assignment.due_for(deviations),
        closes_at=assignment.closes_for(deviations),
        is_reopened=bool(versions) and _is_reopened(enrolment, versions[0]),
    )


def _is_reopened(enrolment: Enrolment, latest: Submission) -> bool:
    """Whether a lead has asked for it once more since the latest version came."""
    if latest.state != Submission.State.DONE:
        return False
    current = MarkChange.fold(MarkChange.objects.filter(enrolment=enrolment, assignment=latest.assignment_id))
    return current is not None and current.kind == MarkChange.Kind.DO_OVER


def refusal(enrolment: Enrolment, assignment: Assignment, now: datetime, held: Standing) -> Refused | None:
    """Why work cannot be taken now, or None."""
    offering = assignment.offering
    if not enrolment.is_learning:
        return Refused("You are not learning in this offering any more, so it takes no work from you.")
    if offering.state == offering.State.ARCHIVED:
        return Refused("This offering is archived; nothing in it changes any more.")
    if not assignment.is_released(now):
        return Refused("This assignment is not open yet.")
    if held.is_done:
        return Refused("This work is done: there is nothing left to hand in.")
    if held.closes_at and held.is_closed(now):
        people = (
            " or ".join(person.display_name for person in leads_of(offering)) or "a lead of the programme"
        )
        closed = formatted(timezone.localtime(held.closes_at, offering.zone), "D j M, H:i T")
        if held.latest:
            return Closed(
                f"Version {held.latest.n} waits for its review; if it is returned, you can mend it here. "
                f"New work was taken until {closed}."
            )
        return Closed(f"This closed on {closed}. Ask {people} if you need more time.")
    return None


@transaction.atomic
def hand_in(
    enrolment: Enrolment,
    assignment: Assignment,
    given: Mapping[int, Given],
    *,
    n: int,
    now: datetime,
    co_authors: Sequence[Enrolment] = (),
    jointly: bool = False,
) -> Outcome:
    """Hand in `given` (by part) as version `n`; parts left out keep what the version before had.

    Locks the learners, recomputes the due date, and judges each author's lateness by their own. `jointly`
    hands in for the published partners as well, as far as they can take part in it. The same click again, or
    a partner's at the same moment, gives the first click's answer; anything else as the same version is
    refused with a sentence.
    """
    partners = joint.partners_of(enrolment, assignment) if jointly and assignment.is_joint else []
    authors = _locked([enrolment, *co_authors, *partners])
    assignment = deadlines.refresh(assignment, now)
    held = standing(enrolment, assignment)
    if held.latest and n <= held.latest.n:
        return _second_click(held.latest, given, by=enrolment)
    refused = refusal(enrolment, assignment, now, held)
    if refused:
        raise refused
    if partners:
        # Once more under the lock: a lead may have moved somebody since.
        shares = joint.shares(enrolment, assignment, held, now)
        if {share.enrolment.pk for share in shares} != {row.pk for row in partners}:
            raise Refused("Your partners have changed just now. Look who they are, and hand in again.")
        taking = {share.enrolment.pk for share in shares if share.takes_part}
        out = {row.pk for row in partners} - taking
        authors = [row for row in authors if row.pk not in out]
    number = joint.next_n(authors, assignment)
    submission = _draft(enrolment, assignment, held, now, number)
    joint.move_drafts([row for row in authors if row.pk != enrolment.pk], assignment, number)
    _write_pieces(submission, given, held)
    tries = boards.refusal(enrolment, submission, now)
    if tries:
        again = formatted(timezone.localtime(tries.again_at, assignment.offering.zone), "D j M, H:i")
        raise Refused(f"You have used your {tries.a_day} tries of today. The next one is from {again} on.")
    submission.spec = SpecRevision.objects.filter(assignment=assignment).order_by("-n").first()
    submission.state = Submission.State.HANDED_IN
    submission.handed_in_at = submission.updated_at = now
    submission.handed_in_by = enrolment.person
    if held.latest and held.latest.reviewer_id:
        submission.reviewer_id = held.latest.reviewer_id
    submission.save()
    for author in authors:
        SubmissionAuthor.objects.update_or_create(
            submission=submission,
            enrolment=author,
            defaults={
                "assignment": assignment,
                "n": submission.n,
                "late_by": _late_by(author, assignment, now),
            },
        )
        tell(Receipt, author.person, about=submission, slot=f"version {submission.n}", now=now)
    checking.ask(submission, now=now)
    at_once.look(submission, now=now)
    return Outcome(submission, is_new=True)


@transaction.atomic
def save_draft(
    enrolment: Enrolment, assignment: Assignment, given: Mapping[int, Given], *, now: datetime
) -> Submission:
    """Keep what was typed and chosen so far, for the learner alone."""
    _locked([enrolment])
    held = standing(enrolment, assignment)
    if not enrolment.is_learning or held.is_done:
        raise Refused("There is nothing left to hand in here, so no draft was kept.")
    submission = _draft(enrolment, assignment, held, now, held.next_n)
    _write_pieces(submission, given, held)
    submission.updated_at = now
    submission.save(update_fields=["updated_at"])
    return submission


def _locked(enrolments: Sequence[Enrolment]) -> list[Enrolment]:
    """The learners, locked in the order of their keys so that two pairs cannot wait for each other."""
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related("person")
    return list(rows.filter(pk__in=[row.pk for row in enrolments]).order_by("pk"))


def _second_click(latest: Submission, given: Mapping[int, Given], *, by: Enrolment) -> Outcome:
    handed_in = {piece.part_id: piece.sha256 for piece in latest.pieces.all()}
    if all(handed_in.get(part) == value.fingerprint()[0] for part, value in given.items()):
        return Outcome(latest, is_new=False)
    at = latest.handed_in_at
    other = latest.handed_in_by if latest.handed_in_by_id != by.person_id else None
    who = f" by {other.display_name}" if other else ""
    raise HandedInMeanwhile(
        f"Version {latest.n} was handed in{who} at {formatted(timezone.localtime(at), 'H:i')} "
        f"with other contents. What you typed is still here: hand it in as version {latest.n + 1}, "
        "and choose the files again."
    )


def _draft(
    enrolment: Enrolment, assignment: Assignment, held: Standing, now: datetime, number: int
) -> Submission:
    if held.draft is not None:
        joint.move_drafts([enrolment], assignment, number - 1)
        held.draft.n = number
        return held.draft
    submission = Submission.objects.create(assignment=assignment, n=number, created_at=now, updated_at=now)
    SubmissionAuthor.objects.create(
        submission=submission, enrolment=enrolment, assignment=assignment, n=submission.n
    )
    return submission


def _write_pieces(submission: Submission, given: Mapping[int, Given], held: Standing) -> None:
    """The given parts, and for the others what the draft or the version before had."""
    before = {piece.part_id: piece for piece in held.latest.pieces.all()} if held.latest else {}
    mine = {piece.part_id: piece for piece in submission.pieces.all()}
    for part in Part.objects.filter(assignment=submission.assignment):
        value = given.get(part.pk)
        if value is not None:
            _write_piece(submission, part, value, mine.get(part.pk))
        elif part.pk not in mine and part.pk in before:
            old = before[part.pk]
            Piece.objects.create(
                submission=submission,
                part=part,
                file=old.file.name,
                name=old.name,
                text=old.text,
                url=old.url,
                size=old.size,
                sha256=old.sha256,
            )


def _write_piece(submission: Submission, part: Part, value: Given, existing: Piece | None) -> None:
    sha256, size = value.fingerprint()
    piece = existing or Piece(submission=submission, part=part)
    if existing is not None and existing.sha256 == sha256:
        return
    if value.file is None and not size and not part.takes_file:
        if existing is not None:
            existing.delete()
        return
    piece.text, piece.url, piece.name, piece.sha256, piece.size = (
        value.text,
        value.url,
        value.name,
        sha256,
        size,
    )
    if value.file is not None:
        # A new name each time: the file of an earlier version is never written over.
        piece.file.save(value.name, value.file, save=False)
    piece.save()


def _late_by(author: Enrolment, assignment: Assignment, now: datetime) -> timedelta:
    """How late the work is for this author. Mended work is as late as the version that was returned."""
    last = (
        SubmissionAuthor.objects.filter(enrolment=author, assignment=assignment)
        .exclude(submission__state=Submission.State.DRAFT)
        .exclude(submission__handed_in_at=now)
        .select_related("submission")
        .order_by("-n")
        .first()
    )
    if last is not None and (
        last.submission.state == Submission.State.RETURNED or _is_reopened(author, last.submission)
    ):
        return last.late_by
    due_at = assignment.due_for(list(Deviation.objects.filter(enrolment=author, assignment=assignment)))
    return max(now - due_at, timedelta(0)) if due_at else timedelta(0)


@transaction.atomic
def grant(
    enrolment: Enrolment,
    assignment: Assignment,
    *,
    extra_days: int,
    is_without_penalty: bool,
    reason: str,
    by: User,
    now: datetime,
) -> Deviation:
    """Give one learner more time, and write it into the journal."""
    MarkChange.objects.create(
        enrolment=enrolment,
        assignment=assignment,
        kind=MarkChange.Kind.EXTENSION,
        value=f"{extra_days} days",
        by=by,
        at=now,
    )
    return Deviation.objects.create(
        enrolment=enrolment,
        assignment=assignment,
        extra_days=extra_days,
        is_without_penalty=is_without_penalty,
        reason=reason,
        granted_by=by,
        granted_at=now,
    )
