"""What one reads before a page: relations between pages without a circle, the way to a page, and a member's marks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import networkx
from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from members import audit
from members.models import User
from mlclub import locks
from mlclub.graphs import circle_in_words, way
from mlclub.refusal import Refused
from wiki.models import KnownPage, Page, Requirement, RequirementProposal

#: So many pages a page may require: what needs more is a learning path.
MOST = 12


# ── Writing ──


@transaction.atomic
def add(page: Page, required: Page, *, by: User | None, now: datetime, note: str = "") -> Requirement:
    """Say that `page` is understood after `required`; the same twice is one row, with the newest note. Raises Refused,
    with the circle named, where it would close one."""
    _lock()
    if page.pk == required.pk:
        raise Refused("A page cannot require itself.")
    there = Requirement.objects.filter(page=page, required=required).first()
    if there is not None:
        if note and note != there.note:
            Requirement.objects.filter(pk=there.pk).update(note=note)
            there.note = note
        return there
    edges = Requirement.objects.values_list("page", "required")
    if page.requirements.count() >= MOST:
        raise Refused(f"A page requires {MOST} others at most. Make a learning path of the way to it.")
    steps = way(edges, required.pk, page.pk)
    if steps:
        titles = dict(Page.objects.filter(pk__in=[page.pk, *steps]).values_list("pk", "title"))
        raise Refused(circle_in_words([titles[pk] for pk in [page.pk, *steps]]))
    row = Requirement.objects.create(page=page, required=required, note=note, added_by=by, added_at=now)
    RequirementProposal.objects.filter(
        page=page, required=required, state=RequirementProposal.State.OPEN
    ).update(state=RequirementProposal.State.ACCEPTED, decided_by=by, decided_at=now)
    audit.record(by, "wiki.requirement-added", page, after=required.path)
    return row


@transaction.atomic
def remove(requirement: Requirement, *, by: User) -> bool:
    """Take a relation back; False when somebody did already."""
    gone, _ = Requirement.objects.filter(pk=requirement.pk).delete()
    if gone:
        audit.record(by, "wiki.requirement-removed", requirement.page, before=requirement.required.path)
    return bool(gone)


def decide(proposal: RequirementProposal, *, accept: bool, by: User, now: datetime) -> bool:
    """Accept or reject a proposal; False when somebody decided it already. Raises Refused where it would close a
    circle, and leaves it open."""
    with transaction.atomic():
        _lock()
        state = RequirementProposal.State.ACCEPTED if accept else RequirementProposal.State.REJECTED
        won = RequirementProposal.objects.filter(pk=proposal.pk, state=RequirementProposal.State.OPEN).update(
            state=state, decided_by=by, decided_at=now
        )
        if won and accept:
            add(proposal.page, proposal.required, by=by, now=now)
        return bool(won)


def may_decide(page: Page, user: Any) -> bool:
    """Whether `user` says yes or no to what a page's sentences ask for: its owner, an officer with the right, and any
    member who may write where nobody who is still here looks after it."""
    if user.has_perm("wiki.change_page"):
        return True
    return bool(user.standing.writes and (page.owner_id == user.pk or page.is_adoptable()))


def say_who_decides(proposals: Any, user: Any) -> None:
    """Give each proposal `may_decide`; one query for all."""
    rows: list[Any] = list(proposals)
    here = User.objects.still_here().filter(pk__in={row.page.owner_id for row in rows})
    kept = set(here.values_list("pk", flat=True))
    for proposal in rows:
        proposal.page.is_unkept = proposal.page.owner_id not in kept
        proposal.may_decide = may_decide(proposal.page, user)


def _lock() -> None:
    """Within a transaction: nobody else adds a relation until it ends. The trigger takes the same lock."""
    locks.hold("wiki_requirement")


# ── Marks of one member ──


def mark(page: Page, *, person: User, now: datetime, known: bool) -> None:
    """Remember, or forget, that `person` knows the page. Twice is once."""
    if known:
        KnownPage.objects.bulk_create([KnownPage(person=person, page=page, at=now)], ignore_conflicts=True)
    else:
        KnownPage.objects.filter(person=person, page=page).delete()


def known_by(user: Any) -> dict[str, Any]:
    """A column of a page: `known`, which of it and of the pages that it requires `user` has marked."""
    marks = KnownPage.objects.filter(
        Q(page=OuterRef("pk")) | Q(page__leads_to__page=OuterRef("pk")), person=user.pk
    )
    return {"known": ArraySubquery(marks.order_by("page").values("page").distinct())}


def is_in_question() -> Exists:
    """A column of a page: whether a sentence of it asks for a page first, and nobody has said if that counts."""
    open_ones = RequirementProposal.objects.filter(
        page=OuterRef("pk"), state=RequirementProposal.State.OPEN, required__trashed_at=None
    )
    return Exists(open_ones)


def with_marks(pages: Any, person: Any) -> Any:
    """Adds `is_known` to a queryset of pages: whether `person` has marked it."""
    return pages.annotate(is_known=Exists(KnownPage.objects.filter(person=person.pk, page=OuterRef("pk"))))


# ── Reading ──


@dataclass
class Stop:
    """A page on the way to another, or after it."""

    page: Any
    notes: dict[int, str] = field(default_factory=dict)
    #: What it requires itself, of what is shown.
    after: list[Any] = field(default_factory=list)
    is_here: bool = False

    @property
    def is_known(self) -> bool:
        return bool(getattr(self.page, "is_known", False))


@dataclass
class Surroundings:
    """What a page requires, at how many removes soever, in an order in which it can be read; and what it leads to."""

    way: list[Stop]
    onward: list[Stop]
    edges: list[tuple[int, int]]

    @property
    def known(self) -> int:
        return sum(stop.is_known for stop in self.way)

    @property
    def next_stop(self) -> Stop | None:
        """The first page on the way that the reader has not marked as known."""
        return next((stop for stop in self.way if not stop.is_known), None)


def beside(page: Page, user: Any) -> tuple[list[Requirement], list[Page]]:
    """What is read directly before the page, with `is_known` of each, and what the page directly leads to; of what
    `user` may see. Two queries."""
    visible = Page.objects.visible_to(user)
    before: list[Any] = list(
        Requirement.objects.filter(page=page, required__in=visible)
        .select_related("required")
        .only("note", "page", "required__path", "required__title")
        .annotate(is_known=Exists(KnownPage.objects.filter(person=user.pk, page=OuterRef("required"))))
    )
    onward = list(visible.filter(requirements__required=page).only("path", "title").order_by("title"))
    return before, onward


def surroundings(page: Page, user: Any) -> Surroundings:
    """Everything that the page requires and what it leads to directly, as far as `user` may see; three queries."""
    graph = _graph(Requirement.objects.values_list("page", "required"))
    graph.add_node(page.pk)  # one that nothing is said of has no arrow
    before = networkx.ancestors(graph, page.pk)
    onward = set(graph.successors(page.pk))
    shown = _stops({*before, *onward, page.pk}, user)
    kept = graph.subgraph(shown)
    notes = {
        (row.page_id, row.required_id): row.note
        for row in Requirement.objects.filter(page__in=shown, required__in=shown)
    }
    for pk, stop in shown.items():
        stop.is_here = pk == page.pk
        stop.after = [
            shown[each].page for each in sorted(kept.predecessors(pk), key=lambda at: shown[at].page.title)
        ]
        stop.notes = {each: notes.get((pk, each), "") for each in kept.predecessors(pk)}
    order = [pk for pk in reading_order(kept, shown) if pk in before or pk == page.pk]
    after = sorted((shown[pk] for pk in onward if pk in shown), key=lambda stop: stop.page.title)
    return Surroundings([shown[pk] for pk in order], after, sorted(kept.edges))


def everything(user: Any) -> Surroundings:
    """All relations between pages that `user` may see, in an order in which they can be read; two queries."""
    graph = _graph(Requirement.objects.values_list("page", "required"))
    shown = _stops(set(graph), user)
    kept = graph.subgraph(shown)
    kept = kept.subgraph([pk for pk in kept if kept.degree(pk)])
    for pk in kept:
        shown[pk].after = [
            shown[each].page for each in sorted(kept.predecessors(pk), key=lambda at: shown[at].page.title)
        ]
    return Surroundings([shown[pk] for pk in reading_order(kept, shown)], [], sorted(kept.edges))


def reading_order(graph: Any, stops: dict[int, Stop]) -> list[int]:
    """The pages of the graph, each after all that it requires; by path where that leaves a choice."""
    return list(networkx.lexicographical_topological_sort(graph, key=lambda pk: stops[pk].page.path))


def _graph(edges: Iterable[tuple[int, int]]) -> Any:
    """An arrow from what is required to what requires it."""
    graph: Any = networkx.DiGraph()
    graph.add_edges_from((required, page) for page, required in edges)
    return graph


def _stops(keys: set[int], user: Any) -> dict[int, Stop]:
    pages = with_marks(Page.objects.visible_to(user).filter(pk__in=keys), user).only("path", "title")
    return {page.pk: Stop(page) for page in pages}
