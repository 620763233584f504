"""Papers that are presented: for reading lists, papers' pages, slots and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone

from events import preparing, presenting, rotas
from events.forms.rotas import CommentForm
from events.models import Backup, Claim, Event, Material, Presentation, Slot, SlotComment, SlotSheet
from events.slot_access import owner_of
from events.turns import KINDS
from mlclub.gather import Panel, Reading
from wiki.models import Paper

#: What is worth finding again from a paper's row.
LEFT = (Material.Kind.NOTES, Material.Kind.RECORDING, Material.Kind.SLIDES)


def sheet_owner(sheet: SlotSheet) -> Any:
    """Who decides about the sheet of a series."""
    return rotas.owner(sheet)


def paper_filled(paper: Paper) -> None:
    presenting.paper_filled(paper)


def _seen(user: Any) -> Any:
    """Presentations at events that `user` may see, which somebody holds."""
    return Presentation.objects.filter(
        Exists(Claim.objects.filter(slot=OuterRef("slot"), state__in=[Claim.State.HELD, Claim.State.DONE])),
        slot__withdrawn_at=None,
        slot__event__in=Event.objects.visible_to(user).scheduled(),
    )


def papers_read(user: Any) -> list[Any]:
    """Keys of the papers that were presented where `user` may know of it."""
    return [_seen(user).filter(slot__event__ends_at__lte=timezone.now(), paper__isnull=False).values("paper")]


def readings(papers: Sequence[Paper], user: Any) -> list[Reading]:
    """When these papers were, or will be, read together, with what is left of it; two queries."""
    now = timezone.now()
    reads = user.is_authenticated and user.standing.reads_members_area
    held = (
        Claim.objects.filter(slot=OuterRef("slot"), state__in=[Claim.State.HELD, Claim.State.DONE])
        .order_by("claimed_at", "pk")
        .values(row=JSONObject(name="person__name", handle="person__handle"))
    )
    rows = list(
        _seen(user)
        .filter(paper__in=[paper.pk for paper in papers])
        .select_related("slot__sheet", "slot__event__series")
        .defer("slot__event__description", "slot__event__search", "slot__event__series__description")
        .annotate(held=ArraySubquery(held))
    )
    left: dict[int, list[tuple[str, str]]] = {}
    if rows:
        shown = Material.objects.filter(event__in=[row.slot.event_id for row in rows], kind__in=LEFT)
        for material in shown.visible_to(user, now):
            address = reverse("events:material_file", args=[material.pk]) if material.file else material.url
            left.setdefault(material.event_id, []).append((material.title, address))
    return [
        Reading(
            paper=row.paper_id,
            on=row.slot.begins_at,
            title=str(row.slot.event.series or row.slot.event),
            url=row.slot.event.get_absolute_url(),
            presenters=tuple(each["name"] or each["handle"] for each in row.held) if reads else (),
            left=tuple(left.get(row.slot.event_id, ())) if row.slot.is_over(now) else (),
            is_over=row.slot.is_over(now),
        )
        for row in rows
        if row.slot.begins_at
    ]


def panels(obj: Any, user: Any) -> list[Panel]:
    """On a paper's page: when it was read together. On a slot's: what is presented. On an event's: what to read and
    what to set up."""
    if isinstance(obj, Paper):
        found = sorted(readings([obj], user), key=lambda reading: reading.on, reverse=True)
        return (
            [Panel(title="Read together", template="wiki/_readings.html", context={"readings": found})]
            if found
            else []
        )
    if isinstance(obj, Slot):
        return _of_slot(obj, user)
    if isinstance(obj, Event):
        return _of_event(obj, user)
    return []


def _of_slot(slot: Slot, user: Any) -> list[Panel]:
    owner = owner_of(slot.sheet) if slot.sheet.kind in KINDS else None
    # The page has asked who may see the slot; names are for readers of the members' area.
    if not isinstance(owner, rotas.OfSeries) or not user.is_authenticated:
        return []
    now = timezone.now()
    runs, writes = owner.rota.series.is_run_by(user), user.standing.writes
    if not runs and not user.standing.reads_members_area:
        return []
    said = Presentation.objects.filter(slot=slot).select_related("paper").first()
    present = getattr(slot, "present", None)
    claims = Claim.objects.filter(slot=slot) if present is None else present
    held = {claim.person_id for claim in claims if claim.state in Claim.TAKING}
    presents = user.pk in held
    backup = Backup.objects.filter(slot=slot, state__in=Backup.LIVE).select_related("person").first()
    has_begun = slot.has_begun(now)
    comments = []
    if owner.rota.asks_feedback:
        comments = list(SlotComment.objects.filter(slot=slot).select_related("author"))
    return [
        Panel(
            title="What is presented",
            template="events/_presentation_panel.html",
            context={
                "slot": slot,
                "rota": owner.rota,
                "said": said,
                "presents": presents,
                "may_say": runs or (presents and not has_begun),
                "may_ask": (runs or presents) and not has_begun and bool(held),
                "is_held": bool(held),
                "backup": backup,
                "is_backup": backup is not None and backup.person_id == user.pk,
                "may_step_in": writes and not presents and backup is None and not has_begun and bool(held),
                "runs": runs,
                "has_begun": has_begun,
                "comments": comments,
                "comment_form": CommentForm() if owner.rota.asks_feedback and has_begun and writes else None,
                "user": user,
            },
        )
    ]


def _of_event(event: Event, user: Any) -> list[Panel]:
    now = timezone.now()
    found = []
    lines = rotas.at(event, user, now)
    if lines:
        found.append(
            Panel(
                title="Who presents",
                template="events/_presenting_panel.html",
                context={"lines": lines, "now": now, "event": event},
            )
        )
    runs = event.is_run_by(user)
    before = preparing.before(event, user, now, runs=runs)
    if before or (runs and event.kind == "workshop" and not event.is_over(now)):
        found.append(
            Panel(
                title="Before you come",
                template="events/_preparation_panel.html",
                context={"event": event, "before": before, "runs": runs},
            )
        )
    return found
