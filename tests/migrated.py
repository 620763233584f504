"""A database with every migration applied: tests begin from a copy of it instead of applying them all again.

It is restored from a dump in `.local/tests`. After a new migration the newest dump that lacks only new ones is brought up
to date; where a migration was changed, all are applied to an empty database.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from mlclub.supervisor.children import clean_environment
from mlclub.supervisor.engines import postgres_program

ROOT = Path(__file__).resolve().parent.parent
DUMPS = ROOT / ".local" / "tests"
KEPT = 4


def ingredients() -> dict[str, str]:
    """What a migrated database is made of, each with its sha256: our migrations, and the libraries with theirs."""
    paths = [ROOT / "uv.lock", *sorted(ROOT.glob("*/migrations/*.py"))]
    return {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def nearest(wanted: dict[str, str]) -> tuple[Path | None, bool]:
    """The dump made of most of what is wanted and of nothing else; and whether nothing is missing in it."""
    best: tuple[int, Path | None] = (0, None)
    for note in DUMPS.glob("*.json"):
        held = json.loads(note.read_text())
        if held.items() <= wanted.items() and len(held) > best[0] and note.with_suffix(".dump").exists():
            best = len(held), note.with_suffix(".dump")
    return best[1], best[0] == len(wanted)


def fill(database_url: str) -> None:
    """Bring an empty database to the last migration.

    Raises `subprocess.CalledProcessError` where a migration fails; the reason has been printed then.
    """
    wanted = ingredients()
    dump, whole = nearest(wanted)
    if dump:
        _run(postgres_program("pg_restore"), "--jobs=2", f"--dbname={database_url}", str(dump))
    if whole:
        return
    manage = (sys.executable, "-W", "ignore", "manage.py", "migrate", "--noinput", "-v0")
    _run(*manage, DATABASE_URL=database_url, DEMO="1")
    keep(database_url, wanted)


def keep(database_url: str, made_of: dict[str, str]) -> None:
    """Dump the database for later runs, beside a note of what it is made of. The oldest dumps go."""
    DUMPS.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    half = DUMPS / f"{os.getpid()}.half"
    _run(postgres_program("pg_dump"), "--format=custom", f"--file={half}", database_url)
    half.rename(DUMPS / f"{name}.dump")
    half.write_text(json.dumps(made_of))
    half.rename(DUMPS / f"{name}.json")
    notes = sorted(DUMPS.glob("*.json"), key=lambda note: note.stat().st_mtime)
    for note in notes[:-KEPT]:
        note.unlink(missing_ok=True)
        note.with_suffix(".dump").unlink(missing_ok=True)


def _run(*command: str, **env: str) -> None:
    subprocess.run(command, cwd=ROOT, env=clean_environment() | env, check=True)
