"""No process outlives the supervisor, and none that is not ours is touched."""

import signal
import subprocess
import sys
import time

import pytest

from mlclub.supervisor.children import LINUX, Family, birth_of
from mlclub.supervisor.state import ROOT


def gone(pid, within=5):
    deadline = time.monotonic() + within
    while birth_of(pid) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_stopping_ends_every_child_and_what_it_left_in_its_group(tmp_path):
    family = Family(tmp_path)
    child = family.start("web", ["/bin/sh", "-c", "sleep 300 & echo $!; exec sleep 300"])
    while not child.log.read_text().strip():
        time.sleep(0.01)
    grandchild = int(child.log.read_text())

    family.stop()

    assert gone(child.process.pid)
    assert gone(grandchild)
    assert not family.register.exists()


def test_a_child_that_does_not_want_to_stop_is_killed(tmp_path):
    family = Family(tmp_path)
    child = family.start("worker", ["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"])
    while "up" not in child.log.read_text():
        time.sleep(0.01)

    family.stop(patience=0.3)

    assert child.process.returncode == -signal.SIGKILL


def test_the_dead_child_is_named(tmp_path):
    family = Family(tmp_path)
    family.start("web", ["sleep", "300"])
    short = family.start("worker", ["/bin/sh", "-c", "echo out of paper; exit 7"])
    short.process.wait(10)

    dead = family.the_dead()
    family.stop()

    assert (dead.name, dead.process.returncode, dead.log.read_text()) == ("worker", 7, "out of paper\n")


def test_an_orphan_of_a_killed_supervisor_is_ended_at_the_next_start(tmp_path):
    orphan = Family(tmp_path).start("redis", ["sleep", "300"])

    ended = Family(tmp_path).end_orphans()

    assert ended == 1
    assert orphan.process.wait(5) == -signal.SIGTERM


def test_a_stranger_who_got_the_number_of_an_old_child_is_left_alone(tmp_path):
    stranger = subprocess.Popen(["sleep", "300"])
    (tmp_path / "children").write_text(f"{stranger.pid} 15 1")

    assert Family(tmp_path).end_orphans() == 0
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


@pytest.mark.skipif(not LINUX, reason="the kernel's death signal is Linux's")
def test_children_die_with_a_supervisor_that_was_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from mlclub.supervisor.children import Family\n"
        "print(Family(Path(sys.argv[1])).start('redis', ['sleep', '300']).process.pid, flush=True); time.sleep(300)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    child = int(supervisor.stdout.readline())
    assert birth_of(child)

    supervisor.kill()
    supervisor.communicate()

    assert gone(child)


def test_a_log_that_grew_large_is_set_aside(tmp_path):
    family = Family(tmp_path)
    (tmp_path / "web.log").write_bytes(b"x" * 5_000_001)
    family.start("web", ["true"]).process.wait()
    family.stop()

    assert (tmp_path / "web.log.1").stat().st_size == 5_000_001
    assert (tmp_path / "web.log").stat().st_size == 0
