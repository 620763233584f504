"""What the clock has apps do: one chore after the other, and a mistake in one keeps none of the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection

logger = logging.getLogger(__name__)


def do(now: datetime, *chores: Callable[[datetime], Any]) -> int:
    """Do each as of `now`; what goes wrong is logged. Returns how many went wrong.

    A chore commits by itself: none holds the locks of another.
    """
    failed = 0
    for chore in chores:
        try:
            chore(now)
        except Exception:
            failed += 1
            logger.exception("A chore went wrong: %s", name_of(chore))
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
    return failed


def name_of(chore: Callable[[datetime], Any]) -> str:
    chore = getattr(chore, "func", chore)
    return f"{chore.__module__}.{getattr(chore, '__qualname__', chore)}"
