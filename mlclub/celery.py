"""Celery only wakes the ledger; what is due stands in Postgres and survives any broker."""

from __future__ import annotations

import logging
import os

from celery import Celery
from celery.signals import worker_ready
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlclub.settings")

app = Celery("mlclub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger(__name__)


def _send(name: str, args: tuple[object, ...], expires: float | None = None) -> None:
    try:
        app.send_task(name, args=args, retry=False, ignore_result=True, expires=expires)
    except Exception as problem:  # the broker is a convenience; the tick finds the row anyway
        logger.warning("Celery could not be woken for %s: %s", name, problem)


def poke(name: str = "members.tasks.sweep_ledger", *args: object, expires: float | None = None) -> None:
    """Wake task `name` once the current transaction has committed. A call that nobody took in `expires` seconds is
    forgotten: for a queue that may have no worker, and a tick that calls again.

    A broker that is down costs a log line, never the request: nothing is raised and nothing retried.
    """
    transaction.on_commit(lambda: _send(name, args, expires), robust=True)


@worker_ready.connect
def look_at_once(**_: object) -> None:
    """A worker that comes back need not wait for beat: what fell due meanwhile goes now."""
    _send("members.tasks.sweep_ledger", ())
