"""Rows that people put in an order by hand, kept in their column `position`."""

from __future__ import annotations

from typing import Any


def shift(rows: list[Any], pk: int, *, up: bool, first: int = 0) -> bool:
    """Put the row with this key one place further up or down among `rows`, which are all of them in their order, and
    number them from `first`. False where it is not among them; at the end of the list its place stays.

    The caller holds what the rows belong to, so that two who order it at once wait for each other.
    """
    here = next((at for at, row in enumerate(rows) if row.pk == pk), None)
    if here is None:
        return False
    there = here - 1 if up else here + 1
    if 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
    for position, row in enumerate(rows, start=first):
        row.position = position
    type(rows[0])._default_manager.bulk_update(rows, ["position"])
    return True
