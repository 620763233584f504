from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from mlclub import gather


@shared_task(name="mlclub.portal.tasks.tick", ignore_result=True)
def tick() -> None:
    """Housekeeping once a minute: every app does what its clock says. Running it twice is harmless."""
    for _ in gather.each("tick", timezone.now()):
        pass
