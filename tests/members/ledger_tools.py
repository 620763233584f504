"""Kinds of message, and mail servers of every temper, for the tests of the ledger."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from members.ledger import Category, kind

NOON = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)  # noon in Los Angeles


def make_kind(slug="news", *, category=Category.TRANSACTIONAL, label=None, template="mail_of_test", **more):
    """Declare a kind; functions given by name become its methods (without `self`)."""
    options = {name: more.pop(name) for name in ("is_required", "is_on", "is_for_accounts") if name in more}

    def method(function):
        return lambda self, *args: function(*args)

    body = {name: method(function) for name, function in more.items()}
    declared = type(f"Kind {slug}", (), body)
    declared.__qualname__ = f"{slug} {time.perf_counter_ns()}"
    return kind(
        slug,
        label=label or slug.replace("-", " ").capitalize(),
        template=template,
        category=category,
        why="because the test says so",
        **options,
    )(declared)


class Sink:
    """Keeps what it is handed. `answers` maps a recipient to what RCPT or DATA answers instead of 250."""

    def __init__(self, *, answers=None, at_data=None, slow=0.0):
        self.messages = []
        self.answers = answers or {}
        self.at_data = at_data or {}
        self.slow = slow

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        import asyncio

        await asyncio.sleep(self.slow)
        recipient = envelope.rcpt_tos[0]
        if recipient in self.at_data:
            return self.at_data[recipient]
        self.messages.append((recipient, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    @property
    def recipients(self):
        return [recipient for recipient, _ in self.messages]

    @property
    def ids(self):
        return [message["Message-ID"] for _, message in self.messages]


@contextmanager
def mail_server(**options):
    """A mail server on 127.0.0.1; yields (sink, port)."""
    sink = Sink(**options)
    controller = Controller(sink, hostname="127.0.0.1", port=0)
    # aiosmtpd connects to itself to see that it is up, which needs a known port.
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    try:
        yield sink, controller.port
    finally:
        controller.stop()
