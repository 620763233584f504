import json
import os
import subprocess
import sys

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse

from mlclub.supervisor.engines import free_port
from mlclub.supervisor.state import ROOT

pytestmark = pytest.mark.django_db


def test_alive_is_one_word_without_a_database_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(reverse("health_live"))

    assert (answer.status_code, answer.content) == (200, b"alive\n")


def test_the_database_the_migrations_and_redis_are_each_named(client):
    parts = client.get(reverse("health_ready")).json()["parts"]

    assert {name: parts[name]["ok"] for name in ("database", "migrations", "redis")} == {
        "database": True,
        "migrations": True,
        "redis": True,
    }


def test_a_redis_that_is_down_is_named_and_nothing_else_is_blamed(client, settings):
    before = client.get(reverse("health_ready")).json()["red"]
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    answer = client.get(reverse("health_ready"))

    assert answer.status_code == 503
    assert sorted(answer.json()["red"]) == sorted([*before, "redis"])
    assert answer.json()["parts"]["redis"] == {"ok": False, "detail": "does not answer"}


def test_a_migration_that_was_not_applied_is_named(client):
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()

    answer = client.get(reverse("health_ready"))

    assert answer.status_code == 503
    assert answer.json()["parts"]["migrations"] == {
        "ok": False,
        "detail": "not applied: sessions 0001_initial",
    }


@pytest.mark.parametrize("name", ["health_live", "health_ready"])
def test_health_is_only_read(client, name):
    assert client.post(reverse(name)).status_code == 405


def test_without_a_database_the_portal_is_alive_and_says_what_is_missing():
    ask = (
        "import django, json; django.setup(); from django.test import Client; client = Client();"
        "live, ready = client.get('/healthz/live/'), client.get('/healthz/ready/');"
        "print(json.dumps([live.status_code, ready.status_code, ready.json()['red']]))"
    )
    nowhere = {"DATABASE_URL": f"postgres://club:none@127.0.0.1:{free_port()}/club"}
    mode = {"DEMO": "1", "PRODUCTION": "0", "DJANGO_SETTINGS_MODULE": "mlclub.settings"}
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ask],
        cwd=ROOT,
        env=os.environ | nowhere | mode,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    live, ready, red = json.loads(said.stdout.splitlines()[-1])
    assert (live, ready) == (200, 503)
    assert {"database", "migrations"} <= set(red)
    assert "redis" not in red
