"""What the clock and `poke` start: each a few lines that call a process."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from members.ledger import channels
from members.ledger.sending import sweep
from mlclub.celery import poke


@shared_task(name="members.tasks.sweep_ledger", acks_late=True, ignore_result=True)
def sweep_ledger() -> None:
    """Write what fell due and send what can go. Running it twice, or many at once, is harmless."""
    if not sweep(always_tick=False).is_finished:
        poke()


@shared_task(name="members.tasks.sweep_channels", ignore_result=True)
def sweep_channels() -> None:
    """Say in Discord and Slack what they should say. Running it twice, or many at once, is harmless."""
    channels.sweep(timezone.now())
