"""What PostgreSQL's planner knows of the tables."""

from __future__ import annotations

from django.db import connection


def look_again() -> None:
    """Let the planner look at tables that have been filled at once, as it does by itself some minutes later.

    Does nothing inside a transaction: ANALYZE leaves its counts behind when the rest is rolled back, and plans for
    rows that never came, or for tables that only looked empty, go on for minutes.
    """
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
