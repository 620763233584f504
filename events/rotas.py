"""Who presents at the dates of a series: its slots, made with the dates, and how one person sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from events import turns
from events.locking import locked
from events.models import (
    Backup,
    Claim,
    Event,
    Kind,
    Rota,
    Series,
    SeriesFollow,
    Slot,
    SlotSheet,
    Turn,
)
from events.slot_access import Access, Members
from members.models import PairingMember, User
from mlclub.refusal import Refused
from wiki.models import ReadingList


@transaction.atomic
def begin(
    series: Series,
    *,
    slots_a_date: int = 1,
    minutes: int = 30,
    turn_days: int = 3,
    asks_feedback: bool = False,
    reading_list: ReadingList | None = None,
    titles: Sequence[str] = (),
    text: str = "",
    now: datetime,
) -> Rota:
    """Give a series presenter slots, at each of its dates to come; with `titles` one slot a title, in their order, from
    the first date on. A second time gives the first rota. Raises Refused for more titles than there is room for."""
    Series.objects.select_for_update(no_key=True).get(pk=series.pk)
    known = Rota.objects.filter(series=series).select_related("sheet", "series").first()
    if known:
        return known
    without = SlotSheet.Kind.UPDATE if series.kind == Kind.RESEARCH else SlotSheet.Kind.TALK
    kind = SlotSheet.Kind.CHAPTER if titles else without
    sheet = SlotSheet.objects.create(
        kind=kind,
        title=series.name[:120],
        text=text,
        audience=SlotSheet.Audience.OWNER,
        max_claims=100,
        asks_topic=kind != SlotSheet.Kind.CHAPTER,
        takes_questions=kind != SlotSheet.Kind.UPDATE,
        offers_mentor=True,
        created_at=now,
    )
    rota = Rota.objects.create(
        series=series,
        sheet=sheet,
        slots_a_date=slots_a_date,
        minutes=minutes,
        turn_days=turn_days,
        asks_feedback=asks_feedback or kind == SlotSheet.Kind.UPDATE,
        reading_list=reading_list,
        created_at=now,
    )
    if titles:
        _chapters(rota, titles)
    else:
        follow_dates(rota, now)
    return rota


def _chapters(rota: Rota, titles: Sequence[str]) -> None:
    """One slot a title, `slots_a_date` at each date."""
    events = list(Event.objects.scheduled().filter(series=rota.series_id).order_by("starts_at", "pk"))
    if len(titles) > len(events) * rota.slots_a_date:
        raise Refused("There are more chapters than dates. Take more dates, or more chapters a date.")
    Slot.objects.bulk_create(
        Slot(
            sheet=rota.sheet,
            event=events[n // rota.slots_a_date],
            position=n,
            title=title[:160],
            minutes=rota.minutes,
            after_minutes=(n % rota.slots_a_date) * rota.minutes,
        )
        for n, title in enumerate(titles)
    )


@transaction.atomic
def follow_dates(rota: Rota, now: datetime) -> int:
    """Make the slots of dates that have none yet; how many. Chapters stay those that were pasted."""
    sheet = locked(rota.sheet)
    if sheet.kind == SlotSheet.Kind.CHAPTER:
        return 0
    known = set(Slot.objects.filter(sheet=sheet).values_list("event", flat=True))
    events = (
        Event.objects.scheduled().filter(series=rota.series_id, starts_at__gt=now).order_by("starts_at", "pk")
    )
    new = [event for event in events.defer("description", "search") if event.pk not in known]
    count = Slot.objects.filter(sheet=sheet).count()
    made = Slot.objects.bulk_create(
        Slot(
            sheet=sheet,
            event=event,
            position=count + at * rota.slots_a_date + n,
            title="" if rota.slots_a_date == 1 else f"{event.title}, {n + 1}"[:160],
            minutes=rota.minutes,
            after_minutes=n * rota.minutes,
        )
        for at, event in enumerate(new)
        for n in range(rota.slots_a_date)
    )
    return len(made)


def follow_all_dates(now: datetime) -> None:
    """For the clock: slots for the dates that series have got since."""
    bare = (
        Event.objects.scheduled()
        .filter(series=OuterRef("series"), starts_at__gt=now)
        .exclude(Exists(Slot.objects.filter(event=OuterRef("pk"), sheet__rota__isnull=False)))
    )
    rotas = Rota.objects.exclude(sheet__kind=SlotSheet.Kind.CHAPTER).filter(Exists(bare))
    for rota in rotas.select_related("sheet", "series"):
        follow_dates(rota, now)


# ── Who may ──


@dataclass(frozen=True)
class OfSeries:
    """The sheet of a rota: whoever may see the series sees it, members put themselves down."""

    rota: Rota
    _known: dict[int, Access | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def url(self) -> str:
        return self.rota.get_absolute_url()

    def access(self, user: Any) -> Access | None:
        """What `user` may do; asked once, in one query."""
        if user.pk not in self._known:
            self._known[user.pk] = self._access(user)
        return self._known[user.pk]

    def _access(self, user: Any) -> Access | None:
        hosts = Series.hosts.through.objects.filter(series=OuterRef("pk"), user=user.pk)
        seen = Series.objects.visible_to(user).filter(pk=self.rota.series_id)
        row = seen.annotate(is_hosted=Exists(hosts)).values("is_hosted").first()
        if row is None:
            return None
        runs = row["is_hosted"] or user.has_perm("events.change_series")
        return Access(
            claims=user.standing.writes, runs=runs, sees_names=runs or user.standing.reads_members_area
        )

    def runners(self) -> list[User]:
        return list(self.rota.series.hosts.filter(is_active=True))

    def candidates(self) -> QuerySet[User]:
        return Members(self.rota.sheet).candidates()


def owner(sheet: SlotSheet) -> OfSeries | None:
    """Who decides about a sheet that a rota has; other sheets cost nothing."""
    if sheet.kind not in turns.KINDS:
        return None
    rota = Rota.objects.filter(sheet=sheet).select_related("series", "sheet").first()
    return OfSeries(rota) if rota else None


# ── How one person sees it ──


@dataclass(frozen=True)
class Line:
    """A slot of a rota, for the pages of its series and its events."""

    slot: Slot
    people: list[dict[str, Any]]
    paper: dict[str, Any] | None
    ask: str
    backup: str
    is_over: bool
    has_begun: bool
    is_mine: bool
    can_claim: bool
    waits_until: datetime | None

    @property
    def names(self) -> str:
        return " and ".join(person["name"] for person in self.people)

    @property
    def mentors(self) -> str:
        return " and ".join(person["mentor"] for person in self.people if person["mentor"])

    @property
    def is_free(self) -> bool:
        return not self.people and not self.has_begun and self.slot.is_offered


def lines(slots: Any, user: Any, now: datetime) -> list[Line]:
    """These slots with who presents what, who helps and who steps in; one query beside the person's standing. Nobody
    but readers of the members' area is told a name."""
    writes = user.is_authenticated and user.standing.writes
    sees_names = user.is_authenticated and user.standing.reads_members_area
    mentor = Subquery(
        User.objects.filter(
            pairings__pairing=OuterRef("mentoring__pairing"), pairings__part=PairingMember.Part.MENTOR
        ).values("name")[:1]
    )
    held = (
        Claim.objects.taking()
        .filter(slot=OuterRef("pk"))
        .order_by("claimed_at", "pk")
        .values(
            row=JSONObject(
                pk="person",
                name="person__name",
                handle="person__handle",
                state="state",
                topic="topic",
                mentor=mentor,
            )
        )
    )
    ready = Backup.objects.filter(slot=OuterRef("pk"), state=Backup.State.READY).values("person__name")
    rows = (
        slots.with_times()
        .select_related("event", "sheet")
        .defer("event__description", "event__search")
        .annotate(
            held=ArraySubquery(held),
            paper_pk=F("presentation__paper"),
            paper_title=F("presentation__paper__title"),
            asked=F("presentation__ask"),
            backup_name=Subquery(ready[:1]),
            turn_ends_at=Subquery(Turn.objects.filter(slot=OuterRef("pk")).values("ends_at")[:1]),
        )
    )
    found = list(rows)
    mine = any(
        person["pk"] == user.pk and person["state"] in ("held", "done")
        for row in found
        for person in row.held
    )
    made = []
    for row in found:
        has_begun = row.has_begun(now)
        waits_until = (
            row.turn_ends_at if row.turn_ends_at and row.turn_ends_at > now and not row.held else None
        )
        is_mine = any(person["pk"] == user.pk for person in row.held)
        made.append(
            Line(
                slot=row,
                people=row.held if sees_names else [],
                paper={"pk": row.paper_pk, "title": row.paper_title} if row.paper_pk and sees_names else None,
                ask=row.asked or "" if sees_names else "",
                backup=row.backup_name or "" if sees_names else "",
                is_over=row.is_over(now),
                has_begun=has_begun,
                is_mine=is_mine,
                can_claim=writes
                and not is_mine
                and len(row.held) < row.capacity
                and not has_begun
                and row.is_offered
                and not (waits_until and mine),
                waits_until=waits_until,
            )
        )
    return made


@dataclass(frozen=True)
class Shown:
    """A rota as one person sees it on the page of its series."""

    rota: Rota
    coming: list[Line] = field(default_factory=list)
    past: list[Line] = field(default_factory=list)
    takers: list[turns.Taker] = field(default_factory=list)

    @property
    def free(self) -> int:
        return sum(line.is_free for line in self.coming)

    @property
    def is_chapters(self) -> bool:
        return self.rota.sheet.kind == SlotSheet.Kind.CHAPTER

    @property
    def done(self) -> int:
        """Chapters that somebody presented."""
        return sum(line.is_over and bool(line.people) for line in self.past)

    @property
    def total(self) -> int:
        return len(self.coming) + len(self.past)


def shown(rota: Rota, user: Any, now: datetime) -> Shown:
    """Who presents, what is free, and whose turn it is; two queries beside the person's standing."""
    reads = user.is_authenticated and user.standing.reads_members_area
    slots = Slot.objects.filter(sheet=rota.sheet_id, withdrawn_at=None).exclude(
        event__state=Event.State.CANCELLED
    )
    every = lines(slots.in_order(), user, now)
    return Shown(
        rota=rota,
        coming=[line for line in every if not line.is_over],
        past=[line for line in every if line.is_over],
        takers=turns.takers(rota, now) if reads else [],
    )


def of(series: Series) -> Rota | None:
    """The rota of a series, with what its page needs."""
    return Rota.objects.filter(series=series).select_related("sheet", "reading_list", "series").first()


def at(event: Event, user: Any, now: datetime) -> list[Line]:
    """The slots of a rota at an event; one query for an event of a series that has slots, none for others."""
    if event.series_id is None or not getattr(event, "has_slots", True):
        return []
    slots = Slot.objects.filter(event=event, sheet__rota__isnull=False, withdrawn_at=None)
    return lines(slots.in_order(), user, now)


def page_of(series: Series, user: Any, now: datetime) -> dict[str, Any]:
    """What the page of a series needs: whether `user` follows it, and its rota; three queries at most."""
    mine = SeriesFollow.objects.filter(series=OuterRef("pk"), person=user.pk)
    row = (
        Series.objects.filter(pk=series.pk)
        .annotate(is_followed=Exists(mine))
        .select_related("rota__sheet", "rota__reading_list")
        .get()
    )
    rota = getattr(row, "rota", None)
    return {
        "follows": row.is_followed,
        "rota": shown(rota, user, now) if rota and user.is_authenticated else None,
    }
