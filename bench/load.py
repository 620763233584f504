"""A load from a second process on loopback: a few connections that ask as fast as they are answered."""

from __future__ import annotations

import contextlib
import http.client
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """What one address gave: requests a second, milliseconds of one request alone, bytes of its body.

    `cpu_ms` is the processor time of the web server for one request, which other work on the machine changes little
    (Linux only; the database's own time is not in it).
    """

    per_second: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float | None
    bytes: int
    errors: int


def measure(
    port: int, path: str, headers: dict[str, str], *, seconds: float, connections: int = 4, server: int = 0
) -> Answer:
    """First one connection alone (for the times), then `connections` together (for the requests a second).

    `server` is the process whose family serves them, for the processor time.
    """
    spent = cpu_seconds(server)
    alone, size, errors = ask(port, path, headers, seconds=seconds / 2)
    together: list[float] = []
    wrong: list[int] = []

    def one() -> None:
        times, _, failed = ask(port, path, headers, seconds=seconds)
        together.extend(times)
        wrong.append(failed)

    elapsed = in_threads([one] * connections)
    ordered = sorted(alone)
    return Answer(
        per_second=round(len(together) / elapsed, 1),
        p50_ms=round(1000 * statistics.median(ordered), 2),
        p95_ms=round(1000 * ordered[int(len(ordered) * 0.95) - 1], 2),
        cpu_ms=round(1000 * (cpu_seconds(server) - spent) / (len(alone) + len(together)), 2) or None,
        bytes=size,
        errors=errors + sum(wrong),
    )


def cpu_seconds(pid: int) -> float:
    """Processor seconds that the gunicorn processes below `pid` have used; 0 where nobody can say."""
    total = 0.0
    for each in family_of(pid) if pid else ():
        with contextlib.suppress(OSError):
            if b"gunicorn" in Path(f"/proc/{each}/cmdline").read_bytes():
                fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def family_of(pid: int) -> Iterator[int]:
    """The process and everything below it."""
    yield pid
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listing.read_text().split():
                yield from family_of(int(child))


def ask(
    port: int,
    path: str,
    headers: dict[str, str],
    *,
    seconds: float,
    method: str = "GET",
    body: bytes | None = None,
) -> tuple[list[float], int, int]:
    """Seconds of each request within `seconds`, the size of the last body, and how many were not 200 or 304."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times: list[float] = []
    size = errors = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        times.append(time.perf_counter() - began)
        size = len(content) or size
        errors += response.status not in {200, 304}
    connection.close()
    return times, size, errors


def in_threads(jobs: list[Callable[[], None]]) -> float:
    """Run all jobs at once; returns the seconds until the last has ended."""
    threads = [threading.Thread(target=job) for job in jobs]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
