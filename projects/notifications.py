from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from members.ledger import Category, Due, Kind, kind
from members.models import Notification
from mlclub.mail import from_markdown
from projects import monthly
from projects.models import Initiative, Inspiration, Role


@kind(
    "project-team-joined",
    label="You are named in a project's team",
    template="projects/mail/team_joined",
    category=Category.TRANSACTIONAL,
    why="because a project's lead named you in its team",
)
class TeamJoined(Kind):
    """Somebody was put into a team by its lead."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return Role.objects.filter(pk=row.about_pk).exists() or "no longer in the team"

    def context(self, row: Notification) -> dict[str, Any]:
        role = Role.objects.select_related("initiative", "term").get(pk=row.about_pk)
        return {"role": role, "initiative": role.initiative}


@kind(
    "project-page-asked",
    label="The page of a project you led is asked for",
    template="projects/mail/page_asked",
    category=Category.TRANSACTIONAL,
    why="because you led the project and it is over",
)
class PageAsked(Kind):
    """Officers ask for what a project leaves in the library."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        initiative = Initiative.objects.filter(pk=row.about_pk).select_related("page", "nothing_left").first()
        if initiative is None or not initiative.is_over:
            return "the project is not over"
        has_page = initiative.page is not None and initiative.page.trashed_at is None
        return not (has_page or hasattr(initiative, "nothing_left")) or "answered meanwhile"

    def context(self, row: Notification) -> dict[str, Any]:
        initiative = Initiative.objects.get(pk=row.about_pk)
        return {"initiative": initiative, "url": reverse("projects:initiative_page", args=[initiative.slug])}


@kind(
    "project-from-note",
    label="A note of yours became a project",
    template="projects/mail/note_became_project",
    category=Category.TRANSACTIONAL,
    why="because you wrote a note to the authors of a post",
)
class NoteBecameProject(Kind):
    """What a reader wrote is a project now."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        inspiration = Inspiration.objects.select_related("initiative").filter(pk=row.about_pk).first()
        if inspiration is None or row.person is None:
            return "the project is gone"
        sees = Initiative.objects.visible_to(row.person).filter(pk=inspiration.initiative_id)
        return sees.exists() or "they may not see the project"

    def context(self, row: Notification) -> dict[str, Any]:
        inspiration = Inspiration.objects.select_related("initiative", "post").get(pk=row.about_pk)
        initiative = inspiration.initiative
        return {
            "initiative": initiative,
            "post": inspiration.post,
            "is_in": initiative.roles.filter(person=row.person).exists(),
        }


@kind(
    "advisor-monthly",
    label="Projects you advise, once a month",
    template="projects/mail/advisor_monthly",
    category=Category.DIGEST,
    why="once a month because you advise this project",
)
class AdvisorMonthly(Kind):
    """What the team did and what comes next, from its updates. What it waits for stands on its page alone."""

    def due(self, now: datetime) -> Iterable[Due]:
        return monthly.due(now)

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        asked = (row.person_id, row.about_pk)
        return asked in monthly.advising(now, row.slot) or "not an advisor any more, or nothing was written"

    def context(self, row: Notification) -> dict[str, Any]:
        initiative = Initiative.objects.get(pk=row.about_pk)
        since, _ = monthly.month_before(row.slot)
        updates = [
            {
                "update": update,
                "done": from_markdown(update.done),
                "next": from_markdown(update.next) if update.next else "",
            }
            for update in monthly.written(initiative, row.slot)
        ]
        leads = initiative.roles.filter(kind=Role.Kind.LEAD, term__starts_on__lte=row.slot)
        newest = leads.order_by("-term__starts_on").select_related("person").first()
        return {
            "initiative": initiative,
            "since": since,
            "updates": updates,
            "lead": newest.person if newest else None,
            "url": settings.SITE_URL + initiative.get_absolute_url(),
        }
