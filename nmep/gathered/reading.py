"""The papers that learners presented, among those that the club has read together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone

from events import reading
from events.models import Material
from mlclub.gather import Reading
from nmep.models import Offering, PaperTalk
from wiki.models import Paper


def _talks(user: Any) -> Any:
    """Of offerings whose syllabus `user` may read."""
    return PaperTalk.objects.filter(offering__in=Offering.objects.visible_to(user))


def papers_read(user: Any, term: str = "", presenter: int | None = None) -> list[Any]:
    """The papers that were presented in a class that `user` may know of."""
    return [reading.read_by(_talks(user), user, timezone.now(), term=term, presenter=presenter)]


def paper_presenters(user: Any) -> list[tuple[int, str]]:
    """Who presented them, where `user` may know of it."""
    return reading.presenters(_talks(user), user, timezone.now())


def read_lately(user: Any, now: datetime, limit: int) -> list[Reading]:
    """What was presented last in a class that `user` may know of."""
    return reading.lately(_with_events(user), user, now, limit, title=lambda row: str(row.offering))


def _with_events(user: Any) -> Any:
    return (
        _talks(user)
        .select_related("slot__sheet", "slot__event", "offering__program", "offering__term")
        .defer("slot__event__description", "slot__event__search")
    )


def readings(papers: Sequence[Paper], user: Any) -> list[Reading]:
    """When these papers were, or will be, presented; with the slides that belong to the talk and the recording of the
    class. Two queries."""
    own = PaperTalk.materials.through.objects.filter(papertalk=OuterRef("pk")).values("material")
    rows = (
        _with_events(user).filter(paper__in=[paper.pk for paper in papers]).annotate(own=ArraySubquery(own))
    )
    return reading.told(
        rows,
        user,
        timezone.now(),
        title=lambda row: str(row.offering),
        keeps=lambda row, material: material.pk in row.own or material.kind == Material.Kind.RECORDING,
    )
