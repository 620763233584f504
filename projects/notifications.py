from __future__ import annotations

from datetime import datetime
from typing import Any

from members.ledger import Category, Kind, kind
from members.models import Notification
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
