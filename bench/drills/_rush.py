"""People with a session and a token of their own who all press one button over HTTP."""

from __future__ import annotations

import http.client
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlencode

from mlclub.supervisor import portal
from mlclub.supervisor.children import Family
from mlclub.supervisor.engines import free_port


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    pk: int
    cookie: str
    token: str


@dataclass
class Answers:
    """What the portal said: the status by person, and how long each took."""

    statuses: dict[int, list[int]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    broken: int = 0

    @property
    def p95(self) -> float:
        return round(statistics.quantiles(self.seconds, n=20)[18], 3) if len(self.seconds) > 1 else 0.0

    def count(self, wanted: Callable[[int], bool]) -> int:
        return sum(wanted(status) for each in self.statuses.values() for status in each)


@contextmanager
def served(*, log_level: str = "ERROR") -> Iterator[tuple[int, int]]:
    """The portal's web server while it lasts: its port, and the number of the process that keeps its workers."""
    with tempfile.TemporaryDirectory() as folder:
        port, family = free_port(), Family(Path(folder))
        env = os.environ | {"SITE_URL": f"http://localhost:{port}", "PRODUCTION": "0", "LOG_LEVEL": log_level}
        try:
            portal.start_web(family, env, [f"127.0.0.1:{port}"], port)
            yield port, family.children[-1].process.pid
        finally:
            family.stop()


def people(how_many: int, prefix: str = "rush") -> list[Person]:
    """So many accounts, each signed in."""
    from django.conf import settings
    from django.test import Client
    from django.utils.crypto import get_random_string

    from members.models import User

    found = []
    for number in range(how_many):
        user = User.objects.create_user(f"{prefix}{number}@club.example", name=f"Person {number}")
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        token = get_random_string(32)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
        found.append(Person(user.pk, cookie, token))
    return found


def rush(
    port: int,
    jobs: Sequence[tuple[Person, str]],
    *,
    threads: int = 4,
    pause: float = 0,
    answers: Answers | None = None,
) -> Answers:
    """Let each person post to an address, on so many connections; `pause` seconds between two of one connection."""
    answers = answers or Answers()
    waiting: SimpleQueue[tuple[Person, str]] = SimpleQueue()
    for job in jobs:
        waiting.put(job)
    lock = threading.Lock()

    def one() -> None:
        connection = None
        while True:
            try:
                person, path = waiting.get_nowait()
            except Empty:
                return
            connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            began = time.monotonic()
            status = 0
            try:
                connection.request(
                    "POST",
                    path,
                    urlencode({"csrfmiddlewaretoken": person.token}),
                    {
                        "Cookie": person.cookie,
                        "Host": f"localhost:{port}",
                        "Content-Type": "application/x-www-form-urlencoded",
                    },
                )
                response = connection.getresponse()
                response.read()
                status = response.status
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
            with lock:
                if status:
                    answers.statuses.setdefault(person.pk, []).append(status)
                    answers.seconds.append(time.monotonic() - began)
                else:
                    answers.broken += 1
            time.sleep(max(0.0, pause - (time.monotonic() - began)) if pause else 0)

    workers = [threading.Thread(target=one) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return answers
