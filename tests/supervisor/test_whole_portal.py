"""`./run` from start to end: the one command, as a person uses it."""

import json
import os
import signal

import pytest

from mlclub.supervisor.children import birth_of
from tests.supervisor.commands import Portal, supervise

pytestmark = [pytest.mark.slow]


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "ein Ort, wie er ist"
    folder.mkdir()
    return folder


def test_the_club_runs_stops_and_is_there_the_next_time(state):
    first = Portal(state, "club")
    try:
        assert f"ready http://localhost:{first.port}\n" in first.said
        assert first.get("/healthz/live/") == (200, "alive\n")
        parts = json.loads(first.get("/healthz/ready/")[1])["parts"]
        assert parts["database"]["ok"]
        assert parts["migrations"]["ok"]
        assert parts["redis"]["ok"]
        second = supervise("club", state=state, port=first.port)
        assert (second.returncode, f"pid {first.process.pid}" in second.stderr) == (3, True)
        written = supervise("manage", "shell", "-v0", "-c", WRITE, state=state)
        assert written.returncode == 0, written.stderr
        children = first.children()
    finally:
        status, seconds = first.stop()

    assert status == 0, first.said
    assert seconds < 15
    assert [pid for pid in children if birth_of(pid)] == []
    # The servers are down now, so they come up for this one command; the club was the last mode.
    found = supervise("manage", "shell", "-v0", "-c", READ, state=state)
    assert found.stdout == "Kept & sound\n", found.stderr


WRITE = (
    "from members.models import Club; Club.objects.update_or_create(pk=1, defaults={'name': 'Kept & sound'})"
)
READ = "from members.models import Club; print(Club.objects.get().name)"


def test_a_part_that_dies_takes_the_rest_along_and_its_last_lines_are_shown(state):
    portal = Portal(state, "club")
    children = portal.children()
    worker = children[3]

    os.kill(worker, signal.SIGKILL)
    portal.said += portal.process.communicate(timeout=60)[0]

    assert portal.process.returncode == 1
    assert "worker ended by itself (status -9), so the rest is stopped." in portal.said
    assert f"The last lines of {state / 'club' / 'worker.log'}" in portal.said
    assert [pid for pid in children if birth_of(pid)] == []


def test_after_a_killed_supervisor_nothing_runs_on_and_the_next_start_is_clean(state):
    killed = Portal(state, "club")
    children = killed.children()
    killed.process.kill()
    killed.process.communicate()

    again = Portal(state, "club")
    status, _ = again.stop()

    assert status == 0, again.said
    assert "ready " in again.said
    assert [pid for pid in children if birth_of(pid)] == []
