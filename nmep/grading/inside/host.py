"""The student's side: runs the cells of a notebook one by one, then answers calls until nobody asks any more.

Whatever runs here may rewrite this file's functions, guess its file descriptors or end the process. It can answer
wrongly or not at all; it cannot decide, since the comparison is made elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import types
from pathlib import Path
from typing import Any

# Relative, because in the box this package has no `nmep` above it.
from .wire import CannotCarry, decode, encode, line

MOST_NOTES = 50
LONGEST_NOTE = 300
#: Cell magics below which Python goes on; below the others stands another language.
PYTHON_BELOW = {"time", "timeit", "capture", "prun"}


class TookTooLong(BaseException):
    """Not an Exception, so that no `except Exception` of the student swallows it."""


def ring(number: int, frame: Any) -> None:
    raise TookTooLong


def python_of(source: str) -> tuple[str, list[str]]:
    """A cell as Python, and what was taken out of it. Valid Python stays as it is: `%` may go on an expression."""
    try:
        compile(source, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        pass
    else:
        return source, []
    first = source.lstrip().partition("\n")[0]
    if first.startswith("%%"):
        name = re.match(r"%%\w*", first)
        if name and name.group()[2:] not in PYTHON_BELOW:
            return "", [f"the whole cell, which begins with {name.group()}"]
    kept, taken = [], []
    for text in source.split("\n"):
        bare = text.lstrip()
        if bare.startswith(("!", "%", "?")) or (bare.endswith("?") and "#" not in bare):
            taken.append(f"“{bare[:60]}”")
            kept.append(text[: len(text) - len(bare)] + "pass")
        else:
            kept.append(text)
    return "\n".join(kept), taken


class Student:
    """The names that the cells made, and the two ends over which they are asked for."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading = os.fdopen(reading, "rb")
        self.writing = writing
        self.module = types.ModuleType("__main__")
        self.names: dict[str, Any] = self.module.__dict__
        self.names |= {"display": lambda *values, **options: None, "get_ipython": lambda: None}
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(text[:LONGEST_NOTE])

    def send(self, message: dict[str, Any]) -> None:
        left = line(message)
        while left:
            left = left[os.write(self.writing, left) :]

    def within(self, seconds: float, act: Any, *given: Any, **named: Any) -> Any:
        """`act`, interrupted after so many seconds."""
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.05))
        try:
            return act(*given, **named)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def load(self, cells: list[tuple[int, str]], seconds: float) -> None:
        """Run the cells in their order; what goes wrong in one is a note and not the end."""
        import time

        sys.modules["__main__"] = self.module
        until = time.monotonic() + seconds
        for number, source in cells:
            code, taken = python_of(source)
            if taken:
                self.note(f"Cell {number}: left out {', '.join(taken)}.")
            try:
                self.within(
                    until - time.monotonic(), exec, compile(code, f"<cell {number}>", "exec"), self.names
                )
            except TookTooLong:
                self.note(f"Cell {number}: stopped, the notebook ran too long.")
            except BaseException as error:
                self.note(f"Cell {number}: {said(error)}")

    def answer(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        try:
            if "define" in request:
                self.within(seconds, exec, compile(request["define"], "<check>", "exec"), self.names)
                return {"ok": None}
            name = request["name"]
            if name not in self.names:
                return {"error": "NameError", "said": f"{name} is not defined in this notebook"}
            if request.get("value"):
                return {"ok": encode(self.names[name])}
            given = [decode(each) for each in request["given"]]
            named = {key: decode(each) for key, each in request["named"].items()}
            return {"ok": encode(self.within(seconds, self.names[name], *given, **named))}
        except TookTooLong:
            return {"error": "TimeoutError", "said": f"took longer than {seconds:g} s"}
        except CannotCarry as kind:
            return {"error": "TypeError", "said": f"gave {kind}, which is not handed over"}
        except BaseException as error:
            return {"error": type(error).__name__[:60], "said": said(error)}

    def serve(self, seconds: float) -> None:
        for written in self.reading:
            request = json.loads(written)
            answer = self.answer(request, seconds)
            try:
                self.send({"id": request["id"], **answer})
            except CannotCarry as kind:
                self.send({"id": request["id"], "error": "TypeError", "said": f"gave {kind}"})


def said(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = ""
    return f"{type(error).__name__}: {text}"[:LONGEST_NOTE]


def main() -> None:
    """The pipes become private, and what the student prints goes where only the watchdog reads it."""
    job = json.loads(Path("/box/job.json").read_text())
    reading, writing = os.dup(0), os.dup(1)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    student = Student(reading, writing)
    student.load([(number, source) for number, source in job["cells"]], job["load_seconds"])
    student.send({"ready": True, "notes": student.notes})
    student.serve(job["call_seconds"])
