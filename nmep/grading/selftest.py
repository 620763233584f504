"""Shows, or does not, that the boxes of this machine contain every attack of the list."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nmep.grading.attacks import ATTACKS, Attack
from nmep.grading.box import Machine
from nmep.grading.command import NoBox
from nmep.grading.running import run
from nmep.grading.seccomp import MACHINES
from nmep.grading.verdict import clean

#: Other programs write to the same disk meanwhile; a box that did would write hundreds.
DISK_MB = 50
CANARY = "MLCLUB_CANARY"


@dataclass(frozen=True)
class Row:
    """One attack, and whether it was contained."""

    name: str
    title: str
    ok: bool
    saw: str
    seconds: float


def fingerprint(machine: Machine) -> str:
    """Kernel, bubblewrap, Python and our own code: what a proof is a proof of."""
    said = subprocess.run([machine.tools.bwrap, "--version"], capture_output=True, text=True, check=False)
    parts = [
        os.uname().release,
        os.uname().machine,
        said.stdout.strip(),
        str(Path(machine.tools.python).resolve()),
        machine.image,
        f"uid {os.geteuid()}",
    ]
    digest = hashlib.sha256("\n".join(parts).encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def described(machine: Machine) -> str:
    """What a run ran on, for its record."""
    said = subprocess.run([machine.tools.bwrap, "--version"], capture_output=True, text=True, check=False)
    image = machine.image or str(Path(machine.tools.python).resolve())
    return clean(f"{image}, {said.stdout.strip()}, proof {fingerprint(machine)[:8]}", 120)


@contextlib.contextmanager
def baited() -> Iterator[dict[str, str]]:
    """What an attack may find if the box leaks: sockets that listen, a folder, a secret in our environment."""
    folder = Path(tempfile.mkdtemp(prefix="mlclub-bait-"))
    folder.chmod(0o755)
    (folder / "secret").write_text("found")
    abstract = f"mlclub-{secrets.token_hex(6)}"
    canary = f"canary-{secrets.token_hex(6)}"
    before = os.environ.get(CANARY)
    with contextlib.ExitStack() as held:
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        port = held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        for address in (str(folder / "socket"), f"\0{abstract}"):
            listening = held.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(address)
            listening.listen()
        (folder / "socket").chmod(0o777)
        os.environ[CANARY] = canary
        try:
            yield {
                "port": str(port),
                "socket": str(folder / "socket"),
                "abstract": abstract,
                "folder": str(folder),
                "canary": canary,
                "marker": f"31.{secrets.randbelow(10**9)}",
                "clone": str(MACHINES[os.uname().machine].clone),
            }
        finally:
            if before is None:
                os.environ.pop(CANARY, None)
            else:
                os.environ[CANARY] = before


def attempt(machine: Machine, attack: Attack) -> Row:
    """Run one attack and look at what is left of it."""
    began = time.monotonic()
    with baited() as bait:
        free = shutil.disk_usage(tempfile.gettempdir()).free
        armed = replace(attack, check=attack.check.replace("{folder}", bait["folder"])
                        .replace("{canary}", bait["canary"]).replace("{port}", bait["port"]))  # fmt: skip
        try:
            verdict = run(machine, armed.cells(bait), armed.check, armed.limits)
        except (NoBox, OSError) as problem:
            return Row(attack.name, attack.title, False, clean(problem, 200), 0)
        saw = attack.judgement(verdict)
        everything = repr(verdict) + verdict.printed + verdict.judge_printed
        if not saw and bait["canary"] in everything:
            saw = "a secret of the machine came out"
        if not saw and still_running(bait["marker"]):
            saw = "a process was left behind"
        lost = (free - shutil.disk_usage(tempfile.gettempdir()).free) >> 20
        if not saw and lost > DISK_MB:
            saw = f"{lost} MB were written to the disk"
    if saw:
        saw = " ".join(filter(None, [saw, verdict.printed[-200:], verdict.judge_printed[-200:]]))
    return Row(attack.name, attack.title, not saw, clean(saw, 400), round(time.monotonic() - began, 2))


def still_running(marker: str) -> bool:
    """Whether a process with this word on its command line is there."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if marker.encode() in path.read_bytes():
                return True
    return False


def prove(machine: Machine, attacks: Sequence[Attack] = ATTACKS) -> Iterator[Row]:
    """Every attack in its order; the first that is not contained makes the machine unfit."""
    for attack in attacks:
        yield attempt(machine, attack)
