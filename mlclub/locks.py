"""Locks of PostgreSQL that are called by a name, for what no row stands for yet."""

from __future__ import annotations

from django.db import connection


def hold(name: str) -> None:
    """Until the transaction ends, whoever asks for the same name waits. Triggers may take the same lock by
    `pg_advisory_xact_lock(hashtext(name))`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
