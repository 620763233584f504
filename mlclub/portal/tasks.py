from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from mlclub import chores, gather


@shared_task(name="mlclub.portal.tasks.tick", ignore_result=True)
def tick() -> None:
    """Housekeeping once a minute: every app does what its clock says. Running it twice is harmless."""
    chores.do(timezone.now(), *gather.offers("tick"))
