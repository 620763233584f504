"""Searching the library: its pages, posts, papers and reading lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils import timezone

from members import standing
from mlclub.gather import Hit
from mlclub.search import Source
from wiki import papers, paths
from wiki.models import Page, Paper, Post, ReadingList


def reads(user: Any) -> bool:
    return bool(user.is_authenticated and (user.standing.reads_members_area or user.is_superuser))


def findable(user: Any, now: datetime) -> list[Source]:
    """The pages, posts and reading lists that `user` may see, and for readers of the library its papers."""
    sources = [
        Source(
            kind="Wiki",
            rows=Page.objects.visible_to(user),
            body="plain_text",
            names="names_search",
            most_close=4,  # where most of what the club knows stands
            facts={"path": "path", "title": "title"},
            hit=_page,
            in_term=lambda rows, term: rows.filter(content_at__range=standing.moments_of(term)),
        ),
        Source(
            kind="Post",
            rows=Post.objects.visible_to(user),
            body="plain_text",
            newest_by="published_at",
            facts={name: name for name in ("title", "slug", "excerpt", "state", "published_at")},
            hit=_post,
            in_term=lambda rows, term: rows.filter(published_at__range=standing.moments_of(term)),
        ),
        Source(
            kind="Reading list",
            rows=ReadingList.objects.visible_to(user),
            body="description",
            facts={"slug": "slug", "title": "title"},
            hit=lambda row: Hit(
                kind="Reading list",
                title=row["title"],
                url=reverse("wiki:reading_list_detail", args=[row["slug"]]),
            ),
        ),
    ]
    if reads(user):
        sources.append(
            Source(
                kind="Paper",
                rows=Paper.objects.all(),
                body="abstract",
                newest_by="created_at",
                known_by=of_number,
                facts={name: name for name in ("title", "authors_text", "year", "venue")},
                hit=_paper,
            )
        )
    return sources


def of_number(query: str) -> Q | None:
    """The paper of an arXiv number, a DOI or an address, however they are written."""
    try:
        ((name, number),) = papers.known_by(query).items()
    except ValueError:
        return None
    if name == "url":
        return Q(url=number)
    return Q(Exact(Lower(name), number.lower())) & ~Q(**{name: ""})


def _page(row: dict[str, Any]) -> Hit:
    folder = paths.segments_of(row["path"])[0]
    return Hit(
        kind="Wiki",
        title=row["title"],
        url=reverse("wiki:page_detail", args=[row["path"]]),
        meta=(folder.replace("/", " › "),) if folder else (),
    )


def _post(row: dict[str, Any]) -> Hit:
    state = Post.State(row["state"])
    if state == Post.State.PUBLISHED and row["published_at"]:
        told = f"{timezone.localtime(datetime.fromisoformat(row['published_at'])):%-d %b %Y}"
    else:
        told = str(state.label)
    return Hit(
        kind="Post",
        title=row["title"],
        url=Post(slug=row["slug"]).get_absolute_url(),
        headline=row["excerpt"],
        meta=(told,),
    )


def _paper(row: dict[str, Any]) -> Hit:
    paper = Paper(pk=row["pk"], title=row["title"], authors_text=row["authors_text"], year=row["year"])
    return Hit(
        kind="Paper",
        title=paper.title,
        url=paper.get_absolute_url(),
        meta=tuple(filter(None, [paper.label if paper.authors_text else "", row["venue"]])),
    )
