"""What happens next to a capstone, asked once it was presented."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction

from members.models import User
from mlclub.refusal import Refused
from nmep.models import Capstone, CapstoneMember
from projects import continuing
from projects.models import Initiative


class Next(models.TextChoices):
    STUDY_GROUP = "study_group", "A study group"
    RESEARCH = "research", "A research project"
    COMPETITION = "competition", "A competition team"
    JOINS = "joins", "It joins another project"
    ARCHIVE = "archive", "It ends here"


#: What stands there where nobody wrote why it ended.
ENDED = "It ended with its presentation."


class AlreadyDecided(Exception):
    """Somebody of the group, or a lead, has said it before."""


@transaction.atomic
def decide(
    capstone: Capstone,
    choice: str,
    *,
    by: User,
    people: Iterable[User],
    direction: str,
    now: datetime,
    name: str = "",
    target: Initiative | None = None,
) -> Initiative | None:
    """Write down what happens next: the successor with those who go on, or the end.

    Raises `AlreadyDecided`, and `projects.Refused` where the name is taken.
    """
    capstone = (
        Capstone.objects.select_for_update(of=("self",)).select_related("initiative").get(pk=capstone.pk)
    )
    if not capstone.awaits_decision:
        raise AlreadyDecided
    mine = set(
        CapstoneMember.objects.live().filter(capstone=capstone).values_list("enrolment__person", flat=True)
    )
    going = [person for person in people if person.pk in mine]
    if choice == Next.ARCHIVE:
        capstone.state = Capstone.State.ARCHIVED
        continuing.close(capstone.initiative, direction or ENDED, now=now, state=Initiative.State.ARCHIVED)
    elif choice == Next.JOINS:
        if target is None:
            raise Refused("Choose the project that it joins.")
        continuing.join(capstone.initiative, target, direction=direction, people=going, by=by, now=now)
        capstone.successor = target
    else:
        capstone.successor = continuing.go_on_as(
            capstone.initiative,
            kind=choice,
            name=name,
            direction=direction,
            people=going,
            by=by,
            now=now,
        )
    capstone.decided_at = now
    capstone.save(update_fields=["state", "decided_at", "successor"])
    return capstone.successor
