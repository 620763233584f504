"""Columns, queries and excerpts of PostgreSQL's full text search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.search import (
    CombinedSearchVector,
    SearchHeadline,
    SearchQuery,
    SearchQueryField,
    SearchVector,
    SearchVectorField,
)
from django.db import models
from django.db.models import F, FloatField, Func, IntegerField, TextField, Value
from django.db.models.functions import Coalesce, Greatest, Least, Lower, NullIf, Substr
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

LONGEST_QUERY = 200
#: An excerpt is looked for in so many characters, from a little before the first word that was asked for.
EXCERPT_FROM = 1_600
EXCERPT_BEFORE = 120

# Private-use characters stand where the marks will be, so that the text can be escaped in between.
_START, _STOP = "\ue0f0", "\ue0f1"
_MARKED = re.compile(f"{_START}([^{_START}{_STOP}]*){_STOP}")
#: `-word` and `-"some words"`: what must not be there.
_UNWANTED = re.compile(r'(?:^|\s)-("[^"]*"|[^\s"]+)')

#: What PostgreSQL leaves out of English texts; names keep these words.
_SMALL = frozenset(
    re.findall(
        r"\w+",
        """
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her
    hers herself it its itself they them their theirs themselves what which who whom this that these
    those am is are was were be been being have has had having do does did doing a an the and but if or
    because as until while of at by for with about against between into through during before after
    above below to from up down in out on off over under again further then once here there when where
    why how all any both each few more most other some such no nor not only own same so than too very s
    t can will just don should now
        """,
    )
)


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


def wanted(query: str) -> str:
    """A query without what must not be there."""
    return " ".join(_UNWANTED.sub(" ", query).split())


def joined(text: str) -> str:
    """Words that hold signs, as one word each: `GPT-4` is gpt4, `C++` is cplusplus. Others are left out."""
    found = []
    for word in (part.strip("\"'“”‘’.,;:!?()[]") for part in text.lower().split()):
        if word[:1].isalnum() and re.search(r"[^\w\s]", word):
            found.append(re.sub(r"[\W_]", "", word.replace("+", "plus").replace("#", "sharp")))
    return " ".join(found)


class Asked(SearchQuery):
    """A tsquery. The parts are known, so it is written down as SQL at once: a search has it in dozens of places, and
    to work out a tree of Django's own queries in each of them takes longer than to find something."""

    def __init__(self, sql: str, params: Sequence[str]) -> None:
        Func.__init__(self, output_field=SearchQueryField())
        self.sql, self.params = sql, tuple(params)
        self.invert = False  # asked for when Django shows it
        # Where words must stand beside each other: the same without that, which an index answers by itself.
        self.loose: Asked | None = None

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Asked:
        return self

    def as_sql(self, *args: Any, **extra: Any) -> Any:
        return self.sql, list(self.params)

    def either(self, other: Asked) -> Asked:
        return Asked(f"({self.sql} || {other.sql})", (*self.params, *other.params))

    def both(self, other: Asked) -> Asked:
        return Asked(f"({self.sql} && {other.sql})", (*self.params, *other.params))

    def denied(self) -> Asked:
        return Asked(f"(!!{self.sql})", self.params)


def _tsquery(function: str, config: str, query: str) -> Asked:
    return Asked(f"{function}('{config}'::regconfig, %s)", (query,))


def every_word(query: str) -> Asked:
    """All words must be there; quotes, `or` and `-` mean what they mean to a web search."""
    asked = wanted(query)
    found = _without(_every(asked), query)
    if '"' in asked or joined(asked):
        found.loose = _every(" ".join(re.findall(r"[^\W_]+", asked)))
        if joined(asked):
            found.loose = found.loose.either(_tsquery("plainto_tsquery", "simple", joined(asked)))
    return found


def _every(asked: str) -> Asked:
    found = _in_both("websearch_to_tsquery", asked)
    return found.either(_tsquery("plainto_tsquery", "simple", joined(asked))) if joined(asked) else found


def any_word(query: str) -> Asked:
    """One word is enough, but none that stands in every sentence: names hold those too."""
    asked = wanted(query)
    large = [word for word in words(asked) if word not in _SMALL] or words(asked)
    return _without(_in_both("websearch_to_tsquery", " or ".join(large) or asked), query)


def beginning(query: str) -> Asked:
    """All words must be there, and of the last one the beginning: for somebody who is still typing."""
    *whole, last = words(wanted(query)) or [""]
    found = _in_both("to_tsquery", " & ".join([*(f"'{word}'" for word in whole), f"'{last}':*"]))
    if joined(query):
        found = found.either(_tsquery("to_tsquery", "simple", f"'{joined(query).split()[-1]}':*"))
    return found


def _in_both(function: str, query: str) -> Asked:
    return _tsquery(function, "english", query).either(_tsquery(function, "simple", query))


def _without(found: Asked, query: str) -> Asked:
    """Denied in both languages, or what one knows only as a stem would slip through the other."""
    for phrase in _UNWANTED.findall(query):
        for config in ("english", "simple"):
            if words(phrase):
                found = found.both(_tsquery("phraseto_tsquery", config, phrase.strip('"')).denied())
    return found


class Score(Func):
    """From 0 to 1: how well the text fits, and better when the title begins with the query."""

    output_field = FloatField()

    def __init__(self, vector: str, title: str, query: str, asked: Asked) -> None:
        super().__init__(F(vector), F(title))
        self.query, self.asked = query, asked

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        vector, title = (compiler.compile(part)[0] for part in self.get_source_expressions())
        like = connection.ops.prep_for_like_query(self.query)
        sql = (
            f"least(ts_rank({vector}, {self.asked.sql}, 1) * 0.6 + CASE WHEN lower({title}) = lower(%s) THEN 0.5"
            f" WHEN {title} ILIKE %s THEN 0.3 WHEN {title} ILIKE %s THEN 0.15 ELSE 0 END, 1)::float8"
        )
        return sql, [*self.asked.params, self.query, f"{like}%", f"%{like}%"]


# ── Excerpts ──


def excerpt(query: str, tsquery: Any, body_field: str) -> Any:
    """An expression for the words around the matches, for `marked`. Only the part around the first one is read."""
    return SearchHeadline(
        _around(query, body_field),
        tsquery,
        config="english",
        start_sel=_START,
        stop_sel=_STOP,
        max_words=28,
        min_words=12,
        max_fragments=2,
        fragment_delimiter=" … ",
    )


def _around(query: str, body_field: str) -> Any:
    """The text from a little before the first of the words, found by their beginnings as their endings change."""
    starts = [
        NullIf(
            Func(Lower(body_field), Value(_stem(word)), function="strpos", output_field=IntegerField()),
            Value(0),
        )
        for word in list(dict.fromkeys(words(wanted(query))))[:6]
        if len(word) > 2
    ]
    if not starts:
        return Substr(body_field, 1, EXCERPT_FROM)
    first = Least(*starts, output_field=IntegerField()) if len(starts) > 1 else starts[0]
    return Substr(
        body_field,
        Greatest(Coalesce(first, Value(1)) - EXCERPT_BEFORE, Value(1)),
        EXCERPT_FROM,
        output_field=TextField(),
    )


def _stem(word: str) -> str:
    return word if len(word) < 5 else word[: max(4, len(word) - 3)]


def marked(text: str) -> SafeString:
    """An excerpt as safe HTML: escaped first, then the marks put in. PostgreSQL's own marks are not safe."""
    html = _MARKED.sub(r"<mark>\1</mark>", str(escape(text or "")))
    return mark_safe(html.replace(_START, "").replace(_STOP, ""))


def beginning_of(text: str, longest: int) -> SafeString:
    """The first words of a text as safe HTML, in so many characters."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return marked(text)
    return marked(f"{text[:longest].rpartition(' ')[0] or text[:longest]} …")


def highlighted(text: str, query: str) -> SafeString:
    """A short text, such as a title, with the words of the query marked."""
    found = words(query)
    if not found:
        return marked(text)
    pattern = "|".join(sorted(map(re.escape, found), key=len, reverse=True))
    clean = text.replace(_START, "").replace(_STOP, "")
    return marked(re.sub(rf"(?i)\b({pattern})\b", rf"{_START}\1{_STOP}", clean))
