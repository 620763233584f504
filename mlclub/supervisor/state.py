"""The folder a portal on one machine keeps: who runs it, what it is called by, and its data."""

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mlclub.supervisor.children import Family, clean_environment
from mlclub.supervisor.engines import CannotStart, Engines, secret

ROOT = Path(__file__).resolve().parent.parent.parent
MODES = ("demo", "club")
# A production's `.env` may lie beside us: what it says of the outside world is not for here.
SHIELDED = ("ALLOWED_HOSTS", "EMAIL_URL", "S3_BUCKET")
TOLD = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MEDIA_ROOT", "SITE_URL", "PRODUCTION", "DEMO", *SHIELDED)


class AlreadyRunning(Exception):
    """Somebody else holds this state."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


@dataclass(frozen=True)
class State:
    """`.local`, or what MLCLUB_STATE says. The demo and the club each have their own data in it."""

    folder: Path

    @classmethod
    def here(cls) -> "State":
        asked = os.environ.get("MLCLUB_STATE") or ".local"
        folder = (Path(os.environ.get("MLCLUB_CWD") or ROOT) / asked) if asked != ".local" else ROOT / asked
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise CannotStart(f"{folder} cannot be made ({problem.strerror}): set MLCLUB_STATE.") from None
        if not os.access(folder, os.W_OK):
            raise CannotStart(f"{folder} belongs to somebody else: set MLCLUB_STATE to a folder of your own.")
        return cls(folder.resolve())

    @property
    def mode(self) -> str:
        """What was run here last."""
        with contextlib.suppress(OSError):
            mode = (self.folder / "mode").read_text().strip()
            if mode in MODES:
                return mode
        return "demo"

    def remember(self, mode: str) -> None:
        (self.folder / "mode").write_text(mode)

    def family(self, mode: str) -> Family:
        folder = self.folder / mode
        folder.mkdir(exist_ok=True)
        return Family(folder)

    # ── One at a time ─────────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold this state alone. The lock goes with the process, so none is ever left behind."""
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise AlreadyRunning(lock.read().strip()) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            self.environment_file.unlink(missing_ok=True)
            try:
                yield
            finally:
                self.environment_file.unlink(missing_ok=True)

    def join(self) -> IO[str]:
        """Say that we use the servers somebody else started; whoever holds the answer is counted."""
        guests = (self.folder / "guests").open("a")
        fcntl.flock(guests, fcntl.LOCK_SH)
        os.set_inheritable(guests.fileno(), True)
        return guests

    def wait_for_guests(self) -> None:
        with (self.folder / "guests").open("a") as guests:
            fcntl.flock(guests, fcntl.LOCK_EX)

    # ── What the portal is told ───────────────────────────────────────────────────────────────────

    @property
    def environment_file(self) -> Path:
        return self.folder / "environment.json"

    def environment(self, mode: str, engines: Engines, port: int) -> dict[str, str]:
        """Everything the portal's processes have to know, and nothing that only production has."""
        folder = self.folder / mode
        (folder / "media").mkdir(exist_ok=True)
        told = {
            "DATABASE_URL": engines.database_url,
            "REDIS_URL": engines.redis_url,
            "SECRET_KEY": secret(folder / "django.secret", lambda: secrets.token_urlsafe(50)),
            "MEDIA_ROOT": str(folder / "media"),
            "SITE_URL": os.environ.get("SITE_URL") or f"http://localhost:{port}",
            "PRODUCTION": "0",
            "DEMO": "1" if mode == "demo" else "0",
            "PYTHONUNBUFFERED": "1",
            **{name: os.environ.get(name, "") for name in SHIELDED},
        }
        return clean_environment() | told

    def publish(self, env: dict[str, str]) -> None:
        """Let `./run manage` in: from now on it uses these servers."""
        told = {name: env[name] for name in TOLD}
        half = self.environment_file.with_suffix(".tmp")
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            json.dump(told, file)
        half.rename(self.environment_file)

    def environment_of_the_running(self, patience: float = 180) -> dict[str, str]:
        """What the portal that runs here was told; it may still be migrating or filling the demo."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                told: dict[str, str] = json.loads(self.environment_file.read_text())
                return clean_environment() | told
            if not self.is_held():
                break
            time.sleep(0.1)
        raise CannotStart(
            "The portal that was starting here did not get ready: see what it says, and try again."
        )

    def is_held(self) -> bool:
        with (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
