"""Care of pages, what is read first, learning paths, and the pages that talks and projects leave."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from members import standing
from projects.models import Initiative
from tests.access.doors import FORBIDDEN, MISSING, NO, READERS, SIGN_IN, WRITERS, Case, Door, only
from tests.factories import make_page
from tests.factories.projects import make_initiative
from wiki import learning, requiring
from wiki.models import LearningStep, Requirement, RequirementProposal

LIBRARIANS = ("librarian", "president")
PROJECT_OFFICERS = only("president", others=FORBIDDEN)


class Kept(Door):
    """403 for whoever may write and does not keep it, 404 for those who may not write at all."""

    def expects(self, visitor: str) -> str:
        answer = super().expects(visitor)
        return MISSING if answer == FORBIDDEN and visitor not in WRITERS.who else answer


class Seen(Door):
    """403 for whoever reads the members' area and is not of the team, 404 for the rest."""

    def expects(self, visitor: str) -> str:
        answer = super().expects(visitor)
        return MISSING if answer == FORBIDDEN and visitor not in READERS.who else answer


def build(world: SimpleNamespace) -> None:
    member = world.visitors["member"]
    now = timezone.now()
    world.needed = make_page(path="Tending/Needed", author=member)
    world.needing = make_page(path="Tending/Needing", author=member)
    world.requirement = requiring.add(world.needing, world.needed, by=member, now=now)
    world.asking = make_page(path="Tending/Asking", author=member, text="Requires: [[Needed]]\n")
    world.proposal = RequirementProposal.objects.get(page=world.asking)
    world.learning_path = learning.create(title="A path", for_whom="All", by=member, now=now)
    world.step = learning.add_step(world.learning_path, world.needed)
    today = standing.today()
    world.over_project = make_initiative(
        name="Project that is over",
        lead=member,
        team=[world.visitors["new member"]],
        state=Initiative.State.DONE,
        started_on=today - timedelta(days=60),
        ended_on=today - timedelta(days=3),
    )


def page(name: str, **more: str):
    return lambda world: {
        "path": getattr(world, name).path,
        **{key: getattr(world, of).pk for key, of in more.items()},
    }


def path(**more: str):
    return lambda world: {
        "slug": world.learning_path.slug,
        **{key: getattr(world, of).pk for key, of in more.items()},
    }


TEAM = Seen(frozenset({"member", "new member", "president"}), SIGN_IN, FORBIDDEN)
KEEPERS = Kept(frozenset({"member", *LIBRARIANS}), SIGN_IN, FORBIDDEN)

TABLE = {
    "wiki:page_keepers": [Case("", READERS)],
    "wiki:proposal_list": [Case("", READERS)],
    "wiki:page_graph": [Case("", READERS)],
    "wiki:page_requires": [Case("a members' page", READERS, NO, page("needing"))],
    "wiki:requirement_create": [Case("a members' page", NO, WRITERS, page("needing"))],
    "wiki:page_known": [Case("a members' page", NO, READERS, page("needing"), {"known": "1"})],
    "wiki:page_ask": [Case("a members' page", NO, WRITERS, page("needing"))],
    "wiki:page_mend": [
        Case("a link that is not there", NO, WRITERS, page("needing"), {"kind": "picture", "name": "x"})
    ],
    "wiki:requirement_remove": [
        Case(
            "of another page",
            NO,
            only(),
            lambda world: {"path": world.needed.path, "pk": Requirement.objects.get(page=world.needing).pk},
        )
    ],
    "wiki:proposal_decide": [
        Case(
            "a page of the member's",
            NO,
            KEEPERS,
            lambda world: {"pk": world.proposal.pk},
            {"answer": "no"},
        )
    ],
    "wiki:learning_path_list": [Case("", READERS)],
    "wiki:learning_path_create": [Case("", WRITERS, WRITERS)],
    "wiki:learning_path_detail": [Case("", READERS, NO, path())],
    "wiki:learning_path_follow": [Case("", NO, READERS, path())],
    "wiki:learning_path_edit": [Case("the member's", KEEPERS, KEEPERS, path())],
    "wiki:learning_step_create": [Case("the member's", NO, KEEPERS, path())],
    "wiki:learning_step_move": [Case("the member's", NO, KEEPERS, path(pk="step"))],
    "wiki:learning_step_remove": [
        Case(
            "of no path",
            NO,
            KEEPERS,
            lambda world: {"slug": world.learning_path.slug, "pk": LearningStep.objects.latest("pk").pk + 1},
        )
    ],
    "projects:initiative_without_page": [Case("", PROJECT_OFFICERS)],
    "projects:initiative_page_ask": [
        Case("one that is over", NO, PROJECT_OFFICERS, lambda world: {"slug": world.over_project.slug})
    ],
    "projects:initiative_nothing": [
        Case(
            "one that is over",
            NO,
            TEAM,
            lambda world: {"slug": world.over_project.slug},
        )
    ],
    "projects:initiative_page": [
        Case(
            "one that is over",
            TEAM,
            TEAM,
            lambda world: {"slug": world.over_project.slug},
        )
    ],
}
ADMIN = {
    "wiki_requirement": LIBRARIANS,
    "wiki_requirementproposal": LIBRARIANS,
    "wiki_learningpath": LIBRARIANS,
    "wiki_ownerchange": LIBRARIANS,
    "wiki_libraryfigure": LIBRARIANS,
    "wiki_searchmiss": LIBRARIANS,
}
