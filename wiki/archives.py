"""The whole library in one file, for officers: made when it is asked for, kept for a day."""

from __future__ import annotations

import logging
import tempfile
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify

from members import audit
from members.models import Club, User
from mlclub import celery
from wiki import exporting
from wiki.models import LibraryArchive

logger = logging.getLogger(__name__)

KEPT = timedelta(days=1)
LEASE = timedelta(minutes=10)
State = LibraryArchive.State


@transaction.atomic
def ask(by: User, *, now: datetime) -> LibraryArchive:
    """Have an archive made. While one is being made, asking again gives that one."""
    try:
        with transaction.atomic():
            row = LibraryArchive.objects.create(asked_by=by, asked_at=now)
    except IntegrityError:
        return LibraryArchive.objects.filter(state=State.WAITING).latest("asked_at")
    audit.record(by, "wiki.library-exported", row)
    celery.poke("wiki.tasks.make_archives")
    return row


def are_waiting(now: datetime) -> bool:
    """Whether a worker has something to do: an archive to make, or one that had its day."""
    return LibraryArchive.objects.filter(
        Q(_is_free(now), state=State.WAITING) | Q(state=State.READY, made_at__lte=now - KEPT)
    ).exists()


def _is_free(now: datetime) -> Q:
    """No worker has it, or one that died at it."""
    return Q(lease_until=None) | Q(lease_until__lte=now)


def work(now: datetime) -> None:
    """Delete what had its day, and make what was asked for. Running it twice is harmless."""
    for row in LibraryArchive.objects.filter(state=State.READY, made_at__lte=now - KEPT):
        if LibraryArchive.objects.filter(pk=row.pk, state=State.READY).update(state=State.GONE, file=""):
            row.file.storage.delete(str(row.file.name))
    waiting = LibraryArchive.objects.filter(state=State.WAITING).first()
    if waiting and LibraryArchive.objects.filter(_is_free(now), pk=waiting.pk, state=State.WAITING).update(
        lease_until=now + LEASE
    ):
        make(waiting, now=now)


def make(row: LibraryArchive, *, now: datetime) -> None:
    """Write the file. What goes wrong is said in the row."""
    mine = LibraryArchive.objects.filter(pk=row.pk, state=State.WAITING)
    try:
        with tempfile.TemporaryDirectory(prefix="mlclub-archive-") as folder:
            name = f"{slugify(Club.current().brief) or 'club'}-library-{now:%Y-%m-%d}"
            exporting.export_wiki(Path(folder) / name, everything=True)
            packed = packed_up(Path(folder) / name)
            with packed.open("rb") as file:
                row.file.save(packed.name, File(file), save=False)
            if not mine.update(
                state=State.READY,
                file=row.file.name,
                size=packed.stat().st_size,
                made_at=now,
                lease_until=None,
            ):
                row.file.storage.delete(str(row.file.name))
    except Exception as problem:
        logger.exception("The archive of the library could not be made.")
        mine.update(
            state=State.FAILED, problem=f"{type(problem).__name__}: {problem}"[:300], lease_until=None
        )


def packed_up(folder: Path) -> Path:
    """The folder as one file beside it. What git has packed is not packed again."""
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            is_packed = path.suffix in {".pack", ".png", ".jpg", ".jpeg", ".webp", ".gif"}
            archive.write(
                path,
                path.relative_to(folder.parent).as_posix(),
                compress_type=zipfile.ZIP_STORED if is_packed else None,
            )
    return target
