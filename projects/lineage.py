"""What grew out of what: links between initiatives, and the picture of them for whoever looks."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from projects.models import Initiative, InitiativeLink


class Circle(Exception):
    """The link would make a project come of what came of it."""


def connect(earlier: Initiative, later: Initiative, kind: str, *, note: str = "") -> InitiativeLink:
    """Write down that `later` came of `earlier`; the same twice is one link. Raises `Circle`.

    The database looks for the circle itself, under a lock, so that two halves of one cannot be written at once.
    """
    try:
        with transaction.atomic():
            link, _ = InitiativeLink.objects.get_or_create(
                earlier=earlier, later=later, defaults={"kind": kind, "note": note}
            )
    except IntegrityError as refused:
        if "links_make_no_circle" in str(refused) or "link_of_two" in str(refused):
            raise Circle from refused
        raise
    return link
