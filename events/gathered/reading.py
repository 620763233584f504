"""Papers that are presented: for reading lists, papers' pages, slots and events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from events import preparing, presenting, reading, rotas
from events.forms.rotas import CommentForm
from events.models import Backup, Claim, Event, Presentation, Slot, SlotComment, SlotSheet
from events.slot_access import owner_of
from events.turns import KINDS
from mlclub.gather import Panel, Reading
from wiki.models import Paper


def sheet_owner(sheet: SlotSheet) -> Any:
    """Who decides about the sheet of a series."""
    return rotas.owner(sheet)


def paper_filled(paper: Paper) -> None:
    presenting.paper_filled(paper)


def paper_merged(kept: Paper, gone: Paper) -> None:
    presenting.paper_merged(kept, gone)


def papers_read(user: Any, term: str = "", presenter: int | None = None) -> list[Any]:
    """The papers that were presented where `user` may know of it."""
    return [reading.read_by(Presentation.objects.all(), user, timezone.now(), term=term, presenter=presenter)]


def paper_presenters(user: Any) -> list[tuple[int, str]]:
    """Who presented them, where `user` may know of it."""
    return reading.presenters(Presentation.objects.all(), user, timezone.now())


def read_lately(user: Any, now: datetime, limit: int) -> list[Reading]:
    """What was read together last, where `user` may know of it."""
    return reading.lately(_with_events(), user, now, limit, title=_title)


def _with_events() -> Any:
    return Presentation.objects.select_related("slot__sheet", "slot__event__series").defer(
        "slot__event__description", "slot__event__search", "slot__event__series__description"
    )


def _title(row: Presentation) -> str:
    return str(row.slot.event.series or row.slot.event)  # type: ignore[union-attr]


def readings(papers: Sequence[Paper], user: Any) -> list[Reading]:
    """When these papers were, or will be, read together, with what is left of it; two queries."""
    rows = _with_events().filter(paper__in=[paper.pk for paper in papers])
    return reading.told(rows, user, timezone.now(), title=_title)


def panels(obj: Any, user: Any) -> list[Panel]:
    """On a paper's page: when it was read together. On a slot's: what is presented. On an event's: what to read and
    what to set up."""
    if isinstance(obj, Paper):
        found = sorted(readings([obj], user), key=lambda row: row.on, reverse=True)
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
    access, writes = owner.access(user), user.standing.writes
    runs = access is not None and access.runs
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
