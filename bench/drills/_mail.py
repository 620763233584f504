"""A mail server that writes down what it took, and senders that can be killed, each in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from aiosmtpd.controller import Controller


def in_a_process(work: Callable[[], None]) -> int:
    """Fork a process that does `work` and ends; returns its id. It opens its own connections."""
    from django.db import connections

    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
        os._exit(1)
    os._exit(0)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


class Sink:
    """Takes every mail after `seconds`, as a server across the network would, and writes it into a file."""

    def __init__(self, record: Path, port: int, *, seconds: float) -> None:
        self.record, self.port, self.seconds = record, port, seconds
        record.touch()

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        import asyncio
        from email import message_from_bytes

        await asyncio.sleep(self.seconds)
        message = message_from_bytes(envelope.content)  # type: ignore[attr-defined]
        with self.record.open("a") as lines:
            lines.write(f"{envelope.rcpt_tos[0]} {message['Message-ID']}\n")  # type: ignore[attr-defined]
        return "250 OK"

    def start(self) -> int:
        def serve() -> None:
            Controller(self, hostname="127.0.0.1", port=self.port).start()
            while True:
                time.sleep(60)

        pid = in_a_process(serve)
        self.wait()
        return pid

    def wait(self) -> None:
        import smtplib

        for _ in range(200):
            try:
                smtplib.SMTP("127.0.0.1", self.port, timeout=2).quit()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("The mail server of the drill did not start.")

    def taken(self) -> list[tuple[str, str]]:
        """(recipient, Message-ID) of every mail, in the order of arrival."""
        return [(line.split()[0], line.split()[1]) for line in self.record.read_text().splitlines()]


def use(port: int) -> None:
    """Point the portal of this process, and of those forked from it, at the drill's mail server."""
    from django.conf import settings

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.MAIL_SERVER_FROM_CLUB = False


def a_report() -> object:
    """Something real to send mail about."""
    from django.utils import timezone

    from members.models import ProblemReport

    return ProblemReport.objects.create(text="The search finds nothing.", created_at=timezone.now())
