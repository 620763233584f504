"""What a box has to contain, one attack a row. `manage.py grader_selftest` runs them all, and so do the tests.

Each is a notebook as a student might hand it in. Most define `attack()`, which tries something and says
`contained` only where it met a wall; the others are meant to be stopped for the reason named.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nmep.grading.command import Limits
from nmep.grading.seccomp import MACHINES, REFUSED
from nmep.grading.verdict import Verdict

SHORT = Limits(seconds=4, call_seconds=2)
#: Time enough on a busy machine to reach the limit of memory first.
HUNGRY = Limits(seconds=14, call_seconds=12)
CHECK = "def check_contained(call):\n    assert call('attack') == 'contained'\n"

Judgement = Callable[[Verdict], str]


def holds(verdict: Verdict) -> str:
    """It met a wall and said so."""
    if verdict.passes:
        return ""
    return f"{verdict.state} {verdict.reason} {' '.join(each.hint for each in verdict.found)}".strip()


def stopped(*reasons: str) -> Judgement:
    """It was ended for one of these reasons, and passed nothing."""

    def judge(verdict: Verdict) -> str:
        is_so = verdict.state == "stopped" and verdict.reason in reasons
        return "" if is_so and fails(verdict) == "" else f"{verdict.state} {verdict.reason}".strip()

    return judge


def fails(verdict: Verdict) -> str:
    """Whatever it did, nothing passed, and it was not we who failed."""
    if verdict.state == "failed":
        return verdict.reason
    return "a test passed" if not verdict.found or any(each.ok for each in verdict.found) else ""


def survives(verdict: Verdict) -> str:
    """Whatever it did, there is a verdict on it."""
    return verdict.reason if verdict.state == "failed" else ""


@dataclass(frozen=True)
class Attack:
    """`code` may name what is laid out on the machine for it: {port}, {socket}, {abstract}, {folder}, {marker}."""

    name: str
    title: str
    code: str
    judgement: Judgement = holds
    limits: Limits = SHORT
    check: str = CHECK

    def cells(self, bait: Mapping[str, str]) -> list[tuple[int, str]]:
        code = self.code
        for name, value in bait.items():
            code = code.replace("{" + name + "}", value)
        return [(1, code)]


def calls() -> str:
    """The numbers of the refused system calls on this machine, as Python."""
    column = MACHINES[os.uname().machine].column if os.uname().machine in MACHINES else 0
    numbers = {name: pair[column] for name, pair in REFUSED.items() if pair[column] is not None}
    return f"CALLS = {numbers!r}\n"


PROBES = """
import contextlib, ctypes, errno, os, signal, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def refused(act, *given):
    "Empty where it was refused, else what came of it."
    try:
        return str(act(*given) or "it worked")
    except (OSError, MemoryError, RuntimeError):
        return ""

def call(number, *given):
    ctypes.set_errno(0)
    if libc.syscall(number, *given) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "it worked"

def told(found):
    return "contained" if not any(found) else "; ".join(str(each) for each in found if each)[:200]
"""

ATTACKS = [
    Attack("good", "A good notebook passes", "def attack():\n    return 'contained'\n"),
    # ── time ──
    Attack(
        "endless_loop",
        "An endless loop that catches everything",
        "def attack():\n    while True:\n        try:\n            while True:\n                pass\n"
        "        except BaseException:\n            pass\n",
        stopped("time"),
    ),
    Attack(
        "ignores_signals",
        "Sleeping, deaf to every signal",
        PROBES
        + """
def attack():
    for number in range(1, 65):
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        time.sleep(60)
""",
        stopped("time"),
    ),
    Attack(
        "endless_cell",
        "A cell that never ends is a note, and the next cell runs",
        "import time\nwhile True:\n    time.sleep(1)\n",
        survives,
        Limits(seconds=3, call_seconds=1),
    ),
    # ── processes ──
    Attack(
        "fork_bomb",
        "A fork bomb",
        PROBES
        + """
def attack():
    children = 0
    with contextlib.suppress(OSError):
        while children < 500:
            if os.fork() == 0:
                time.sleep(30)
                os._exit(0)
            children += 1
    return "contained" if children <= 64 else f"{children} children"
""",
    ),
    Attack(
        "fork_storm",
        "Forks that fork, without end",
        "import os\ndef attack():\n    while True:\n        try:\n            os.fork()\n        except BaseException:\n            pass\n",
        fails,
    ),
    Attack(
        "threads",
        "Hundreds of threads",
        PROBES
        + """
def attack():
    started = 0
    with contextlib.suppress(RuntimeError):
        while started < 500:
            threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
            started += 1
    return "contained" if started <= 64 else f"{started} threads"
""",
    ),
    Attack(
        "daemon",
        "A daemon left behind",
        PROBES
        + """
def attack():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/usr/bin/sleep", ["sleep", "{marker}"])
        os._exit(0)
    return "contained"
""",
    ),
    Attack(
        "kills_its_parent",
        "Killing process 1 and everything else in sight",
        PROBES
        + """
def attack():
    for pid in (1, os.getppid(), -1):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return "contained"
""",
        survives,
    ),
    # ── memory ──
    Attack(
        "one_bytearray",
        "Ten gigabytes at once",
        PROBES + "\ndef attack():\n    return told([refused(bytearray, 10 << 30) and 'allocated'])\n",
    ),
    Attack(
        "grows",
        "Memory, 50 MB a step",
        "def attack():\n    held = []\n    while True:\n        held.append(b'x' * (50 << 20))\n",
        stopped("memory"),
        HUNGRY,
    ),
    Attack(
        "children_grow",
        "Twenty children of 900 MB each",
        """
import os, time
def attack():
    for _ in range(20):
        if os.fork() == 0:
            held = b"x" * (900 << 20)
            time.sleep(30)
            os._exit(0)
    time.sleep(30)
""",
        stopped("memory"),
        HUNGRY,
    ),
    Attack(
        "unseen_memory",
        "Memory that belongs to no process: memfd, System V",
        calls()
        + PROBES
        + """
def attack():
    wanted = [("memfd_create", b"x", 0), ("shmget", 0, 1 << 20, 0o1600), ("msgget", 0, 0o1600), ("semget", 0, 1, 0o1600)]
    return told([f"{name}: {refused(call, CALLS[name], *given)}" for name, *given in wanted
                 if refused(call, CALLS[name], *given)])
""",
    ),
    Attack(
        "fills_folders",
        "Filling every folder that can be written",
        PROBES
        + """
def fill(folder):
    n = written = 0
    while written < 600 << 20 and n < 100:
        n += 1
        try:
            with open(f"{folder}/fill{n}", "wb", buffering=0) as file:
                while file.tell() < 19 << 20:
                    written += file.write(b"x" * (1 << 20))
        except OSError:
            break
    return written

def attack():
    folders = [row.split()[1] for row in open("/proc/self/mounts")] + ["/dev", "/run", "/var/tmp", "/etc"]
    sizes = {folder: fill(folder) for folder in sorted(set(folders)) if not folder.startswith("/proc")}
    total = sum(sizes.values()) >> 20
    return "contained" if total <= 170 else f"{total} MB: {sizes}"
""",
        limits=Limits(seconds=8, call_seconds=6),
    ),
    # ── output ──
    Attack(
        "endless_print",
        "Printing without end",
        "def attack():\n    while True:\n        print('x' * 1000)\n",
        stopped("output"),
    ),
    Attack(
        "huge_answer",
        "An answer of 50 MB",
        "def attack():\n    return 'contained' * (5 << 20)\n",
        fails,
    ),
    # ── network ──
    Attack(
        "network",
        "The internet, the cloud's metadata, a name, and a port of this machine",
        PROBES
        + """
def reach(address):
    with socket.create_connection(address, timeout=0.5):
        return address

def attack():
    found = [refused(reach, address) for address in
             [("8.8.8.8", 53), ("169.254.169.254", 80), ("127.0.0.1", {port}), ("10.0.0.1", 80), ("localhost", 5432)]]
    found.append(refused(socket.getaddrinfo, "example.org", 80))
    return told(found)
""",
    ),
    Attack(
        "sockets",
        "Sockets of databases, of Docker, one in /tmp and one without a name",
        PROBES
        + """
def reach(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(0.5)
        one.connect(path)
        return path

def attack():
    return told([refused(reach, path) for path in
                 ["{socket}", "\\0{abstract}", "/run/docker.sock", "/var/run/docker.sock", "/tmp/.s.PGSQL.5432",
                  "/run/postgresql/.s.PGSQL.5432", "/run/redis/redis.sock", "/run/dbus/system_bus_socket"]])
""",
    ),
    Attack(
        "families",
        "Kinds of socket that a network namespace does not hold: vsock, the kernel's ciphers, packets",
        PROBES
        + """
def attack():
    return told([f"family {family}" for family in (40, 38, 17, 31, 29, 44) if refused(socket.socket, family, socket.SOCK_STREAM)
                 or refused(socket.socket, family, socket.SOCK_SEQPACKET)])
""",
    ),
    # ── files ──
    Attack(
        "reads_files",
        "Passwords, homes, disks, and the portal's own folder",
        PROBES
        + """
def attack():
    paths = ["/root", "/home", "/var", "/sys", "/dev/vda", "/dev/sda", "/dev/mem", "/dev/kvm", "/dev/fuse",
             "/proc/1/root/home", "/proc/1/root/{folder}", "/proc/kcore", "/proc/sysrq-trigger",
             "/etc/shadow", "/srv", "/opt", "/run", "/boot", "/mnt", "{folder}"]
    found = []
    for path in paths:
        with contextlib.suppress(OSError):
            found.append(f"{path}: {os.listdir(path)[:3] if os.path.isdir(path) else open(path, 'rb').read(20)}")
    if open("/etc/passwd").read().count("\\n") != 1:
        found.append("/etc/passwd")
    return told(found)
""",
    ),
    Attack(
        "writes_files",
        "Writing into /usr, /etc, /, /dev, and into what was handed over",
        PROBES
        + """
def attack():
    found = []
    for path in ["/usr/x", "/usr/bin/x", "/etc/x", "/etc/passwd", "/x", "/dev/x", "/lib/x", "/proc/x", "/image/x",
                 "/box/job.json", "/box/inside/host.py"]:
        with contextlib.suppress(OSError):
            open(path, "wb").close()
            found.append(path)
    for act in (lambda: os.chmod("/usr/bin", 0o777), lambda: os.rename("/box/job.json", "/box/y"), lambda: os.mknod("/tmp/null", 0o20666, os.makedev(1, 3))):
        found.append(refused(act))
    return told(found)
""",
    ),
    Attack(
        "other_processes",
        "Other processes, and what they were started with",
        PROBES
        + """
def attack():
    found, pids = [], [name for name in os.listdir("/proc") if name.isdigit()]
    if len(pids) > 4:
        found.append(f"{len(pids)} processes")
    for pid in pids:
        with contextlib.suppress(OSError):
            held = open(f"/proc/{pid}/environ", "rb").read()
            if b"{canary}" in held or b"SECRET" in held or (pid == "1" and held):
                found.append(f"the environment of {pid}")
    if "{canary}" in str(os.environ):
        found.append("our own environment")
    return told(found)
""",
    ),
    Attack(
        "descriptors",
        "Descriptors that were left open",
        PROBES
        + """
def attack():
    found = []
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            points_to = os.readlink(f"/proc/self/fd/{fd}")
            if not points_to.startswith(("pipe:", "/dev/null", "/proc/")):
                found.append(f"{fd}: {points_to}")
    return told(found)
""",
    ),
    Attack(
        "rights",
        "Rights: capabilities, programs that raise them, limits",
        PROBES
        + """
import resource, subprocess
def attack():
    status = dict(row.split(":", 1) for row in open("/proc/self/status").read().splitlines())
    found = [name for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd") if int(status[name], 16)]
    found += ["privileges can be gained"] * (status["NoNewPrivs"].strip() != "1")
    found += ["no filter"] * (status["Seccomp"].strip() != "2")
    found.append(refused(os.setuid, 0))
    for limit in (resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            found.append(f"limit {limit} was raised")
    return told(found)
""",
    ),
    # ── system calls ──
    Attack(
        "system_calls",
        "Every system call of the list",
        calls()
        + PROBES
        + """
def attack():
    found = []
    for name, number in CALLS.items():
        ctypes.set_errno(0)
        if libc.syscall(number, 0, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            found.append(f"{name}: {os.strerror(ctypes.get_errno())}")
    return told(found)
""",
    ),
    Attack(
        "namespaces",
        "New namespaces by unshare and by clone; ptrace of process 1",
        calls()
        + PROBES
        + """
def clone(flags):
    child = libc.syscall({clone}, flags | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    return child > 0

def attack():
    flags = [0x10000000, 0x20000000, 0x40000000, 0x00020000, 0x04000000, 0x08000000]
    found = [f"unshare {flag:x}" for flag in flags if refused(call, CALLS["unshare"], flag)]
    found += [f"clone {flag:x}" for flag in flags if clone(flag)]
    found += ["ptrace"] * bool(refused(call, CALLS["ptrace"], 16, 1, 0, 0))
    return told(found)
""",
    ),
    Attack(
        "other_conventions",
        "System calls by another convention, and those that are not known yet",
        PROBES
        + """
def attack():
    found = []
    for number in (0x40000000 | 39, 470, 900):
        child = os.fork()
        if child == 0:
            ctypes.set_errno(0)
            os._exit(libc.syscall(number, 0, 0, 0) >= 0)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            found.append(number)
    return told(found)
""",
    ),
    # ── verdicts ──
    Attack(
        "leaves_early",
        "Leaving without an answer",
        "import os\ndef attack():\n    os._exit(0)\n",
        stopped("ended"),
    ),
    Attack(
        "leaves_while_loading",
        "Leaving before the first question",
        "import os\nos._exit(0)\n",
        stopped("ended"),
    ),
    Attack(
        "forges_verdicts",
        "Fake verdicts on every descriptor",
        """
import os
FAKE = b'{"tests": []}\\n{"result": "check_contained", "ok": true, "hint": ""}\\n{"done": true, "gone": ""}\\n'
for fd in range(256):
    try:
        os.write(fd, FAKE)
    except OSError:
        pass
def attack():
    for fd in range(256):
        try:
            os.write(fd, FAKE)
        except OSError:
            pass
    return "forged"
""",
        fails,
    ),
    Attack(
        "rewrites_the_host",
        "Rewriting the code that asks, from its own frames",
        """
import sys
def attack():
    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()):
            if type(value).__name__ == "Student":
                value.answer = lambda request, seconds: {"ok": True, "result": "check_contained", "done": True}
                value.send = lambda message: None
        frame = frame.f_back
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("inside"):
            module.encode = lambda value, depth=0: True
    return "forged"
""",
        fails,
    ),
    Attack(
        "equals_everything",
        "An answer that says it equals everything",
        """
class Any(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
class Word(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
turn = iter([Any(7), Word("no")])
def attack():
    return next(turn)
""",
        fails,
        check="def check_number(call):\n    assert call('attack') == 8\ndef check_word(call):\n    assert call('attack') == 'contained'\n",
    ),
    Attack(
        "reads_the_answers",
        "Looking for the officer's file",
        PROBES
        + """
def attack():
    found = []
    for folder, _, names in os.walk("/box"):
        for name in names:
            with contextlib.suppress(OSError):
                if b"def check_" + b"contained" in open(os.path.join(folder, name), "rb").read():
                    found.append(name)
    return told(found)
""",
    ),
    Attack(
        "judges_box",
        "The officer's own code is in a box, too",
        "def attack():\n    return 'contained'\n",
        check="""
import os, socket
def check_contained(call):
    assert call("attack") == "contained"
    assert not [path for path in ("/root", "/home", "/var", "{folder}") if os.path.exists(path)], "files"
    assert "{canary}" not in open("/proc/1/environ").read() + str(os.environ), "the environment"
    try:
        socket.create_connection(("127.0.0.1", {port}), timeout=0.5).close()
    except OSError:
        return
    assert False, "the network"
""",
    ),
]
