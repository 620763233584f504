"""Emptying a demo database."""

from __future__ import annotations

from django.apps import apps
from django.core.cache import cache
from django.db import connection

APPS = [
    "members",
    "wiki",
    "events",
    "projects",
    "nmep",
    "account",
    "mfa",
    "usersessions",
    "socialaccount",
    "sessions",
]


def wipe() -> None:
    """Empty every table of the club's apps at once. The caller has made sure that this is a demo."""
    tables = [
        connection.ops.quote_name(model._meta.db_table)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in APPS
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
    cache.clear()
