"""What digests say of people: who was thanked, to officers how the term goes, to alumni who graduated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from members import standing
from members.models import Membership, Notification, Term, Thanks, User
from mlclub.gather import GRADUATED, MOVING, NEWS, THANKS, Item

#: From this week of the term on officers hear of members who have not said what they want to do in it.
SAID_BY_WEEK = 5
#: So long before its end officers hear how long the term still lasts.
ENDS_SOON = timedelta(days=45)
#: So many graduates are named.
NAMED = 6
#: So many of those who thanked somebody are named to them.
NAMED_BY = 2


def digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """How many were thanked in the week before, and to whom it was said by whom. The words stand on the profile, and
    nobody is told of others by name; one query."""
    rows = list(
        Thanks.objects.filter(at__gte=since - NEWS, at__lt=since)
        .order_by("at", "pk")
        .values_list("to", "by__name", "by__handle")
    )
    if not rows:
        return {}
    mine: dict[int, list[str]] = {}
    for person, name, handle in rows:
        names = mine.setdefault(person, [])
        if (name or handle) not in names:
            names.append(name or handle)
    n = len(mine)
    said = f"{n} {'person was' if n == 1 else 'people were'} thanked this week"
    found = {}
    for user in users:
        if not (user.standing.reads_members_area or user.pk in mine):
            continue
        by = " and ".join(mine.get(user.pk, [])[:NAMED_BY])
        found[user.pk] = [
            Item(
                section=THANKS,
                text=f"{said}, you by {by}" if by else said,
                url=user.get_absolute_url() if by else "",
                action="Read it" if by else "",
                weight=1,
                is_filler=not by,
                is_own=bool(by),
            )
        ]
    return found


def officer_digest(officers: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """Mail sent and given up in the week before, how long the term lasts, and members who took nothing on yet; three
    queries."""
    today = standing.today(since)
    term = Term.objects.current(today)
    lines = []
    if term and term.starts_on <= today <= term.ends_on:
        left = term.ends_on - today
        if left <= ENDS_SOON:
            lines.append(Item(section=MOVING, text=f"{term} ends", lead=f"{left.days} days", weight=5))
        if (term.week_of(today) or 0) >= SAID_BY_WEEK:
            lines += _without_a_role(term)
    lately = Notification.objects.by_mail().filter(created_at__gte=since - NEWS, created_at__lt=since)
    mail = lately.aggregate(
        sent=Count("pk", filter=Q(status=Notification.Status.SENT)),
        failed=Count("pk", filter=Q(status__in=[Notification.Status.DEAD, Notification.Status.UNKNOWN])),
    )
    words = f"Mail: {mail['sent']} sent, {mail['failed']} failed"
    found = {}
    for officer in officers:
        mends = officer.has_perm("members.resend_notification")
        url = reverse("members:mail_desk") if mends else ""
        found[officer.pk] = [*lines, Item(section=MOVING, text=words, url=url, is_filler=True)]
    return found


def _without_a_role(term: Term) -> list[Item]:
    silent = Membership.objects.active().filter(
        term=term, learn__isnull=True, give__isnull=True, hours_a_week__isnull=True
    )
    n = silent.count()
    if not n:
        return []
    return [
        Item(
            section=MOVING,
            text=f"{n} member{' has' if n == 1 else 's have'} not said what they want to learn or give",
            url=reverse("members:person_list"),
            weight=8,
        )
    ]


def alumni_digest(users: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """Who became an alumnus or alumna with this term, as far as they are in the directory; two queries."""
    term = Term.objects.current(standing.today(since))
    earlier = Membership.objects.filter(
        person=OuterRef("person"),
        status=Membership.Status.ALUMNUS,
        term__starts_on__lt=OuterRef("term__starts_on"),
    )
    people = [
        row.person
        for row in Membership.objects.filter(term=term, status=Membership.Status.ALUMNUS)
        .filter(person__is_listed=True, person__is_active=True, person__erased_at=None)
        .exclude(Exists(earlier))
        .select_related("person")
        .order_by("person__name")
    ]
    if not people:
        return {}
    found = {}
    for user in users:
        names = [person.display_name for person in people if person.pk != user.pk]
        if names and user.standing.reads_members_area:
            more = len(names) - NAMED
            found[user.pk] = [
                Item(
                    section=GRADUATED,
                    text=", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else ""),
                    url=reverse("members:person_list"),
                    action="Say hello",
                )
            ]
    return found
