import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse

from mlclub.supervisor.engines import free_port

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
