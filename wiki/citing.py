"""Which page cites which paper, by what key; and the keys that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Lower

from members.audit import record
from mlclub.refusal import Refused
from wiki.models import BibEntry, Citing, OtherKey, Page, Paper, Post
from wiki.models.papers import KEY


def papers_for(keys: Collection[str], bibliography: str = "") -> dict[str, Paper]:
    """{key as asked: paper}. The page's own bibliography goes first, then the papers' own keys, then keys that papers
    had before, then other bibliographies; three queries."""
    asked = {key.lower() for key in keys}
    plain = ("paper__search", "paper__abstract", "paper__bibtex")
    found: dict[str, Paper] = {}
    own: dict[str, Paper] = {}
    for entry in (
        BibEntry.objects.annotate(lower=Lower("key"))
        .filter(lower__in=asked)
        .select_related("paper")
        .defer(*plain)
        .order_by("bibliography", "pk")
    ):
        found[entry.key.lower()] = entry.paper
        if bibliography and entry.bibliography.casefold() == bibliography:
            own[entry.key.lower()] = entry.paper
    others = OtherKey.objects.annotate(lower=Lower("key")).filter(lower__in=asked)
    for other in others.select_related("paper").defer(*plain):
        found[other.key.lower()] = other.paper
    rows = Paper.objects.annotate(lower=Lower("key")).filter(lower__in=asked).exclude(key="")
    for paper in rows.defer("search", "abstract", "bibtex"):
        found[paper.key.lower()] = paper
    found |= own
    return {key: found[key.lower()] for key in dict.fromkeys(keys) if key.lower() in found}


def keep(page: Page, cited: Sequence[tuple[str, bool]], bibliography: str) -> None:
    """Store what the text of a page cites: (key, whether it is meant as a citation even if nobody knows it)."""
    meant = {key: is_meant for key, is_meant in cited if len(key) <= 400}
    known = papers_for(meant, bibliography) if meant else {}
    rows = [
        Citing(page=page, key=key, paper=known.get(key))
        for key, is_meant in meant.items()
        if is_meant or key in known
    ]
    page.citings.exclude(key__in=[row.key for row in rows]).delete()
    Citing.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["page", "key"], update_fields=["paper"]
    )


def settle(keys: Iterable[str] | None = None) -> int:
    """Look up again what was cited by keys that nobody knew, all of them or these; how many are known now."""
    rows = Citing.objects.filter(paper=None).annotate(lower=Lower("key"))
    if keys is not None:
        rows = rows.filter(lower__in=[key.lower() for key in keys])
    waiting = list(rows)
    known = papers_for({row.key for row in waiting}) if waiting else {}
    settled = [row for row in waiting if row.key in known]
    for row in settled:
        row.paper = known[row.key]
    Citing.objects.bulk_update(settled, ["paper"], batch_size=500)
    return len(settled)


@transaction.atomic
def ask_again(key: str, *, was: Paper) -> None:
    """Pages that cite `was` by this key look it up anew; what nobody knows any more is wanted."""
    Citing.objects.filter(key__iexact=key, paper=was).update(paper=None)
    settle([key])


def pages_citing(paper: Paper, user: Any) -> Any:
    """The pages that cite a paper and that `user` may see."""
    return (
        Page.objects.visible_to(user)
        .filter(citings__paper=paper)
        .distinct()
        .order_by("path")
        .only("path", "title")
    )


def posts_citing(paper: Paper, user: Any) -> Any:
    """The posts that cite a paper and that `user` may see."""
    return Post.objects.visible_to(user).filter(papers=paper).order_by("-published_at")


def wanted(user: Any) -> Any:
    """Keys that pages cite and nobody knows, the most asked for first: rows with `key` and `times`."""
    return (
        Citing.objects.filter(paper=None, page__in=Page.objects.visible_to(user))
        .order_by()
        .values("key")
        .annotate(times=Count("page", distinct=True))
        .order_by("-times", "key")
    )


@transaction.atomic
def rename(paper: Paper, key: str, *, by: Any, now: datetime) -> None:
    """Give a paper another key; the one it had goes on to mean it. Raises Refused."""
    key = key.strip().removeprefix("@")
    if not KEY.fullmatch(key):
        raise Refused(
            "A key holds letters, digits and - _ : . + / only, and begins and ends with a letter or digit."
        )
    locked = Paper.objects.select_for_update(no_key=True).get(pk=paper.pk)
    if locked.key == key:
        return
    if Paper.objects.exclude(pk=paper.pk).filter(key__iexact=key).exists():
        raise Refused("Another paper has this key.")
    if OtherKey.objects.filter(key__iexact=key).exclude(paper=paper).exists():
        raise Refused("Another paper had this key, and pages still cite it by that.")
    before, locked.key = locked.key, key
    OtherKey.objects.filter(key__iexact=key, paper=paper).delete()
    locked.save(update_fields=["key"])
    if before and before.lower() != key.lower():
        OtherKey.objects.create(key=before, paper=locked)
    record(by, "wiki.paper-key", locked, before=before, after=key)
    settle([key])
    paper.key = key


def completions(typed: str, *, limit: int = 8) -> list[Paper]:
    """The papers that somebody may mean who types `@typed`: by key first, then by short name, title or author."""
    words = re.sub(r"[^\w:.+/ -]", "", typed).strip()[:80]
    if not words:
        return []
    rows = Paper.objects.exclude(key="").defer("search", "abstract", "bibtex")
    found = list(rows.filter(key__istartswith=words).order_by("key")[:limit])
    for more in (
        {"short_name__istartswith": words},
        {"authors_text__icontains": words},
        {"title__icontains": words},
    ):
        if len(found) >= limit or len(words) < 2:
            break
        there = [paper.pk for paper in found]
        found += rows.filter(**more).exclude(pk__in=there).order_by("-year", "key")[: limit - len(found)]
    return found
