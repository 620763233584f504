"""What the house stands on."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection


def test_the_driver_is_psycopg2():
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    assert is_psycopg3 is False


@pytest.mark.django_db
def test_the_database_is_a_real_postgresql_of_fifteen_or_later():
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        assert int(cursor.fetchone()[0]) >= 150000


def test_every_model_says_what_happens_to_its_personal_data():
    silent = [
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in {"members", "wiki", "events", "projects", "nmep"}
        and not model.__name__.startswith("Historical")
        and not hasattr(model, "personal_data")
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY needs 40 random characters"),
        ("DEBUG", "1", "DEBUG must be off"),
        ("DEMO", "1", "DEMO must be off"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS must name the portal's host"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name the portal's host"),
        ("SITE_URL", "http://portal.club.example", "SITE_URL must begin with https://"),
        ("DATABASE_URL", "", "DATABASE_URL is missing"),
        ("REDIS_URL", "", "REDIS_URL is missing"),
    ],
)
def test_production_does_not_start_half_configured(name, value, sentence):
    env = {
        "PRODUCTION": "1",
        "SECRET_KEY": "x" * 50,
        "ALLOWED_HOSTS": "portal.club.example",
        "SITE_URL": "https://portal.club.example",
        "DATABASE_URL": "postgres://x@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    code = "import mlclub.settings"
    whole = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=settings.BASE_DIR, capture_output=True, text=True
    )
    assert whole.returncode == 0, whole.stderr
    broken = subprocess.run(
        [sys.executable, "-c", code],
        env={**env, name: value},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert broken.returncode != 0
    assert sentence in broken.stderr
