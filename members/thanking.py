"""Thanking people: written once for a person and a thing, told by mail, and shown where the person gave it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction

from members import notifications
from members.audit import subject_of
from members.ledger import Due, tell_many
from members.models import Thanks, User


@transaction.atomic
def thank(
    people: Iterable[User], *, by: User, about: models.Model, title: str, sentence: str, now: datetime
) -> int:
    """Thank `people` for something; `title` is what it is called in the mail. Returns how many had not been thanked
    for it: the others, and whoever thanks, are passed over."""
    subject = subject_of(about)
    wanted = {person.pk: person for person in people if person.pk != by.pk}
    # The unique key settles two hosts who send at once: whoever is second writes nothing.
    Thanks.objects.bulk_create(
        [Thanks(by=by, to=person, about=subject, sentence=sentence, at=now) for person in wanted.values()],
        ignore_conflicts=True,
    )
    mine = Thanks.objects.filter(by=by, about=subject, at=now, to__in=wanted)
    return tell_many(
        notifications.Thanked,
        [Due(person=row.to_id, about=row, data={"title": title}) for row in mine],
        now=now,
    )
