from __future__ import annotations

from itertools import count

from django.utils import timezone

from wiki import editing, suggesting
from wiki.models import Page, Paper, Revision

number = count(1)


def make_page(*, path=None, text="Some words about it.\n", author=None, at=None, **fields):
    """A page with one revision, written by `author`; further fields are set on its row."""
    page = editing.create(
        path=path or f"Basics/Page {next(number)}", text=text, author=author, now=at or timezone.now()
    )
    if fields:
        Page.objects.filter(pk=page.pk).update(**fields)
        page.refresh_from_db()
    return page


def make_revision(*, page, text, author=None, at=None, summary=""):
    """The next revision of a page."""
    page.refresh_from_db()
    base = Revision.objects.filter(page=page).order_by("-number").first().number
    return editing.save(
        page, text, base=base, author=author, now=at or timezone.now(), summary=summary
    ).revision


def make_paper(*, title="Attention", authors_text="Ada Quill and Bo Marsh", **fields):
    return Paper.objects.create(title=title, authors_text=authors_text, **fields)


def make_suggestion(*, page, author, text=None, summary="", at=None):
    """What `author` would like a page to say; a sentence more than it does, unless given."""
    page.refresh_from_db()
    return suggesting.suggest(
        page,
        text or f"{page.text}\nOne more sentence.\n",
        base=page.head.number,
        author=author,
        now=at or timezone.now(),
        summary=summary,
    )
