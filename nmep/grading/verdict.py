"""What a run comes to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

#: What stopped the work, in words for whoever wrote it.
REASONS = {
    "memory": "it used more memory than it may",
    "processes": "it started too many processes",
    "output": "it printed too much",
    "time": "it ran longer than it may",
    "size": "it gave an answer of more than 4 MB",
    "protocol": "what it answered is not an answer",
    "ended": "it ended before all questions were asked",
}


@dataclass(frozen=True)
class Found:
    """What one test found."""

    name: str
    title: str
    ok: bool
    hint: str = ""
    is_hidden: bool = False


@dataclass(frozen=True)
class Verdict:
    """`finished`; `stopped`, by what the work did, `reason` being a key of REASONS; or `failed`, by us."""

    state: str
    reason: str = ""
    is_check_at_fault: bool = False  # trying again would come to the same
    found: tuple[Found, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0
    peak_mb: int = 0
    most_processes: int = 0
    printed: str = field(default="", repr=False)
    judge_printed: str = field(default="", repr=False)

    @property
    def passes(self) -> bool:
        return self.state == "finished" and bool(self.found) and all(each.ok for each in self.found)


def clean(text: object, longest: int) -> str:
    """Text that a database and a page can hold, whatever was written."""
    return _UNPRINTABLE.sub("�", str(text))[:longest]
