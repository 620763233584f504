"""What can be found, and how all of it is asked at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Case, F, FloatField, IntegerField, JSONField, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, JSONObject, Left

from mlclub.gather import Hit
from mlclub.search import text

#: How many matches of a source are ranked at all; ranking every match of a common word costs more than the search.
CANDIDATES = 200
#: So many rows that have the words of a phrase are looked through for the phrase; their texts must be opened for it.
IN_A_PHRASE = 2_000
#: How well at least something fits that was found by a row beside it, such as an event by its talk.
BESIDE = 0.3
#: So many characters of a text are shown where no word of it was asked for.
BEGINNING_OF_TEXT = 200


@dataclass(frozen=True, kw_only=True)
class Source:
    """One kind of thing that can be found. `rows` are those that the person may see, and nothing else is looked at.

    `facts` are what `hit` needs, by name: columns, also of rows that a key leads to, or expressions; they arrive as
    JSON (a moment is text). `hit` gets them with `pk`, and gives a Hit without rank and headline; a headline that it
    gives stands where no excerpt has a mark.
    """

    kind: str
    rows: QuerySet[Any]
    hit: Callable[[dict[str, Any]], Hit]
    facts: dict[str, Any] = field(default_factory=dict)
    title: str = "title"
    body: str = ""
    vector: str = "search"
    # A table of many thousand rows has a second vector of names alone, so that of all that match a common word those
    # that are called by it are surely among the few hundred that get ranked.
    names: str = ""
    # From 0 to 1: lowers what is past.
    weight: Any = None
    # Of rows that fit equally well the latest comes first.
    newest_by: str = ""
    # Rows found by another table: a condition with the words asked for.
    beside: Callable[[Any], Q] | None = None
    # What also has a number that may be typed instead of words: the condition for it, or none for any other query.
    known_by: Callable[[str], Q | None] | None = None
    # So many of its kind stand among what is close in meaning, where other kinds do as well.
    most_close: int = 2
    # What has no vector: those of the rows that hold all the words, with how well they fit as `fit`.
    matching: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None
    # The rows of a term; what has none is left out where somebody asks for one.
    in_term: Callable[[QuerySet[Any], Any], QuerySet[Any]] | None = None

    def of_term(self, term: Any) -> QuerySet[Any] | None:
        """The rows of a term, all of them without one; None where these have no term."""
        if term is None:
            return self.rows
        return self.in_term(self.rows, term) if self.in_term is not None else None


Row = tuple[Source, Any, Hit]

#: How the words are to be there.
EVERY, ANY, BEGINNING = text.every_word, text.any_word, text.beginning


class Found:
    """What was found, best first, each thing once."""

    def __init__(self, query: str, tsquery: Any, rows: Sequence[Row]) -> None:
        self._query, self._tsquery = query, tsquery
        self._rows = {hit.url: (source, key) for source, key, hit in rows}
        self.hits = [hit for _, _, hit in rows]

    def with_excerpts(self, hits: Sequence[Hit]) -> list[Hit]:
        """Some of them, each with the words around the matches as its headline. One query."""
        keys: dict[int, tuple[Source, list[Any]]] = {}
        for hit in hits:
            source, key = self._rows[hit.url]
            if source.body:
                keys.setdefault(id(source), (source, []))[1].append(key)
        branches = [
            source.rows.model._default_manager.filter(pk__in=found)
            .annotate(
                found_source=Value(number, IntegerField()),
                found_words=text.excerpt(self._query, self._tsquery, source.body),
            )
            .order_by()
            .values_list("found_source", "pk", "found_words")
            for number, (source, found) in enumerate(keys.values())
        ]
        numbers = {of: number for number, of in enumerate(keys)}
        excerpts = {(number, key): words for number, key, words in _all_of(branches)}
        shown = []
        for hit in hits:
            source, key = self._rows[hit.url]
            headline = text.marked(excerpts.get((numbers.get(id(source), -1), key), ""))
            use = "<mark>" in headline or (headline and not hit.headline)
            shown.append(replace(hit, headline=headline) if use else hit)
        return shown


def look(
    sources: Iterable[Source], query: str, *, limit: int, how: Callable[[str], Any] = EVERY, term: Any = None
) -> Found:
    """What fits `query`, at most `limit` from each source, with ranks from 0 to 1. One query for all sources."""
    query = text.normalised(query)
    tsquery = how(query)
    asked = list(sources) if text.words(text.wanted(query)) else []
    branches = [
        branch
        for number, source in enumerate(asked)
        if (branch := _branch(number, source, query, tsquery, how, term, limit)) is not None
    ]
    rows = [
        (asked[number], key, replace(asked[number].hit({**facts, "pk": key}), rank=float(fit)))
        for number, key, fit, facts in _all_of(branches)
    ]
    rows.sort(key=lambda row: -row[2].rank)
    return Found(query, tsquery, _once(rows))


def close_by(
    sources: Iterable[Source],
    closeness: Mapping[str, Mapping[int, float]],
    *,
    limit: int,
    term: Any = None,
    besides: Iterable[str] = (),
) -> list[Hit]:
    """Those of some rows, told by table (`wiki.page`) and key, that stand in the sources: the closest first, with the
    beginning of their text, each name of a kind once, few of a kind, and none of the addresses `besides`. One query."""
    asked = list(sources)
    branches = []
    for number, source in enumerate(asked):
        keys = closeness.get(source.rows.model._meta.label_lower)
        rows = source.of_term(term)
        if not keys or rows is None:
            continue
        branches.append(
            source.rows.model._default_manager.filter(
                pk__in=rows.filter(pk__in=list(keys)).order_by().values("pk")
            )
            .annotate(
                found_source=Value(number, IntegerField()),
                found_facts=_facts(source),
                found_words=Left(source.body, BEGINNING_OF_TEXT + 1) if source.body else Value(""),
            )
            .order_by(*_newest(source), source.title, "pk")
            .values_list("found_source", "pk", "found_facts", "found_words")
        )
    found = []
    for number, key, facts, words in _all_of(branches):
        hit = asked[number].hit({**facts, "pk": key})
        rank = closeness[asked[number].rows.model._meta.label_lower][key]
        found.append(
            (
                asked[number],
                key,
                replace(hit, rank=rank, headline=hit.headline or text.beginning_of(words, BEGINNING_OF_TEXT)),
            )
        )
    found.sort(key=lambda row: -row[2].rank)
    passed, named, kept = set(besides), set(), []
    of_kind: Counter[str] = Counter()
    for source, _, hit in _once(found):
        most = source.most_close if len(asked) > 1 else limit
        if hit.url not in passed and (hit.kind, hit.title) not in named and of_kind[hit.kind] < most:
            named.add((hit.kind, hit.title))
            of_kind[hit.kind] += 1
            kept.append(hit)
    return kept[:limit]


def _all_of(branches: Sequence[Any]) -> Iterable[Any]:
    """The rows of several queries in one."""
    if not branches:
        return []
    return branches[0].union(*branches[1:], all=True) if len(branches) > 1 else branches[0]


def _branch(
    number: int,
    source: Source,
    query: str,
    tsquery: Any,
    how: Callable[[str], Any],
    term: Any,
    limit: int,
) -> Any:
    """The best rows of one source as (number of the source, key, fit, facts)."""
    rows = source.of_term(term)
    if rows is None:
        return None
    whole = rows.model._default_manager.all()
    if source.matching is not None:
        if how is ANY:
            return None
        ranked = source.matching(rows, " ".join(text.words(text.wanted(query))))
    else:
        known = source.known_by(query) if source.known_by is not None else None
        candidates = _candidates(source, rows, tsquery, how, known)
        if candidates is None:
            return None
        ranked = whole.filter(pk__in=candidates).annotate(fit=_fit(source, query, tsquery, known))
    return (
        ranked.annotate(
            # Names that no model has a field of.
            found_source=Value(number, IntegerField()),
            found_fit=F("fit"),
            found_facts=_facts(source),
        )
        .order_by("-fit", *_newest(source), source.title, "pk")
        .values_list("found_source", "pk", "found_fit", "found_facts")[:limit]
    )


def _facts(source: Source) -> Any:
    return JSONObject(**source.facts) if source.facts else Value({}, JSONField())


def _newest(source: Source) -> list[Any]:
    return [F(source.newest_by).desc(nulls_last=True)] if source.newest_by else []


def _candidates(
    source: Source, rows: QuerySet[Any], tsquery: Any, how: Callable[[str], Any], known: Q | None
) -> RawSQL | None:
    """The keys of the rows to be ranked, as a subquery.

    Each part is a materialised table of its own: told that two hundred rows are enough, PostgreSQL would read rows one
    by one until as many fit, and each costs it more than it believes. So it asks the index, and still stops early.
    """
    keys = rows.order_by().values("pk")
    parts = [(keys.filter(**{source.vector: tsquery.loose or tsquery}), CANDIDATES)]
    if source.names:
        parts.append((keys.filter(**{source.names: tsquery}), CANDIDATES // 2))
    if source.beside is not None and how is not ANY:
        parts.append((keys.filter(source.beside(tsquery)), CANDIDATES // 2))
    if known is not None:
        parts.append((keys.filter(known), 1))
    tables: list[str] = []
    chosen: list[str] = []
    params: list[Any] = []
    for number, (part, most) in enumerate(parts):
        try:
            sql, its = part.query.sql_with_params()
        except EmptyResultSet:  # nothing of this kind is for this person
            return None
        tables.append(f"part{number}(pk) AS MATERIALIZED ({sql})")
        chosen.append(f"(SELECT pk FROM part{number} LIMIT {most})")  # noqa: S608
        params += its
    if tsquery.loose:
        meta = rows.model._meta
        vector = meta.get_field(source.vector).column
        # "OFFSET 0", or every row of the table would be opened for the phrase before the few are chosen.
        chosen[0] = (
            f'(SELECT pk FROM (SELECT "{meta.pk.column}" AS pk, "{vector}" @@ {tsquery.sql} AS fits '  # noqa: S608
            f'FROM "{meta.db_table}" WHERE "{meta.pk.column}" IN (SELECT pk FROM part0 LIMIT {IN_A_PHRASE}) OFFSET 0) '
            f"AS looked_at WHERE fits LIMIT {CANDIDATES})"
        )
        params += tsquery.params
    return RawSQL(f"WITH {', '.join(tables)} {' UNION '.join(chosen)}", params)  # noqa: S611  all of it is Django's own


def _fit(source: Source, query: str, tsquery: Any, known: Q | None) -> Any:
    fit: Any = text.Score(source.vector, source.title, text.wanted(query), tsquery)
    if source.beside is not None:
        fit = Greatest(fit, Value(BESIDE), output_field=FloatField())
    if known is not None:
        is_it = Case(When(known, then=1.0), default=0.0, output_field=FloatField())
        fit = Greatest(fit, is_it, output_field=FloatField())
    return fit if source.weight is None else fit * source.weight


def _once(rows: Sequence[Row]) -> list[Row]:
    """Each thing once: a class is an event too, and its row stands for that of the event, as high as the higher one."""
    best: dict[str, float] = {}
    for _, _, hit in rows:
        best[hit.url] = max(best.get(hit.url, 0.0), hit.rank)
    told = {hit.instead_of for _, _, hit in rows if hit.instead_of}
    kept: dict[str, Row] = {}
    for source, key, hit in rows:
        if hit.url in told or hit.url in kept:
            continue
        kept[hit.url] = (source, key, replace(hit, rank=max(hit.rank, best.get(hit.instead_of, 0.0))))
    return sorted(kept.values(), key=lambda row: -row[2].rank)
