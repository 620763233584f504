"""What people are told about presenting in a series, and before a workshop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef

from events.models import Backup, Claim, Event, Preparation, Presentation, Registration, SetupAnswer, Turn
from events.notifications.registrations import spoken
from events.notifications.slots import AboutClaim, facts
from members.ledger import Category, Due, Kind, at, kind
from members.models import Notification

#: So long before a workshop its setup steps are mailed.
BEFORE = timedelta(hours=24)


@kind(
    "slot-open-to-you-first",
    label="A slot that is open to you first",
    template="events/mail/slot_first",
    category=Category.ANNOUNCEMENT,
    why="because you follow this series and have not presented in it yet",
)
class SlotOpenToYouFirst(Kind):
    """The next empty slot, for a few days."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        turn = Turn.objects.filter(slot=row.about_pk, ends_at__gt=now).select_related("slot__event").first()
        if turn is None:
            return "it is open to everybody by now"
        if not turn.slot.is_offered:
            return "it does not take place"
        held = Claim.objects.taking().filter(slot__sheet=turn.slot.sheet_id)
        if held.filter(person=row.person_id).exists():
            return "they have a slot"
        return held.filter(slot=turn.slot).count() < turn.slot.capacity or "somebody took it"

    def context(self, row: Notification) -> dict[str, Any]:
        turn = Turn.objects.select_related("slot__sheet", "slot__event").get(slot=row.about_pk)
        return {**facts(turn.slot), "turn": turn}


class AboutBackup(Kind):
    """Messages to whoever steps in."""

    def context(self, row: Notification) -> dict[str, Any]:
        backup = Backup.objects.select_related("slot__sheet", "slot__event", "asked_by").get(pk=row.about_pk)
        return {"backup": backup, **facts(backup.slot)}


@kind(
    "backup-asked",
    label="Somebody asks you to step in if need be",
    template="events/mail/backup_asked",
    category=Category.TRANSACTIONAL,
    why="because somebody asks you to step in if the presenter cannot",
)
class BackupAsked(AboutBackup):
    """The question; the slot's page asks once more."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return Backup.objects.filter(pk=row.about_pk, state=Backup.State.ASKED).exists() or "answered"


@kind(
    "backup-steps-in",
    label="You step in for a presenter",
    template="events/mail/backup_steps_in",
    category=Category.TRANSACTIONAL,
    why="because you said that you step in",
)
class BackupStepsIn(AboutClaim):
    """The presenter gave the slot back: it is theirs, at once."""

    def context(self, row: Notification) -> dict[str, Any]:
        context = super().context(row)
        said = Presentation.objects.filter(slot=context["slot"]).select_related("paper").first()
        return {**context, "paper": said.paper if said else None}


@kind(
    "paper-changed",
    label="Another paper than the one you prepare for",
    template="events/mail/paper_changed",
    category=Category.TRANSACTIONAL,
    why="because you prepare for this talk",
)
class PaperChanged(Kind):
    """To those who read for it: who presents too, steps in, helps, or has asked."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        said = Presentation.objects.filter(pk=row.about_pk).select_related("slot__event").first()
        if said is None or said.paper_id is None:
            return "it was taken back"
        return said.slot.is_offered or "it does not take place"

    def context(self, row: Notification) -> dict[str, Any]:
        said = Presentation.objects.select_related("slot__sheet", "slot__event", "paper").get(pk=row.about_pk)
        return {"paper": said.paper, **facts(said.slot)}


@kind(
    "workshop-setup",
    label="Setup steps before a workshop",
    template="events/mail/workshop_setup",
    category=Category.REMINDER,
    why="because you are going to this workshop",
)
class WorkshopSetup(Kind):
    """A day before, to whoever has a seat. The slot holds the start: a workshop that moves is prepared for again."""

    def due(self, now: datetime) -> Iterable[Due]:
        soon = (
            Event.objects.scheduled()
            .filter(starts_at__gt=now, starts_at__lte=now + BEFORE)
            .filter(Exists(Preparation.objects.filter(event=OuterRef("pk")).exclude(setup="")))
        )
        for event in soon.defer("description", "search"):
            due_at = event.starts_at - BEFORE
            for registration in _seated(event):
                # Whoever registers later than that has the steps before their eyes.
                if registration.created_at <= due_at:
                    yield Due(
                        registration.user_id,
                        event,
                        slot=at(event.starts_at, "setup"),
                        due_at=due_at,
                        expires_at=event.starts_at,
                        address="" if registration.user_id else registration.email,
                    )

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        event = Event.objects.filter(pk=row.about_pk).first()
        if event is None or event.is_cancelled:
            return "it does not take place"
        if row.slot != at(event.starts_at, "setup"):
            return "it moved"
        if not Preparation.objects.filter(event=event).exclude(setup="").exists():
            return "there is nothing to set up"
        mine = [
            each
            for each in _seated(event)
            if (row.person_id and each.user_id == row.person_id)
            or (row.address and each.email.lower() == row.address)
        ]
        if not mine:
            return "not going"
        works = SetupAnswer.objects.filter(event=event, person=row.person_id, works=True)
        return not (row.person_id and works.exists()) or "it works already"

    def context(self, row: Notification) -> dict[str, Any]:
        event = Event.objects.select_related("preparation").get(pk=row.about_pk)
        return {
            "event": event,
            "preparation": event.preparation,
            "steps": steps_of(event.preparation.setup),
            "when": spoken(event),
            "url": f"{settings.SITE_URL}{event.get_absolute_url()}#prepare",
        }


def steps_of(text: str) -> list[str]:
    """The lines of a checklist as plain words, for a mail."""
    lines = []
    for line in text.splitlines():
        said = line.strip().lstrip("-*+0123456789. ").strip()
        for mark in ("[ ]", "[x]", "[X]"):
            said = said.removeprefix(mark).strip()
        if said:
            lines.append(said)
    return lines


def _seated(event: Event) -> list[Registration]:
    """Who has a seat: among the first `capacity`, in their order."""
    rows = Registration.objects.live().filter(event=event).in_order()
    return list(rows[: event.capacity] if event.capacity is not None else rows)
