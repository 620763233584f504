"""What a page shows is kept in the cache under what it follows from, so that nobody has to say that it changed.

The database itself notes every change of the tables that a page is made of (`LibraryChange`, written by triggers). The sum of
those notes is asked before anything else of a page; whatever is then read is at least as new. So what is kept under a sum is
never older than the library was, and a change, whoever makes it and whatever of it is half done, leads to another sum.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString

from members import standing
from members.context import frame_mark
from members.models import Club
from mlclub.gather import flat
from mlclub.markdown import Heading, Rendered
from mlclub.release import RELEASE
from wiki import requiring, tree
from wiki.models import LibraryChange, Page, waiting_count
from wiki.models.pages import reads_everything
from wiki.rendering import sections, shown
from wiki.sections import with_edit_links

#: How many of the pages that lead here are named, and of the people who wrote counted.
NAMED, WRITERS = 12, 40
#: With more notes than this the clock makes one of them.
NOTES = 100
#: Sums begin again from zero here, so that a note always has room.
TURN = 2**62

_SUM = "SELECT mod(coalesce(sum(mark), 0), %s) FROM wiki_librarychange"
_FOLD = """
    WITH gone AS (DELETE FROM wiki_librarychange RETURNING mark)
    INSERT INTO wiki_librarychange (mark) SELECT mod(sum(mark), %s) FROM gone HAVING count(*) > 0
"""


def state_of_library() -> str:
    """Another one after every change of what pages show. Ask it first: what is read after it may be kept under it."""
    with connection.cursor() as cursor:
        cursor.execute(_SUM, [TURN])
        return str(cursor.fetchone()[0])


def fold() -> None:
    """Make one note of many; their sum, the state of the library, stays what it is."""
    if LibraryChange.objects.count() > NOTES:
        with connection.cursor() as cursor:
            cursor.execute(_FOLD, [TURN])


@dataclass(frozen=True)
class Rights:
    """What somebody may do with a page. Of what it shows, all that is kept follows from these, and none from who it is."""

    sees_all: bool
    suggests: bool
    reads: bool
    writes: bool
    decides: bool
    publishes: bool
    trashes: bool

    @classmethod
    def of(cls, user: Any, page: Page) -> Rights:
        """What `user` may do; an anonymous visitor sees what is for anyone."""
        if not user.is_authenticated:
            return cls(*[False] * 7)
        return cls(
            sees_all=reads_everything(user),
            suggests=True,
            reads=user.standing.reads_members_area or user.is_superuser,
            writes=user.standing.writes or user.is_superuser,
            decides=page.owner_id == user.pk or user.has_perm("wiki.change_page"),
            publishes=user.has_perm("wiki.publish_page"),
            trashes=user.has_perm("wiki.trash_page"),
        )


class Whole:
    """All that a page shows beside what is one visitor's own. Each part is asked for where it is not kept."""

    def __init__(self, found: Any, user: Any, state: str) -> None:
        """`found` has `requiring.known_by`; `state` was asked before it."""
        self.found, self.user = found, user
        self.rights = Rights.of(user, found)
        self.known = frozenset(found.known)
        self.is_known = found.pk in self.known
        self.ticks = sorted(self.known - {found.pk})
        club, today = Club.current(), standing.today()
        follows_from = (
            RELEASE,
            state,
            found.pk,
            astuple(self.rights),
            today,
            club.time_zone,
            club.tex_macros,
        )
        # How often it was opened, which the state leaves out, is told to those who decide about it.
        counted = found.seen if self.rights.decides else 0
        # Whoever works on a template wants to see it.
        self.key = secrets.token_hex() if settings.DEBUG else _hash((*follows_from, counted))

    def mark(self, request: HttpRequest) -> str | None:
        """The ETag of the page for its visitor, without rendering it; None where something of it may change unseen."""
        frame = frame_mark(request)
        if frame is None or settings.DEBUG or flat("panels", self.found, self.user):
            return None
        return f'"{_hash((frame, self.key, sorted(self.known)))}"'

    @cached_property
    def page(self) -> Any:
        """The page with its text and what says how it is kept. Raises Http404 where it has just gone."""
        return get_object_or_404(
            Page.objects.visible_to(self.user)
            .with_care(standing.today())
            .annotate(suggested=waiting_count(), is_in_question=requiring.is_in_question())
            .select_related("head", "owner")
            .defer("search", "names_search", "headings"),
            pk=self.found.pk,
        )

    @cached_property
    def rendered(self) -> Rendered:
        return shown(self.page.text, path=self.page.path, title=self.page.title)

    @property
    def html(self) -> SafeString:
        if not self.rights.writes:
            return self.rendered.html
        edit_url = reverse("wiki:page_edit", args=[self.page.path])
        return with_edit_links(self.rendered.html, self.rendered.toc, edit_url)

    @cached_property
    def sections(self) -> list[Heading]:
        return sections(self.rendered.toc)

    @property
    def folders(self) -> list[tuple[str, str]]:
        return tree.crumbs(self.page.path)

    @cached_property
    def tree(self) -> tree.Branch | None:
        return tree.around(Page.objects.visible_to(self.user), self.page.path)

    @cached_property
    def backlinks(self) -> list[Page]:
        rows = Page.objects.visible_to(self.user).filter(links__target=self.found.pk)
        return list(rows.exclude(pk=self.found.pk).order_by("path").only("path", "title")[:NAMED])

    @cached_property
    def beside(self) -> tuple[list[Any], list[Page]]:
        return requiring.beside(self.page, self.user)

    @property
    def before(self) -> list[Any]:
        for need in self.beside[0]:
            need.is_known = need.required_id in self.known
        return self.beside[0]

    @property
    def onward(self) -> list[Page]:
        return self.beside[1]

    @cached_property
    def writers(self) -> list[dict[str, Any]]:
        """Everybody who wrote the page, whoever wrote most first."""
        if not self.rights.reads:
            return []
        rows: Any = (
            self.page.revisions.order_by()
            .values("author", "author__name", "author__handle", "author_name")
            .annotate(times=Count("pk"), last=Max("at"))
            .order_by("-times", "-last")[:WRITERS]
        )
        return list(rows)


def _hash(of: object) -> str:
    return hashlib.sha256(repr(of).encode("utf-8", "surrogatepass")).hexdigest()
