"""What an import says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wiki import reports


@dataclass
class Report(reports.Report):
    """What an import did or would do."""

    pages: int = 0
    links: int = 0
    links_resolved: int = 0
    links_broken: int = 0
    #: Of the resolved ones, those that only the history of the wiki could resolve.
    links_recovered: int = 0
    formulas: int = 0
    formulas_failed: int = 0
    citations: int = 0
    citations_resolved: int = 0
    redirects: int = 0
    images_missing: int = 0
    #: Pictures that were deleted later and come from the history.
    images_recovered: int = 0
    #: Relations "requires" that sentences propose.
    requirements_proposed: int = 0
    revisions: int = 0
    trashed: int = 0
    #: Reading lists and posts, which only an export of ours holds.
    lists: int = 0
    posts: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0


def lines(report: Report) -> Iterator[str]:
    """The report for a person to read."""
    yield f"{report.pages} pages: {report.created} new, {report.updated} updated, {report.unchanged} unchanged"
    if report.revisions or report.trashed:
        yield f"{report.revisions} versions from the history, {report.trashed} deleted pages in the trash"
    yield f"{report.links_resolved} of {report.links} links lead to a page, {report.links_broken} do not"
    if report.links_recovered or report.images_recovered:
        yield f"{report.links_recovered} links and {report.images_recovered} pictures recovered from the history"
    yield f"{report.formulas} formulas, {report.formulas_failed} not readable"
    yield f"{report.citations_resolved} of {report.citations} citations found"
    if report.lists or report.posts:
        yield f"{report.lists} reading lists, {report.posts} posts"
    yield f"{report.redirects} redirects, {report.images_missing} pictures missing"
    if report.requirements_proposed:
        yield f"{report.requirements_proposed} sentences ask for a page first: say yes or no under Wiki, Needs care, Read first?"
    if report.warnings:
        yield ""
        yield from report.warnings
