"""Study groups: a book or a course becomes chapters, dates and slots in one step; whoever joins presents in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from events import following, presenting, rotas, schedule, slots
from events.models import Claim, Event, Kind, Series, Slot, Visibility
from members import audit, standing
from members.models import Term, User
from mlclub.refusal import Refused
from projects.models import Initiative, Role, StudyGroup
from wiki import lists
from wiki.papers import Named, keep, known_by

#: A group with more chapters than this is two groups.
MOST_CHAPTERS = 60


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What somebody says who starts a group. Days are of the club's zone; a break may be used."""

    source: str
    chapters: Sequence[str]
    first_on: date
    begins: time
    minutes: int
    place: str = ""
    authors: str = ""
    source_url: str = ""
    chapters_a_date: int = 1
    interval_weeks: int = 1
    uses_breaks: bool = False

    @property
    def dates(self) -> int:
        return ceil(len(self.chapters) / self.chapters_a_date)


@transaction.atomic
def start(name: str, plan: Plan, *, by: User, now: datetime) -> Initiative:
    """A new group with everything it needs, led by whoever starts it. Raises Refused."""
    try:
        with transaction.atomic():
            group = Initiative.objects.create(
                name=name,
                kind=Initiative.Kind.STUDY_GROUP,
                summary=f"We read {plan.source} together, a chapter at a time."[:240],
                visibility=Initiative.Visibility.MEMBERS,
                state=Initiative.State.RUNNING,
                started_on=plan.first_on,
                created_at=now,
            )
    except IntegrityError as taken:
        raise Refused("There is already a project of this name.") from taken
    _take_role(group, by, Role.Kind.LEAD, now)
    return arrange(group, plan, by=by, now=now)


@transaction.atomic
def arrange(group: Initiative, plan: Plan, *, by: User, now: datetime) -> Initiative:
    """Give a group its book, its dates, a slot a chapter and a reading list; one that grew out of a capstone has a team
    already. Raises Refused."""
    group = Initiative.objects.select_for_update(no_key=True).get(pk=group.pk)
    if StudyGroup.objects.filter(initiative=group).exists():
        raise Refused("This group has its dates already.")
    if not plan.chapters or len(plan.chapters) > MOST_CHAPTERS:
        raise Refused(f"A group has 1 to {MOST_CHAPTERS} chapters.")
    series = Series.objects.create(
        name=group.name[:120],
        slug=Series.objects.free_slug(group.name, otherwise="study-group"),
        kind=Kind.STUDY_GROUP,
        description=group.description or group.summary,
        visibility=Visibility.INVITED
        if group.visibility == Initiative.Visibility.TEAM
        else Visibility.MEMBERS,
        first_on=plan.first_on,
        start_time=plan.begins,
        duration=timedelta(minutes=plan.minutes),
        interval_weeks=plan.interval_weeks,
        count=plan.dates,
        skips_breaks=not plan.uses_breaks,
        place=plan.place,
    )
    team = list(User.objects.filter(initiative_roles__initiative=group).distinct())
    leads = {role.person_id for role in group.roles.filter(kind=Role.Kind.LEAD)}
    series.hosts.set(leads or [by])
    schedule.generate(series)
    reading_list = lists.create(group.name, curators=team or [by], now=now)
    rota = rotas.begin(
        series,
        slots_a_date=plan.chapters_a_date,
        minutes=max(5, plan.minutes // plan.chapters_a_date),
        reading_list=reading_list,
        titles=[_title_of(line) for line in plan.chapters],
        now=now,
    )
    for slot, line in zip(rota.sheet.slots.order_by("position"), plan.chapters, strict=True):
        _give_paper(slot, line, by, now)
    for person in team:
        following.follow(series, person, now=now)
    group.series = series
    group.started_on = min(group.started_on or plan.first_on, plan.first_on)
    group.save()
    StudyGroup.objects.create(
        initiative=group, source=plan.source, authors=plan.authors, source_url=plan.source_url
    )
    audit.record(by, "study-group.arranged", group, after={"chapters": len(plan.chapters)})
    return group


def _reference(line: str) -> dict[str, str]:
    """The paper that a line names: by a number or an address in it, and the words beside it as its title."""
    for word in reversed(line.split()):
        try:
            found = known_by(word)
        except ValueError:
            continue
        title = " ".join(part for part in line.split() if part != word).strip(" ,;:–-")
        return {**found, "title": title}
    return {}


def _title_of(line: str) -> str:
    return (_reference(line).get("title") or line)[:160]


def _give_paper(slot: Slot, line: str, by: User, now: datetime) -> None:
    """A chapter that is a paper has it from the beginning."""
    reference = _reference(line)
    if reference:
        presenting.choose(slot, keep(Named(**reference), now=now), by=by, now=now, runs=True)


# ── Coming and going ──


def _take_role(group: Initiative, person: User, kind: str, now: datetime) -> bool:
    term = Term.objects.current(standing.today(now))
    if term is None:
        raise Refused("There is no term yet. Ask an officer to make one.")
    _, is_new = Role.objects.get_or_create(
        initiative=group, term=term, person=person, defaults={"kind": kind}
    )
    return is_new


@transaction.atomic
def join(group: Initiative, person: User, *, now: datetime) -> bool:
    """Become one of the group, whose dates one follows from now on. False when one is. Raises Refused when it is over."""
    group = Initiative.objects.select_for_update(no_key=True).get(pk=group.pk)
    if group.kind != Initiative.Kind.STUDY_GROUP or group.state != Initiative.State.RUNNING:
        raise Refused("This group is not running.")
    is_new = _take_role(group, person, Role.Kind.CONTRIBUTOR, now)
    if group.series_id:
        following.follow(group.series, person, now=now)  # type: ignore[arg-type]
    return is_new


@transaction.atomic
def leave(group: Initiative, person: User, *, now: datetime) -> bool:
    """Go again; what one has presented stays, a slot to come is given back. False for whoever was not there. Raises
    Refused for the only lead."""
    group = Initiative.objects.select_for_update(no_key=True).get(pk=group.pk)
    term = Term.objects.current(standing.today(now))
    mine = group.roles.filter(person=person, term=term)
    role = mine.first()
    if role is None:
        return False
    others = group.roles.filter(term=term, kind=Role.Kind.LEAD).exclude(person=person)
    if role.kind == Role.Kind.LEAD and not others.exists():
        raise Refused("You are the only lead. Name another one first, or end the group.")
    if group.series_id:
        held = Claim.objects.held().filter(person=person, slot__sheet__rota__series=group.series_id)
        for claim in held.select_related("slot__sheet", "slot__event", "person"):
            if not claim.slot.has_begun(now):
                slots.release(claim, by=person, now=now)
        following.unfollow(group.series, person)  # type: ignore[arg-type]
    mine.delete()
    return True


@transaction.atomic
def end(group: Initiative, why: str, *, by: User, now: datetime) -> Initiative:
    """The group stops, done or not, and says how far it came: dates to come are cancelled, their people told. A second
    time changes nothing."""
    group = Initiative.objects.select_for_update(no_key=True).get(pk=group.pk)
    if group.is_over:
        return group
    done, total = progress(group, now)
    StudyGroup.objects.filter(initiative=group).update(chapters_done=done, chapters_planned=total)
    if group.series_id:
        for event in Event.objects.scheduled().filter(series=group.series_id, starts_at__gt=now):
            schedule.cancel(event, f"{group.name} has ended.", now=now)
        Series.objects.filter(pk=group.series_id, ended_at=None).update(ended_at=now)
    today = standing.today(now)
    group.state = Initiative.State.DONE if done == total and total else Initiative.State.ARCHIVED
    group.ended_on = max(today, group.started_on or today)
    told = f"It ended after {done} of {total} chapters."
    group.outcome = f"{told} {why.strip()}".strip()
    group.save()
    audit.record(by, "study-group.ended", group, after={"done": done, "of": total})
    return group


# ── Reading ──


def progress(group: Initiative, now: datetime) -> tuple[int, int]:
    """How many chapters were presented, of how many."""
    if not group.series_id:
        return 0, 0
    chapters = Slot.objects.filter(sheet__rota__series=group.series_id, withdrawn_at=None)
    given = Claim.objects.given(now).filter(slot__sheet__rota__series=group.series_id)
    return given.values("slot").distinct().count(), chapters.count()


def with_progress(groups: Any, now: datetime) -> Any:
    """Adds `chapters` and `given` (presented), `people` of the current term, and `next_at`."""
    chapters = (
        Slot.objects.filter(sheet__rota__series=OuterRef("series"), withdrawn_at=None)
        .order_by()
        .values("sheet")
        .annotate(n=Count("pk"))
        .values("n")
    )
    given = (
        Claim.objects.given(now)
        .filter(slot__sheet__rota__series=OuterRef("series"))
        .order_by()
        .values("slot__sheet")
        .annotate(n=Count("slot", distinct=True))
        .values("n")
    )
    coming = (
        Event.objects.scheduled().filter(series=OuterRef("series"), starts_at__gt=now).order_by("starts_at")
    )
    return groups.annotate(
        chapters=Coalesce(Subquery(chapters), 0),
        given=Coalesce(Subquery(given), 0),
        people=Count("roles__person", distinct=True),
        next_at=Subquery(coming.values("starts_at")[:1]),
    )


#: What the page of a group reads in the same query as the group.
READ_WITH = ("study", "series__rota__sheet", "series__rota__reading_list")


@dataclass(frozen=True)
class Page:
    """What the page of a group shows of its reading."""

    study: StudyGroup | None
    rota: rotas.Shown | None
    people: list[User]
    is_mine: bool
    may_join: bool
    may_arrange: bool
    may_end: bool

    @property
    def done(self) -> int:
        if self.study and self.study.chapters_done is not None:
            return self.study.chapters_done
        return self.rota.done if self.rota else 0

    @property
    def total(self) -> int:
        if self.study and self.study.chapters_planned is not None:
            return self.study.chapters_planned
        return self.rota.total if self.rota else 0


def page_of(group: Initiative, user: Any, now: datetime, *, roles: Sequence[Role], edits: bool) -> Page:
    """The reading of a group as `user` sees it, who edits it (`edits`) or not; `roles` are all of its roles. What
    `READ_WITH` names comes with the group."""
    study: StudyGroup | None = getattr(group, "study", None)
    rota = getattr(group.series, "rota", None) if study else None
    reads = user.is_authenticated and user.standing.reads_members_area
    seen = roles if reads else []
    people = sorted(
        {role.person for role in seen}, key=lambda person: (person.display_name.lower(), person.pk)
    )
    term = user.standing.term if user.is_authenticated else None
    mine = [role for role in seen if role.person_id == user.pk and term and role.term_id == term.pk]
    writes = user.is_authenticated and user.standing.writes
    return Page(
        study=study,
        rota=rotas.shown(rota, user, now) if rota and user.is_authenticated else None,
        people=people,
        is_mine=bool(mine),
        may_join=writes and not mine and group.state == Initiative.State.RUNNING,
        may_arrange=edits and study is None and not group.is_over,
        may_end=edits and study is not None and not group.is_over,
    )
