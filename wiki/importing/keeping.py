"""Pages with all their states into the database, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models.functions import Lower

from wiki import authors, diffs, editing
from wiki.exporting.people import NOBODY
from wiki.importing.history import State, Track, Way, states_in_order
from wiki.importing.reading import Draft, allowed_path, decoded
from wiki.importing.report import Report
from wiki.models import ImportedAuthor, Page, Passage, Revision


@dataclass(frozen=True)
class Remembered:
    """A page to be, with what a repository remembers of it."""

    draft: Draft
    track: Track


@dataclass
class _Fresh:
    """What a page gets: its new versions, each with the turn of its commit, and its new ways."""

    page: Page
    draft: Draft
    revisions: list[tuple[int, Revision]]
    ways: list[Way]


def store(remembered: list[Remembered], report: Report) -> dict[str, Page]:
    """Store what is new of each page, and answer the pages by their path. A second time changes nothing."""
    states = [state for each in remembered for state in each.track.states]
    known = dict(
        Revision.objects.filter(origin__in=[state.origin for state in states]).values_list(
            "origin", "page_id"
        )
    )
    ways = [way for each in remembered for way in each.track.ways]
    people = authors.known(({state.author for state in states} | {way.author for way in ways}) - {NOBODY})
    wanted = {each.draft.path.lower() for each in remembered}
    found = Page.objects.select_related("head").annotate(lower=Lower("path"))
    there: dict[str, Page] = {row.path.lower(): row for row in found.filter(lower__in=wanted)}
    by_pk: dict[int, Page] = {row.pk: row for row in found.filter(pk__in=set(known.values()))}
    pages: dict[str, Page] = {}
    fresh: list[_Fresh] = []
    page: Page | None
    for each in remembered:
        keys = {known[state.origin] for state in each.track.states if state.origin in known}
        # A page that was renamed here is still the same; its first state says so.
        page = next((by_pk[pk] for pk in keys if pk in by_pk), None)
        if page is None and each.draft.path.lower() in there:
            page = there[each.draft.path.lower()]
            _already_here(page, each, report)
        elif page is None:
            page = _create(each, people, report, fresh)
        else:
            _go_on(page, each, known, people, report, fresh)
        pages[each.draft.path] = page
    _store_fresh(fresh, people)
    return pages


def _create(
    each: Remembered, people: Mapping[authors.Identity, ImportedAuthor], report: Report, fresh: list[_Fresh]
) -> Page:
    draft, track = each.draft, each.track
    states = list(states_in_order(track))
    page = editing.begin(draft.path, now=states[0].at, trashed_at=track.gone_at)
    fresh.append(_Fresh(page, draft, list(_revisions(page, draft, states, people)), track.ways))
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
    fresh: list[_Fresh],
) -> None:
    """Add what the repository got since the last import, unless somebody has worked on the page here."""
    states = list(states_in_order(each.track))
    last = max(at for at, state in enumerate(states) if state.origin in known)
    new = states[last + 1 :]
    head = page.head
    is_ours = head is not None and head.origin in known
    if new and not is_ours:
        report.unchanged += 1
        report.drop(
            each.draft.file,
            0,
            f"Edited here since the last import; {len(new)} newer versions of the repository were not taken over.",
        )
        return
    ways = [way for way in each.track.ways if way.turn > states[last].turn] if is_ours else []
    if new or ways:
        fresh.append(_Fresh(page, each.draft, list(_revisions(page, each.draft, new, people)), ways))
    report.revisions += len(new)
    has_changed = bool(new)
    if is_ours and bool(each.track.gone_at) != bool(page.trashed_at):
        page.trashed_at = each.track.gone_at
        page.save(update_fields=["trashed_at"])
        has_changed = True
    report.updated += has_changed
    report.unchanged += not has_changed


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


def _revisions(
    page: Page,
    draft: Draft,
    states: Iterable[State],
    people: Mapping[authors.Identity, ImportedAuthor],
) -> Iterator[tuple[int, Revision]]:
    """The states as revisions after the newest, unsaved."""
    number, before = (page.head.number, page.text) if page.head else (0, "")
    quiet = Report()  # only what the newest text lost is worth a line, and reading it has told
    for state in states:
        text = _text(state, draft, quiet)
        author = people.get(state.author)
        added, removed = diffs.size(before, text)
        yield (
            state.turn,
            Revision(
                page=page,
                number=number + 1,
                base_number=state.base if state.base is not None and state.base <= number else number,
                text=text,
                summary=state.summary,
                source=state.source or Revision.Source.IMPORT,
                author=author.user if author else None,
                author_name=author.name if author else "",
                imported_author=author,
                origin=state.origin,
                at=state.at,
                added=added,
                removed=removed,
            ),
        )
        number, before = number + 1, text


def _store_fresh(fresh: list[_Fresh], people: Mapping[authors.Identity, ImportedAuthor]) -> None:
    """Versions in the order of their commits, whichever page they are of, so that an export has them in it again."""
    told = sorted((pair for each in fresh for pair in each.revisions), key=lambda pair: pair[0])
    Revision.objects.bulk_create([revision for _, revision in told], batch_size=200)
    _store_ways(fresh, people)
    for each in fresh:
        if each.revisions:
            each.page.head = each.revisions[-1][1]
            each.page.content_at = each.page.head.at
            editing.keep_in_step(each.page, each.draft.held, learns_words=False)


def _store_ways(fresh: list[_Fresh], people: Mapping[authors.Identity, ImportedAuthor]) -> None:
    ways = sorted(((way, each.page) for each in fresh for way in each.ways), key=lambda pair: pair[0].turn)
    known = set(
        Passage.objects.filter(origin__in=[way.origin for way, _ in ways]).values_list("origin", flat=True)
    )
    rows = []
    for way, page in ways:
        before, after = (allowed_path(name) if name else "" for name in (way.before, way.after))
        author = people.get(way.author)
        if way.origin not in known and before != after:
            rows.append(
                Passage(
                    page=page,
                    before=before,
                    after=after,
                    summary=way.summary,
                    by=author.user if author else None,
                    imported_author=author,
                    origin=way.origin,
                    at=way.at,
                )
            )
    Passage.objects.bulk_create(rows, batch_size=200)


def moves_of(remembered: Iterable[Remembered]) -> list[tuple[str, str]]:
    """(old path, new path) of every page that is there and was renamed in its history."""
    return [
        (old, each.draft.path)
        for each in remembered
        if each.track.gone_at is None
        for old in map(allowed_path, each.track.earlier)
        if old.lower() != each.draft.path.lower()
    ]
