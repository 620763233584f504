"""A database with every migration applied: tests begin from a copy of it instead of applying them all again.

It is restored from a dump in `.local/tests`, which is made anew when a migration or a library changes.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from mlclub.supervisor.children import clean_environment
from mlclub.supervisor.engines import postgres_program

ROOT = Path(__file__).resolve().parent.parent
DUMPS = ROOT / ".local" / "tests"


def fingerprint() -> str:
    """What the migrated database depends on: the migrations, and the libraries that bring their own."""
    told = hashlib.sha256((ROOT / "uv.lock").read_bytes())
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        told.update(path.relative_to(ROOT).as_posix().encode())
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def fill(database_url: str) -> None:
    """Bring an empty database to the last migration.

    Raises `subprocess.CalledProcessError` where a migration fails; the reason has been printed then.
    """
    dump = DUMPS / f"{fingerprint()}.dump"
    if dump.exists():
        _run(postgres_program("pg_restore"), "--jobs=2", f"--dbname={database_url}", str(dump))
        return
    manage = (sys.executable, "-W", "ignore", "manage.py", "migrate", "--noinput", "-v0")
    _run(*manage, DATABASE_URL=database_url, DEMO="1")
    DUMPS.mkdir(parents=True, exist_ok=True)
    half = dump.with_name(f"{os.getpid()}.half")
    _run(postgres_program("pg_dump"), "--format=custom", f"--file={half}", database_url)
    for old in DUMPS.glob("*.dump"):
        old.unlink(missing_ok=True)
    half.rename(dump)


def _run(*command: str, **env: str) -> None:
    subprocess.run(command, cwd=ROOT, env=clean_environment() | env, check=True)
