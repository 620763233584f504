"""What an export says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wiki import reports


@dataclass
class Report(reports.Report):
    """What left."""

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
    post_revisions: int = 0
    pictures: int = 0
    commits: int = 0
    #: Of the repository without its working files, in bytes.
    size: int = 0
    head: str = ""


def lines(report: Report) -> Iterator[str]:
    """The report for a person to read."""
    yield f"{report.pages} pages with {report.revisions} versions, {report.trashed} of them in the trash"
    yield f"{report.moves} times a page moved, {report.redirects} redirects"
    yield f"{report.papers} papers in {report.bibliographies} bibliographies, {report.lists} reading lists"
    yield f"{report.posts} posts with {report.post_revisions} versions, {report.pictures} pictures"
    yield f"{report.commits} commits in {report.size / 1e6:.1f} MB, the newest {report.head[:8]}"
    if report.warnings:
        yield ""
        yield from report.warnings
