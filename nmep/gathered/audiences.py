"""Whom leads and officers may write to: the learners of an offering, and those who help to run it."""

from __future__ import annotations

from datetime import datetime

from members.audiences import RIGHT
from members.models import User
from mlclub.gather import Audience
from nmep.models import Enrolment, Offering

LIVE = [Offering.State.OPEN, Offering.State.RUNNING]


def audiences(user: User, now: datetime, key: str) -> list[Audience]:
    """Those of the offerings that `user` leads, and of all for officers who may write to any group."""
    noun, _, rest = key.partition(":")
    pk = rest.partition(":")[0]
    if not user.is_authenticated or (key and (noun != "nmep.offering" or not pk.isdigit())):
        return []
    offerings = Offering.objects.filter(pk=int(pk)) if key else Offering.objects.filter(state__in=LIVE)
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
                    kind="words-from-hosts",
                    why=f"because you take part in {offering}",
                    people=User.objects.real().filter(pk__in=rows.values("person")),
                )
            )
    return [each for each in found if not key or each.key == key]
