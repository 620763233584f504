"""Child processes that end with the supervisor, however it ends."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LINUX = sys.platform.startswith("linux")
LIBC = ctypes.CDLL(None, use_errno=True) if LINUX else None
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWUSER = 0x10000000
STRANGER = 65534  # the id by which root knows itself inside the user namespace

LOG_LIMIT = 5_000_000


@dataclass(frozen=True)
class Guise:
    """Who a child is while it runs: us, us under another name, or another user."""

    namespace: bool = False
    drop_to: tuple[int, int] | None = None

    def assume(self) -> None:
        """Runs in the child between fork and exec."""
        if self.namespace:
            enter_user_namespace()
        elif self.drop_to:
            uid, gid = self.drop_to
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)


MYSELF = Guise()


def enter_user_namespace() -> None:
    """Appear as an ordinary user without being one: PostgreSQL refuses to run as root."""
    assert LIBC is not None
    uid, gid = os.getuid(), os.getgid()
    if LIBC.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{STRANGER} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{STRANGER} {gid} 1")


def before_exec(guise: Guise, death_signal: int) -> Callable[[], None]:
    """What a child does first. The death signal comes last: changing the user clears it."""

    def prepare() -> None:
        os.setsid()
        guise.assume()
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, death_signal)

    return prepare


def clean_environment() -> dict[str, str]:
    """Our environment without libpq's variables, which would redirect every connection."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def birth_of(pid: int) -> str | None:
    """A mark that tells this process from a later one with the same number; None if it is gone."""
    if LINUX:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    stop_signal: int
    log: Path

    def ask_to_stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def wait(self, patience: float) -> None:
        """Wait for it to end, and end what is left of it afterwards."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Family:
    """The children of one supervisor, in the order they were started."""

    folder: Path
    children: list[Child] = field(default_factory=list)

    @property
    def register(self) -> Path:
        return self.folder / "children"

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        stop_signal: int = signal.SIGTERM,
        guise: Guise = MYSELF,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str = "",
    ) -> Child:
        log = self.folder / f"{name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out:
            process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=dict(env if env is not None else clean_environment()),
                cwd=cwd or self.folder,
                preexec_fn=before_exec(guise, stop_signal),
            )
        if stdin:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(stdin.encode())
                process.stdin.close()
        child = Child(name, process, stop_signal, log)
        self.children.append(child)
        self.write_register()
        return child

    def write_register(self) -> None:
        alive = [child for child in self.children if child.process.poll() is None]
        rows = [f"{child.process.pid} {child.stop_signal} {birth_of(child.process.pid)}" for child in alive]
        self.register.write_text("\n".join(rows))

    def forget(self, child: Child) -> None:
        self.children.remove(child)
        self.write_register()

    def end_orphans(self) -> int:
        """End what a killed supervisor left behind; says how many there were."""
        try:
            rows = [row.split(" ", 2) for row in self.register.read_text().splitlines()]
        except OSError:
            return 0
        orphans = [(int(pid), int(sig), birth) for pid, sig, birth in rows if birth_of(int(pid)) == birth]
        for pid, stop_signal, _ in reversed(orphans):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, stop_signal)
        deadline = time.monotonic() + 10
        for pid, _, birth in orphans:
            while birth_of(pid) == birth and time.monotonic() < deadline:
                time.sleep(0.05)
            if birth_of(pid) == birth:
                os.kill(pid, signal.SIGKILL)
        self.register.unlink(missing_ok=True)
        return len(orphans)

    def the_dead(self) -> Child | None:
        return next((child for child in self.children if child.process.poll() is not None), None)

    def stop(self, *, patience: float = 8) -> None:
        """Stop the newest first; those that stand on the databases stop together, before them."""
        engines = [child for child in self.children if child.name in {"postgres", "redis"}]
        others = [child for child in self.children if child not in engines]
        for child in reversed(others):
            child.ask_to_stop()
        for child in reversed(others):
            child.wait(patience)
        for child in reversed(engines):
            child.ask_to_stop()
            child.wait(patience)
        self.children.clear()
        self.register.unlink(missing_ok=True)
