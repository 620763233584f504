"""A copy of a row for another term."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db import models

from members.models import User

Row = TypeVar("Row", bound=models.Model)
#: Old key → new key, for each kind of row that was copied.
Maps = dict[type[models.Model], dict[int, int]]


def fresh(
    row: Row, maps: Mapping[type[models.Model], Mapping[int, int]], *, leave: Sequence[str] = (), **given: Any
) -> Row:
    """An unsaved copy of a row for the new term.

    References to rows of the old term lead to their copies. Moments and people are facts of the old term: they stay
    behind, and so does every column named in `leave`.
    """
    values: dict[str, Any] = {}
    for column in row._meta.concrete_fields:
        if column.primary_key or column.generated or column.name in leave:
            continue
        if isinstance(column, models.DateTimeField):
            continue
        value = getattr(row, column.attname)
        if isinstance(column, models.ForeignKey):
            target = column.related_model
            if target is User:
                continue
            if target in maps:
                value = maps[target].get(value)
        values[column.attname] = value
    copy = type(row)(**values)
    for name, value in given.items():
        setattr(copy, name, value)
    return copy
