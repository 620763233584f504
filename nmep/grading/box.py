"""One box while it runs: started with an empty environment, watched, and ended with everything in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nmep.grading import command, seccomp
from nmep.grading.command import Limits, NoBox, Tools

FIRST_UID = 61_000
MOST_SLOTS = 128
PAGE = os.sysconf("SC_PAGE_SIZE")
INSIDE = Path(__file__).parent / "inside"


@dataclass(frozen=True)
class Machine:
    """What boxes on this machine are made of. `image` is a folder with the course's own Python environment."""

    tools: Tools
    filter: bytes
    image: str = ""

    @classmethod
    def here(cls, image: str = "") -> Machine:
        """This machine; raises NoBox."""
        if image and not (Path(image) / "bin" / "python3").exists():
            raise NoBox(f"There is no Python in {image}.")
        try:
            return cls(Tools.find(), seccomp.program(os.uname().machine), image)
        except seccomp.UnknownMachine as unknown:
            raise NoBox(str(unknown)) from None


@contextlib.contextmanager
def slot() -> Iterator[int | None]:
    """A uid that no other box of this machine has meanwhile; None where we are not root and cannot change ours."""
    if os.geteuid() != 0:
        yield None
        return
    folder = Path(tempfile.gettempdir()) / "mlclub-grader-slots"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != 0:
        raise NoBox(f"{folder} is not ours.")
    for number in range(MOST_SLOTS):
        held = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            continue
        try:
            yield FIRST_UID + number
        finally:
            os.close(held)
        return
    raise NoBox(f"{MOST_SLOTS} boxes are running on this machine already.")


def in_memory(content: bytes, held: contextlib.ExitStack) -> int:
    """A descriptor that holds `content` and has no name anywhere."""
    fd = os.memfd_create("box", os.MFD_CLOEXEC)
    held.callback(os.close, fd)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def tasks_of(uid: int) -> int:
    """How many processes and threads a user has now."""
    n = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == uid:
                    n += len(list((entry / "task").iterdir()))
    return n


@dataclass
class Box:
    """A running box. `peak_mb` and `most_processes` are what the watchdog saw."""

    process: subprocess.Popen[bytes]
    limits: Limits
    peak_mb: int = 0
    most_processes: int = 0
    seen: set[int] = field(default_factory=set)

    @classmethod
    def start(
        cls,
        machine: Machine,
        limits: Limits,
        *,
        module: str,
        files: Mapping[str, bytes],
        uid: int | None,
        stdin: int,
        stdout: int,
        stderr: int,
        keeps: Sequence[int] = (),
    ) -> Box:
        """Start `main` of an inside module. `keeps` are further descriptors that it inherits, named to it in order."""
        with contextlib.ExitStack() as held:
            contents = {
                "/etc/passwd": command.PASSWD,
                **{f"/box/inside/{path.name}": path.read_bytes() for path in sorted(INSIDE.glob("*.py"))},
                **files,
            }
            fds = {path: in_memory(content, held) for path, content in contents.items()}
            law = in_memory(machine.filter, held)
            # The same user also runs us: then the limit is for all of it together.
            processes = limits.processes + (tasks_of(os.geteuid()) if uid is None else 0)
            argv = [
                *command.limited(machine.tools, limits, uid=uid, processes=processes),
                *command.boxed(machine.tools, limits, files=fds, seccomp=law, image=machine.image),
                *command.python(
                    machine.tools, module, image=machine.image, arguments=[str(fd) for fd in keeps]
                ),
            ]
            process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[*fds.values(), law, *keeps],
                env={},  # bubblewrap is process 1 in there, and its own environment can be read
                cwd="/",
                start_new_session=True,
            )
        return cls(process, limits)

    def overstepped(self) -> str:
        """Look at it once: empty, or the limit that it broke."""
        tree = tree_of(self.process.pid)
        self.seen.update(tree)
        self.most_processes = max(self.most_processes, len(tree))
        megabytes = sum(map(resident, tree)) >> 20
        self.peak_mb = max(self.peak_mb, megabytes)
        if megabytes > self.limits.memory_mb:
            return "memory"
        # Four of them are ours: two of bubblewrap, Python, and one that is just being started.
        return "processes" if len(tree) > self.limits.processes + 4 else ""

    def end(self) -> int:
        """End everything in it, and wait until it is gone; the exit status, negative for a signal."""
        self.seen.update(tree_of(self.process.pid))
        self.process.poll()
        if self.process.returncode is None:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        until = time.monotonic() + 3
        # The kernel ends the namespace with its first process; this waits until that is done.
        while any(is_there(pid) for pid in self.seen) and time.monotonic() < until:
            time.sleep(0.01)
        return status


def is_there(pid: int) -> bool:
    """Whether a process of a box is still there; a number that somebody else got meanwhile is not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return (
            "Z" not in stat.rpartition(")")[2].split()[0]
            and Path(f"/proc/{pid}/ns/pid").stat().st_ino != OURS
        )
    except OSError:
        return False


OURS = Path("/proc/self/ns/pid").stat().st_ino


def tree_of(pid: int) -> list[int]:
    """A process and all that came from it. What loses its parent in a box goes to the first process there."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except OSError:
            continue
        found.append(one)
    return found


def resident(pid: int) -> int:
    """Bytes in memory, what is shared counted once."""
    try:
        for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if row.startswith("Pss:"):
                return int(row.split()[1]) * 1024
    except OSError:
        with contextlib.suppress(OSError, IndexError):
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return 0
