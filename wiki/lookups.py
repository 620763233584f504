"""What a paper is called, asked outside when somebody has named it by a number: once, and the answer is kept for good.

Whichever worker comes first asks; between two questions to one place lie three seconds, however many workers there are.
Nobody waits for it: a paper is there from the first moment, and whatever people typed stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mlclub import celery, gather
from wiki import citing, sources
from wiki.models import LookupPace, Paper, PaperLookup

#: What arXiv asks of programs.
PAUSE = timedelta(seconds=3)
#: How long a worker keeps a question to itself; more than a question can take.
LEASE = timedelta(minutes=3)
#: After the first, second … time that nobody answered.
AGAIN = [timedelta(minutes=minutes) for minutes in (1, 10, 60, 360, 1440)]


def is_on() -> bool:
    """Whether papers are looked up at all; otherwise people type what a paper is called."""
    return bool(settings.PAPER_LOOKUP)


def ask(paper: Paper, *, now: datetime) -> bool:
    """Have a paper looked up. False when there is nothing to ask by, or it has been asked."""
    if not is_on() or not (paper.arxiv_id or paper.doi):
        return False
    _, is_new = PaperLookup.objects.get_or_create(paper=paper, defaults={"asked_at": now, "try_at": now})
    if is_new:
        celery.poke("wiki.tasks.look_up_papers")
    return is_new


def ask_again(rows: QuerySet[PaperLookup], *, now: datetime) -> int:
    """Ask once more for those that came to nothing; how many those are. What was found is kept for good."""
    asked = rows.exclude(state=PaperLookup.State.FOUND).update(
        state=PaperLookup.State.WAITING, try_at=now, attempts=0, answered_at=None, problem=""
    )
    if asked:
        celery.poke("wiki.tasks.look_up_papers")
    return asked


def are_waiting(now: datetime) -> bool:
    """Whether a question may be asked now."""
    return PaperLookup.objects.filter(state=PaperLookup.State.WAITING, try_at__lte=now).exists()


def work(
    *,
    seconds: float = 60,
    clock: Callable[[], datetime] = timezone.now,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Ask what waits to be asked, for so many seconds at most; how many answers there were."""
    ends_at, answers = clock() + timedelta(seconds=seconds), 0
    while is_on() and (now := clock()) < ends_at:
        waits, lookup = take(now)
        if lookup is not None:
            answers += answer(lookup, clock=clock)
        elif waits is None or now + waits > ends_at:
            break
        else:
            sleep(waits.total_seconds())
    return answers


@transaction.atomic
def take(now: datetime) -> tuple[timedelta | None, PaperLookup | None]:
    """The next question for this worker; else how long until its place may be asked, or None when nothing waits."""
    rows = PaperLookup.objects.select_for_update(of=("self",), skip_locked=True).select_related("paper")
    lookup = rows.filter(state=PaperLookup.State.WAITING, try_at__lte=now).order_by("try_at", "pk").first()
    if lookup is None:
        return None, None
    source = "arxiv" if lookup.paper.arxiv_id else "doi"
    LookupPace.objects.get_or_create(source=source, defaults={"next_at": now})
    if not LookupPace.objects.filter(source=source, next_at__lte=now).update(next_at=now + PAUSE):
        pace = LookupPace.objects.get(source=source)
        return max(pace.next_at - now, timedelta(milliseconds=50)), None
    lookup.attempts += 1
    lookup.try_at = now + LEASE
    lookup.save(update_fields=["attempts", "try_at"])
    return None, lookup


def answer(lookup: PaperLookup, *, clock: Callable[[], datetime]) -> bool:
    """Ask, without holding a transaction meanwhile, and write down what was said. False when nobody answered."""
    paper = lookup.paper
    try:
        found = sources.of_arxiv(paper.arxiv_id) if paper.arxiv_id else sources.of_doi(paper.doi)
    except sources.Silent as problem:
        _put_off(lookup, str(problem)[:200], clock())
        return False
    with transaction.atomic():
        _settle(lookup, found, clock())
        if found:
            fill(paper, found)
    return True


def _put_off(lookup: PaperLookup, problem: str, now: datetime) -> None:
    row = PaperLookup.objects.filter(pk=lookup.pk, state=PaperLookup.State.WAITING)
    if lookup.attempts > len(AGAIN):
        row.update(state=PaperLookup.State.GIVEN_UP, answered_at=now, problem=problem)
    else:
        row.update(try_at=now + AGAIN[lookup.attempts - 1], problem=problem)


def _settle(lookup: PaperLookup, found: sources.Found | None, now: datetime) -> None:
    PaperLookup.objects.filter(pk=lookup.pk).update(
        state=PaperLookup.State.FOUND if found else PaperLookup.State.UNKNOWN,
        answered_at=now,
        answer=found.as_json() if found else {},
        problem="",
    )


@transaction.atomic
def fill(paper: Paper, found: sources.Found) -> None:
    """Put in what nobody has typed; the apps above hear of it (`paper_filled`)."""
    row = Paper.objects.select_for_update(no_key=True).filter(pk=paper.pk).first()
    if row is None:
        return
    if row.is_untitled:
        row.title, row.is_untitled = found.title, False
    row.authors_text = row.authors_text or found.authors
    row.year = row.year or found.year
    row.venue = row.venue or found.venue
    row.abstract = row.abstract or found.abstract
    row.save(update_fields=["title", "is_untitled", "authors_text", "year", "venue", "abstract"])
    if found.doi and not row.doi:
        try:
            with transaction.atomic():
                Paper.objects.filter(pk=row.pk, doi="").update(doi=found.doi)
        except IntegrityError:
            pass  # The printed version stands here as a paper of its own.
    citing.settle([row.key])
    for _ in gather.each("paper_filled", row):
        pass
