"""One thing to look for in an offering, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet
from django.urls import reverse

from nmep.models import Offering


@dataclass(frozen=True)
class Need:
    """One thing that needs somebody: how many, what, and the page that mends it."""

    key: str
    count: int
    title: str
    url: str
    action: str
    icon: str
    detail: str = ""


@dataclass(frozen=True)
class Rule:
    """One thing to look for. `rows` is a column of an offering, `read` makes of it what there is to name.

    `page` is where it is mended; it is given the offering's slug and what the rows name.
    """

    key: str
    one: str
    many: str
    action: str
    icon: str
    rows: Callable[[datetime], Any]
    page: Callable[[str, Sequence[Any]], str]
    read: Callable[[Offering, Any, datetime], Sequence[Any]] = lambda offering, value, now: value
    named: Callable[[Any], str] = lambda row: ""


def to(name: str) -> Callable[[str, Sequence[Any]], str]:
    return lambda slug, rows: reverse(f"nmep:{name}", args=[slug])


def itself(row: Any) -> str:
    return str(row)


def keys(rows: QuerySet[Any], column: str = "pk") -> ArraySubquery:
    return ArraySubquery(rows.order_by().values(column))
