from __future__ import annotations

from datetime import datetime
from typing import Any

from members.ledger import Category, Kind, kind
from members.models import Notification
from projects.models import Role


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
