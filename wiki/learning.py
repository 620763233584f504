"""Learning paths: routes over pages that somebody keeps, and where a member is on them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from members import audit
from members.models import User
from mlclub import ordering
from mlclub.refusal import Refused
from wiki import requiring
from wiki.models import KnownPage, LearningFollow, LearningPath, LearningStep, Page

#: So many steps a path may have.
MOST = 60
#: The same path begun twice within this is one: somebody clicked twice.
TWICE = timedelta(minutes=1)


def may_keep(path: LearningPath, user: Any) -> bool:
    """Whether `user` may change the path: its keeper, an officer with the right, and any member who may write where its
    keeper has left."""
    if not user.is_authenticated:
        return False
    if user.has_perm("wiki.change_learningpath"):
        return True
    if not user.standing.writes:
        return False
    return path.keeper_id == user.pk or not User.objects.still_here().filter(pk=path.keeper_id).exists()


# ── Writing ──


@transaction.atomic
def create(*, title: str, for_whom: str, by: User, now: datetime, to: Page | None = None) -> LearningPath:
    """Begin a path; with `to`, over all that this page requires, in an order in which it can be read."""
    User.objects.select_for_update().only("pk").get(pk=by.pk)
    twin = LearningPath.objects.filter(title=title, keeper=by, created_at__gt=now - TWICE).first()
    if twin is not None:
        return twin
    path = LearningPath.objects.create(title=title, for_whom=for_whom, keeper=by, created_at=now)
    if to is not None:
        way = requiring.surroundings(to, by).way[-MOST:]
        LearningStep.objects.bulk_create(
            [LearningStep(path=path, page=stop.page, position=at) for at, stop in enumerate(way)]
        )
    audit.record(by, "wiki.learning-path-created", path, after=title)
    return path


@transaction.atomic
def add_step(path: LearningPath, page: Page, *, note: str = "") -> LearningStep:
    """Place a page at the end of the path; the same page twice is one step. Raises Refused for a path that is full."""
    _locked(path)
    there = LearningStep.objects.filter(path=path, page=page).first()
    if there is not None:
        return there
    steps = list(LearningStep.objects.filter(path=path).values_list("position", flat=True))
    if len(steps) >= MOST:
        raise Refused(f"A path has {MOST} steps at most. Split it in two.")
    return LearningStep.objects.create(path=path, page=page, note=note, position=max(steps, default=-1) + 1)


@transaction.atomic
def move_step(step: LearningStep, *, up: bool) -> None:
    """Swap a step with the one before or after it; at the end of the path nothing happens."""
    _locked(step.path)
    steps = list(LearningStep.objects.filter(path=step.path).order_by("position", "pk"))
    ordering.shift(steps, step.pk, up=up)


@transaction.atomic
def change(path: LearningPath, *, title: str, for_whom: str, by: User) -> None:
    """Say otherwise what the path is called and for whom. Whoever does so where its keeper has left keeps it."""
    row = _locked(path)
    row.title, row.for_whom = title, for_whom
    if not User.objects.still_here().filter(pk=row.keeper_id).exists():
        row.keeper = by
    row.save(update_fields=["title", "for_whom", "keeper"])


def follow(path: LearningPath, *, person: User, now: datetime, on: bool) -> None:
    """Put the path's next step on the home page of `person`, or take it from there. Twice is once."""
    if on:
        LearningFollow.objects.bulk_create(
            [LearningFollow(person=person, path=path, since=now)], ignore_conflicts=True
        )
    else:
        LearningFollow.objects.filter(person=person, path=path).delete()


def _locked(path: LearningPath) -> LearningPath:
    return LearningPath.objects.select_for_update(of=("self",)).get(pk=path.pk)


# ── Reading ──


def every(user: Any) -> Any:
    """All paths with `step_count`, `known_count` and `is_followed` for `user`; one query."""
    steps = Q(steps__page__in=Page.objects.visible_to(user))
    known = KnownPage.objects.filter(person=user.pk).values("page")
    return LearningPath.objects.select_related("keeper").annotate(
        step_count=Count("steps", filter=steps, distinct=True),
        known_count=Count("steps", filter=steps & Q(steps__page__in=known), distinct=True),
        is_followed=Exists(LearningFollow.objects.filter(person=user.pk, path=OuterRef("pk"))),
    )


def steps_of(path: LearningPath, user: Any) -> list[Any]:
    """The steps whose pages `user` may see, each with `is_known` and, for the first that is not, `is_next`; one query."""
    known = KnownPage.objects.filter(person=user.pk, page=OuterRef("page"))
    steps: list[Any] = list(
        LearningStep.objects.filter(path=path, page__in=Page.objects.visible_to(user))
        .select_related("page")
        .only("path", "note", "position", "page__path", "page__title")
        .annotate(is_known=Exists(known))
        .order_by("position", "pk")
    )
    following = next((step for step in steps if not step.is_known), None)
    for step in steps:
        step.is_next = step is following
    return steps


def next_steps(person: Any) -> Any:
    """Of every path that `person` follows, the first step that they have not marked as known."""
    known = KnownPage.objects.filter(person=person.pk, page=OuterRef("page"))
    missing = LearningStep.objects.filter(page__trashed_at=None).exclude(Exists(known))
    earlier = missing.filter(path=OuterRef("path")).filter(
        Q(position__lt=OuterRef("position")) | Q(position=OuterRef("position"), pk__lt=OuterRef("pk"))
    )
    followed = LearningFollow.objects.filter(person=person.pk).values("path")
    return missing.filter(path__in=followed).exclude(Exists(earlier))
