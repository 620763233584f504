"""The grader: whether it may run at all, the queue of runs, and what becomes of each.

It fails closed. Without a machine that has shown that its box holds, runs wait for a person; nothing here has a way
to run learners' code without a box. What a run comes to never touches a review or a mark.
"""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mlclub.celery import poke
from mlclub.notebooks import NotebookError, parse
from nmep.grading import selftest
from nmep.grading.box import Machine
from nmep.grading.command import Limits, NoBox
from nmep.grading.running import run as run_in_a_box
from nmep.grading.verdict import REASONS, Found, Verdict
from nmep.models import CheckResult, GraderMachine, Piece, Run

LEASE = timedelta(seconds=60)
#: The first time and two more.
MOST_TRIES = 3
SILENT = timedelta(minutes=10)
TRIES_KEPT = timedelta(days=30)
#: One task takes runs for so long, and ends well before Celery's own limit with the longest run on top.
AT_ONCE = 120.0

#: A notebook, and a lead's own to try a check on.
MOST_BYTES = 5 * 1024 * 1024

LOST = "The machine that checked it was lost again and again."


class NothingToCheck(Exception):
    """What was handed in has no code that can be run; the sentence is for its author."""


# ── May it run? ──


def why_not(now: datetime) -> str:
    """Why nothing is checked at the moment, as a sentence; empty when the grader works."""
    if not settings.GRADER:
        return "The grader is switched off."
    machines = list(GraderMachine.objects.all())
    if not machines:
        return "No machine has shown yet that its box holds: run manage.py grader_selftest on it."
    proven = [machine for machine in machines if machine.is_proven]
    if not proven:
        return f"{machines[0].host}: {machines[0].reason or 'its box is not proven'}"[:200]
    if all(machine.seen_at is None or now - machine.seen_at > SILENT for machine in proven):
        return "No grader has been heard of for ten minutes."
    return ""


def this_machine(now: datetime) -> Machine | None:
    """This machine, if it has passed the self-test as it is now; else the reason is written down."""
    host = socket.gethostname()
    try:
        machine = Machine.here(settings.GRADER_IMAGE)
        mark = selftest.fingerprint(machine)
    except NoBox as problem:
        _unfit(host, str(problem), now)
        return None
    is_proven = (
        GraderMachine.objects.filter(host=host, is_proven=True, fingerprint=mark).update(seen_at=now) == 1
    )
    if is_proven:
        return machine
    known = GraderMachine.objects.filter(host=host, is_proven=False, fingerprint=mark).exclude(reason="")
    if not known.update(seen_at=now):
        _unfit(host, "Its kernel, bubblewrap or code is not what was tested: run grader_selftest again.", now)
    return None


def _unfit(host: str, reason: str, now: datetime) -> None:
    GraderMachine.objects.update_or_create(
        host=host, defaults={"is_proven": False, "reason": reason[:200], "fingerprint": "", "seen_at": now}
    )


def record_proof(machine: Machine, rows: list[selftest.Row], *, now: datetime) -> GraderMachine:
    """Keep what the self-test of this machine found."""
    failed = [row for row in rows if not row.ok]
    reason = f"The box does not hold against: {', '.join(row.name for row in failed)}." if failed else ""
    kept, _ = GraderMachine.objects.update_or_create(
        host=socket.gethostname(),
        defaults={
            "fingerprint": selftest.fingerprint(machine),
            "is_proven": bool(rows) and not failed,
            "reason": reason[:200],
            "rows": [
                {"name": row.name, "title": row.title, "ok": row.ok, "saw": row.saw, "seconds": row.seconds}
                for row in rows
            ],
            "seconds": round(sum(row.seconds for row in rows), 1),
            "tested_at": now,
            "seen_at": now,
        },
    )
    return kept


def record_no_box(problem: NoBox, *, now: datetime) -> None:
    """Keep that this machine has no box at all."""
    _unfit(socket.gethostname(), str(problem), now)


# ── The queue ──


def take(now: datetime) -> Run | None:
    """The oldest queued run, ours from now on for as long as we give signs of life."""
    with transaction.atomic():
        run = (
            Run.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("of_check")
            .filter(state=Run.State.QUEUED)
            .order_by("created_at", "pk")
            .first()
        )
        if run is None:
            return None
        run.state, run.tries = Run.State.RUNNING, run.tries + 1
        run.started_at = run.heartbeat_at = now
        run.lease_until, run.reason = now + LEASE, ""
        run.save(update_fields=["state", "tries", "started_at", "heartbeat_at", "lease_until", "reason"])
    return run


def still_here(run: Run, now: datetime) -> bool:
    """A sign of life; False when the run was given to somebody else meanwhile."""
    mine = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, tries=run.tries)
    return mine.update(heartbeat_at=now, lease_until=now + LEASE) == 1


@transaction.atomic
def finish(run: Run, verdict: Verdict, *, image: str, now: datetime) -> bool:
    """Write what a run came to, at once; False when it is no longer ours to write."""
    is_ours = verdict.state == "failed"
    again = is_ours and not verdict.is_check_at_fault and run.tries < MOST_TRIES
    changes = {
        "state": Run.State.QUEUED if again else verdict.state,
        "reason": verdict.reason if is_ours else REASONS.get(verdict.reason, verdict.reason),
        "lease_until": None,
        "heartbeat_at": now,
        "finished_at": None if again else now,
        "image": image,
        "edition": edition_of(run.of_check.config.get("source", "")),
        "seconds": verdict.seconds,
        "peak_mb": verdict.peak_mb,
        "log": _log(run, verdict),
    }
    mine = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, tries=run.tries)
    if not mine.update(**changes):
        return False
    if not is_ours:
        CheckResult.objects.bulk_create(_results(run, verdict.found))
    return True


def _results(run: Run, found: Iterable[Found]) -> Iterator[CheckResult]:
    """A row a test, under its title; two tests of one title are told apart by their own names."""
    taken: set[str] = set()
    for position, one in enumerate(found):
        name = one.title if one.title not in taken else f"{one.title[:60]} ({one.name[:50]})"
        taken.add(name)
        yield CheckResult(
            run=run, position=position, name=name, ok=one.ok, hint=one.hint, is_hidden=one.is_hidden
        )


def _log(run: Run, verdict: Verdict) -> str:
    """What its author may read: notes on the cells. What was printed while hidden questions were asked is for
    whoever tries a check, and stays out of a hand-in's record."""
    rows = list(verdict.notes)
    if run.submission_id is None:
        printed = {"The notebook printed": verdict.printed, "The check printed": verdict.judge_printed}
        rows += [f"{title}:\n{text}" for title, text in printed.items() if text.strip()]
    return "\n".join(rows)[:20_000]


def edition_of(source: str) -> str:
    """A mark of a check file as it stands."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


# ── The work ──


def cells_of(name: str, content: bytes) -> list[tuple[int, str]]:
    """The code of a notebook cell by cell, or of a Python file as one; raises NothingToCheck."""
    if PurePath(name).suffix.lower() == ".py":
        return [(1, content.decode(errors="replace"))]
    try:
        notebook = parse(content)
    except NotebookError as problem:
        raise NothingToCheck(str(problem)) from None
    cells = [(cell.index + 1, cell.source) for cell in notebook.cells if cell.kind == "code"]
    if not cells:
        raise NothingToCheck("There is no code in this notebook.")
    return cells


def _content(run: Run) -> tuple[str, bytes]:
    """The file that a run looks at; raises OSError where it is gone, NothingToCheck where there never was one."""
    if run.submission_id is None:
        with run.trial.open("rb") as file:
            return "own.ipynb", file.read()
    # In no order: a grader's own database role reads pieces and knows nothing of parts.
    pieces = Piece.objects.filter(submission=run.submission_id, part=run.of_check.part_id)
    piece = next(iter(pieces.order_by()), None)
    if piece is None or not piece.file:
        raise NothingToCheck("Nothing was handed in for this part.")
    with piece.file.open("rb") as file:
        return piece.name, file.read()


def limits_of(config: dict[str, Any]) -> Limits:
    """What a check allows, where it says so."""
    names = ("seconds", "call_seconds", "memory_mb")
    return Limits(**{name: config[name] for name in names if name in config})


def perform(run: Run, machine: Machine, clock: Callable[[], datetime]) -> Verdict:
    """Look at the work of a run. Whatever the work is, this gives a verdict."""
    config = run.of_check.config
    try:
        cells = cells_of(*_content(run))
    except NothingToCheck as sentence:
        return Verdict("stopped", str(sentence)[:180])
    except (OSError, ValueError):
        return Verdict("failed", "The file is not there any more.", is_check_at_fault=True)
    try:
        return run_in_a_box(
            machine,
            cells,
            str(config.get("source", "")),
            limits_of(config),
            beat=lambda: still_here(run, clock()),
        )
    except NoBox as problem:
        return Verdict("failed", str(problem))


def work(clock: Callable[[], datetime] = timezone.now) -> bool:
    """Take runs from the queue, one after another, for a while. True where more may wait.

    Nothing is taken unless the grader is on and this machine is proven as it is now.
    """
    if not settings.GRADER:
        return False
    machine = this_machine(clock())
    if machine is None:
        return False
    image, until = selftest.described(machine), time.monotonic() + AT_ONCE
    while time.monotonic() < until:
        run = take(clock())
        if run is None:
            return False
        finish(run, perform(run, machine, clock), image=image, now=clock())
    return True


def wake() -> None:
    """Call the grader. The tick calls again, so a call that nobody takes need not stay."""
    poke("nmep.tasks.grade", expires=120)


def tick(now: datetime) -> None:
    """Runs of lost machines go back, at most twice; the queue follows what `why_not` says; old tries go."""
    lost = Run.objects.filter(state=Run.State.RUNNING, lease_until__lt=now)
    lost.filter(tries__gte=MOST_TRIES).update(
        state=Run.State.FAILED, reason=LOST, lease_until=None, finished_at=now
    )
    lost.filter(tries__lt=MOST_TRIES).update(state=Run.State.QUEUED, lease_until=None)
    reason = why_not(now)
    if reason:
        Run.objects.filter(state__in=[Run.State.QUEUED, Run.State.WAITING]).exclude(
            state=Run.State.WAITING, reason=reason
        ).update(state=Run.State.WAITING, reason=reason)
    else:
        Run.objects.filter(state=Run.State.WAITING).update(state=Run.State.QUEUED, reason="")
    for run in Run.objects.filter(submission=None).exclude(trial="").exclude(state__in=Run.LIVE):
        run.trial.delete(save=False)
        Run.objects.filter(pk=run.pk).update(trial="")
    Run.objects.filter(submission=None, trial="", created_at__lt=now - TRIES_KEPT).delete()
    if settings.GRADER:
        wake()
