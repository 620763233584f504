"""What about people and accounts needs an officer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse

from members import standing
from members.models import OfficeTerm, ProblemReport, User
from mlclub.gather import DeskItem

GROUP = "People"
NOTICE = timedelta(days=30)

#: A club with fewer people who can enter the admin is one lost phone from being locked out.
FEWEST_OFFICERS = 2


def for_officer(user: User, now: datetime) -> list[DeskItem]:
    """One line for each thing that waits, with the page that mends it; at most three queries."""
    today = standing.today(now)
    people = reverse("admin:members_user_changelist")
    items = []
    if user.has_perm("members.suspend_user"):
        accounts = User.objects.aggregate(
            suspended=Count("pk", filter=Q(suspended_at__isnull=False, erased_at=None)),
            emergency=Count("pk", filter=Q(is_superuser=True, is_active=True)),
            erasures=Count("pk", filter=Q(erasure_asked_at__isnull=False, erased_at=None)),
        )
        items += [
            DeskItem(
                group=GROUP,
                title="Asked to be erased",
                count=accounts["erasures"],
                url=f"{people}?account=erasure",
                detail="The law gives a month.",
                tone="bad",
                icon="trash",
            ),
            DeskItem(
                group=GROUP,
                title="Emergency accounts open",
                count=accounts["emergency"],
                url=f"{people}?account=emergency",
                detail="They may do everything. Close them once the emergency is over.",
                icon="key",
            ),
            DeskItem(
                group=GROUP,
                title="Suspended accounts",
                count=accounts["suspended"],
                url=f"{people}?account=suspended",
                tone="",
                icon="no-symbol",
            ),
        ]
    if user.has_perm("members.view_officeterm"):
        held = list(
            OfficeTerm.objects.held_on(today).filter(person__is_active=True).values_list("person", "ends_on")
        )
        ending = [row for row in held if row[1] - today <= NOTICE]
        items.append(
            DeskItem(
                group=GROUP,
                title="Offices that end within 30 days",
                count=len(ending),
                url=f"{reverse('admin:members_officeterm_changelist')}?held=ending",
                detail="Name who comes after them.",
                icon="key",
            )
        )
        officers = len({person for person, _ in held})
        if officers < FEWEST_OFFICERS:
            items.append(
                DeskItem(
                    group=GROUP,
                    title="Too few people can enter the admin",
                    count=officers,
                    url=reverse("admin:members_officeterm_changelist"),
                    detail="Give an office to a second person, so that a lost phone locks nobody out.",
                    tone="bad",
                    icon="key",
                )
            )
    if user.has_perm("members.view_problemreport"):
        items.append(
            DeskItem(
                group=GROUP,
                title="Reported problems",
                count=ProblemReport.objects.filter(settled_at=None).count(),
                url=f"{reverse('admin:members_problemreport_changelist')}?open=yes",
                icon="chat-bubble-left-ellipsis",
            )
        )
    return [item for item in items if item.count]
