"""Pages that another process begins: what a talk or a project leaves, with what is known of it already in the text."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import IntegrityError, transaction

from members.models import User
from wiki import editing, paths
from wiki.models import Page


def name_of(title: str) -> str:
    """A title as the last part of a page's path: without the signs that a path cannot hold."""
    name = " ".join(re.sub(r"[\x00-\x1f\x7f#\[\]|<>\\/\ue000-\uf8ff]", " ", title).split())[:120].strip()
    return name if name and name not in {".", "..", paths.SEPARATOR} else "Untitled"


def as_text(words: str) -> str:
    """What somebody typed in a line of its own, so that it stands there as text."""
    return "".join(
        f"\\{letter}" if letter in "\\`*_[]<>#$@|" else letter for letter in " ".join(words.split())
    )


def begin(folder: str, title: str, text: str, *, by: User, now: datetime) -> Page:
    """The page `folder/title` with this text, looked after by whoever began it; one that is there already is taken as it
    is. Where that name lies in the trash, the page gets the next free one."""
    name = name_of(title)
    for number in range(1, 50):
        path = f"{folder}/{name}" if number == 1 else f"{folder}/{name} ({number})"
        there = editing.page_at(path)
        if there is not None and there.trashed_at is None:
            return there
        if there is not None:
            continue
        try:
            with transaction.atomic():
                return editing.create(
                    path=path, text=editing.as_written(text), author=by, now=now, summary="First version"
                )
        except (editing.PathTaken, IntegrityError):
            continue
    raise RuntimeError(f"No free name for {folder}/{name}")  # pragma: no cover
