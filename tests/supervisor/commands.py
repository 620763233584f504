"""The supervisor as its own process, the way `./run` starts it."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from mlclub.supervisor.engines import free_port
from mlclub.supervisor.state import ROOT

OURS = {"DATABASE_URL", "REDIS_URL", "PORT", "MLCLUB_STATE", "SECRET_KEY", "SITE_URL", "MEDIA_ROOT"}


def environment(state, port):
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in OURS and not name.startswith("PYTEST")
    }
    return kept | {"MLCLUB_STATE": str(state), "PORT": str(port)}


def supervise(*arguments, state, port=None, timeout=120):
    """Run to its end and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "mlclub.supervisor", *arguments],
        cwd=ROOT,
        env=environment(state, port or free_port()),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Portal:
    """A portal of its own, started and waited for."""

    def __init__(self, state, mode="demo"):
        self.state, self.port = state, free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlclub.supervisor", mode],
            cwd=ROOT,
            env=environment(state, self.port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line.startswith("ready "):
                break

    def get(self, path):
        """The page and its status, errors included."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def children(self, mode="club"):
        """The five processes of a whole portal; beat comes last, after the first page."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            rows = (self.state / mode / "children").read_text().splitlines()
            if len(rows) == 5:
                return [int(row.split()[0]) for row in rows]
            time.sleep(0.05)
        raise AssertionError(f"only {rows} came up")

    def stop(self):
        """SIGTERM; returns the status and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.said += self.process.communicate(timeout=60)[0]
        return self.process.returncode, time.monotonic() - began
