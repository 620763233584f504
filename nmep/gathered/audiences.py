"""Whom leads and officers may write to: the learners of an offering, and those who help to run it."""

from __future__ import annotations

from datetime import datetime

from members.audiences import RIGHT
from members.models import User
from members.notifications import WordsFromHosts
from mlclub.gather import Audience
from mlclub.typed import number as number_of
from nmep.models import Enrolment, Offering

LIVE = [Offering.State.OPEN, Offering.State.RUNNING]


def audiences(user: User, now: datetime, key: str) -> list[Audience]:
    """Those of the offerings that `user` leads, and of all for officers who may write to any group."""
    noun, _, rest = key.partition(":")
    if not user.is_authenticated or noun not in ("", "nmep.offering"):
        return []
    offerings = Offering.objects.filter(state__in=LIVE)
    if key:
        offerings = Offering.objects.filter(pk=number_of(rest.partition(":")[0]))
    if not (user.has_perm(RIGHT) or user.has_perm("nmep.view_submission")):
        offerings = offerings.filter(pk__in=Enrolment.objects.leading(user).values("offering"))
    found = []
    for offering in offerings.select_related("term", "program").order_by("-term__starts_on", "pk"):
        active = Enrolment.objects.active().filter(offering=offering)
        for part, label, rows in (
            ("learners", "Learners", active.learners()),
            ("staff", "Leads, lecturers, mentors and helpers", active.staff()),
        ):
            found.append(
                Audience(
                    key=f"nmep.offering:{offering.pk}:{part}",
                    label=f"{label} of {offering}",
                    section=str(offering),
                    kind=WordsFromHosts.slug,
                    why=f"because you take part in {offering}",
                    people=User.objects.real().filter(pk__in=rows.values("person")),
                )
            )
    return [each for each in found if not key or each.key == key]
