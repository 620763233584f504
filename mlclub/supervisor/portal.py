"""The whole portal on one machine: servers, web, worker and beat, started in order and ended together."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from mlclub.supervisor import engines
from mlclub.supervisor.children import LIBC, PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, Family, tail
from mlclub.supervisor.engines import CannotStart
from mlclub.supervisor.state import ROOT, AlreadyRunning, State

WEB_PATIENCE = 90
ROLES = "officer, lead, new member, member, mentor, project lead, fellow, alumnus, course participant"


class AskedToStop(BaseException):
    """SIGTERM, SIGHUP or Ctrl-C; not an Exception, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def raise_when_asked(number: int, frame: FrameType | None) -> None:
    raise AskedToStop(number)


def heed_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, raise_when_asked)
    if LIBC is not None:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)


def ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def end_strays() -> None:
    """End what a killed child left to us: on Linux they became our own children."""
    for listing in Path("/proc/self/task").glob("*/children"):
        for pid in listing.read_text().split():
            with contextlib.suppress(ProcessLookupError, PermissionError, ChildProcessError):
                os.kill(int(pid), signal.SIGKILL)
                os.waitpid(int(pid), 0)


def addresses(port: int) -> list[str]:
    """Both loopbacks: `localhost` is ::1 first on many machines. Raises where the port is taken."""
    bound = []
    for family, host, written in [
        (socket.AF_INET, "127.0.0.1", f"127.0.0.1:{port}"),
        (socket.AF_INET6, "::1", f"[::1]:{port}"),
    ]:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
            bound.append(written)
        except PermissionError:
            raise CannotStart(
                f"Port {port} is not ours to open: choose one above 1023, as in PORT=8000."
            ) from None
        except OSError:
            if family == socket.AF_INET:
                raise CannotStart(
                    f"Port {port} is taken by another program: choose another, as in PORT={port + 1} make run."
                ) from None
    return bound


def asked_port() -> int:
    asked = os.environ.get("PORT") or "8000"
    if not asked.isdigit() or not 0 < int(asked) < 65536:
        raise CannotStart(f"PORT must be a number between 1 and 65535, not {asked!r}.")
    return int(asked)


def together() -> None:
    """Runs in a child that shares our terminal: it ends when we are killed."""
    if LIBC is not None:
        LIBC.prctl(ctypes.c_int(PR_SET_PDEATHSIG), signal.SIGTERM)


@contextlib.contextmanager
def servers(state: State, mode: str, port: int) -> Iterator[tuple[Family, dict[str, str]]]:
    """PostgreSQL and Redis up for whoever holds the state; nothing is left running behind."""
    family = state.family(mode)
    try:
        yield family, state.environment(mode, engines.start(family), port)
    finally:
        ignore_signals()
        family.stop()
        end_strays()


def boot(mode: str, env: dict[str, str]) -> str:
    """Migrate and fill the database in one process; returns what is to be said when all is ready."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "boot", f"--{mode}"],
        env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=together,
    )  # fmt: skip
    try:
        said, _ = process.communicate()
    except BaseException:
        process.terminate()
        process.wait(10)
        raise
    if process.returncode:
        raise CannotStart(f"{said}\nThe database could not be prepared (see above).".strip())
    return said.strip()


def start_web(family: Family, env: dict[str, str], bind: list[str], port: int) -> None:
    binds = [part for address in bind for part in ("--bind", address)]
    child = family.start(
        "web",
        [
            sys.executable, "-m", "gunicorn", "mlclub.wsgi", "--preload", "--workers", "2",
            "--worker-class", "gthread", "--threads", "4", "--graceful-timeout", "4", "--access-logfile", "-",
            "--no-control-socket", *binds,
        ],
        env=env,
        cwd=ROOT,
    )  # fmt: skip
    deadline = time.monotonic() + WEB_PATIENCE
    while child.process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/live/", timeout=10):
                return
        except urllib.error.HTTPError as answer:
            raise CannotStart(f"The web server answers {answer.code}:\n{tail(child.log, 30)}") from None
        except OSError:
            time.sleep(0.1)
        if time.monotonic() > deadline:
            break
    raise CannotStart(f"The web server did not start:\n{tail(child.log, 30)}")


def start_celery(family: Family, env: dict[str, str]) -> None:
    celery = [sys.executable, "-m", "celery", "-A", "mlclub"]
    family.start(
        "worker",
        [
            *celery,
            "worker",
            "--concurrency",
            "2",
            "--loglevel",
            "INFO",
            "--without-gossip",
            "--without-mingle",
        ],
        env=env,
        cwd=ROOT,
    )
    if env.get("GRADER", "").lower() in ("1", "true", "yes", "on"):
        family.start(
            "grader",
            [
                *celery, "worker", "--queues", "grader", "--concurrency", "1", "--hostname", "grader@%h",
                "--loglevel", "INFO", "--without-gossip", "--without-mingle",
            ],
            env=env,
            cwd=ROOT,
        )  # fmt: skip
    schedule = family.folder / "beat"
    family.start(
        "beat", [*celery, "beat", "--loglevel", "INFO", "-s", schedule, "--pidfile="], env=env, cwd=ROOT
    )


def tell_the_console(mode: str, port: int, said: str, seconds: float) -> None:
    print(f"ready http://localhost:{port}")
    print(f"      http://127.0.0.1:{port}   (after {seconds:.1f} s; Ctrl-C stops everything, the data stays)")
    if mode == "demo":
        print(f"\nSign in as any role with one click, no password: http://localhost:{port}/accounts/login/")
        print(f"      {ROLES}")
        print(f"What the club has mailed:                        http://localhost:{port}/demo/mail/")
    if said:
        print(f"\n{said}")
    sys.stdout.flush()


def run(mode: str) -> int:
    """Run the portal until somebody asks it to stop (0) or a part of it dies (1)."""
    started = time.monotonic()
    state = State.here()
    port = asked_port()
    heed_signals()
    try:
        with state.held():
            bind = addresses(port)
            state.remember(mode)
            with servers(state, mode, port) as (family, env):
                said = boot(mode, env)
                state.publish(env)
                start_web(family, env, bind, port)
                start_celery(family, env)
                tell_the_console(mode, port, said, time.monotonic() - started)
                while (dead := family.the_dead()) is None:
                    time.sleep(0.3)
                status = dead.process.returncode
                print(
                    f"\n{dead.name} ended by itself (status {status}), so the rest is stopped.",
                    file=sys.stderr,
                )
                print(f"The last lines of {dead.log}:\n\n{tail(dead.log)}", file=sys.stderr)
                return 1
    except AlreadyRunning as other:
        print(
            f"The portal is already running here, pid {other.pid}. To stop it: kill {other.pid}",
            file=sys.stderr,
        )
        return 3
    except AskedToStop:
        print("\nstopped", flush=True)
        return 0


def manage(arguments: Sequence[str]) -> int:
    """Run a management command against the running portal, or with the servers up for the moment."""
    state = State.here()
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    where = os.environ.get("MLCLUB_CWD") or str(ROOT)
    heed_signals()
    try:
        with state.held(), servers(state, state.mode, asked_port()) as (_, env):
            state.publish(env)
            status = run_attached(command, env, where)
            state.wait_for_guests()
            return status if status >= 0 else 128 - status
    except AskedToStop:
        return 130
    except AlreadyRunning:
        env = state.environment_of_the_running()
    guests = state.join()
    os.chdir(where)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.execve(command[0], command, env)
    raise AssertionError(guests)  # execve does not return, and their lock goes along with it


def run_attached(command: Sequence[str], env: dict[str, str], where: str) -> int:
    """Run a command on our own terminal: Ctrl-C reaches it directly, SIGTERM we pass on."""
    process = subprocess.Popen(command, env=env, cwd=where, preexec_fn=together)
    while True:
        try:
            return process.wait()
        except AskedToStop as asked:
            if asked.number != signal.SIGINT:
                process.send_signal(signal.SIGTERM)
