"""The command line of a box: prlimit, then bubblewrap with nothing in it but Python and what was handed over."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STRANGER = 65534
#: What programs that ask who they are find; there is no other /etc.
PASSWD = b"student:x:65534:65534:student:/tmp:/bin/false\n"
NAMES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class NoBox(Exception):
    """There is no box on this machine; the sentence says what is missing."""


@dataclass(frozen=True)
class Limits:
    """What one run may use. Resident memory is watched; the address space is the backstop, since torch maps much."""

    seconds: float = 20
    call_seconds: float = 3
    memory_mb: int = 1024
    address_mb: int = 4096
    processes: int = 64
    file_mb: int = 20
    output_kb: int = 256
    tmp_mb: int = 64
    box_mb: int = 32

    @property
    def load_seconds(self) -> float:
        """For the cells of the notebook; the rest is for the questions."""
        return self.seconds * 0.6


@dataclass(frozen=True)
class Tools:
    """The programs that make a box, by their whole paths: bubblewrap is started without any PATH."""

    bwrap: str
    prlimit: str
    setpriv: str
    python: str

    @classmethod
    def find(cls) -> Tools:
        """Where they are; raises NoBox."""
        found = {name: shutil.which(name) for name in ("bwrap", "prlimit", "setpriv")}
        missing = [{"bwrap": "bubblewrap"}.get(name, name) for name, path in found.items() if path is None]
        if missing:
            raise NoBox(f"Not installed on this machine: {', '.join(missing)}.")
        for python in ("/usr/bin/python3", "/usr/local/bin/python3"):
            if Path(python).exists():
                return cls(**{name: str(path) for name, path in found.items()}, python=python)
        raise NoBox("There is no /usr/bin/python3 on this machine.")


def system_folders(root: Path = Path("/")) -> list[str]:
    """Options that show /usr, and the old names that point into it."""
    options = ["--ro-bind", "/usr", "/usr"]
    for name in NAMES:
        here = root / name
        if here.is_symlink():
            options += ["--symlink", str(here.readlink()).lstrip("/"), f"/{name}"]
        elif here.is_dir():
            options += ["--ro-bind", f"/{name}", f"/{name}"]
    # Where libraries outside the usual folders are found; a list of file names.
    return [*options, "--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]


def limited(tools: Tools, limits: Limits, *, uid: int | None, processes: int) -> list[str]:
    """The part before bubblewrap: who runs it, and with which limits. Root must become somebody: the limit of
    processes does not hold for root, and is shared by everything with the same uid."""
    become = []
    if uid is not None:
        become = [
            tools.setpriv,
            f"--reuid={uid}",
            f"--regid={uid}",
            "--clear-groups",
            "--no-new-privs",
            "--",
        ]
    seconds = round(limits.seconds)
    return [
        *become,
        tools.prlimit,
        f"--as={limits.address_mb << 20}",
        f"--cpu={seconds}:{seconds + 1}",
        f"--nproc={processes}",
        f"--fsize={limits.file_mb << 20}",
        "--nofile=256",
        "--core=0",
        "--memlock=65536",
        "--",
    ]


def boxed(
    tools: Tools,
    limits: Limits,
    *,
    files: Mapping[str, int],
    seccomp: int,
    image: str = "",
    system: Sequence[str] | None = None,
) -> list[str]:
    """bubblewrap and its options; `files` are paths inside with the descriptors that hold their contents."""
    handed = [part for path, fd in files.items() for part in ("--ro-bind-data", str(fd), path)]
    return [
        tools.bwrap,
        "--unshare-all",
        "--unshare-user",  # else --disable-userns is not taken
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--hostname",
        "grader",
        "--uid",
        str(STRANGER),
        "--gid",
        str(STRANGER),
        *(system_folders() if system is None else system),
        *(["--ro-bind", image, "/image"] if image else []),
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        # Otherwise /dev is a folder that grows to half of the machine's memory, unseen by the watchdog.
        "--size",
        str(limits.tmp_mb << 20),
        "--tmpfs",
        "/dev/shm",  # noqa: S108
        "--remount-ro",
        "/dev",
        "--size",
        str(limits.tmp_mb << 20),
        "--tmpfs",
        "/tmp",  # noqa: S108
        # In memory and of a size: a folder of the machine bound here would fill its disk.
        "--size",
        str(limits.box_mb << 20),
        "--tmpfs",
        "/box",
        *handed,
        "--chdir",
        "/box",
        "--clearenv",
        *(part for name, value in environment(image).items() for part in ("--setenv", name, value)),
        "--cap-drop",
        "ALL",
        "--seccomp",
        str(seccomp),
        "--remount-ro",
        "/",
        "--",
    ]


def environment(image: str) -> dict[str, str]:
    """All that is set inside."""
    return {
        "PATH": "/image/bin:/usr/bin:/bin" if image else "/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108  the box's own
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
    }


def python(tools: Tools, module: str, *, image: str = "", arguments: Sequence[str] = ()) -> list[str]:
    """Python inside, running `main` of a module that was handed over in /box/inside."""
    return [
        "/image/bin/python3" if image else tools.python,
        "-I",
        "-B",
        "-c",
        f"import sys; sys.path.insert(0, '/box'); from inside.{module} import main; main()",
        *arguments,
    ]
