"""Searching the library."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from mlclub.gather import Hit
from mlclub.search import corrected, rank
from wiki.models import Page, Paper, ReadingList, Word


def search(query: str, user: Any, limit: int = 10) -> list[Hit]:
    """The pages that `user` may see and that fit `query` best."""
    rows = rank(
        Page.objects.visible_to(user).defer("headings", "aliases", "plain_text", "search", "names_search"),
        query,
        body_field="plain_text",
        names_field="names_search",
        limit=limit,
    )
    return [
        Hit(
            kind="Wiki",
            title=page.title,
            url=reverse("wiki:page_detail", args=[page.path]),
            headline=page.headline,
            rank=page.rank,
            meta=(page.folder.replace("/", " › "),) if page.folder else (),
        )
        for page in rows
    ]


def papers_and_lists(query: str, user: Any, limit: int = 10) -> list[Hit]:
    """Papers, for readers of the library, and the reading lists that `user` may see."""
    found = [
        Hit(
            kind="Reading list",
            title=row.title,
            url=row.get_absolute_url(),
            headline=row.headline,
            rank=row.rank,
        )
        for row in rank(
            ReadingList.objects.visible_to(user).defer("search"), query, body_field="description", limit=limit
        )
    ]
    if not user.is_authenticated or not user.standing.reads_members_area:
        return found
    rows = rank(
        Paper.objects.defer("search", "bibtex"),
        query,
        body_field="abstract",
        newest_by="created_at",
        limit=limit,
    )
    return found + [
        Hit(
            kind="Paper",
            title=row.title,
            url=row.get_absolute_url(),
            headline=row.headline if "<mark>" in row.headline else "",
            rank=row.rank,
            meta=tuple(filter(None, [row.label if row.authors_text else "", row.venue])),
        )
        for row in rows
    ]


def suggestion(query: str, user: Any) -> str:
    """What was probably meant, for "Showing results for …"; empty when every word is known.

    Only for readers of the library: the words of members' pages are not a stranger's.
    """
    if not user.is_authenticated or not user.standing.reads_members_area:
        return ""
    return corrected(query, Word.objects.all())
