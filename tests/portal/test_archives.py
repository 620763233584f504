"""A backup brings the same club back, in a place where it never was."""

import io
import os
import subprocess
import sys
import tarfile

import psycopg2
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from mlclub.search import meaning
from mlclub.supervisor.state import ROOT
from tests.factories.members import make_club, make_member
from tests.factories.wiki import make_page
from wiki import meanings

FRESH = "mlclub_fresh"
HELD = {"mail_held_at", "mail_hold_reason"}


def fingerprint(open_connection):
    """Every table with a digest of all of its rows, but for the hold and its trace in the audit trail."""
    with open_connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*), md5(string_agg(row, ',' ORDER BY row)) FROM "
                f'(SELECT (to_jsonb(t) - %s::text[])::text AS row FROM "{table}" t) rows',
                [list(HELD)],
            )
            found[table] = cursor.fetchone()
    del found["members_auditentry"]
    return found


@pytest.fixture
def fresh_database(transactional_db):
    """The address of an empty database on the same server."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {FRESH} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {FRESH}")
    told = connection.settings_dict
    yield f"postgres://{told['USER']}:{told['PASSWORD']}@{told['HOST']}:{told['PORT']}/{FRESH}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {FRESH} WITH (FORCE)")


def manage(*arguments, database_url, media):
    env = os.environ | {
        "DATABASE_URL": database_url,
        "MEDIA_ROOT": str(media),
        "DEMO": "1",
        "PRODUCTION": "0",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def write(root, files):
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def read(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_same_club_is_found_in_a_fresh_place_and_its_mail_waits(fresh_database, tmp_path, settings):
    make_club()
    for _ in range(3):
        make_member()
    files = {"avatars/ü b.png": b"\x89PNG", "submissions/1/hw.ipynb": b"{}" * 5000}
    write(settings.MEDIA_ROOT, files)
    archive, elsewhere = tmp_path / "club.tar.gz", tmp_path / "elsewhere" / "media"
    write(elsewhere, {"left.txt": b"of another club"})

    call_command("backup", archive)
    restored = manage("restore", archive, database_url=fresh_database, media=elsewhere)

    assert restored.returncode == 0, restored.stderr
    with psycopg2.connect(fresh_database) as theirs:
        assert fingerprint(theirs) == fingerprint(connection)
        with theirs.cursor() as cursor:
            cursor.execute("SELECT mail_held_at IS NOT NULL, mail_hold_reason FROM members_club")
            assert cursor.fetchall() == [(True, "restore")]
    theirs.close()
    assert read(elsewhere) == files
    assert archive.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not meaning.is_installed(), reason="the extra “meaning” is not installed")
def test_a_club_that_searches_by_meaning_goes_to_a_server_without_the_extension(
    fresh_database, tmp_path, settings
):
    make_club()
    make_page(path="Handbook/Booking a room", text="Reserve it at the desk.\n")
    meanings.keep()
    archive = tmp_path / "club.tar.gz"
    try:
        call_command("backup", archive)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP EXTENSION vector CASCADE")
    done = manage("restore", archive, database_url=fresh_database, media=tmp_path / "there")
    assert done.returncode == 0, done.stderr
    theirs = psycopg2.connect(fresh_database)
    with theirs, theirs.cursor() as cursor:
        cursor.execute("SELECT count(*), max(cardinality(vector)) FROM wiki_meaning")
        assert cursor.fetchone() == (1, meaning.DIMENSIONS)
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")
        assert cursor.fetchone() == (0,), "it is made again where it is asked for"
    theirs.close()


@pytest.mark.django_db(transaction=True)
def test_restoring_twice_over_a_living_club_takes_it_back(tmp_path, settings):
    club = make_club(name="Before")
    write(settings.MEDIA_ROOT, {"kept.txt": b"1"})
    archive = tmp_path / "club.tar.gz"
    call_command("backup", archive)
    before = fingerprint(connection)
    club.name = "After"
    club.save()
    make_member()
    write(settings.MEDIA_ROOT, {"kept.txt": b"2", "new/file": b"3"})

    for _ in range(2):
        call_command("restore", archive, yes=True)
        assert fingerprint(connection) == before
        assert read(settings.MEDIA_ROOT) == {"kept.txt": b"1"}


def broken(path, kind):
    """A good archive made bad in one way."""
    if kind == "cut short":
        path.write_bytes(path.read_bytes()[:2000])
    elif kind == "no archive":
        path.write_bytes(b"club")
    else:
        with tarfile.open(path) as archive:
            entries = [(entry, archive.extractfile(entry).read()) for entry in archive if entry.isfile()]
        with tarfile.open(path, "w:gz") as archive:
            for entry, content in entries:
                if kind == "another database" and entry.name == "database.dump":
                    content = content + b"x"
                    entry.size += 1
                if kind == "outside" and entry.name.startswith("media/"):
                    entry.name = "media/../../outside.txt"
                archive.addfile(entry, io.BytesIO(content))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["cut short", "no archive", "another database", "outside"])
def test_a_bad_archive_changes_nothing(tmp_path, settings, kind):
    make_club(name="Before")
    write(settings.MEDIA_ROOT, {"kept.txt": b"1"})
    archive = tmp_path / "club.tar.gz"
    call_command("backup", archive)
    broken(archive, kind)
    make_club(name="Now")
    before = fingerprint(connection)

    with pytest.raises(CommandError, match=r"Nothing was changed\.$"):
        call_command("restore", archive, yes=True)

    assert fingerprint(connection) == before
    assert read(settings.MEDIA_ROOT) == {"kept.txt": b"1"}
    assert not list(tmp_path.rglob("outside.txt"))


@pytest.mark.django_db(transaction=True)
def test_a_backup_without_a_name_lies_beside_the_media_and_none_is_left_half_written(settings, capsys):
    make_club()

    call_command("backup")

    folder = settings.MEDIA_ROOT.parent / "backups"
    assert [path.name.startswith("club-") and path.name.endswith(".tar.gz") for path in folder.iterdir()] == [
        True
    ]
