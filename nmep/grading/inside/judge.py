"""The officer's side: runs the test functions, asks the student's process for answers, and compares them here.

It runs in a box of its own, so that who writes checks gets no hold of the machine that grades; the student's process
is in another box and knows of this one only the questions.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .wire import LONGEST, CannotCarry, ProtocolError, decode, encode, line, message

LONGEST_HINT = 300
TEST_PREFIX = "check_"


class Gone(Exception):
    """The student's process answers no more; the word says why: time, ended, protocol or size."""


class Raised(Exception):
    """The student's function raised; `kind` is the name of what it raised."""

    def __init__(self, asked: str, kind: str, said: str) -> None:
        super().__init__(f"{asked} raised {said if said.startswith(kind) else f'{kind}: {said}'}")
        self.kind = kind


class Call:
    """`call("add", 2, 3)`: what a test function is handed."""

    def __init__(self, reading: int, writing: int, *, seconds: float) -> None:
        self._reading, self._writing, self._seconds = reading, writing, seconds
        self._held = b""
        self._gone = ""
        self.asked = 0
        self.last = ""
        for end in (reading, writing):
            os.set_blocking(end, False)

    def __call__(self, name: str, *given: Any, **named: Any) -> Any:
        """The answer of the student's function, by value; raises Raised where it raised, Gone where nobody answers."""
        shown = ", ".join([*map(short, given), *(f"{key}={short(each)}" for key, each in named.items())])
        request = {
            "name": name,
            "given": [encode(each) for each in given],
            "named": {key: encode(each) for key, each in named.items()},
        }
        return self._ask(f"{name}({shown})", request)

    def value(self, name: str) -> Any:
        """What the notebook calls `name`."""
        return self._ask(name, {"name": name, "value": True})

    def define(self, source: str) -> None:
        """Run a few lines beside the notebook, such as a function that makes the student's class and uses it."""
        self._ask("the lines that the check adds", {"define": source})

    def raises(self, name: str, *given: Any, **named: Any) -> str:
        """The name of what the student's function raises, empty if it raises nothing."""
        try:
            self(name, *given, **named)
        except Raised as raised:
            return raised.kind
        return ""

    def hello(self, seconds: float) -> list[str]:
        """Wait until the cells have run; what was noted on the way."""
        read = self._line(seconds)
        notes = read.get("notes")
        if read.get("ready") is not True or not isinstance(notes, list):
            self._end("protocol")
        return [note[:300] for note in notes[:50] if isinstance(note, str)]

    def _ask(self, asked: str, request: dict[str, Any]) -> Any:
        self.asked += 1
        self.last = asked
        request["id"] = secrets.token_hex(8)
        self._write(line(request))
        answer = self._line(self._seconds + 1)
        if answer.get("id") != request["id"]:
            self._end("protocol")
        if "error" in answer:
            kind, said = answer["error"], answer.get("said")
            if not isinstance(kind, str) or not isinstance(said, str):
                self._end("protocol")
            raise Raised(asked, kind[:60], said[:LONGEST_HINT])
        try:
            value = decode(answer.get("ok"))
        except (ProtocolError, RecursionError, MemoryError):
            self._end("protocol")
        self.last = f"{asked} gave {short(value)}"
        return value

    def _end(self, why: str) -> NoReturn:
        self._gone = why
        raise Gone(why)

    def _write(self, left: bytes) -> None:
        until = time.monotonic() + self._seconds
        while left:
            if self._gone:
                raise Gone(self._gone)
            if not select.select([], [self._writing], [], max(until - time.monotonic(), 0))[1]:
                self._end("time")
            try:
                left = left[os.write(self._writing, left) :]
            except BlockingIOError:
                continue
            except OSError:
                self._end("ended")

    def _line(self, seconds: float) -> dict[str, Any]:
        if self._gone:
            raise Gone(self._gone)
        until = time.monotonic() + seconds
        pieces = [self._held]
        size = len(self._held)
        while b"\n" not in pieces[-1]:
            if not select.select([self._reading], [], [], max(until - time.monotonic(), 0))[0]:
                self._end("time")
            try:
                piece = os.read(self._reading, 1 << 16)
            except BlockingIOError:
                continue
            if not piece:
                self._end("ended")
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST + (1 << 16):
                self._end("size")
        written, _, self._held = b"".join(pieces).partition(b"\n")
        try:
            return message(written)
        except ProtocolError:
            self._end("protocol")


def short(value: Any) -> str:
    """A value in few characters."""
    try:
        text = repr(value).replace("\n", " ")
    except Exception:
        text = type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}…"


def near(one: Any, other: Any, tolerance: float = 1e-6) -> bool:
    """Whether two numbers, sequences or arrays are the same but for rounding."""
    if hasattr(one, "shape") or hasattr(other, "shape"):
        import numpy

        first, second = numpy.asarray(one), numpy.asarray(other)
        return first.shape == second.shape and bool(
            numpy.allclose(first, second, rtol=tolerance, atol=tolerance)
        )
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(near(a, b, tolerance) for a, b in zip(one, other, strict=True))
    try:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    except TypeError:
        return bool(one == other)


def hidden(test: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a test function whose result learners see after the deadline."""
    test.is_hidden = True  # type: ignore[attr-defined]
    return test


def tests_of(source: str) -> list[tuple[str, Callable[..., Any]]]:
    """The test functions of a check file by name. Whatever its code raises goes to the caller."""
    names: dict[str, Any] = {"__name__": "check", "hidden": hidden, "near": near}
    exec(compile(source, "check.py", "exec"), names)  # noqa: S102  this is what the file is for
    return [
        (name, value) for name, value in names.items() if name.startswith(TEST_PREFIX) and callable(value)
    ]


def title_of(name: str, test: Callable[..., Any]) -> str:
    """The first line of its docstring, else its name as words."""
    lines = (test.__doc__ or "").strip().splitlines()
    return (lines[0] if lines else name.removeprefix(TEST_PREFIX).replace("_", " "))[:120]


def tell_test(call: Call, test: Callable[..., Any]) -> dict[str, Any]:
    """Run one test function: `ok` and a hint, or `broken` where the check itself is at fault."""
    before, call.last = call.asked, ""
    try:
        test(call)
    except AssertionError as failed:
        words = str(failed) or (call.last if call.asked > before else "")
        return {"ok": False, "hint": words or "The answer was not what was expected."}
    except Raised as raised:
        return {"ok": False, "hint": str(raised)}
    except Gone as gone:
        return {"ok": False, "hint": "", "gone": str(gone)}
    except CannotCarry as kind:
        return {"ok": False, "broken": f"The check asks with {kind}, which is not handed over."}
    except Exception as error:
        if call.asked == before:
            return {"ok": False, "broken": f"{type(error).__name__}: {error}"}
        return {
            "ok": False,
            "hint": f"{call.last}; the check could not go on: {type(error).__name__}: {error}",
        }
    return {"ok": True, "hint": ""}


def judge(source: str, call: Call, tell: Callable[[dict[str, Any]], None], *, load_seconds: float) -> None:
    """Tell the list of tests, then what each found. Whatever the student's side sends, this does not raise."""
    try:
        tests = tests_of(source)
    except Exception as error:
        tell({"broken": f"{type(error).__name__}: {error}"})
        return
    tell(
        {
            "tests": [
                {"name": name, "title": title_of(name, test), "hidden": hasattr(test, "is_hidden")}
                for name, test in tests
            ]
        }
    )
    gone = ""
    try:
        tell({"notes": call.hello(load_seconds)})
    except Gone as why:
        gone = str(why)
    for name, test in tests:
        found = {"ok": False, "hint": "", "gone": gone} if gone else tell_test(call, test)
        gone = str(found.pop("gone", ""))
        tell({"result": name, **found, "hint": str(found.get("hint", ""))[:LONGEST_HINT]})
    tell({"done": True, "gone": gone})


def main() -> None:
    job = json.loads(Path("/box/job.json").read_text())
    reading, telling = os.dup(0), os.dup(1)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    call = Call(reading, int(sys.argv[1]), seconds=job["call_seconds"])

    def tell(said: dict[str, Any]) -> None:
        left = json.dumps(said).encode() + b"\n"
        while left:
            left = left[os.write(telling, left) :]

    judge(job["source"], call, tell, load_seconds=job["load_seconds"] + 2)
