"""What an export says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Report:
    """What left. `warnings` are lines with the file they speak of."""

    pages: int = 0
    revisions: int = 0
    #: Ways of pages: renamed, put in the trash, taken out of it.
    moves: int = 0
    trashed: int = 0
    redirects: int = 0
    bibliographies: int = 0
    papers: int = 0
    lists: int = 0
    posts: int = 0
    pictures: int = 0
    commits: int = 0
    #: Of the repository without its working files, in bytes.
    size: int = 0
    head: str = ""
    warnings: list[str] = field(default_factory=list)
    has_dropped: bool = field(default=False, repr=False)

    def drop(self, file: str, words: str) -> None:
        """Say that something was left out, and remember that it was."""
        self.warnings.append(f"{file}: {words}")
        self.has_dropped = True

    def as_json(self) -> dict[str, Any]:
        data = asdict(self)
        del data["has_dropped"]
        return data


def lines(report: Report) -> Iterator[str]:
    """The report for a person to read."""
    yield f"{report.pages} pages with {report.revisions} versions, {report.trashed} of them in the trash"
    yield f"{report.moves} times a page moved, {report.redirects} redirects"
    yield f"{report.papers} papers in {report.bibliographies} bibliographies, {report.lists} reading lists"
    yield f"{report.posts} posts, {report.pictures} pictures"
    yield f"{report.commits} commits in {report.size / 1e6:.1f} MB, the newest {report.head[:8]}"
    if report.warnings:
        yield ""
        yield from report.warnings
