"""Study groups."""

from __future__ import annotations

from tests.access.doors import NO, READERS, WRITERS, Case, only
from tests.factories.projects import make_initiative


def build(world) -> None:
    people = world.visitors
    world.study_group = make_initiative(
        name="Study group", kind="study_group", lead=people["member"], team=[people["new member"]]
    )


def group(world):
    return {"slug": world.study_group.slug}


TABLE = {
    "projects:group_list": [Case("", READERS)],
    "projects:group_create": [Case("", WRITERS, WRITERS)],
    "projects:group_join": [Case("a group", NO, WRITERS, group)],
    "projects:group_leave": [Case("a group", NO, READERS, group)],
    "projects:group_arrange": [
        Case("no study group", only(), only(), lambda world: {"slug": world.members_project.slug})
    ],
    "projects:group_end": [
        Case("no study group", only(), only(), lambda world: {"slug": world.members_project.slug})
    ],
}
