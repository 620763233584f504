"""Numbers as somebody sent them."""

from __future__ import annotations

#: What a key of a row has at most: more does not fit into the database's column.
LONGEST = 18


def number(text: object) -> int:
    """The whole number that `text` is, written in digits; 0, which no row has as its key, for anything else."""
    said = str(text)
    return int(said) if said.isdecimal() and len(said) <= LONGEST else 0
