"""Search by meaning: which texts say the same as a query in other words. An extra; without it nothing is missing.

It is on where the operator asked for it (`MEANING=1`), the extra `meaning` is installed, PostgreSQL has the extension
`vector`, and every text has its vector: `keep` makes the index last, and the index is what searches look for. The table
itself is an ordinary one, so that it is there on every database and leaves with every backup.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, F, OuterRef, TextField, Value
from django.db.models.functions import MD5, Cast, Concat, Substr

from mlclub import gather
from mlclub.gather import Hit
from mlclub.search import Source, close_by, meaning, words
from wiki.models import Meaning

logger = logging.getLogger(__name__)

INDEX = "wiki_meaning_near"
#: How often somebody looks whether texts have changed.
EVERY = timedelta(minutes=5)
#: So many texts are read and kept at once.
A_BATCH = 200
#: A task of the clock stops after so many seconds; the next one goes on where it was.
A_TURN = 200
#: The index is asked for so many of the nearest, of which those are shown that the reader may see.
NEAREST = 200
#: Less close than this, a question and a text have as much in common as any two; one word alone says less.
CLOSE, CLOSE_TO_A_WORD = 0.18, 0.25

_AS_VECTOR = f"vector::vector({meaning.DIMENSIONS})"
_LOOKED, _READY, _TOLD = "wiki:meanings-looked", "wiki:meanings-ready", "wiki:meanings-told"


# ── Whether it is there ──


def is_asked_for() -> bool:
    """Whether the operator wants it and this process could do it. Asks no database."""
    return bool(settings.MEANING) and meaning.is_installed()


def is_on() -> bool:
    """Whether it answers now. The database is asked once a minute."""
    if not is_asked_for():
        return False
    ready = cache.get(_READY)
    if ready is None:
        ready = has_index()
        cache.set(_READY, ready, 60)
    return bool(ready)


def has_index() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [INDEX])
        return bool(cursor.fetchone()[0])


def what_is_missing() -> list[str]:
    """What has to be done before it is on, in words; nothing where it is on."""
    missing = []
    if not settings.MEANING:
        missing.append("MEANING=1 is not set.")
    if not meaning.is_installed():
        missing.append("The extra is not installed: uv sync --extra meaning.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT installed_version FROM pg_available_extensions WHERE name = 'vector'")
        row = cursor.fetchone()
    if row is None:
        missing.append("This PostgreSQL has no extension “vector” (pgvector).")
    elif not has_index():
        missing.append("Not every text has its vector yet.")
    return missing


# ── Keeping vectors ──


def is_due(now: datetime) -> bool:
    """Whether somebody should look for texts that have changed; at most one asker in five minutes is told so."""
    return is_asked_for() and bool(cache.add(_LOOKED, now.isoformat(), int(EVERY.total_seconds())))


def keep(*, seconds: float | None = None, told: Callable[[str, int], None] | None = None) -> tuple[int, bool]:
    """Make the vectors of all texts that are new or have changed, then the index where there is none.

    How many were made, and whether that is all: with `seconds` it stops then, and what was made stays. A second run
    makes none. Two at once do the same work twice and harm nothing. Raises DatabaseError where the extension cannot
    be had.
    """
    _have_extension()
    until = time.monotonic() + seconds if seconds else None
    made = 0
    for subject in gather.flat("subjects"):
        label = subject.model._meta.label_lower
        for count in _batches(subject, label):
            made += count
            if told:
                told(label, made)
            if until and time.monotonic() > until:
                return made, False
        Meaning.objects.filter(subject=label).exclude(
            Exists(subject.model._default_manager.filter(pk=OuterRef("key")))
        ).delete()
    _have_index()
    return made, True


def _have_extension() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")


@transaction.atomic
def _have_index() -> None:
    """Made when the rows are there: to add them to it one by one takes many times as long."""
    if has_index():
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(
            f"CREATE INDEX IF NOT EXISTS {INDEX} ON wiki_meaning USING hnsw (({_AS_VECTOR}) vector_cosine_ops)"
        )
    cache.delete(_READY)


def _batches(subject: meaning.Subject, label: str) -> Iterable[int]:
    """Keep what has changed of one table, some rows at a time; how many each time."""

    def joined(*pieces: str | F | Cast) -> Any:
        ends = [Value(piece, TextField()) if isinstance(piece, str) else piece for piece in pieces]
        return Concat(*ends, output_field=TextField())

    def column(name: str) -> Cast:
        return Cast(F(name), TextField())

    body = joined("", *(piece for name in subject.body for piece in (column(name), "\n")))
    rows = (
        subject.model._default_manager.order_by("pk")
        .annotate(called=column(subject.title), said=Substr(body, 1, meaning.READ))
        .annotate(digest=MD5(joined(f"{meaning.VERSION}\n", F("called"), "\n", F("said"))))
        .filter(~Exists(Meaning.objects.filter(subject=label, key=OuterRef("pk"), digest=OuterRef("digest"))))
    )
    last = 0
    while found := list(rows.filter(pk__gt=last).values_list("pk", "called", "said", "digest")[:A_BATCH]):
        Meaning.objects.bulk_create(
            [
                Meaning(subject=label, key=pk, digest=digest, vector=meaning.vector_of(called, said))
                for pk, called, said, digest in found
            ],
            update_conflicts=True,
            unique_fields=["subject", "key"],
            update_fields=["digest", "vector"],
        )
        last = found[-1][0]
        yield len(found)


def catch_up() -> bool:
    """What the task does. False when there is more to do; where it cannot be done, an hour's silence and a line in the
    log."""
    try:
        _, is_all = keep(seconds=A_TURN)
    except DatabaseError as problem:
        if cache.add(_TOLD, "1", 3600):
            logger.warning("Search by meaning stays off: %s", problem)
        return True
    return is_all


# ── Finding ──


def close_to(
    query: str, sources: Sequence[Source], *, limit: int, term: Any = None, besides: Iterable[str] = ()
) -> list[Hit]:
    """What says the same as `query`, the closest first, of the rows of `sources` and nothing else.

    Of things of one name the first, and none of the addresses `besides`. Empty where it is off.
    """
    if not is_on():
        return []
    asked = meaning.vector_of(query)
    if not any(asked):
        return []
    by_label = {subject.model._meta.label_lower: subject.model for subject in gather.flat("subjects")}
    least = CLOSE if len(words(query)) > 1 else CLOSE_TO_A_WORD
    there = [source for source in sources if source.rows.model._meta.label_lower in by_label]
    nearest = _nearest(asked, least)
    found = close_by(there, nearest, limit=limit, term=term, besides=besides)
    if len(found) < limit and sum(map(len, nearest.values())) == NEAREST:
        # Hidden from this reader, or of another term: then all that they may see is compared, without the index.
        found = close_by(
            there, _nearest(asked, least, of=there, term=term), limit=limit, term=term, besides=besides
        )
    return found


def _nearest(
    asked: Sequence[float], least: float, *, of: Sequence[Source] = (), term: Any = None
) -> dict[str, dict[int, float]]:
    """How close the closest rows are, by table and key: by the index, or among the rows `of` some sources."""
    vector = "[" + ",".join(f"{number:.6f}" for number in asked) + "]"
    only, params = "", []
    if of:
        conditions = []
        for source in of:
            if (rows := source.of_term(term)) is None:
                continue
            try:
                sql, its = rows.order_by().values("pk").query.sql_with_params()
            except EmptyResultSet:  # nothing of this kind is for this person
                continue
            conditions.append(f"(subject = %s AND key IN ({sql}))")
            params += [source.rows.model._meta.label_lower, *its]
        if not conditions:
            return {}
        only = f"WHERE {' OR '.join(conditions)}"
    with connection.cursor() as cursor:
        # Two statements in one message are one transaction: the index is asked for as many as are wanted, this once.
        cursor.execute(
            f"SET LOCAL hnsw.ef_search = {NEAREST}; "  # noqa: S608  all names are our own
            f"SELECT subject, key, 1 - distance FROM (SELECT subject, key, {_AS_VECTOR} <=> %s::vector AS distance "
            f"FROM wiki_meaning {only} ORDER BY {_AS_VECTOR} <=> %s::vector LIMIT {NEAREST}) AS near "
            "WHERE distance <= %s",
            [vector, *params, vector, 1 - least],
        )
        found: dict[str, dict[int, float]] = {}
        for label, key, closeness in cursor.fetchall():
            found.setdefault(label, {})[key] = closeness
    return found
