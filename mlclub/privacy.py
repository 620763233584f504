"""What happens to each table's personal data when its person asks for a copy or for erasure.

Every model says so in a class attribute `personal_data`; a test walks `apps.get_models()` and fails on one
that says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Erase(StrEnum):
    DELETE = "delete"
    ANONYMISE = "anonymise"
    KEEP = "keep"


@dataclass(frozen=True)
class Policy:
    """`owners` are the lookups from a row to its person, e.g. `("person",)` or `("submission__author",)`.

    On erasure the row is deleted, or its `blank` fields are emptied and its keys to the person stay on the
    pseudonym that the account becomes, or it is kept for the reason in `why`.
    """

    owners: tuple[str, ...] = ()
    on_erase: Erase = Erase.KEEP
    blank: dict[str, object] = field(default_factory=dict)
    is_exported: bool = True
    why: str = ""


NOT_PERSONAL = Policy(is_exported=False, why="Holds nothing about a person.")
