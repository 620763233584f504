"""One check of one piece of work: two boxes, the pipes between them, a watchdog, and the verdict."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nmep.grading.box import Box, Machine, slot
from nmep.grading.command import Limits
from nmep.grading.verdict import Found, Verdict, clean

LOOK_EVERY = 0.05
BEAT_EVERY = 5.0
#: After the student's box was ended, the judge says so of every test that is left.
LAST_WORDS = 2.0
MOST_TOLD = 1024 * 1024
KEPT = 4_000


def nothing() -> None:
    """Nobody waits for a sign of life."""


@dataclass
class Heard:
    """What the judge told so far. The officer's code may write there too, so any line may be anything."""

    tests: dict[str, tuple[str, bool]] = field(default_factory=dict)
    results: dict[str, tuple[bool, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    broken: str = ""
    gone: str = ""
    is_done: bool = False

    def take(self, written: bytes) -> None:
        """One line; what it means nothing by is a fault of the check."""
        try:
            said = json.loads(written)
            self.broken = self.broken or str(said.get("broken", ""))
            if "tests" in said:
                self.tests = {
                    clean(test["name"], 100): (clean(test["title"], 120), test["hidden"] is True)
                    for test in said["tests"]
                }
            elif "notes" in said:
                self.notes = [clean(note, 300) for note in said["notes"]]
            elif "result" in said:
                self.results[clean(said["result"], 100)] = (said["ok"] is True, clean(said["hint"], 400))
            elif "done" in said:
                self.is_done, self.gone = True, str(said["gone"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.broken = self.broken or "It wrote into what the judge tells."

    def found(self) -> tuple[Found, ...]:
        """A result for every test; one that was not asked any more has failed."""
        return tuple(
            Found(name, title, *self.results.get(name, (False, "")), is_hidden)
            for name, (title, is_hidden) in self.tests.items()
        )


@dataclass
class Ends:
    """The ends of pipes that are open in this process; each is closed once."""

    open: set[int] = field(default_factory=set)

    def pipe(self) -> tuple[int, int]:
        reading, writing = os.pipe()
        self.open |= {reading, writing}
        return reading, writing

    def close(self, *fds: int) -> None:
        for fd in fds:
            if fd in self.open:
                self.open.remove(fd)
                os.close(fd)

    def close_all(self) -> None:
        self.close(*list(self.open))


@dataclass
class Stream:
    """What comes out of a box: how much, and the end of it."""

    fd: int
    size: int = 0
    kept: bytes = b""
    is_open: bool = True

    def read(self) -> bytes:
        try:
            piece = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return b""
        self.is_open = bool(piece)
        self.size += len(piece)
        self.kept = (self.kept + piece)[-KEPT:]
        return piece


@dataclass
class Pair:
    """The two boxes of a run and what comes out of them."""

    student: Box
    judge: Box
    told: Stream
    prints: Stream
    judge_prints: Stream
    limits: Limits
    heard: Heard = field(default_factory=Heard)
    half: bytes = b""
    broke: str = ""

    @classmethod
    def start(
        cls,
        machine: Machine,
        cells: Sequence[tuple[int, str]],
        source: str,
        limits: Limits,
        held: contextlib.ExitStack,
    ) -> Pair:
        """Both boxes with their pipes: questions, answers, what the judge tells, and what each of them prints."""
        uids = held.enter_context(slot()), held.enter_context(slot())
        ends = Ends()
        held.callback(ends.close_all)
        asked, ask = ends.pipe()
        answered, answer = ends.pipe()
        told, tell = ends.pipe()
        prints, printing = ends.pipe()
        judge_prints, judge_printing = ends.pipe()
        job = {"load_seconds": limits.load_seconds, "call_seconds": limits.call_seconds}
        student = Box.start(
            machine, limits, module="host", uid=uids[0], stdin=asked, stdout=answer, stderr=printing,
            files={"/box/job.json": json.dumps({**job, "cells": list(cells)}).encode()},
        )  # fmt: skip
        held.callback(student.end)
        judge = Box.start(
            machine, limits, module="judge", uid=uids[1], stdin=answered, stdout=tell, stderr=judge_printing,
            files={"/box/job.json": json.dumps({**job, "source": source}).encode()}, keeps=[ask],
        )  # fmt: skip
        held.callback(judge.end)
        # Each end belongs to its box alone, so that the end of one is seen by the other.
        ends.close(asked, ask, answered, answer, tell, printing, judge_printing)
        for fd in (told, prints, judge_prints):
            os.set_blocking(fd, False)
        return cls(student, judge, Stream(told), Stream(prints), Stream(judge_prints), limits)

    def watch(self, beat: Callable[[], Any]) -> None:
        """Until the judge is done, or either box oversteps; both are ended afterwards."""
        began = beaten = looked = time.monotonic()
        until = began + self.limits.seconds
        while self.told.is_open and not self.heard.is_done:
            streams = [one for one in (self.told, self.prints, self.judge_prints) if one.is_open]
            ready = select.select([one.fd for one in streams], [], [], LOOK_EVERY)[0]
            for one in streams:
                if one.fd in ready:
                    piece = one.read()
                    if one is self.told:
                        self.hear(piece)
            now = time.monotonic()
            if now - beaten >= BEAT_EVERY:
                beaten = now
                beat()
            if self.broke:
                if now > until:
                    return
                continue
            self.broke = self.overstepped(look=now - looked >= LOOK_EVERY, is_over=now > until)
            if now - looked >= LOOK_EVERY:
                looked = now
            if self.broke:
                self.student.end()
                until = now + LAST_WORDS

    def overstepped(self, *, look: bool, is_over: bool) -> str:
        """The limit that the student's box broke, or empty. The judge's own is a fault of the check."""
        if self.prints.size > self.limits.output_kb * 1024:
            return "output"
        if is_over:
            return "time"
        if not look:
            return ""
        if self.judge.overstepped() or self.told.size > MOST_TOLD:
            self.heard.broken = self.heard.broken or "It uses more memory or processes than it may."
            self.heard.is_done = True
        return self.student.overstepped()

    def hear(self, piece: bytes) -> None:
        *lines, self.half = (self.half + piece).split(b"\n")
        for one in lines:
            self.heard.take(one)

    def end(self) -> int | None:
        """End both; how the student's ended where it did so by itself."""
        status = None
        if not self.broke:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self.student.process.wait(0.5 if self.heard.gone == "ended" else 0)
        self.judge.end()
        self.student.end()
        return status

    def outcome(self, status: int | None) -> tuple[str, str]:
        """The state and its reason."""
        if self.broke:
            return "stopped", self.broke
        if self.heard.broken:
            return "failed", f"The check is at fault: {self.heard.broken}"
        if not self.heard.is_done:
            return "failed", "The judge ended before it was done."
        if self.heard.gone:
            spent = status in (128 + signal.SIGXCPU, -signal.SIGXCPU)
            return "stopped", "time" if spent else self.heard.gone
        return "finished", ""


def run(
    machine: Machine,
    cells: Sequence[tuple[int, str]],
    source: str,
    limits: Limits,
    *,
    beat: Callable[[], Any] = nothing,
) -> Verdict:
    """Ask the work in `cells` what the check file `source` asks. `beat` is called every few seconds.

    Raises NoBox where there is no box; everything else is a verdict.
    """
    began = time.monotonic()
    with contextlib.ExitStack() as held:
        pair = Pair.start(machine, cells, source, limits, held)
        pair.watch(beat)
        state, reason = pair.outcome(pair.end())
    return Verdict(
        state=state,
        reason=clean(reason, 180),
        is_check_at_fault=bool(pair.heard.broken),
        found=pair.heard.found(),
        notes=tuple(pair.heard.notes),
        seconds=round(time.monotonic() - began, 3),
        peak_mb=pair.student.peak_mb,
        most_processes=pair.student.most_processes,
        printed=clean(pair.prints.kept.decode(errors="replace"), KEPT),
        judge_printed=clean(pair.judge_prints.kept.decode(errors="replace"), KEPT),
    )
