from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from nmep.models import Offering


def is_archived(obj: Any) -> bool:
    """Whether a row is, or belongs to, an offering of the archive."""
    offering = obj if isinstance(obj, Offering) else getattr(obj, "offering", None)
    return offering is not None and offering.state == Offering.State.ARCHIVED


class ReadOnlyOnceArchived:
    """What belongs to an archived offering is shown and not changed: an officer reopens the term first."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not is_archived(obj) and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not is_archived(obj) and super().has_delete_permission(request, obj)  # type: ignore[misc]


class InlineReadOnlyOnceArchived(ReadOnlyOnceArchived):
    """The same for rows on an offering's page, where nothing is added either."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not is_archived(obj) and super().has_add_permission(request, obj)  # type: ignore[misc]
