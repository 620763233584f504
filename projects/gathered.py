"""What projects tell the pages that gather: see `mlclub.gather` for the shapes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from members import standing
from members.models import Term, User
from mlclub.gather import Card, Contribution, DeskItem, Figure, FrontItem, Hit, Section
from mlclub.search import Source
from mlclub.search.meaning import Subject
from projects import closing
from projects.inspiring import note_steps, panels
from projects.models import SILENT_AFTER_DAYS, Initiative, Role, Update
from projects.news import alumni_digest, digest

__all__ = ["alumni_digest", "digest", "note_steps", "panels"]

LED = ["add", "change", "delete", "view"]


def office_permissions() -> dict[str, list[str]]:
    every = [
        f"projects.{verb}_{model}"
        for verb in LED
        for model in ("initiative", "initiativelink", "role", "update", "output", "studygroup", "nothingleft")
    ]
    return {
        "*": [
            "projects.view_initiative",
            "projects.view_initiativelink",
            "projects.view_role",
            "projects.view_update",
            "projects.view_output",
        ],
        "projects": every,
        "president": every,
    }


def home(user: User, now: datetime) -> list[Card]:
    """Silent projects that I lead, and places for newer members that I could take."""
    if not user.standing.is_active:
        return []
    since = now - timedelta(days=SILENT_AFTER_DAYS)
    led = Role.objects.filter(initiative=OuterRef("pk"), person=user, kind=Role.Kind.LEAD)
    silent = Initiative.objects.silent_since(since).filter(Exists(led.filter(term=user.standing.term)))
    left = closing.without_page(standing.today(now)).filter(Exists(led))
    mine = Initiative.objects.filter(Q(pk__in=silent.values("pk")) | Q(pk__in=left.values("pk"))).order_by(
        "name"
    )[:3]
    cards = [
        Card(
            section=Section.NEEDED,
            title=f"{initiative} has been silent for three weeks",
            url=initiative.get_absolute_url(),
            meta=("two sentences are enough",),
            icon="chat-bubble-left-ellipsis",
            action="Write an update",
            action_url=reverse("projects:update_create", args=[initiative.slug]),
            weight=5,
        )
        for initiative in mine
        if not initiative.is_over
    ]
    cards += [
        Card(
            section=Section.NEEDED,
            title=f"{initiative} is over and has left no page",
            url=initiative.get_absolute_url(),
            meta=("what came of it, for those who come after you",),
            icon="book-open",
            action="Begin it",
            action_url=reverse("projects:initiative_page", args=[initiative.slug]),
            weight=2,
        )
        for initiative in mine
        if initiative.is_over
    ]
    if user.standing.is_new:
        cards += [
            Card(
                section=Section.NEW,
                title=f"{initiative} has places for newer members",
                url=initiative.get_absolute_url(),
                meta=(initiative.get_kind_display(),),
                icon="user-plus",
            )
            for initiative in Initiative.objects.visible_to(user)
            .open_to_newer_members()
            .exclude(Exists(Role.objects.filter(initiative=OuterRef("pk"), person=user)))
            .order_by("-created_at")[:2]
        ]
    return cards


def desk(user: User, now: datetime) -> list[DeskItem]:
    if not user.has_perm("projects.change_initiative"):
        return []
    silent = list(
        Initiative.objects.silent_since(now - timedelta(days=SILENT_AFTER_DAYS)).values_list("name", "slug")
    )
    led = Role.objects.filter(initiative=OuterRef("pk"), term=user.standing.term, kind=Role.Kind.LEAD)
    counts = Initiative.objects.aggregate(
        unled=Count("pk", filter=Q(state=Initiative.State.RUNNING) & ~Q(Exists(led))),
        left=Count("pk", filter=Q(pk__in=closing.without_page(standing.today(now)).values("pk"))),
    )
    items = []
    if silent:
        one = reverse("projects:initiative_detail", args=[silent[0][1]])
        items.append(
            DeskItem(
                group="Projects",
                title="Project silent for three weeks"
                if len(silent) == 1
                else "Projects silent for three weeks",
                count=len(silent),
                url=one if len(silent) == 1 else reverse("projects:initiative_list"),
                detail=", ".join(name for name, _ in silent[:3]),
                action="Ask how it goes",
                icon="chat-bubble-left-ellipsis",
            )
        )
    if counts["left"]:
        items.append(
            DeskItem(
                group="Projects",
                title="Project over and left without a page",
                count=counts["left"],
                url=reverse("projects:initiative_without_page"),
                detail="What it learnt goes with its people.",
                action="Ask for it",
                icon="book-open",
            )
        )
    count = counts["unled"]
    if count:
        items.append(
            DeskItem(
                group="Projects",
                title="Running project without a lead this term",
                count=count,
                url=reverse("admin:projects_initiative_changelist") + "?state__exact=running",
                action="Name one",
                icon="user-minus",
            )
        )
    return items


def findable(user: Any, now: datetime) -> list[Source]:
    """The initiatives that `user` may see."""
    return [
        Source(
            kind="Project",
            rows=Initiative.objects.visible_to(user),
            title="name",
            body="description",
            facts={name: name for name in ("name", "slug", "summary", "kind", "state")},
            hit=_found,
            in_term=lambda rows, term: rows.filter(
                pk__in=Role.objects.filter(term=term).values("initiative")
            ),
        )
    ]


def _found(row: dict[str, Any]) -> Hit:
    return Hit(
        kind="Project",
        title=row["name"],
        url=reverse("projects:initiative_detail", args=[row["slug"]]),
        headline=row["summary"],
        meta=(str(Initiative.Kind(row["kind"]).label), str(Initiative.State(row["state"]).label).lower()),
    )


def subjects() -> list[Subject]:
    """Initiatives are found by what they say."""
    return [Subject(model=Initiative, title="name", body=("summary", "description"))]


def names_of_things() -> Iterator[str]:
    """What initiatives are called."""
    for name, summary in Initiative.objects.values_list("name", "summary"):
        yield f"{name} {summary}"


def contributions(person: User, viewer: User) -> list[Contribution]:
    visible = Initiative.objects.visible_to(viewer)
    roles = Role.objects.filter(person=person, initiative__in=visible).select_related("initiative", "term")
    return [
        Contribution(
            verb=role.get_kind_display(),
            title=role.initiative.name,
            url=role.initiative.get_absolute_url(),
            on=standing.start_of(role.term.starts_on),
        )
        for role in roles.order_by("-term__starts_on")[:20]
    ]


def numbers(term: Term) -> list[Figure]:
    running = Initiative.objects.filter(roles__term=term).distinct()
    people = Role.objects.filter(term=term).aggregate(n=Count("person", distinct=True))["n"]
    return [
        Figure(
            name="projects",
            value=running.count(),
            n=people,
            definition="Initiatives in which somebody has a role in the term; n is how many people.",
        )
    ]


def front(now: datetime) -> list[FrontItem]:
    """Public initiatives that run, and how many there are."""
    running = list(
        Initiative.objects.filter(visibility=Initiative.Visibility.PUBLIC)
        .running()
        .annotate(people=Count("roles__person", filter=Q(roles__kind__in=Role.Kind.values), distinct=True))
        .order_by("-created_at")
    )
    items = [
        FrontItem(
            kind="project",
            title=row.name,
            url=row.get_absolute_url(),
            meta=(row.get_kind_display(), row.summary),
        )
        for row in running[:6]
    ]
    if running:
        items.append(
            FrontItem(
                kind="number",
                title="projects running",
                url=reverse("projects:initiative_list"),
                meta=(str(len(running)),),
            )
        )
    return items


def personal_data(person: User) -> dict[str, Any]:
    return {
        "project roles": [
            {
                "project": role.initiative.name,
                "term": role.term.name,
                "role": role.get_kind_display(),
                "does": role.does,
            }
            for role in Role.objects.filter(person=person).select_related("initiative", "term")
        ],
        "project updates": [
            {
                "project": update.initiative.name,
                "at": update.created_at.isoformat(),
                "done": update.done,
                "next": update.next,
                "blocked": update.blocked,
            }
            for update in Update.objects.filter(author=person).select_related("initiative")
        ],
    }
