"""What the clock and `poke` start: each a few lines that call a process."""

from __future__ import annotations

from celery import shared_task

from mlclub.celery import poke
from nmep import grader


@shared_task(name="nmep.tasks.grade", acks_late=True, ignore_result=True)
def grade() -> None:
    """Check what is queued; runs on the queue `grader` alone. Two at once take different runs."""
    if grader.work():
        poke("nmep.tasks.grade")
