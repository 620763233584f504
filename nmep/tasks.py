"""What the clock and `poke` start: each a few lines that call a process."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from nmep import grader, link_checks


@shared_task(name="nmep.tasks.grade", acks_late=True, ignore_result=True)
def grade() -> None:
    """Check what is queued; runs on the queue `grader` alone. Two at once take different runs."""
    if grader.work():
        grader.wake()


@shared_task(name="nmep.tasks.check_links", ignore_result=True)
def check_links() -> None:
    """Follow the links of public modules that are due this week. The demo club's lead nowhere, and are left alone."""
    if not settings.DEMO:
        link_checks.check(timezone.now())
