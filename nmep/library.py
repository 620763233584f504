"""Keeping the library of modules: what each needs, what builds on it, and who may read and write what of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from members import audit
from members.models import User
from mlclub import locks
from nmep.models import Enrolment, Module, ModuleLink, ModuleNeed, Offering, Session
from nmep.models.modules import refuse_circle

STRONG, WEAK = ModuleNeed.Strength.STRONG, ModuleNeed.Strength.WEAK


class Changed(Exception):
    """Somebody saved the module meanwhile."""


# ── What needs what ──


def lock_needs() -> None:
    """Within a transaction: nobody else adds a dependency until it ends. The trigger takes the same lock."""
    locks.hold("nmep_moduleneed")


@transaction.atomic
def set_needs(module: Module, needs: Mapping[int, str]) -> bool:
    """Make `needs` (modules by key, with the strength of each) all that `module` builds on; says if that changed
    anything. Raises a ValidationError that names the circle if it closes one."""
    lock_needs()
    old = dict(ModuleNeed.objects.filter(module=module).values_list("needed", "strength"))
    if old == dict(needs):
        return False
    others = ModuleNeed.objects.exclude(module=module).values_list("module", "needed")
    refuse_circle(module.pk, needs, others)
    if module.pk in needs:
        raise ValidationError("A module cannot need itself.")
    ModuleNeed.objects.filter(module=module).exclude(needed__in=needs).delete()
    for needed, strength in needs.items():
        ModuleNeed.objects.update_or_create(module=module, needed_id=needed, defaults={"strength": strength})
    return True


@dataclass(frozen=True)
class BuildsOn:
    """What stands on a module: look here before you change it."""

    needing: list[ModuleNeed] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.needing or self.sessions)


def builds_on(module: Module, user: Any) -> BuildsOn:
    """Modules that need it and classes of live offerings that use it, as far as `user` may know of them; two
    queries."""
    needing = (
        ModuleNeed.objects.filter(needed=module, module__in=Module.objects.visible_to(user))
        .select_related("module")
        .defer("module__search")
        .order_by("strength", "module__title")
    )
    drafts = Q(state=Offering.State.DRAFT)
    offerings = Offering.objects.visible_to(user).filter(drafts | Q(pk__in=Offering.objects.live()))
    sessions = (
        Session.objects.filter(module=module, offering__in=offerings)
        .select_related("event", "offering__program", "offering__term")
        .defer("search")
        .order_by("event__starts_at")
    )
    return BuildsOn(list(needing), list(sessions))


# ── Reading ──


def may_teach(user: Any, module: Module) -> bool:
    """Whether `user` reads solutions: the maintainer, the officer for education, and the staff of a live
    offering."""
    if not user.is_authenticated:
        return False
    if user.has_perm("nmep.change_module"):
        return True
    if not user.standing.reads_members_area:
        return False
    return (
        module.maintainer_id == user.pk
        or Enrolment.objects.staff().filter(person=user, offering__in=Offering.objects.live()).exists()
    )


@dataclass(frozen=True)
class Sheet:
    """A module as one reader sees it: what is not theirs to read is not in it."""

    needs: list[ModuleNeed]
    hidden_needs: int = 0
    is_internal: bool = False
    after: str = ""
    concerns: str = ""
    teaches: bool = False
    solutions: str = ""
    may_edit: bool = False
    broken_links: list[ModuleLink] = field(default_factory=list)


def sheet(module: Module, user: Any) -> Sheet:
    """What `user` may read of a module that they may see."""
    needs = list(ModuleNeed.objects.filter(module=module).select_related("needed").defer("needed__search"))
    if not user.is_authenticated:
        shown = [need for need in needs if need.needed.is_public]
        return Sheet(needs=shown, hidden_needs=len(needs) - len(shown))
    visible = set(
        Module.objects.visible_to(user)
        .filter(pk__in=[need.needed_id for need in needs])
        .values_list("pk", flat=True)
    )
    shown = [need for need in needs if need.needed_id in visible]
    may_edit = Module.objects.editable_by(user).filter(pk=module.pk).exists()
    is_internal = may_edit or user.standing.reads_members_area
    teaches = may_teach(user, module)
    return Sheet(
        needs=shown,
        hidden_needs=len(needs) - len(shown),
        is_internal=is_internal,
        after=module.after if is_internal else "",
        concerns=module.concerns if is_internal else "",
        teaches=teaches,
        solutions=module.solutions if teaches else "",
        may_edit=may_edit,
        broken_links=list(ModuleLink.objects.broken().told_to(user).filter(module=module))
        if is_internal
        else [],
    )


@dataclass
class Branch:
    """A module in the tree, under the first module of its level that it needs."""

    module: Module
    needs: list[ModuleNeed] = field(default_factory=list)
    hidden: int = 0
    branches: list[Branch] = field(default_factory=list)


@dataclass
class Level:
    """One of the three levels with its part of the tree."""

    value: str
    label: str
    branches: list[Branch] = field(default_factory=list)
    count: int = 0


def tree(user: Any) -> list[Level]:
    """The modules that `user` may see, by level; three queries."""
    rows = {
        row.pk: Branch(row)
        for row in Module.objects.visible_to(user)
        .only("title", "slug", "level", "overview", "is_public", "licence")
        .order_by("title")
    }
    for need in ModuleNeed.objects.filter(module__in=rows).order_by("strength", "needed__title"):
        branch = rows[need.module_id]
        if need.needed_id in rows:
            need.module, need.needed = branch.module, rows[need.needed_id].module
            branch.needs.append(need)
        else:
            branch.hidden += 1
    levels = {value: Level(value, label) for value, label in Module.Level.choices}
    for branch in rows.values():
        level = levels[branch.module.level]
        level.count += 1
        under = next(
            (need.needed_id for need in branch.needs if need.is_strong and need.needed.level == level.value),
            None,
        )
        (rows[under].branches if under else level.branches).append(branch)
    return [level for level in levels.values() if level.count]


# ── Writing ──


@transaction.atomic
def save(
    module: Module, needs: Mapping[int, str], *, by: User | None, now: datetime, seen: int | None = None
) -> Module:
    """Save a module with what it builds on, as its next revision. `seen` is the revision that was edited: if
    another was saved meanwhile, raises `Changed`. Raises a ValidationError for a circle."""
    is_new = module.pk is None
    if not is_new:
        held = Module.objects.select_for_update().only("revision").get(pk=module.pk)
        if seen is not None and held.revision != seen:
            raise Changed
        module.revision = held.revision + 1
    module.updated_at = now
    module.save()
    set_needs(module, needs)
    audit.record(
        by, "module-created" if is_new else "module-edited", module, after={"revision": module.revision}
    )
    return module


def touch(modules: Iterable[Module], *, now: datetime) -> None:
    """Count a change that was made elsewhere (in the admin) as a revision."""
    Module.objects.filter(pk__in=[module.pk for module in modules]).update(
        revision=F("revision") + 1, updated_at=now
    )
