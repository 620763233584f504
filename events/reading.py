"""When papers were, or will be, read together: of the rows of whichever app says what a slot presents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.urls import reverse

from events.models import Claim, Event, Material
from mlclub.gather import Reading

#: What is worth finding again from a paper's row.
LEFT = (Material.Kind.NOTES, Material.Kind.RECORDING, Material.Kind.SLIDES)


def _holding() -> QuerySet[Claim]:
    return Claim.objects.filter(slot=OuterRef("slot"), state__in=[Claim.State.HELD, Claim.State.DONE])


def seen(rows: Any, user: Any) -> Any:
    """Of rows with a `slot` and a `paper`: those at events that `user` may see, which somebody holds."""
    return rows.filter(
        Exists(_holding()),
        slot__withdrawn_at=None,
        slot__event__in=Event.objects.visible_to(user).scheduled(),
    )


def read_by(rows: Any, user: Any, now: datetime, *, term: str = "", presenter: int | None = None) -> Any:
    """The papers among them that have been presented, each time as a row of `paper` and `read_at`; those of a term (its
    slug) alone, or of one person, where names are shown."""
    over = _over(rows, user, now)
    if term:
        over = over.filter(slot__event__term__slug=term)
    if presenter is not None:
        over = over.filter(Exists(_holding().filter(person=presenter)), slot__sheet__hides_names=False)
    return over.order_by().values("paper", read_at=F("slot__event__starts_at"))


def _over(rows: Any, user: Any, now: datetime) -> Any:
    return seen(rows, user).filter(slot__event__ends_at__lte=now, paper__isnull=False)


def presenters(rows: Any, user: Any, now: datetime) -> list[tuple[int, str]]:
    """Who has presented papers among them, as (key, name); nobody is named to others than readers of the members'
    area. One query."""
    if not (user.is_authenticated and user.standing.reads_members_area):
        return []
    slots = _over(rows, user, now).filter(slot__sheet__hides_names=False).order_by().values("slot")
    held = Claim.objects.filter(slot__in=slots, state__in=[Claim.State.HELD, Claim.State.DONE]).order_by()
    people = held.values_list("person", "person__name", "person__handle").distinct()
    return [(pk, name or handle) for pk, name, handle in people]


def lately(rows: Any, user: Any, now: datetime, limit: int, *, title: Callable[[Any], str]) -> list[Reading]:
    """The last of them that are over, without who presented and what is left of it; one query."""
    return [
        Reading(
            paper=row.paper_id,
            on=row.slot.begins_at,
            title=title(row),
            url=row.slot.event.get_absolute_url(),
            is_over=True,
        )
        for row in _over(rows, user, now).order_by("-slot__event__starts_at", "-pk")[:limit]
    ]


def told(
    rows: Any,
    user: Any,
    now: datetime,
    *,
    title: Callable[[Any], str],
    keeps: Callable[[Any, Material], bool] = lambda row, material: True,
) -> list[Reading]:
    """The rows as times of reading; two queries. `title` says in what, `keeps` which of an event's materials are
    of a row. Presenters are named to readers of the members' area."""
    reads = user.is_authenticated and user.standing.reads_members_area
    held = _holding().order_by("claimed_at", "pk")
    names = held.values(row=JSONObject(name="person__name", handle="person__handle"))
    found = [row for row in seen(rows, user).annotate(held=ArraySubquery(names)) if row.slot.begins_at]
    materials: dict[int, list[Material]] = {}
    if found:
        shown = Material.objects.filter(event__in=[row.slot.event_id for row in found], kind__in=LEFT)
        for material in shown.visible_to(user, now):
            materials.setdefault(material.event_id, []).append(material)
    readings = []
    for row in found:
        is_over = row.slot.is_over(now)
        left = [each for each in materials.get(row.slot.event_id, []) if is_over and keeps(row, each)]
        readings.append(
            Reading(
                paper=row.paper_id,
                on=row.slot.begins_at,
                title=title(row),
                url=row.slot.event.get_absolute_url(),
                presenters=tuple(each["name"] or each["handle"] for each in row.held)
                if reads and not row.slot.sheet.hides_names
                else (),
                left=tuple((each.title, _address(each)) for each in left),
                is_over=is_over,
            )
        )
    return readings


def _address(material: Material) -> str:
    return reverse("events:material_file", args=[material.pk]) if material.file else material.url
