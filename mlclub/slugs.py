"""Addresses made of names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.text import slugify


def free(name: str, rows: Any, *, otherwise: str, besides: Iterable[str] = ()) -> str:
    """A slug of at most 70 letters and a number for `name` that none of `rows` has: "reading", then "reading-2".

    `otherwise` is for a name without a Latin letter or a digit, `besides` what is taken without a row.
    """
    base = slugify(name)[:70] or otherwise
    taken = {*rows.filter(slug__startswith=base).values_list("slug", flat=True), *besides}
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
