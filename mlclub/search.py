"""Full text search in PostgreSQL, the same way for every app.

A model gets one stored column and its index; whoever searches passes a queryset that is already limited to what the
person may see:

    class Event(models.Model):
        search = search_column(A=["title"], C=["description"], names=["title"])

        class Meta:
            indexes = [GinIndex(fields=["search"], name="event_search")]

    rows = rank(Event.objects.visible_to(user), query, body_field="description", limit=10)
    [Hit(kind="Event", title=row.title, url=row.get_absolute_url(), headline=row.headline, rank=row.rank) for row in rows]

All columns named must be text columns of the row itself. The app's first migration must create its table after
("members", "0003_extensions") only if it uses `pg_trgm`; full text needs no extension.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.contrib.postgres.search import (
    CombinedSearchVector,
    SearchHeadline,
    SearchQuery,
    SearchRank,
    SearchVector,
    SearchVectorField,
)
from django.db import models
from django.db.models import Case, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Least, Left
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

LONGEST_QUERY = 200
#: How many matches are ranked at all; ranking every match of a common word costs more than the search itself.
CANDIDATES = 300
#: How much of a text is looked through for the excerpt.
EXCERPT_FROM = 8_000

# Private-use characters stand where the marks will be, so that the text can be escaped in between.
_START, _STOP = "\ue0f0", "\ue0f1"
_MARKED = re.compile(f"{_START}([^{_START}{_STOP}]*){_STOP}")

Row = TypeVar("Row", bound=models.Model)


# ── Columns ──


def search_vector(
    *,
    A: Sequence[str] = (),
    B: Sequence[str] = (),
    C: Sequence[str] = (),
    D: Sequence[str] = (),
    names: Sequence[str] = (),
) -> SearchVector | CombinedSearchVector:
    """The weighted text of some columns in English; `names` (titles, people, places) are kept unstemmed as well."""
    parts = [
        SearchVector(column, weight=weight, config="english")
        for weight, columns in (("A", A), ("B", B), ("C", C), ("D", D))
        for column in columns
    ]
    parts += [SearchVector(column, weight="A", config="simple") for column in names]
    whole: Any = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


def search_column(
    *,
    A: Sequence[str] = (),
    B: Sequence[str] = (),
    C: Sequence[str] = (),
    D: Sequence[str] = (),
    names: Sequence[str] = (),
) -> models.GeneratedField:
    """A column that PostgreSQL keeps in step with the text columns it is made of. Index it with a GinIndex."""
    return models.GeneratedField(
        expression=search_vector(A=A, B=B, C=C, D=D, names=names),
        output_field=SearchVectorField(),
        db_persist=True,
        editable=False,
    )


# ── Queries ──


def normalised(query: str) -> str:
    """What a person typed, on one line, without control characters and not endlessly long."""
    query = unicodedata.normalize("NFKC", query[: LONGEST_QUERY * 2])
    query = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in query)
    return " ".join(query.split())[:LONGEST_QUERY].strip()


def words(query: str) -> list[str]:
    """The words of a query, in lower case."""
    return re.findall(r"[^\W_]+", query.lower())


def joined(text: str) -> str:
    """Words that hold signs, as one word each: `GPT-4` is gpt4, `C++` is cplusplus. Others are left out."""
    found = []
    for word in (part.strip("\"'“”‘’.,;:!?()[]") for part in text.lower().split()):
        if word[:1].isalnum() and re.search(r"[^\w\s]", word):
            found.append(re.sub(r"[\W_]", "", word.replace("+", "plus").replace("#", "sharp")))
    return " ".join(found)


def every_word(query: str) -> Any:
    """All words must be there; quotes, `or` and `-` mean what they mean to a web search."""
    asked = SearchQuery(query, config="english", search_type="websearch") | SearchQuery(
        query, config="simple", search_type="websearch"
    )
    if joined(query):
        asked = asked | SearchQuery(joined(query), config="simple", search_type="plain")
    return asked


def any_word(query: str) -> Any:
    """One word is enough."""
    text = " or ".join(words(query)) or query
    return SearchQuery(text, config="english", search_type="websearch") | SearchQuery(
        text, config="simple", search_type="websearch"
    )


def rank(
    queryset: QuerySet[Any],
    query: str,
    *,
    vector_field: str = "search",
    title_field: str = "title",
    body_field: str | None = None,
    names_field: str | None = None,
    weight: Any = None,
    newest_by: str = "",
    limit: int = 10,
) -> list[Any]:
    """The best matches of `query`, each with `.rank` (0 to 1) and `.headline` (safe HTML with <mark>).

    Rows with all words come first; only where there is none, rows with some of them. One query, or two. A table of
    many thousand rows has a second column of names alone (`names_field`), so that of all that match a common word
    those that are called by it are surely among the few hundred that get ranked. `weight`, an expression from 0 to 1,
    lowers what is past; of rows that fit equally well the one with the latest `newest_by` comes first.
    """
    query = normalised(query)
    if not words(query):
        return []
    columns = (vector_field, names_field, title_field, body_field)
    order = ["-rank", *([f"-{newest_by}"] if newest_by else []), title_field, "pk"]
    rows = _ranked(queryset, query, every_word(query), columns, weight, order, limit)
    if not rows and len(words(query)) > 1:
        rows = _ranked(queryset, query, any_word(query), columns, weight, order, limit)
        for row in rows:
            row.rank *= 0.5
    return rows


def _ranked(
    queryset: QuerySet[Row],
    query: str,
    tsquery: Any,
    columns: tuple[str, str | None, str, str | None],
    weight: Any,
    order: Sequence[str],
    limit: int,
) -> list[Row]:
    vector_field, names_field, title_field, body_field = columns
    candidates = queryset.filter(**{vector_field: tsquery}).order_by().values("pk")[:CANDIDATES]
    if names_field:
        called = queryset.filter(**{names_field: tsquery}).order_by().values("pk")[: CANDIDATES // 2]
        candidates = called.union(candidates)
    fit = score(query, tsquery, vector_field=vector_field, title_field=title_field)
    ranked = queryset.filter(pk__in=candidates).annotate(rank=fit if weight is None else fit * weight)
    if body_field:
        ranked = ranked.annotate(marked=excerpt(tsquery, body_field))
    rows: list[Any] = list(ranked.order_by(*order)[:limit])
    for row in rows:
        row.headline = marked(getattr(row, "marked", ""))
    return rows


def score(query: str, tsquery: Any, *, vector_field: str = "search", title_field: str = "title") -> Any:
    """An expression from 0 to 1: how well the text fits, and better when the title begins with the query."""
    return Least(
        SearchRank(F(vector_field), tsquery, normalization=Value(1)) * Value(0.6)
        + Case(
            When(**{f"{title_field}__iexact": query}, then=Value(0.5)),
            When(**{f"{title_field}__istartswith": query}, then=Value(0.3)),
            When(Q(**{f"{title_field}__icontains": query}), then=Value(0.15)),
            default=Value(0.0),
            output_field=FloatField(),
        ),
        Value(1.0),
        output_field=FloatField(),
    )


# ── Excerpts ──


def excerpt(tsquery: Any, body_field: str) -> Any:
    """An expression for the words around the matches, for `marked`. PostgreSQL makes it only for the rows shown."""
    return SearchHeadline(
        Left(body_field, EXCERPT_FROM),
        tsquery,
        config="english",
        start_sel=_START,
        stop_sel=_STOP,
        max_words=28,
        min_words=12,
        max_fragments=2,
        fragment_delimiter=" … ",
    )


def marked(text: str) -> SafeString:
    """An excerpt as safe HTML: escaped first, then the marks put in. PostgreSQL's own marks are not safe."""
    html = _MARKED.sub(r"<mark>\1</mark>", str(escape(text or "")))
    return mark_safe(html.replace(_START, "").replace(_STOP, ""))


def highlighted(text: str, query: str) -> SafeString:
    """A short text, such as a title, with the words of the query marked."""
    found = words(query)
    if not found:
        return marked(text)
    pattern = "|".join(sorted(map(re.escape, found), key=len, reverse=True))
    clean = text.replace(_START, "").replace(_STOP, "")
    return marked(re.sub(rf"(?i)\b({pattern})\b", rf"{_START}\1{_STOP}", clean))


# ── Typing errors ──


def corrected(query: str, vocabulary: QuerySet[Any], *, field: str = "word", uses: str = "uses") -> str:
    """The query with every unknown word replaced by the most alike known one; empty when nothing changes.

    `vocabulary` has a row for each known word, with a trigram index on `field` and how often it is used. Two queries.
    """
    typed = [word for word in words(normalised(query)) if len(word) > 2]
    if not typed:
        return ""
    known = set(vocabulary.filter(**{f"{field}__in": typed}).values_list(field, flat=True))
    unknown = [word for word in dict.fromkeys(typed) if word not in known][:8]
    if not unknown:
        return ""
    instead = _alike(unknown, vocabulary, field, uses)
    changed = re.sub(r"[^\W_]+", lambda match: instead.get(match[0].lower(), match[0]), normalised(query))
    return changed if changed.lower() != normalised(query).lower() else ""


def _alike(unknown: Iterable[str], vocabulary: QuerySet[Any], field: str, uses: str) -> dict[str, str]:
    from django.db import connections

    table, column, count = (
        vocabulary.model._meta.db_table,
        vocabulary.model._meta.get_field(field).column,
        vocabulary.model._meta.get_field(uses).column,
    )
    with connections[vocabulary.db].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT typed.word, best.word FROM unnest(%s::text[]) AS typed(word) CROSS JOIN LATERAL (
                SELECT "{column}" AS word, similarity("{column}", typed.word) AS alike, "{count}" AS uses
                FROM "{table}"
                WHERE "{column}" %% typed.word AND abs(length("{column}") - length(typed.word)) <= 3
                ORDER BY alike DESC, uses DESC LIMIT 12
            ) AS best ORDER BY best.alike DESC, best.uses DESC
            """,  # noqa: S608  the names come from the model
            [list(unknown)],
        )
        found: dict[str, list[str]] = {}
        for typed, word in cursor.fetchall():
            found.setdefault(typed, []).append(word)
    return {typed: min(near, key=lambda word: _distance(typed, word)) for typed, near in found.items()}


def _distance(left: str, right: str) -> int:
    """How many letters must be changed, added, left out or swapped to turn one word into the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(right, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
