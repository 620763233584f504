"""Who sees a slot sheet, who may put themselves down, and who runs it. A sheet of another app asks that app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from events.models import Slot, SlotSheet
from members.models import Term, User
from members.standing import today
from mlclub import gather


@dataclass(frozen=True, kw_only=True)
class Access:
    """What one person may do with a sheet. Whoever has none meets a 404."""

    claims: bool = False
    runs: bool = False
    sees_names: bool = True
    #: Why somebody for whom the sheet is cannot put themselves down now.
    refusal: str = ""


class Owner(Protocol):
    """What an app that owns sheets says about one: `sheet_owner(sheet)` among what it gathers."""

    @property
    def url(self) -> str:
        """The page on which it stands."""

    def access(self, user: Any) -> Access | None:
        """What `user` may do; None for whoever may not know of it."""

    def runners(self) -> list[User]:
        """Whom an empty slot concerns."""

    def candidates(self) -> QuerySet[User]:
        """Those who may hold a slot."""


@dataclass(frozen=True)
class Members:
    """The sheets that no other app owns: for members, or for those who are invited."""

    sheet: SlotSheet

    @property
    def url(self) -> str:
        return reverse("events:sheet_detail", args=[self.sheet.pk])

    def access(self, user: Any) -> Access | None:
        if not SlotSheet.objects.visible_to(user).filter(pk=self.sheet.pk).exists():
            return None
        runs = user.has_perm("events.change_slotsheet") or self.sheet.hosts.filter(pk=user.pk).exists()
        invited = self.sheet.audience == SlotSheet.Audience.INVITED
        return Access(
            claims=self.sheet.invited.filter(pk=user.pk).exists() if invited else user.standing.writes,
            runs=runs,
            sees_names=runs or not self.sheet.hides_names,
        )

    def runners(self) -> list[User]:
        return list(self.sheet.hosts.all())

    def candidates(self) -> QuerySet[User]:
        if self.sheet.audience == SlotSheet.Audience.INVITED:
            return self.sheet.invited.filter(is_active=True)
        term = Term.objects.current(today())
        people = User.objects.real()
        return people.active_in(term) if term else people.none()


@dataclass(frozen=True)
class Nobody:
    """A sheet whose owner does not know it any more."""

    sheet: SlotSheet

    @property
    def url(self) -> str:
        return reverse("events:sheet_detail", args=[self.sheet.pk])

    def access(self, user: Any) -> Access | None:
        return None

    def runners(self) -> list[User]:
        return []

    def candidates(self) -> QuerySet[User]:
        return User.objects.none()


def owner_of(sheet: SlotSheet) -> Owner:
    """Who decides about `sheet`; asked once for each object."""
    if sheet.audience != SlotSheet.Audience.OWNER:
        return Members(sheet)
    known: Owner | None = getattr(sheet, "_owner", None)
    if known is None:
        known = next((found for found in gather.each("sheet_owner", sheet) if found), Nobody(sheet))
        sheet._owner = known  # type: ignore[attr-defined]
    return known


def sheet_for(user: Any, pk: int) -> tuple[SlotSheet, Owner, Access]:
    """The sheet, its owner and what `user` may do with it, or a 404."""
    sheet = get_object_or_404(SlotSheet.objects.select_related("term"), pk=pk)
    owner = owner_of(sheet)
    access = owner.access(user)
    if access is None:
        raise Http404
    return sheet, owner, access


def slot_for(user: Any, pk: int) -> tuple[Slot, Owner, Access]:
    """The slot, its sheet's owner and what `user` may do there, or a 404."""
    slot = get_object_or_404(Slot.objects.select_related("sheet__term", "event"), pk=pk)
    owner = owner_of(slot.sheet)
    access = owner.access(user)
    if access is None:
        raise Http404
    return slot, owner, access
