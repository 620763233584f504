"""What `./run` says when it cannot start, before it has started anything."""

import os
import socket

import pytest

from mlclub.supervisor.engines import CannotStart, Engines
from mlclub.supervisor.state import AlreadyRunning, State
from tests.supervisor.commands import supervise


def test_a_second_start_says_that_the_first_is_running(tmp_path):
    with State(tmp_path).held():
        second = supervise("demo", state=tmp_path)

    assert (second.returncode, second.stdout) == (3, "")
    assert (
        second.stderr
        == f"The portal is already running here, pid {os.getpid()}. To stop it: kill {os.getpid()}\n"
    )


def test_the_lock_is_free_again_when_its_holder_is_gone(tmp_path):
    state = State(tmp_path)
    with state.held(), pytest.raises(AlreadyRunning) as refusal, state.held():
        pass
    with state.held():
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    assert refusal.value.pid == str(os.getpid())


def test_a_taken_port_is_said_before_anything_starts(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = supervise("demo", state=tmp_path, port=port)

    assert refused.returncode == 4
    assert refused.stderr == (
        f"Port {port} is taken by another program: choose another, as in PORT={port + 1} make run.\n"
    )
    assert not (tmp_path / "demo" / "postgres").exists()


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused_in_words(tmp_path, port):
    refused = supervise("demo", state=tmp_path, port=port)

    assert (refused.returncode, refused.stderr) == (
        4,
        f"PORT must be a number between 1 and 65535, not {port!r}.\n",
    )


def test_an_unknown_command_lists_those_that_exist(tmp_path):
    unknown = supervise("strat", state=tmp_path)

    assert unknown.returncode == 2
    assert unknown.stderr.startswith("./run knows no 'strat'.")
    assert "./run manage COMMAND" in unknown.stderr


def test_the_demo_and_the_club_keep_their_data_apart_and_the_last_one_is_remembered(tmp_path):
    state = State(tmp_path)
    assert state.mode == "demo"
    state.remember("club")
    assert state.mode == "club"
    assert {state.family(mode).folder for mode in ("demo", "club")} == {tmp_path / "demo", tmp_path / "club"}


def test_a_command_given_while_the_portal_starts_waits_until_it_is_ready(tmp_path):
    state = State(tmp_path)
    state.family("club")
    with state.held():
        with pytest.raises(CannotStart, match="did not get ready"):
            state.environment_of_the_running(patience=0.2)
        env = state.environment("club", Engines("postgres://here/club", "redis://here/0"), 8123)
        state.publish(env)
        told = state.environment_of_the_running(patience=0.2)
    with pytest.raises(CannotStart, match="did not get ready"):
        state.environment_of_the_running(patience=60)

    assert env | told == env
    assert {name: told[name] for name in ("DATABASE_URL", "DEMO", "PRODUCTION", "SITE_URL")} == {
        "DATABASE_URL": "postgres://here/club",
        "DEMO": "0",
        "PRODUCTION": "0",
        "SITE_URL": os.environ.get("SITE_URL", "http://localhost:8123"),
    }
    assert len(told["SECRET_KEY"]) > 40


def test_the_keys_are_readable_by_their_owner_only_and_stay_the_same(tmp_path):
    state = State(tmp_path)
    state.family("demo")
    engines = Engines("postgres://here/club", "redis://here/0")
    first = state.environment("demo", engines, 8000)
    state.publish(first)

    assert state.environment("demo", engines, 8000)["SECRET_KEY"] == first["SECRET_KEY"]
    for path in (tmp_path / "demo" / "django.secret", state.environment_file):
        assert path.stat().st_mode & 0o777 == 0o600
