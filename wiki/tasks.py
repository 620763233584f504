from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from mlclub.celery import poke
from wiki import lookups, vocabulary


@shared_task(name="wiki.tasks.look_up_papers", ignore_result=True)
def look_up_papers() -> None:
    """Ask outside what papers are called, a minute at most. Running it twice, or many at once, is harmless."""
    lookups.work()
    if lookups.are_waiting(timezone.now()):
        poke("wiki.tasks.look_up_papers")


@shared_task(name="wiki.tasks.count_words", ignore_result=True)
def count_words() -> None:
    """Count the words to which typing errors are corrected. Running it twice is harmless."""
    vocabulary.catch_up()
