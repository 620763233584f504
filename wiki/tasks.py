from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from mlclub.celery import poke
from wiki import archives, care, knowing, lookups, meanings, mirror, viewing, vocabulary


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


@shared_task(name="wiki.tasks.keep_meanings", ignore_result=True)
def keep_meanings() -> None:
    """Read what is new or has changed for the search by meaning, some minutes at most. Running it twice is harmless."""
    if meanings.is_asked_for() and not meanings.catch_up():
        poke("wiki.tasks.keep_meanings")


@shared_task(name="wiki.tasks.keep_mirror", ignore_result=True)
def keep_mirror() -> None:
    """Build the mirror of the night, if it is not there. Running it twice, or two at once, is harmless."""
    mirror.keep(timezone.now())


@shared_task(name="wiki.tasks.make_archives", ignore_result=True)
def make_archives() -> None:
    """Write the archive that an officer asked for. Running it twice, or two at once, is harmless."""
    archives.work(timezone.now())


@shared_task(name="wiki.tasks.tend", ignore_result=True)
def tend() -> None:
    """Count on how many people the library hangs, notice who has left pages behind, and let old counts go. Running it
    twice is harmless."""
    now = timezone.now()
    viewing.tend(now)
    care.notice_departures(now)
    knowing.keep(now)
