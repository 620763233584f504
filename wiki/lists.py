"""Reading lists: placing papers, moving them, and the tree of topics that a page draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q

from members import audit, standing
from members.models import User
from mlclub import ordering
from mlclub.refusal import Refused
from wiki.models import Paper, Placement, ReadingList, ReadingTopic

#: How deep topics stand below topics.
DEEPEST = 4


def locked(reading_list: ReadingList) -> ReadingList:
    """The list, its row locked until the transaction ends: whoever changes its order waits here."""
    return ReadingList.objects.select_for_update(no_key=True).get(pk=reading_list.pk)


@transaction.atomic
def create(
    title: str, *, curators: Iterable[User] = (), description: str = "", visibility: str = "", now: datetime
) -> ReadingList:
    """A new list, for members unless said otherwise."""
    made = ReadingList.objects.create(
        title=title,
        description=description,
        visibility=visibility or ReadingList.Visibility.MEMBERS,
        created_at=now,
    )
    made.curators.set(curators)
    return made


@transaction.atomic
def adopt(reading_list: ReadingList, *, by: User, now: datetime) -> bool:
    """Keep a list that nobody who is still here keeps. False for a second click; raises Refused where somebody else was
    faster."""
    reading_list = locked(reading_list)
    keepers = list(reading_list.curators.all())
    if by in keepers:
        return False
    there = ReadingList.objects.with_keeping(standing.today(now)).get(pk=reading_list.pk)
    if not there.is_unkept:
        raise Refused(f"{reading_list.title} is kept by somebody. Ask them.")
    reading_list.curators.add(by)
    audit.record(by, "reading-list.adopted", reading_list)
    return True


@transaction.atomic
def place(
    reading_list: ReadingList,
    paper: Paper,
    *,
    topic: ReadingTopic | None = None,
    relevance: int | None = None,
    note: str = "",
    by: User | None,
    now: datetime,
    is_automatic: bool = False,
    is_for_members: bool = False,
) -> Placement:
    """Put a paper at the end of a topic. It stands there once: a second time gives the first place. What comes by
    itself is not placed when the paper stands anywhere in the list."""
    reading_list = locked(reading_list)
    if topic is not None and topic.list_id != reading_list.pk:
        raise Refused("This topic is of another list.")
    there = Placement.objects.filter(list=reading_list, paper=paper)
    known = there.first() if is_automatic else there.filter(topic=topic).first()
    if known:
        return known
    last = Placement.objects.filter(list=reading_list).aggregate(last=Max("position"))["last"]
    return Placement.objects.create(
        list=reading_list,
        topic=topic,
        paper=paper,
        relevance=relevance,
        note=note,
        position=0 if last is None else last + 1,
        is_automatic=is_automatic,
        is_for_members=is_for_members,
        added_by=by,
        added_at=now,
    )


@transaction.atomic
def take_back(reading_list: ReadingList, paper: Paper) -> int:
    """Take out what came by itself and what nobody has written anything to. How many places that were."""
    locked(reading_list)
    rows = Placement.objects.filter(
        list=reading_list, paper=paper, is_automatic=True, relevance=None, note="", topic=None
    )
    return rows.delete()[0]


@transaction.atomic
def move(placement: Placement, *, up: bool) -> bool:
    """One place up or down among the papers of its topic. False at the end of them."""
    locked(placement.list)
    row = Placement.objects.filter(pk=placement.pk).first()
    if row is None:
        return False
    beside = list(Placement.objects.filter(list=row.list_id, topic=row.topic_id).order_by("position", "pk"))
    if beside[0 if up else -1].pk == row.pk:
        return False
    return ordering.shift(beside, row.pk, up=up)


@transaction.atomic
def add_topic(reading_list: ReadingList, title: str, *, parent: ReadingTopic | None = None) -> ReadingTopic:
    """A topic at the end of its siblings; a second click finds the first one's. Raises Refused."""
    reading_list = locked(reading_list)
    if parent is not None and parent.list_id != reading_list.pk:
        raise Refused("This topic is of another list.")
    depth, above = 1, parent
    while above is not None:
        depth, above = depth + 1, above.parent
    if depth > DEEPEST:
        raise Refused("Topics do not stand deeper than four.")
    siblings = ReadingTopic.objects.filter(list=reading_list, parent=parent)
    last = siblings.aggregate(last=Max("position"))["last"]
    topic, _ = ReadingTopic.objects.get_or_create(
        list=reading_list, parent=parent, title=title, defaults={"position": 0 if last is None else last + 1}
    )
    return topic


@transaction.atomic
def remove_topic(topic: ReadingTopic) -> None:
    """Take a topic away; what stands in it and below it goes up to its parent, each paper once."""
    locked(topic.list)
    there = set(
        Placement.objects.filter(list=topic.list_id, topic=topic.parent_id).values_list("paper", flat=True)
    )
    for row in Placement.objects.filter(topic=topic):
        if row.paper_id in there:
            row.delete()
        else:
            row.topic_id = topic.parent_id
            row.save(update_fields=["topic"])
    taken = set(
        ReadingTopic.objects.filter(list=topic.list_id, parent=topic.parent_id).values_list(
            "title", flat=True
        )
    )
    for child in topic.children.all():
        if child.title in taken:
            child.title = f"{child.title} ({topic.title})"[:120]
        child.parent_id = topic.parent_id
        child.save(update_fields=["title", "parent"])
    topic.delete()


# ── Reading one ──


@dataclass
class Branch:
    """A topic as the page shows it, with what stands below it; the first one is the list itself."""

    topic: ReadingTopic | None
    depth: int
    placements: list[Placement] = field(default_factory=list)

    @property
    def level(self) -> int:
        """Of its heading."""
        return min(6, self.depth + 1)


def _reads_all(user: Any) -> bool:
    """Whether `user` also sees what is read where only members are."""
    return user.is_authenticated and (user.standing.reads_members_area or user.is_superuser)


def seen(reading_list: ReadingList, user: Any) -> Any:
    """The placements that `user` may see: what is read where only members are is for members."""
    rows = Placement.objects.filter(list=reading_list)
    return rows if _reads_all(user) else rows.filter(is_for_members=False)


def branches(reading_list: ReadingList, user: Any) -> list[Branch]:
    """The list in its order, topics depth first; two queries."""
    children: dict[int | None, list[ReadingTopic]] = {}
    for topic in ReadingTopic.objects.filter(list=reading_list):
        children.setdefault(topic.parent_id, []).append(topic)
    placed: dict[int | None, list[Placement]] = {}
    for row in (
        seen(reading_list, user)
        .select_related("paper")
        .defer("paper__search", "paper__abstract", "paper__bibtex")
    ):
        placed.setdefault(row.topic_id, []).append(row)
    found = [Branch(None, 0, placed.get(None, []))]

    def walk(parent: int | None, depth: int) -> None:
        for topic in children.get(parent, []):
            found.append(Branch(topic, depth, placed.get(topic.pk, [])))
            if depth < 2 * DEEPEST:
                walk(topic.pk, depth + 1)

    walk(None, 1)
    return found


def counted(user: Any, *, today: date) -> Any:
    """The lists that `user` may see, with `papers`: how many stand in each, and whether nobody keeps it."""
    shown = Q() if _reads_all(user) else Q(placements__is_for_members=False)
    return (
        ReadingList.objects.visible_to(user)
        .with_keeping(today)
        .annotate(papers=Count("placements__paper", filter=shown, distinct=True))
    )
