"""Pages with all their states into the database, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models.functions import Lower

from wiki import authors, diffs, editing
from wiki.importing.history import State, Track, states_in_order
from wiki.importing.reading import Draft, allowed_path, decoded
from wiki.importing.report import Report
from wiki.models import ImportedAuthor, Page, Revision


@dataclass(frozen=True)
class Remembered:
    """A page to be, with what a repository remembers of it."""

    draft: Draft
    track: Track


def store(remembered: list[Remembered], report: Report) -> dict[str, Page]:
    """Store what is new of each page, and answer the pages by their path. A second time changes nothing."""
    states = [state for each in remembered for state in each.track.states]
    known = dict(
        Revision.objects.filter(origin__in=[state.origin for state in states]).values_list(
            "origin", "page_id"
        )
    )
    people = authors.known(state.author for state in states)
    wanted = {each.draft.path.lower() for each in remembered}
    found = Page.objects.select_related("head").annotate(lower=Lower("path"))
    there: dict[str, Page] = {row.path.lower(): row for row in found.filter(lower__in=wanted)}
    by_pk: dict[int, Page] = {row.pk: row for row in found.filter(pk__in=set(known.values()))}
    pages: dict[str, Page] = {}
    page: Page | None
    for each in remembered:
        keys = {known[state.origin] for state in each.track.states if state.origin in known}
        # A page that was renamed here is still the same; its first state says so.
        page = next((by_pk[pk] for pk in keys if pk in by_pk), None)
        if page is None and each.draft.path.lower() in there:
            page = there[each.draft.path.lower()]
            _already_here(page, each, report)
        elif page is None:
            page = _create(each, people, report)
        else:
            _go_on(page, each, known, people, report)
        pages[each.draft.path] = page
    return pages


def _create(each: Remembered, people: Mapping[authors.Identity, ImportedAuthor], report: Report) -> Page:
    draft, track = each.draft, each.track
    states = list(states_in_order(track))
    page = editing.begin(draft.path, now=states[0].at, trashed_at=track.gone_at)
    _append(page, draft, states, people)
    report.created += not track.gone_at
    report.trashed += bool(track.gone_at)
    report.revisions += len(states)
    return page


def _go_on(
    page: Page,
    each: Remembered,
    known: Mapping[str, int],
    people: Mapping[authors.Identity, ImportedAuthor],
    report: Report,
) -> None:
    """Add what the repository got since the last import, unless somebody has worked on the page here."""
    states = list(states_in_order(each.track))
    last = max(at for at, state in enumerate(states) if state.origin in known)
    fresh = states[last + 1 :]
    head = page.head
    is_ours = head is not None and head.origin in known
    if fresh and not is_ours:
        report.unchanged += 1
        report.drop(
            each.draft.file,
            0,
            f"Edited here since the last import; {len(fresh)} newer versions of the repository were not taken over.",
        )
        return
    if fresh:
        _append(page, each.draft, fresh, people)
        report.revisions += len(fresh)
    if is_ours and bool(each.track.gone_at) != bool(page.trashed_at):
        page.trashed_at = each.track.gone_at
        page.save(update_fields=["trashed_at"])
        fresh = fresh or states[-1:]
    report.updated += bool(fresh)
    report.unchanged += not fresh


def _already_here(page: Page, each: Remembered, report: Report) -> None:
    report.unchanged += 1
    same = page.text == _text(each.track.states[-1], each.draft, Report())
    count = len(each.track.states)
    words = (
        f"A page of this name is here already; its {count} versions in the repository were not taken over."
    )
    if same:
        report.warn(each.draft.file, 0, words)
    else:
        report.drop(each.draft.file, 0, words)


def _text(state: State, draft: Draft, report: Report) -> str:
    return decoded(draft.file, state.content, report)


def _append(
    page: Page,
    draft: Draft,
    states: Iterable[State],
    people: Mapping[authors.Identity, ImportedAuthor],
) -> None:
    """Add the states as revisions after the newest, and bring the page up to date."""
    number, before = (page.head.number, page.text) if page.head else (0, "")
    quiet = Report()  # only what the newest text lost is worth a line, and reading it has told
    rows = []
    for state in states:
        text = _text(state, draft, quiet)
        author = people[state.author]
        added, removed = diffs.size(before, text)
        rows.append(
            Revision(
                page=page,
                number=number + 1,
                base_number=number,
                text=text,
                summary=state.summary,
                source=Revision.Source.IMPORT,
                author=author.user,
                author_name=author.name,
                imported_author=author,
                origin=state.origin,
                at=state.at,
                added=added,
                removed=removed,
            )
        )
        number, before = number + 1, text
    Revision.objects.bulk_create(rows, batch_size=200)
    page.head = rows[-1]
    page.content_at = rows[-1].at
    editing.keep_in_step(page, draft.held, learns_words=False)


def moves_of(remembered: Iterable[Remembered]) -> list[tuple[str, str]]:
    """(old path, new path) of every page that is there and was renamed in its history."""
    return [
        (old, each.draft.path)
        for each in remembered
        if each.track.gone_at is None
        for old in map(allowed_path, each.track.earlier)
        if old.lower() != each.draft.path.lower()
    ]
