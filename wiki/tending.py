"""Reading every page once more, for what is noticed when a page is saved."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from wiki import editing, pictures, proposing
from wiki.models import Page
from wiki.rendering import anatomy


def tend(*, now: datetime, is_rehearsal: bool = False) -> dict[str, int]:
    """Notice missing pictures and other names, and propose what is read first, for all pages; again, it finds nothing new. One page after
    another, so that a large wiki is no large memory."""
    report = {"pages": 0, "requirements_proposed": 0, "with_missing_pictures": 0}
    with transaction.atomic():
        for page in Page.objects.filter(trashed_at=None).select_related("head").order_by("pk").iterator(100):
            held = anatomy(page.text, folder=page.folder)
            missing = pictures.missing(page, held)
            had = page.names.splitlines()  # what it was called before a move among them
            editing.follow(page, held)
            names = "\n".join(dict.fromkeys([*had, *page.names.splitlines()]))
            Page.objects.filter(pk=page.pk, head=page.head_id).update(dead_pictures=missing, names=names)
            report["pages"] += 1
            report["with_missing_pictures"] += bool(missing)
        report["requirements_proposed"] = proposing.propose_for_all(now=now)
        if is_rehearsal:
            transaction.set_rollback(True)
    return report
