"""What happens next to a project: its team, or part of it, goes on as something else, and the lineage knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from members import audit, standing
from members.ledger import tell
from members.models import Term, User
from mlclub.refusal import Refused
from projects import lineage
from projects.models import Initiative, InitiativeLink, Role
from projects.notifications import TeamJoined


@transaction.atomic
def go_on_as(
    earlier: Initiative,
    *,
    kind: str,
    name: str,
    direction: str,
    people: Iterable[User],
    by: User,
    now: datetime,
    link: str = InitiativeLink.Kind.GREW_INTO,
) -> Initiative:
    """A new initiative that `earlier` grew into, with `people` as contributors and one of them as lead.

    Its roles are of the current term, which lasts until the next one starts: a group over the break has a team.
    """
    try:
        with transaction.atomic():
            later = Initiative.objects.create(
                name=name,
                kind=kind,
                summary=direction[:240] or earlier.summary,
                visibility=earlier.visibility,
                state=Initiative.State.RUNNING,
                started_on=standing.today(now),
                created_at=now,
            )
    except IntegrityError as taken:
        raise Refused("There is already a project of this name.") from taken
    later.topics.set(earlier.topics.all())
    lineage.connect(earlier, later, link, note=direction[:240])
    _name(later, list(people), by=by, now=now)
    close(earlier, _outcome("It went on as", later, direction), now=now)
    audit.record(by, "project-continued", earlier, after=later.pk)
    return later


@transaction.atomic
def join(
    earlier: Initiative, later: Initiative, *, direction: str, people: Iterable[User], by: User, now: datetime
) -> None:
    """`earlier` becomes part of `later`, whose other parents stay its parents. Raises `lineage.Circle`."""
    lineage.connect(earlier, later, InitiativeLink.Kind.MERGED, note=direction[:240])
    _name(later, list(people), by=by, now=now)
    close(earlier, _outcome("It joined", later, direction), now=now)
    audit.record(by, "project-merged", earlier, after=later.pk)


def _outcome(verb: str, later: Initiative, direction: str) -> str:
    """Markdown for "What came of it"; a name is typed by people, so it stands there as text."""
    name = "".join(f"\\{letter}" if letter in "\\`*_[]<>()#!|" else letter for letter in later.name)
    return f"{verb} [{name}]({later.get_absolute_url()})." + (f" {direction}" if direction else "")


def close(initiative: Initiative, outcome: str, *, now: datetime, state: str = Initiative.State.DONE) -> None:
    """It is over; what somebody wrote about its outcome stays."""
    today = standing.today(now)
    initiative.state = state
    initiative.ended_on = max(today, initiative.started_on or today)
    initiative.outcome = initiative.outcome or outcome
    initiative.save()


def _name(initiative: Initiative, people: list[User], *, by: User, now: datetime) -> None:
    """Everybody as a contributor, `by` (or else the first) as lead where there is none yet."""
    term = Term.objects.current(standing.today(now))
    if term is None:
        return
    team = Role.objects.filter(initiative=initiative, term=term)
    has_lead = team.filter(kind=Role.Kind.LEAD).exists()
    for person in sorted(people, key=lambda each: each.pk != by.pk):
        role, is_new = Role.objects.get_or_create(
            initiative=initiative,
            term=term,
            person=person,
            defaults={"kind": Role.Kind.CONTRIBUTOR if has_lead else Role.Kind.LEAD},
        )
        has_lead = True
        if is_new and person.pk != by.pk:
            tell(TeamJoined, person, about=role, now=now)
