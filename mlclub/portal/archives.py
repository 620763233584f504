"""A club in one file: the database and every uploaded file, taken down and put back as a whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command, get_commands
from django.db import connection, connections

from mlclub.supervisor.engines import postgres_program
from wiki.meanings import INDEX

FORMAT = 1
RESTORING = ".restoring"

# In the restoring transaction itself: a sender that is running must not see the old rows for a moment.
HOLD = """
DO $$ BEGIN
  UPDATE public.members_club SET mail_held_at = now(), mail_hold_reason = 'restore';
EXCEPTION WHEN undefined_table OR undefined_column THEN NULL;
END $$;
"""


class ArchiveError(Exception):
    """A sentence for the person at the console."""


@dataclass(frozen=True)
class Contents:
    """What an archive holds, or what was put back from it."""

    made_at: str
    rows: int
    files: int


def libpq_environment() -> dict[str, str]:
    """How pg_dump and psql find the database: by environment, since arguments are public."""
    told = connection.settings_dict
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return env | {variable: str(told[key]) for variable, key in names.items() if told[key]}


def run(command: list[str], stdin: IO[bytes] | None = None) -> bytes:
    """What the program wrote. Raises ArchiveError with its complaint."""
    try:
        done = subprocess.run(command, stdin=stdin, env=libpq_environment(), capture_output=True, check=False)
    except FileNotFoundError:
        raise ArchiveError(f"{command[0]} was not found: install PostgreSQL's client programs.") from None
    if done.returncode:
        raise ArchiveError(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace')[-800:]}")
    return done.stdout


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def count_rows() -> int:
    """The rows of all our tables together: enough to see that nothing is missing."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        total = 0
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            total += cursor.fetchone()[0]
    return total


def uploaded_files() -> list[Path]:
    root = Path(settings.MEDIA_ROOT)
    found = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if path.relative_to(root).parts[0] != RESTORING)


def default_path(now: datetime) -> Path:
    return Path(settings.MEDIA_ROOT).parent / "backups" / f"club-{now:%Y-%m-%d-%H%M%S}.tar.gz"


def back_up(path: Path, now: datetime) -> Contents:
    """Write the club into `path`. A half-written archive never bears that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".tmp")
    with tempfile.TemporaryDirectory(prefix="mlclub-backup-") as folder:
        dump = Path(folder) / "database.dump"
        run([postgres_program("pg_dump"), "--format=custom", "--no-owner", "--no-acl", f"--file={dump}"])
        files = uploaded_files()
        contents = Contents(
            made_at=now.astimezone(UTC).isoformat(timespec="seconds"), rows=count_rows(), files=len(files)
        )
        about = {"format": FORMAT, "database_sha256": sha256(dump), **vars(contents)}
        try:
            with (
                os.fdopen(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as raw,
                tarfile.open(fileobj=raw, mode="w:gz", compresslevel=5) as archive,
            ):
                manifest = json.dumps(about, indent=1).encode()
                entry = tarfile.TarInfo("manifest.json")
                entry.size = len(manifest)
                archive.addfile(entry, io.BytesIO(manifest))
                archive.add(dump, "database.dump")
                for file in files:
                    archive.add(
                        file, str(PurePosixPath("media", *file.relative_to(settings.MEDIA_ROOT).parts))
                    )
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
    return contents


def unpack(path: Path, folder: Path, media: Path) -> Contents:
    """Lay the archive out: the dump into `folder`, the files into `media`. Only plain files, only inside."""
    about: dict[str, str | int] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for entry in archive:
                parts = PurePosixPath(entry.name).parts
                content = archive.extractfile(entry) if entry.isfile() else None
                if content is None or ".." in parts or PurePosixPath(entry.name).is_absolute():
                    raise ArchiveError(
                        f"{path.name} holds something that no backup of ours holds: {entry.name}"
                    )
                if parts == ("manifest.json",):
                    about = json.load(content)
                    continue
                target = media.joinpath(*parts[1:]) if parts[0] == "media" else folder / parts[-1]
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, OSError, EOFError, json.JSONDecodeError) as problem:
        raise ArchiveError(f"{path} cannot be read as a backup: {problem}") from None
    dump = folder / "database.dump"
    if about.get("format") != FORMAT or not dump.exists():
        raise ArchiveError(f"{path.name} is not a backup that this version can read.")
    if sha256(dump) != about["database_sha256"]:
        raise ArchiveError(f"{path.name} is damaged: its database is not the one that was saved.")
    return Contents(made_at=str(about["made_at"]), rows=int(about["rows"]), files=int(about["files"]))


def replace_database(dump: Path, folder: Path) -> None:
    """In one transaction: either all of the old is gone and all of the new is there, or nothing happened."""
    script = folder / "database.sql"
    with script.open("w") as file:
        file.write("SET lock_timeout = '60s';\nDROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n")
    restored = folder / "restored.sql"
    wanted = folder / "wanted.list"
    listed = run([postgres_program("pg_restore"), "--list", str(dump)])
    wanted.write_text("\n".join(line for line in listed.decode().splitlines() if not _is_made_again(line)))
    run(
        [
            postgres_program("pg_restore"),
            "--no-owner",
            "--no-acl",
            f"--use-list={wanted}",
            f"--file={restored}",
            str(dump),
        ]
    )
    with script.open("ab") as file, restored.open("rb") as more:
        shutil.copyfileobj(more, file)
        file.write(HOLD.encode())
    connections.close_all()
    psql = [
        postgres_program("psql"),
        "--no-psqlrc",
        "--quiet",
        "--single-transaction",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    run([*psql, "-o", os.devnull, "-f", str(script)])


def _is_made_again(entry: str) -> bool:
    """Whether a line of the archive's contents is of the search by meaning: not every server has the extension, and
    where it is asked for, the clock makes both anew."""
    return any(
        part in entry for part in (" EXTENSION - vector", " - EXTENSION vector", f" INDEX public {INDEX} ")
    )


def replace_media(new: Path) -> None:
    """Entry by entry, since the folder itself may be a mounted volume."""
    root = Path(settings.MEDIA_ROOT)
    for old in root.iterdir():
        if old.is_dir() and not old.is_symlink():
            if old.name != RESTORING:
                shutil.rmtree(old)
        else:
            old.unlink()
    for entry in new.iterdir():
        entry.rename(root / entry.name)
    new.rmdir()


def restore(path: Path) -> Contents:
    """Put the club back as it was: its rows, its files, and no mail until an officer has looked."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    media = root / RESTORING
    shutil.rmtree(media, ignore_errors=True)
    media.mkdir()
    try:
        with tempfile.TemporaryDirectory(prefix="mlclub-restore-") as folder:
            contents = unpack(path, Path(folder), media)
            replace_database(Path(folder) / "database.dump", Path(folder))
        replace_media(media)
    finally:
        shutil.rmtree(media, ignore_errors=True)
    # An archive of an older portal gets the tables of this one.
    call_command("migrate", interactive=False, verbosity=0)
    if "hold_mail" in get_commands():
        call_command("hold_mail", reason="restore")
    cache.clear()
    return contents
