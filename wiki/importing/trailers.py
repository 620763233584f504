"""What a commit says in words: its summary, and in those of our own exports what git has no place for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from dulwich.objects import Commit

from wiki.models import Revision


@dataclass(frozen=True)
class Said:
    """`at` only where it says more than git's own date, `source` and `base` only in our exports."""

    summary: str
    source: str = ""
    base: int | None = None
    at: datetime | None = None


def of(commit: Commit, *, is_ours: bool) -> Said:
    """What the message of a commit says; `wiki.exporting.commits.message` writes the same."""
    words = commit.message.decode("utf-8", errors="replace").replace("\x00", "").strip()
    first, _, rest = words.partition("\n")
    summary = " ".join(first.split())[:200]
    if not is_ours:
        return Said(summary)
    found = dict(re.findall(r"^([A-Z][A-Za-z-]*): (.+)$", rest, re.MULTILINE))
    base = found.get("Based-On", "")
    return Said(
        summary="" if found.get("Summary") == "none" else summary,
        source=found["Source"] if found.get("Source") in Revision.Source.values else "",
        base=int(base) if base.isdigit() else None,
        at=_instant(found.get("At", "")),
    )


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
