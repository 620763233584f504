"""Before an office ends, whoever holds it is asked to write down what the next person must know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from django.db.models import F

from members import standing
from members.ledger import Due
from members.models import Club, OfficeTerm
from wiki.models import Revision

#: So many days before the last day, at this hour on the wall; each gives way to the next.
DAYS = (21, 14, 7)
HOUR = time(9)
#: A page that its holder worked on within so long before the office ends is the one that is asked for.
WRITTEN_WITHIN = timedelta(days=60)


def due(now: datetime) -> Iterator[Due]:
    """For offices that end within three weeks: the last of the three askings that has fallen due."""
    zone, today = Club.current().zone, standing.today(now)
    ending = OfficeTerm.objects.filter(ends_on__gte=today, ends_on__lte=today + timedelta(days=max(DAYS)))
    # An office of a week is no office to hand over.
    for term in ending.filter(starts_on__lt=F("ends_on") - timedelta(days=max(DAYS))):
        end = standing.start_of(term.ends_on + timedelta(days=1))
        for days, following in zip(DAYS, (*DAYS[1:], None), strict=True):
            at = datetime.combine(term.ends_on - timedelta(days=days), HOUR, tzinfo=zone)
            until = end
            if following is not None:
                until = datetime.combine(term.ends_on - timedelta(days=following), HOUR, tzinfo=zone)
            if at <= now < until:
                yield Due(
                    person=term.person_id,
                    about=term,
                    slot=f"{term.ends_on.isoformat()} {days}d",
                    due_at=at,
                    expires_at=until,
                )


def holds_on(term: OfficeTerm) -> bool:
    """Whether the same person holds the same office afterwards too."""
    later = OfficeTerm.objects.filter(
        person=term.person_id, office=term.office_id, ends_on__gt=term.ends_on
    ).exclude(pk=term.pk)
    return later.filter(starts_on__lte=term.ends_on + timedelta(days=31)).exists()


def successors(term: OfficeTerm) -> list[str]:
    """The names of those who hold the office next."""
    later = OfficeTerm.objects.filter(office=term.office_id, ends_on__gt=term.ends_on)
    rows = later.exclude(person=term.person_id).select_related("person").order_by("starts_on")
    return list(dict.fromkeys(row.person.display_name for row in rows))


def is_written(term: OfficeTerm) -> bool:
    """Whether the holder lately wrote on a page of the wiki that is called a handover."""
    since = standing.start_of(term.ends_on - WRITTEN_WITHIN)
    return Revision.objects.filter(
        author=term.person_id, at__gte=since, page__trashed_at=None, page__title__icontains="handover"
    ).exists()
