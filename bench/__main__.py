"""`./run bench [--seconds N] [--only PART …]`: JSON lines on how fast the portal is on this machine.

Parts: start (seconds to the first page), pages (each main page at 1× and 10× the demo's data beside the bare page),
seats (registrations), digests (10,000), search (100,000 pages), calendar (a personal feed),
judge (a good notebook checked),
notebook (1 MB, rendered and from the cache), roster (the grid of 60 learners),
cloning (a term made from an earlier one),
events (list and page with 10,000 events and 100,000 registrations).
Everything happens in a folder of its own, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.load import measure
from mlclub.supervisor.engines import free_port

ROOT = Path(__file__).resolve().parent.parent
PARTS = [
    "start",
    "pages",
    "calendar",
    "seats",
    "digests",
    "search",
    "care",
    "notebook",
    "pairs",
    "roster",
    "cloning",
    "events",
    "judge",
]


def say(**figures: Any) -> None:
    print(json.dumps(figures), flush=True)


@contextmanager
def portal(folder: Path, port: int) -> Iterator[tuple[float, int]]:
    """The demo club on `port`; yields the seconds until it said that it was ready, and its process."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(ROOT / "run")],
        env={**os.environ, "MLCLUB_STATE": str(folder), "PORT": str(port), "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("ready"):
                break
        else:
            raise SystemExit("The portal did not start; `./run` says why.")
        yield time.monotonic() - began, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def inside(folder: Path, *command: str, database: str = "") -> Any:
    """What `bench.inside` prints, run with the portal's own settings, or with a database beside the portal's, which
    neither its web nor its workers know."""
    env = {**os.environ, **json.loads((folder / "environment.json").read_text())}
    env |= {"DJANGO_SETTINGS_MODULE": "mlclub.settings", "LOG_LEVEL": "ERROR"}
    if database:
        for name, other in (("DATABASE_URL", database), ("REDIS_URL", "9")):
            env[name] = f"{env[name].rpartition('/')[0]}/{other}"
    done = subprocess.run(
        [sys.executable, "-m", "bench.inside", *command],
        env=env,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def bare_page(folder: Path) -> Iterator[tuple[int, dict[str, str], int]]:
    """The bare page under the same two gunicorn workers, in a database beside the portal's: port, headers, process."""
    told = json.loads((folder / "environment.json").read_text())
    inside(folder, "make_bare_database")
    env = {**os.environ, "BARE_DATABASE_URL": told["DATABASE_URL"].rpartition("/")[0] + "/bare"}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    cookie = subprocess.run(
        [sys.executable, "-m", "bench.bare"], env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "bench.bare:application", "--preload", "--workers", "2", "--worker-class", "gthread",
         "--threads", "4", "--bind", f"127.0.0.1:{port}", "--log-level", "error"],
        env=env,
        cwd=ROOT,
    )  # fmt: skip
    try:
        wait_for(port)
        yield port, {"Cookie": f"sessionid={cookie}"}, process.pid
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, patience: float = 60) -> None:
    """Until somebody listens on the port."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit("The bare page did not start.")


def bench_pages(folder: Path, port: int, server: int, seconds: float) -> None:
    """Each page right after the bare one, so that a neighbour on the machine slows both."""
    for times in (1, 10):
        if times == 10:
            say(part="grown", **inside(folder, "grow", "10"))
        pages = inside(folder, "addresses")
        with bare_page(folder) as (bare_port, bare_headers, bare_server):
            measure(bare_port, "/", bare_headers, seconds=1)
            asked = [(name, page, {}) for name, page in pages.items()]
            asked += [
                (f"{name}, unchanged (304)", page, {"If-None-Match": page["etag"]})
                for name, page in pages.items()
                if page["etag"]
            ]
            for name, page, more in asked:
                headers = {"Cookie": page["cookie"], "Host": f"localhost:{port}", **more}
                measure(port, page["path"], headers, seconds=1)
                bare = measure(bare_port, "/", bare_headers, seconds=seconds / 2, server=bare_server)
                found = measure(port, page["path"], headers, seconds=seconds, server=server)
                say(
                    part="pages",
                    page=name,
                    times=times,
                    queries=page["queries"],
                    **vars(found),
                    of_bare=round(found.p50_ms / bare.p50_ms, 2),
                    cpu_of_bare=round(found.cpu_ms / bare.cpu_ms, 2)
                    if found.cpu_ms and bare.cpu_ms
                    else None,
                )
            say(part="pages", page="bare", times=times, queries=3, **vars(bare))


def bench_calendar(folder: Path, port: int, seconds: float) -> None:
    feed = inside(folder, "calendar")
    host = {"Host": f"localhost:{port}"}
    whole = measure(port, feed["path"], host, seconds=seconds)
    same = measure(port, feed["path"], {**host, "If-None-Match": feed["etag"]}, seconds=seconds)
    say(part="calendar", what="changed", **vars(whole))
    say(part="calendar", what="unchanged (304)", **vars(same))


def judge_times() -> Iterator[dict[str, Any]]:
    """A good notebook from its cells to its verdict, both boxes started for it; median and worst of ten."""
    from nmep.grading.box import Machine
    from nmep.grading.command import Limits, NoBox
    from nmep.grading.running import run

    source = "def check_add(call):\n    for n in range(20):\n        assert call('add', n, n) == 2 * n\n"
    cells = [(n, f"x{n} = {n}") for n in range(30)] + [(31, "def add(a, b):\n    return a + b")]
    try:
        machine = Machine.here()
        found = [run(machine, cells, source, Limits()) for _ in range(10)]
    except NoBox as problem:
        yield {"what": "not measured", "why": str(problem)}
        return
    seconds = sorted(verdict.seconds for verdict in found)
    yield {
        "what": "a good notebook of 31 cells, 20 questions",
        "passed": sum(verdict.passes for verdict in found),
        "median_s": seconds[len(seconds) // 2],
        "worst_s": seconds[-1],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="for each measurement")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    asked = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mlclub-bench-") as temporary:
        folder = Path(temporary)
        with portal(folder, port) as (first, _):
            if "start" in asked.only:
                say(part="start", what="first page of a new demo club", seconds=round(first, 1))
        with portal(folder, port) as (warm, server):
            if "start" in asked.only:
                say(part="start", what="first page afterwards", seconds=round(warm, 1))
            if "pages" in asked.only:
                bench_pages(folder, port, server, asked.seconds)
            if "calendar" in asked.only:
                bench_calendar(folder, port, asked.seconds)
            if "seats" in asked.only:
                say(part="seats", **inside(folder, "seats_over_http", str(port)))
            if "notebook" in asked.only:
                for figures in inside(folder, "notebook"):
                    say(part="notebook", **figures)
            if "pairs" in asked.only:
                for figures in inside(folder, "pairs"):
                    say(part="pairs", **figures)
            if "roster" in asked.only:
                for figures in inside(folder, "roster"):
                    say(part="roster", **figures)
            if "judge" in asked.only:
                for figures in judge_times():
                    say(part="judge", **figures)
            for part in ("seats", "digests", "search", "care", "cloning", "events"):
                if part in asked.only:
                    inside(folder, "make_database", part)
                    inside(folder, "migrate", database=part)
                    for figures in inside(folder, part, database=part):
                        say(part=part, **figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
