"""A reader's note on a post that becomes a project: who may, what is kept of it, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse

from members import ledger, standing
from members.models import User
from mlclub.gather import Panel, Step
from projects.models import Initiative, Inspiration, Role
from projects.notifications import NoteBecameProject
from wiki import publishing
from wiki.models import Post, ReaderNote


def may_begin(note: ReaderNote, user: Any) -> bool:
    """The authors of the post, the editor of the blog, and whoever looks after projects; while they may write."""
    if not user.standing.writes:
        return False
    return user.has_perm("projects.change_initiative") or note.post.is_edited_by(user)


def begun(note: ReaderNote) -> dict[str, Any]:
    """What a form for the project can say already."""
    first = note.text.strip().partition("\n")[0]
    quoted = "\n".join(f"> {line}".rstrip() for line in note.text.strip().splitlines())
    return {
        "summary": first if len(first) <= 240 else f"{first[:239].rstrip()}…",
        "description": f"Begun with a note on [{note.post.title}]({note.post.get_absolute_url()}):\n\n{quoted}\n",
        "kind": Initiative.Kind.STUDY_GROUP if "study" in note.text.lower() else Initiative.Kind.OTHER,
        "state": Initiative.State.PROPOSED,
    }


@transaction.atomic
def begin(note: ReaderNote, initiative: Initiative, *, by: User, now: datetime) -> Inspiration:
    """Keep the project that a note becomes; whoever makes it leads it, and the reader who would work on it is in its
    team and told. A second click, or a second author, gets the first one's."""
    locked = (
        ReaderNote.objects.select_for_update(of=("self",)).select_related("author", "post").get(pk=note.pk)
    )
    there = Inspiration.objects.select_related("initiative").filter(note=locked).first()
    if there is not None:
        return there
    initiative.save()
    inspiration = Inspiration.objects.create(
        post=locked.post, initiative=initiative, note=locked, created_at=now
    )
    reader, term = locked.author, standing.current_term(by)
    if term is not None:
        Role.objects.create(initiative=initiative, term=term, person=by, kind=Role.Kind.LEAD)
        if locked.wants_to_work and reader.pk != by.pk and reader.standing.writes:
            Role.objects.create(initiative=initiative, term=term, person=reader)
    publishing.answer_note(locked, by=by, now=now)
    if reader.pk != by.pk:
        ledger.tell(NoteBecameProject, reader, about=inspiration, now=now)
    return inspiration


def note_steps(notes: Sequence[ReaderNote], user: Any) -> dict[int, list[Step]]:
    """What became of each note, or the way to make a project of it; one query, and one for what may be seen."""
    made = {
        row.note_id: row
        for row in Inspiration.objects.filter(note__in=[note.pk for note in notes]).select_related(
            "initiative"
        )
    }
    seen = set(
        Initiative.objects.visible_to(user)
        .filter(pk__in=[row.initiative_id for row in made.values()])
        .values_list("pk", flat=True)
    )
    steps: dict[int, list[Step]] = {}
    for note in notes:
        row = made.get(note.pk)
        if row is not None and row.initiative_id in seen:
            steps[note.pk] = [
                Step(label=f"Became {row.initiative}", url=row.initiative.get_absolute_url(), is_done=True)
            ]
        elif row is None and user.standing.writes:
            steps[note.pk] = [
                Step(label="Make it a project", url=reverse("projects:initiative_from_note", args=[note.pk]))
            ]
    return steps


def panels(obj: Any, user: Any) -> list[Panel]:
    """On a post, the projects that it inspired, as far as `user` may see them."""
    if not isinstance(obj, Post):
        return []
    rows = list(
        Initiative.objects.visible_to(user)
        .filter(inspirations__post=obj)
        .only("name", "slug", "kind", "summary")
        .distinct()
        .order_by("name")[:12]
    )
    if not rows:
        return []
    return [
        Panel(title="What it inspired", template="projects/_inspired.html", context={"initiatives": rows})
    ]


def posts_behind(initiative: Initiative, user: Any) -> list[Post]:
    """The posts that an initiative came of, as far as `user` may see them."""
    return list(
        Post.objects.visible_to(user)
        .filter(pk__in=Inspiration.objects.filter(initiative=initiative).values("post"))
        .only("slug", "title")
    )
