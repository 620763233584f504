"""What came of saving a text that several people may write at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from wiki.models import PostRevision, Revision

AnyRevision = TypeVar("AnyRevision", Revision, PostRevision)


@dataclass(frozen=True)
class Saved(Generic[AnyRevision]):
    """The revision that holds the text; `is_new` is False when it was there already. `merged_with` are the revisions
    of others that came meanwhile and stand in it too."""

    revision: AnyRevision
    is_new: bool
    merged_with: tuple[AnyRevision, ...] = ()
