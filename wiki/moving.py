"""Moving pages: one of them, or a folder with all that is in it, at once or not at all; and taking a move back.

Every old path leads to its page from then on. However many pages move, the number of queries stays the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Concat, Lower

from members.audit import record
from mlclub import locks
from mlclub.refusal import Refused
from wiki import linking, paths, vocabulary
from wiki.models import Link, Move, Page, Passage, Redirect

#: Folders with more pages than this are moved in parts.
MOST = 2000
BATCH = 500


@dataclass(frozen=True)
class Step:
    """One page, and where it would go."""

    page: Page
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """What a move of a folder would do. With `problems`, sentences for whoever asks, it cannot be made."""

    before: str
    after: str
    steps: Sequence[Step] = ()
    problems: Sequence[str] = ()
    #: Pages that stand in the new folder already.
    joins: int = 0
    #: Links on other pages that lead to those that move; all of them keep working.
    links: int = 0

    @property
    def shown(self) -> list[Step]:
        return [step for step in self.steps if step.page.trashed_at is None]

    @property
    def trashed(self) -> int:
        return len(self.steps) - len(self.shown)

    @property
    def mark(self) -> str:
        """Says whether two plans are the same: what was looked at is what is done."""
        told = "\n".join(f"{step.page.pk} {step.before} {step.after}" for step in self.steps)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def in_folder(folder: str) -> Any:
    """The pages of a branch: those below `folder`, and the page at its own path; the trash too."""
    return Page.objects.filter(Q(path__istartswith=f"{folder}/") | Q(path__iexact=folder))


def plan(before: str, after: str) -> Plan:
    """What it would mean to move the folder `before` to `after`; four queries."""
    before, after = paths.tidy(before), paths.tidy(after)
    if after == before:
        return Plan(before, after, problems=["The folder is there already. Give it another name or place."])
    try:
        paths.validate_path(after)
    except ValidationError as problem:
        return Plan(before, after, problems=problem.messages)
    if after.lower().startswith(f"{before.lower()}/"):
        return Plan(before, after, problems=["A folder cannot go into itself. Choose a place outside of it."])
    pages = list(
        in_folder(before)
        .defer("search", "names_search", "headings", "plain_text")
        .order_by("path")[: MOST + 1]
    )
    if not any(page.trashed_at is None for page in pages):
        return Plan(
            before, after, problems=[f"There are no pages in “{before}”: somebody may have moved them."]
        )
    if len(pages) > MOST:
        return Plan(
            before,
            after,
            problems=[f"More than {MOST} pages at once are too many. Move the folders in it one by one."],
        )
    steps = [Step(page, page.path, after + page.path[len(before) :]) for page in pages]
    return Plan(
        before,
        after,
        steps,
        _problems(steps),
        joins=in_folder(after).exclude(pk__in=[page.pk for page in pages]).filter(trashed_at=None).count(),
        links=Link.objects.filter(target__in=pages).exclude(source__in=pages).count(),
    )


def _problems(steps: Sequence[Step]) -> list[str]:
    """Why these pages cannot go where they should; one sentence for each kind of reason."""
    found = []
    moving = {step.page.pk for step in steps}
    taken = list(
        Page.objects.annotate(lower=Lower("path"))
        .filter(lower__in=[step.after.lower() for step in steps])
        .exclude(pk__in=moving)
        .order_by("path")
        .values_list("path", "trashed_at")
    )
    there = [path for path, trashed_at in taken if trashed_at is None]
    thrown = [path for path, trashed_at in taken if trashed_at is not None]
    if there:
        found.append(
            f"There is already a page at {_named(there)}. Rename it first, or bring the two texts together."
        )
    if thrown:
        found.append(
            f"A page at {_named(thrown)} is in the trash. Ask a librarian to restore it, or choose another folder."
        )
    bad: dict[str, list[str]] = {}
    for step in steps:
        try:
            paths.validate_path(step.after)
        except ValidationError as problem:
            bad.setdefault(problem.messages[0], []).append(step.after)
    found += [f"{_named(those)} cannot be: {why}" for why, those in bad.items()]
    return found


def _named(those: Sequence[str]) -> str:
    shown = ", ".join(f"“{path}”" for path in those[:3])
    return f"{shown} and {len(those) - 3} more" if len(those) > 3 else shown


@transaction.atomic
def move_branch(before: str, after: str, *, mark: str, by: Any, now: datetime) -> Move:
    """Move a folder with its pages. Raises Refused where that is not what `mark` stood for when somebody looked at
    the plan, or where something is in the way; then nothing has moved."""
    _lock()
    planned = plan(before, after)
    if planned.problems:
        raise Refused(planned.problems[0])
    if planned.mark != mark:
        raise Refused("The pages of this folder have changed since you looked. Look at the list again.")
    return carry_out(
        planned.steps, before=planned.before, after=planned.after, is_branch=True, by=by, now=now
    )


@transaction.atomic
def carry_out(
    steps: Sequence[Step], *, before: str, after: str, is_branch: bool = False, by: Any, now: datetime
) -> Move:
    """Give pages their new paths, leave redirects, settle links. What could be in the way is checked already; a page
    that comes there at the same moment raises Refused."""
    _lock()
    rows = (
        Page.objects.select_for_update(of=("self",)).order_by("pk").in_bulk([step.page.pk for step in steps])
    )
    if any(step.page.pk not in rows or rows[step.page.pk].path != step.before for step in steps):
        raise Refused("Somebody moved this meanwhile. Look where it is now.")
    displaced = _clear_redirects(steps)
    _readdress(rows, steps)
    _leave_redirects(steps, now)
    moved = Move.objects.create(
        before=before, after=after, is_branch=is_branch, by=by, at=now, displaced=displaced
    )
    _remember(steps, by=by, now=now, move=moved)
    what = "wiki.folder-moved" if is_branch else "wiki.page-renamed"
    record(by, what, moved if is_branch else steps[0].page, before=before, after=after)
    _settle(steps)
    return moved


@transaction.atomic
def undo(move: Move, *, by: Any, now: datetime) -> bool:
    """Give the pages of a move their old paths back, and the redirects that it displaced. False when somebody did so
    already. Raises Refused, and changes nothing, where a page has moved on or another one stands in its old place."""
    _lock()
    locked = Move.objects.select_for_update(of=("self",)).get(pk=move.pk)
    if locked.undone_at is not None:
        return False
    back = [
        Step(row.page, row.after, row.before)
        for row in locked.passages.select_related("page").defer(
            "page__search", "page__names_search", "page__headings", "page__plain_text"
        )
    ]
    gone = [step.page.path for step in back if step.page.path != step.before]
    if gone:
        raise Refused(f"A page has been moved again since, to {_named(gone)}. Undo that move first.")
    problems = _problems(back)
    if problems:
        raise Refused(problems[0])
    rows = (
        Page.objects.select_for_update(of=("self",)).order_by("pk").in_bulk([step.page.pk for step in back])
    )
    _clear_redirects(back)
    _readdress(rows, back)
    _leave_redirects(back, now, instead={str(path): int(page) for path, page in locked.displaced})
    Move.objects.filter(pk=locked.pk).update(undone_at=now, undone_by=by)
    _remember(back, by=by, now=now)
    record(by, "wiki.move-undone", locked, before=locked.after, after=locked.before)
    _settle(back)
    move.refresh_from_db()
    return True


def _lock() -> None:
    """Two people who move pages at the same moment wait for each other; the second one looks again."""
    locks.hold("wiki:moving")


def _clear_redirects(steps: Sequence[Step]) -> list[list[Any]]:
    """Take away the redirects where pages will stand; those that led to other pages are returned."""
    places = {step.after.lower() for step in steps}
    leaving = {step.before.lower() for step in steps}
    rows = Redirect.objects.annotate(lower=Lower("path")).filter(lower__in=places | leaving)
    moving = {step.page.pk for step in steps}
    found = [[path, page] for path, page in rows.values_list("path", "page") if page not in moving]
    rows.delete()
    return found


def _readdress(rows: dict[int, Page], steps: Sequence[Step]) -> None:
    """Give the pages in `rows` their new paths, and all that follows from them."""
    for step in steps:
        page, title = rows[step.page.pk], paths.title_of(step.after)
        known = vocabulary.words_of(page) if title != page.title and page.trashed_at is None else None
        page.path, page.key, page.title = step.after, paths.key(paths.segments_of(step.after)[1]), title
        called = paths.names_of(title, [paths.title_of(step.before), *page.aliases.splitlines()])
        # What its text calls it stays, as the text does.
        page.names = "\n".join(dict.fromkeys([*called.splitlines(), *page.names.splitlines()]))
        if known is not None:  # of a folder, only its home gets another title
            vocabulary.count(more=vocabulary.words_of(page), fewer=known)
    _store([rows[step.page.pk] for step in steps])


def _store(pages: Sequence[Page]) -> None:
    try:
        with transaction.atomic():
            # One may go where another one still stands: all make room first. No page's path begins so.
            keys = [page.pk for page in pages]
            Page.objects.filter(pk__in=keys).update(path=Concat(Value("-/"), Cast("pk", CharField())))
            Page.objects.bulk_update(pages, ["path", "key", "title", "names"], batch_size=BATCH)
    except IntegrityError:
        raise Refused(
            "Somebody has just made a page of one of these names. Look at the list again."
        ) from None


def _remember(steps: Sequence[Step], *, by: Any, now: datetime, move: Move | None = None) -> None:
    Passage.objects.bulk_create(
        [
            Passage(page=step.page, before=step.before, after=step.after, by=by, at=now, move=move)
            for step in steps
        ],
        batch_size=BATCH,
    )


def _leave_redirects(steps: Sequence[Step], now: datetime, *, instead: dict[str, int] | None = None) -> None:
    """Let each path that a page left lead to it; where `instead` names another page, to that one as before."""
    leads = {step.before: step.page.pk for step in steps if step.before.lower() != step.after.lower()}
    stands = {step.after.lower() for step in steps}
    for path, page in (instead or {}).items():
        if path.lower() not in stands:
            leads = {old: to for old, to in leads.items() if old.lower() != path.lower()} | {path: page}
    known = set(Page.objects.filter(pk__in=leads.values()).values_list("pk", flat=True))
    Redirect.objects.bulk_create(
        [
            Redirect(path=path, key=paths.key(paths.segments_of(path)[1]), page_id=page, created_at=now)
            for path, page in leads.items()
            if page in known
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def _settle(steps: Sequence[Step]) -> None:
    """Look again where links lead: those to the pages that moved, and those on them, which are seen from elsewhere."""
    keys = {key for step in steps for path in (step.before, step.after) for key in linking.keys_of(path)}
    keys |= {
        # A redirect that went or came back means something by its last part too.
        *Link.objects.filter(source__in=[step.page.pk for step in steps]).values_list("key", flat=True)
    }
    linking.settle(keys)
