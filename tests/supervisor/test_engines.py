"""The embedded servers: anywhere, closed to others, and with the data of the last time."""

import stat
from pathlib import Path

import psycopg2
import pytest
import redis

from mlclub.supervisor import engines
from mlclub.supervisor.children import LINUX, Family


@pytest.fixture
def ours(monkeypatch):
    """As on a machine where nothing is configured: the tests' own servers are not meant."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")


@pytest.fixture
def family(tmp_path, ours):
    folder = tmp_path / ("Übungen und Prüfungen " * 8)[:180]
    folder.mkdir()
    family = Family(folder)
    yield family
    family.stop()


def test_both_start_in_a_long_path_with_spaces_and_other_letters_and_keep_their_data(family):
    first = engines.start(family)
    with psycopg2.connect(first.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE note (text text)")
        cursor.execute("INSERT INTO note VALUES ('kept')")
    connection.close()
    redis.Redis.from_url(first.redis_url).set("note", "kept")
    family.stop()

    second = engines.start(family)
    connection = psycopg2.connect(second.database_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, version() ~ '^PostgreSQL 1[89]' FROM note")
        kept = cursor.fetchall()
        cursor.execute("SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'mlclub'")
        locale = cursor.fetchone()
    connection.close()

    assert kept == [("kept", True)]
    assert locale == ("b", "C.UTF-8")
    assert redis.Redis.from_url(second.redis_url).get("note") == b"kept"


def test_nobody_else_on_the_machine_gets_in(family):
    started = engines.start(family, lasting=False)
    word = (family.folder / "engines.secret").read_text()

    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(started.database_url.replace(word, "guess"))
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis.from_url(started.redis_url.replace(word, "guess")).ping()
    assert stat.S_IMODE((family.folder / "engines.secret").stat().st_mode) == 0o600
    if LINUX:
        shown = [Path(f"/proc/{child.process.pid}/cmdline").read_bytes() for child in family.children]
        assert len(shown) == 2
        assert not any(word.encode() in line for line in shown)


def test_a_cluster_that_was_never_finished_is_made_anew(family):
    half = family.folder / "postgres"
    half.mkdir()
    (half / "base").write_text("torn")

    started = engines.start(family, lasting=False)

    psycopg2.connect(started.database_url).close()


def test_configured_servers_are_used_and_none_started(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/club")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    family = Family(tmp_path)

    assert engines.start(family) == engines.Engines("postgres://elsewhere/club", "redis://elsewhere/0")
    assert family.children == []


def test_a_server_that_cannot_start_shows_its_own_words(tmp_path):
    family = Family(tmp_path)

    with pytest.raises(engines.CannotStart, match="no ink"):
        engines.start_until_ready(
            family,
            lambda port: family.start("postgres", ["/bin/sh", "-c", "sleep 0.05; echo no ink; exit 1"]),
            lambda port: False,
        )
