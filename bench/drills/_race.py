"""Many jobs at the same instant, each in a thread and on a connection to the database of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence


def race(jobs: Sequence[Callable[[], object]]) -> tuple[list[float], list[str]]:
    """Begin all `jobs` together. Returns the seconds that those took which ended well, and what went wrong in words."""
    from django.db import connection

    start = threading.Barrier(len(jobs))
    seconds: list[float] = []
    wrong: list[str] = []

    def run(job: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            began = time.monotonic()
            job()
            seconds.append(time.monotonic() - began)
        except Exception as problem:
            wrong.append(f"{type(problem).__name__}: {problem}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds, wrong
