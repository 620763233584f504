"""The box that students' code runs in: how it is asked for, and that it holds."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nmep.grading import command, seccomp, selftest
from nmep.grading.attacks import ATTACKS
from nmep.grading.box import FIRST_UID, Machine, resident, slot, tree_of
from nmep.grading.command import Limits, NoBox, Tools
from nmep.grading.running import run

TOOLS = Tools("/usr/bin/bwrap", "/usr/bin/prlimit", "/usr/bin/setpriv", "/usr/bin/python3")
ADDS = "def check_adds(call):\n    assert call('add', 2, 3) == 5\n"
GOOD = [(1, "def add(a, b):\n    return a + b")]


def pairs(argv, option):
    return [argv[at + 1 : at + 3] for at, part in enumerate(argv) if part == option]


# ── The command line: checked on every machine ──


def boxed(**fields):
    given = {"files": {"/box/job.json": 7}, "seccomp": 9, "system": ["--ro-bind", "/usr", "/usr"]}
    return command.boxed(TOOLS, Limits(), **{**given, **fields})


def test_a_box_shares_nothing_and_may_make_no_namespace_of_its_own():
    argv = boxed()
    for option in (
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ):
        assert option in argv
    assert argv[argv.index("--cap-drop") + 1] == "ALL"
    assert argv[argv.index("--uid") + 1] == argv[argv.index("--gid") + 1] == "65534"
    assert argv[argv.index("--seccomp") + 1] == "9"


def test_no_folder_of_the_machine_can_be_written_in_a_box():
    argv = boxed(image="/opt/grader")
    assert not {"--bind", "--dev-bind", "--bind-data", "--share-net"} & set(argv)
    assert pairs(argv, "--ro-bind") == [["/usr", "/usr"], ["/opt/grader", "/image"]]


def test_every_folder_in_memory_has_a_size_and_dev_cannot_grow():
    argv = boxed()
    for at, part in enumerate(argv):
        if part == "--tmpfs":
            assert argv[at - 2] == "--size", argv[at + 1]
            assert 0 < int(argv[at - 1]) <= 64 << 20
    assert [path for path, *_ in pairs(argv, "--remount-ro")] == ["/dev", "/"]
    assert argv.index("--remount-ro") > argv.index("--dev")


def test_files_are_handed_over_by_descriptor_and_read_only():
    assert pairs(boxed(), "--ro-bind-data") == [["7", "/box/job.json"]]


def test_what_is_set_inside_is_a_short_list():
    names = [name for name, _ in pairs(boxed(), "--setenv")]
    assert names == [
        "PATH", "HOME", "LANG", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "MPLBACKEND",
    ]  # fmt: skip


def test_root_becomes_somebody_before_any_limit_is_set():
    argv = command.limited(TOOLS, Limits(), uid=61_003, processes=64)
    assert argv[0] == "/usr/bin/setpriv"
    assert {"--reuid=61003", "--regid=61003", "--clear-groups", "--no-new-privs"} < set(argv)
    assert argv.index("/usr/bin/prlimit") > argv.index("--no-new-privs")
    assert {"--nproc=64", "--core=0", "--nofile=256", "--fsize=20971520", "--cpu=20:21"} < set(argv)


def test_whoever_is_not_root_stays_who_they_are():
    assert command.limited(TOOLS, Limits(), uid=None, processes=90)[0] == "/usr/bin/prlimit"


def test_old_names_of_system_folders_are_shown_as_they_are_on_the_machine(tmp_path):
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "lib64").mkdir()
    options = command.system_folders(tmp_path)
    assert pairs(options, "--symlink") == [["usr/lib", "/lib"]]
    assert pairs(options, "--ro-bind") == [["/usr", "/usr"], ["/lib64", "/lib64"]]


def test_a_machine_without_bubblewrap_has_no_box_and_says_so(monkeypatch, tmp_path):
    for name in ("prlimit", "setpriv"):
        program = tmp_path / name
        program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoBox, match=r"Not installed on this machine: bubblewrap\."):
        Machine.here()


def test_an_image_without_python_is_no_image(tmp_path):
    with pytest.raises(NoBox, match="There is no Python in"):
        Machine.here(str(tmp_path))


# ── The filter: run here by an interpreter of classic BPF ──


def decide(program, *, number, argument=0, audit):
    data = struct.pack("=II", number, audit) + bytes(8) + struct.pack("=Q", argument) + bytes(40)
    steps = [struct.unpack("=HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    at = held = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == seccomp.LOAD:
            held = struct.unpack_from("=I", data, value)[0]
        elif code == seccomp.RETURN:
            return value
        else:
            holds = {
                seccomp.EQUAL: held == value,
                seccomp.AT_LEAST: held >= value,
                seccomp.ANY_BIT: bool(held & value),
            }
            at += yes if holds[code] else no


REFUSED, ABSENT = seccomp.ERRNO | errno.EPERM, seccomp.ERRNO | errno.ENOSYS
MACHINES = sorted(seccomp.MACHINES.items())


@pytest.mark.parametrize(("name", "machine"), MACHINES)
def test_every_call_of_the_list_is_refused_and_others_are_not(name, machine):
    law = seccomp.program(name)
    refused = {numbers[machine.column] for numbers in seccomp.REFUSED.values()}
    special = {machine.socket, machine.clone, machine.clone3}
    for number in range(seccomp.UNKNOWN_FROM):
        if number in special:
            continue
        wanted = REFUSED if number in refused else seccomp.ALLOW
        assert decide(law, number=number, audit=machine.audit) == wanted, number


@pytest.mark.parametrize(("name", "machine"), MACHINES)
def test_threads_and_children_are_allowed_and_namespaces_are_not(name, machine):
    law = seccomp.program(name)

    def clone(flags):
        return decide(law, number=machine.clone, argument=flags, audit=machine.audit)

    assert clone(0x3D0F00) == clone(17) == seccomp.ALLOW
    for flag in (0x10000000, 0x20000000, 0x40000000, 0x00020000, 0x02000000, 0x04000000, 0x08000000):
        assert clone(flag | 17) == REFUSED
    assert decide(law, number=machine.clone3, audit=machine.audit) == ABSENT


@pytest.mark.parametrize(("name", "machine"), MACHINES)
def test_four_families_of_sockets_are_allowed(name, machine):
    law = seccomp.program(name)
    allowed = [
        family
        for family in range(64)
        if decide(law, number=machine.socket, argument=family, audit=machine.audit) == seccomp.ALLOW
    ]
    assert allowed == [1, 2, 10, 16]


@pytest.mark.parametrize(("name", "machine"), MACHINES)
def test_calls_of_another_processor_end_the_process_and_new_ones_do_not_exist(name, machine):
    law = seccomp.program(name)
    assert decide(law, number=1, audit=0x40000003) == seccomp.KILL
    assert decide(law, number=0x40000000 | 39, audit=machine.audit) == seccomp.KILL
    assert decide(law, number=470, audit=machine.audit) == ABSENT


def test_a_processor_without_a_list_has_no_box():
    with pytest.raises(seccomp.UnknownMachine):
        seccomp.program("riscv64")


def test_jumps_stay_inside_the_program_and_the_kernel_takes_its_length():
    for name in seccomp.MACHINES:
        law = seccomp.program(name)
        assert len(law) // 8 < 4096
        for at in range(0, len(law), 8):
            code, yes, no, _ = struct.unpack("=HBBI", law[at : at + 8])
            if code not in (seccomp.LOAD, seccomp.RETURN):
                assert at // 8 + 1 + max(yes, no) < len(law) // 8


# ── The box itself ──


@pytest.fixture(scope="module")
def machine():
    return Machine.here()


@pytest.mark.sandbox
@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_the_box_contains(attack, machine):
    row = selftest.attempt(machine, attack)
    assert row.ok, row.saw


def sabotaged(machine, folder, *, without):
    """The same machine with a bubblewrap that forgets an option (and what belongs to it)."""
    program = folder / "bwrap"
    program.write_text(
        "#!/usr/bin/python3\n"
        "import os, sys\n"
        f"gone, given, kept = {list(without)!r}, sys.argv[1:], []\n"
        "while given:\n"
        "    if given[: len(gone)] == gone:\n"
        "        given = given[len(gone):]\n"
        "    else:\n"
        "        kept.append(given.pop(0))\n"
        f"os.execv({machine.tools.bwrap!r}, ['bwrap', *kept])\n"
    )
    program.chmod(0o755)
    return replace(machine, tools=replace(machine.tools, bwrap=str(program)))


HOLES = [
    (["--remount-ro", "/dev"], "fills_folders"),
    (["--cap-drop", "ALL"], None),
    (["--unshare-all"], "network"),
    (["--remount-ro", "/"], "writes_files"),
]


@pytest.fixture
def open_folder():
    """A folder that a uid without any right may read."""
    folder = Path("/tmp") / f"mlclub-open-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("without", "attack"),
    [
        (["--remount-ro", "/dev"], "writes_files"),
        (["--remount-ro", "/"], "writes_files"),
        (["--unshare-all"], "network"),
    ],
)
def test_the_self_test_notices_a_hole(machine, open_folder, without, attack):
    leaking = sabotaged(machine, open_folder, without=without)
    row = selftest.attempt(leaking, next(one for one in ATTACKS if one.name == attack))
    assert not row.ok


@pytest.mark.sandbox
@pytest.mark.parametrize("attack", ["unseen_memory", "families", "system_calls", "namespaces"])
def test_the_self_test_notices_a_filter_that_allows_everything(machine, attack):
    leaking = replace(machine, filter=seccomp._step(seccomp.RETURN, seccomp.ALLOW))
    row = selftest.attempt(leaking, next(one for one in ATTACKS if one.name == attack))
    assert not row.ok


@pytest.mark.sandbox
def test_bubblewrap_that_does_not_start_fails_every_row(machine, open_folder):
    (open_folder / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (open_folder / "bwrap").chmod(0o755)
    broken = replace(machine, tools=replace(machine.tools, bwrap=str(open_folder / "bwrap")))
    assert [row.ok for row in selftest.prove(broken, ATTACKS[:4])] == [False] * 4


@pytest.mark.sandbox
def test_the_workers_secrets_are_in_no_output(machine, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "canary-of-the-worker")
    looks = """
import os
def add(a, b):
    seen = str(os.environ)
    for pid in os.listdir("/proc"):
        for name in ("environ", "cmdline"):
            try:
                seen += open(f"/proc/{pid}/{name}").read()
            except OSError:
                pass
    print(seen)
    return seen
"""
    verdict = run(machine, [(1, looks)], "def check_a(call):\n    assert not call('add', 1, 2)\n", Limits())
    assert verdict.state == "finished"
    assert "PATH" in verdict.printed
    assert "canary-of-the-worker" not in repr(verdict) + verdict.printed


@pytest.mark.sandbox
def test_a_good_notebook_is_checked_in_less_than_a_second(machine):
    best = min(run(machine, GOOD, ADDS, Limits()).seconds for _ in range(3))
    assert best < 1


@pytest.mark.sandbox
def test_twenty_runs_at_once_stay_below_their_memory_and_leave_nothing(machine):
    before, peaks, verdicts, done = set(tree_of(os.getpid())), [], [], threading.Event()
    free = shutil.disk_usage("/tmp").free

    def look():
        while not done.wait(0.1):
            peaks.append(sum(map(resident, set(tree_of(os.getpid())) - before)) >> 20)

    hungry = [(1, "held = b'x' * (60 << 20)\nimport time\ntime.sleep(1)\ndef add(a, b):\n    return a + b")]
    limits = Limits(seconds=60, memory_mb=128)
    jobs = [
        threading.Thread(target=lambda: verdicts.append(run(machine, hungry, ADDS, limits)))
        for _ in range(20)
    ]
    watcher = threading.Thread(target=look)
    watcher.start()
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    done.set()
    watcher.join()
    assert [verdict.passes for verdict in verdicts] == [True] * 20
    assert 200 < max(peaks) < 20 * 128
    assert set(tree_of(os.getpid())) <= before
    assert free - shutil.disk_usage("/tmp").free < 200 << 20


@pytest.mark.sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give each box a uid of its own")
def test_two_boxes_have_two_uids():
    with slot() as one, slot() as other:
        assert one >= FIRST_UID
        assert other >= FIRST_UID
        assert one != other
    with slot() as again:
        assert again in (one, other)
    assert stat.S_IMODE(Path("/tmp/mlclub-grader-slots").stat().st_mode) == 0o700


@pytest.mark.sandbox
def test_a_box_holds_nothing_but_the_two_sides_and_the_job(machine):
    lists = "import os\ndef add(a, b):\n    return sorted(os.listdir('/')), sorted(os.listdir('/box')), sorted(os.listdir('/etc'))"
    seen = "def check_a(call):\n    assert False, str(call('add', 1, 2))\n"
    hint = run(machine, [(1, lists)], seen, Limits()).found[0].hint
    assert "['inside', 'job.json']" in hint
    assert "'passwd'" in hint
    assert "'home'" not in hint


@pytest.mark.sandbox
def test_an_image_brings_the_courses_own_python(open_folder):
    import numpy

    image = open_folder / "image"
    packages = Path(numpy.__file__).parent.parent
    import subprocess

    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", str(image)], check=True)
    inside = next(image.glob("lib/python3*/site-packages"))
    for name in ("numpy", "numpy.libs"):
        shutil.copytree(packages / name, inside / name)
    machine = Machine.here(str(image))
    verdict = run(
        machine,
        [(1, "import numpy as np\ndef double(x):\n    return x * 2")],
        "import numpy as np\ndef check_a(call):\n    assert near(call('double', np.arange(6.0).reshape(2, 3)), np.arange(0, 12, 2).reshape(2, 3))\n",
        Limits(),
    )
    assert verdict.passes, verdict
