"""The library leaves with everything: as a repository of git with its history, which an import takes over again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from mlclub.refusal import Refused
from wiki.exporting import acts, others
from wiki.exporting.acts import Act, Scope
from wiki.exporting.commits import Historian, Stand
from wiki.exporting.packs import Pack
from wiki.exporting.report import Report, lines
from wiki.models import Paper, Redirect

__all__ = ["BRANCH", "Refused", "Report", "export_wiki", "go_on", "lines"]

BRANCH = "main"
#: The date of a library in which nothing was written yet.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def export_wiki(target: Path, *, everything: bool = False, is_bare: bool = False) -> Report:
    """Write the library into the new folder `target`: its files, and beside them the repository with their history.

    The same library gives the same commits. Raises Refused where something is in the way.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"{target} is there already, and not empty. Name a folder that is new.")
    target.parent.mkdir(parents=True, exist_ok=True)
    report = Report()
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as folder:
        work = Path(folder) / "library"
        repo = (Repo.init_bare if is_bare else Repo.init)(
            str(work), mkdir=True, default_branch=BRANCH.encode()
        )
        with repo:
            place = Path(repo.controldir()) / "objects" / "pack"
            with acts.one_moment():
                stand, scope, pack = Stand(), Scope.of(everything=everything), Pack(place)
                go_on(pack, stand, scope, acts.of(scope), report)
            pack.close()
            report.size = sum(file.stat().st_size for file in place.iterdir())
            repo.refs[Ref(f"refs/heads/{BRANCH}".encode())] = ObjectID(stand.head.encode())
            if not is_bare:
                repo.get_worktree().reset_index()
        if target.exists():
            target.rmdir()
        shutil.move(work, target)
    return report


def go_on(
    pack: Pack,
    stand: Stand,
    scope: Scope,
    told: Iterator[Act],
    report: Report,
    *,
    closed_at: datetime | None = None,
) -> None:
    """Add these acts to a history, and what else there is as its last commit, dated `closed_at` or as the last act."""
    historian = Historian(pack, stand, scope)
    last = BEGINNING
    for act, words in acts.with_words(told):
        historian.tell(act, words)
        report.post_revisions += act.post is not None
        report.revisions += act.revision is not None and act.post is None
        report.moves += act.revision is None
        last = act.at
    historian.settle()
    _keep_others(historian, scope, report)
    historian.close(closed_at or last)
    report.pages = len(scope.paths)
    report.trashed = len(scope.trashed)
    report.redirects = Redirect.objects.filter(page__in=scope.pages).count()
    report.papers = Paper.objects.count()
    report.commits, report.head = stand.commits, stand.head


def _keep_others(historian: Historian, scope: Scope, report: Report) -> None:
    kept: set[str] = set()
    for other in others.of(scope):
        mark, _ = historian.stand.others.get(other.file, ("", b""))
        content = None
        if not (mark and mark == other.mark):
            try:
                content = other.content()
            except OSError:
                report.drop(other.file, 0, "The file is not in the storage; left out.")
                continue
        if not historian.keep(other.file, other.mark, content):
            report.drop(other.file, 0, "Something else has this name; left out.")
            continue
        kept.add(other.file)
        if other.post is not None:
            historian.stand.posts[other.post] = other.file, dict(other.front)
        if other.kind in {"bibliographies", "lists", "posts", "pictures"}:
            setattr(report, other.kind, getattr(report, other.kind) + 1)
    historian.drop_others(kept)
