"""What home, the desk and the weekly mails say of pages that want a look, and of the next page of a learning path."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery, Sum
from django.urls import reverse

from members import standing
from members.models import User
from mlclub.gather import FOR_YOU, MOVING, NEWS, Card, DeskItem, Item, Section
from wiki import care, learning
from wiki.models import LibraryFigure, OwnerChange, Page, waiting_count
from wiki.models.pages import WANTS_A_LOOK

#: How many pages home names of those that are mine, that I was asked about, or that come next on a path.
A_FEW = 4
#: With so few people until nobody knows half of the library, officers are told.
TOO_FEW = 3


def cards(user: User, now: datetime) -> list[Card]:
    """Pages that I look after or was asked about and that want a look, and the next step of each path that I follow; one
    query."""
    today = standing.today(now)
    following = learning.next_steps(user).filter(page=OuterRef("pk"))
    asked = care.open_requests().filter(page=OuterRef("pk"), person=user.pk)
    pages: Any = (
        Page.objects.visible_to(user)
        .with_care(today)
        .annotate(
            suggested=waiting_count(),
            is_asked=Exists(asked),
            next_on=Subquery(following.values("path__title")[:1]),
        )
        .filter(
            (Q(owner=user.pk) & (WANTS_A_LOOK | Q(suggested__gt=0)))
            | Q(is_asked=True)
            | Q(next_on__isnull=False)
        )
        .defer("search", "names_search", "plain_text", "headings")
        .order_by("-suggested", "-is_asked", "-is_stale", "-has_broken_links", "content_at")
    )
    found: list[Card] = []
    for page in pages[:A_FEW] if user.standing.writes else pages.filter(next_on__isnull=False)[:A_FEW]:
        if user.standing.writes and page.owner_id == user.pk and page.suggested:
            found.append(_suggested(page))
            continue
        is_mine = user.standing.writes and page.owner_id == user.pk and bool(_why(page))
        if user.standing.writes and (is_mine or page.is_asked):
            said = "your wiki page" if page.owner_id == user.pk else "you were asked to look it over"
            found.append(
                Card(
                    section=Section.NEEDED,
                    title=page.title,
                    url=page.get_absolute_url(),
                    meta=tuple(filter(None, [said, _why(page)])),
                    icon="wrench",
                    tone="warn",
                    action="Mend it",
                    action_url=reverse("wiki:page_edit", args=[page.path]),
                )
            )
        elif page.next_on:
            found.append(
                Card(
                    section=Section.NEW,
                    title=f"Next on “{page.next_on}”: {page.title}",
                    url=page.get_absolute_url(),
                    meta=("your learning path",),
                    icon="map",
                    weight=1,
                )
            )
    return found


def _suggested(page: Any) -> Card:
    """An answer to what somebody suggests for a page of the reader's."""
    waits = "a suggestion waits" if page.suggested == 1 else f"{page.suggested} suggestions wait"
    return Card(
        section=Section.NEEDED,
        title=page.title,
        url=page.get_absolute_url(),
        meta=("your wiki page", waits),
        icon="inbox",
        tone="info",
        action="Look at it",
        action_url=f"{reverse('wiki:suggestion_list')}?page_path={quote(page.path)}",
    )


def _why(page: Any) -> str:
    if page.is_overdue:
        return "a check is due"
    if page.is_stale:
        return "nobody has looked it over for a long time"
    if page.has_broken_links:
        return "a link leads to a page that is not written"
    return "a picture is missing" if page.has_dead_pictures else ""


def desk(user: User, now: datetime) -> list[DeskItem]:
    """What needs a librarian, counted; one query."""
    latest = LibraryFigure.objects.filter(day__lte=standing.today(now)).order_by("-day")
    counts: Any = (
        Page.objects.visible_to(user)
        .with_care(standing.today(now))
        .annotate(
            leave_for_half=Subquery(latest.values("leave_for_half")[:1]),
            known_permille=Subquery(latest.values("known_permille")[:1]),
            suggested=waiting_count(),
        )
        .aggregate(
            waiting=Sum("suggested", default=0),
            stale=Count("pk", filter=Q(is_stale=True)),
            broken=Count("pk", filter=Q(has_broken_links=True)),
            picture=Count("pk", filter=Q(has_dead_pictures=True)),
            ownerless=Count("pk", filter=Q(owner=None)),
            left=Count("pk", filter=Q(is_unkept=True) & ~Q(owner=None)),
            orphan=Count("pk", filter=Q(is_orphan=True)),
            hangs_on=Max("leave_for_half"),
            known=Max("known_permille"),
        )
    )
    where = reverse("wiki:page_care")
    items = [
        ("Suggestions for wiki pages", counts["waiting"], reverse("wiki:suggestion_list"), ""),
        (
            "Stale wiki pages",
            counts["stale"],
            f"{where}?why=stale",
            "Nobody has looked them over for a year, or a check is due.",
        ),
        ("Wiki pages with links to nowhere", counts["broken"], f"{where}?why=broken", ""),
        ("Wiki pages with a missing picture", counts["picture"], f"{where}?why=picture", ""),
        ("Wiki pages without an owner", counts["ownerless"], f"{where}?why=unkept", ""),
        (
            "Wiki pages whose owner has left",
            counts["left"],
            reverse("wiki:page_keepers"),
            "Anybody may adopt them.",
        ),
        ("Wiki pages that nothing leads to", counts["orphan"], f"{where}?why=orphan", ""),
    ]
    found = [
        DeskItem(group="Library", title=title, count=count, url=url, detail=detail, icon="book-open")
        for title, count, url, detail in items
        if count
    ]
    if counts["hangs_on"] is not None and counts["hangs_on"] <= TOO_FEW:
        found.append(_too_few(counts["hangs_on"], counts["known"]))
    return found


def _too_few(people: int, known: int) -> DeskItem:
    if people == 0:
        title = "Less than half of the wiki is known to anybody who is still here"
    else:
        title = f"{people} {'person' if people == 1 else 'people'} gone, and nobody knows half of the wiki"
    return DeskItem(
        group="Library",
        title=title,
        count=people,
        url=reverse("wiki:page_care"),
        detail=f"{round(known / 10)} % of what is asked for is known to somebody today.",
        action="Look after pages",
        icon="users",
    )


# ── Weekly mails ──


def lines(users: Sequence[User], now: datetime) -> dict[int, Item]:
    """ "Your 2 pages want a look", for those who write in the wiki; two queries for all."""
    writers = {user.pk: user for user in users if user.standing.writes}
    if not writers:
        return {}
    mine: dict[int, list[Any]] = defaultdict(list)
    for page in (
        Page.objects.filter(trashed_at=None, owner__in=writers)
        .with_care(standing.today(now))
        .filter(WANTS_A_LOOK)
        .only("title", "path", "owner", "review_by", "dead_pictures")
        .order_by("-is_stale", "content_at")
    ):
        mine[page.owner_id].append(page)
    asked: dict[int, list[str]] = defaultdict(list)
    for person, title in care.open_requests().filter(person__in=writers).values_list("person", "page__title"):
        asked[person].append(title)
    return {pk: _line(mine[pk], asked[pk]) for pk in writers if mine[pk] or asked[pk]}


def _line(mine: list[Any], asked: list[str]) -> Item:
    if mine and asked:
        n = len(asked)
        text = f"{_counted(len(mine))} a look, and you were asked about {n if n > 1 else 'one'} more"
    elif mine:
        text = (
            f"Your page {mine[0].title} wants a look" if len(mine) == 1 else f"{_counted(len(mine))} a look"
        )
    else:
        text = f"You were asked to look over {asked[0]}" + (
            f" and {len(asked) - 1} more" if len(asked) > 1 else ""
        )
    one = mine[0].get_absolute_url() if len(mine) == 1 and not asked else ""
    return Item(
        section=FOR_YOU,
        text=text,
        url=one or (reverse("wiki:page_care") + "?mine=1" if mine else reverse("wiki:page_care")),
        action="Look",
        detail=", ".join([*(page.title for page in mine), *asked][:3])
        if not one and len(mine) + len(asked) > 1
        else "",
        is_own=True,
        weight=2,
    )


def _counted(n: int) -> str:
    return "Your page wants" if n == 1 else f"Your {n} pages want"


def officer_digest(officers: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """How the library fares, and once who left pages behind, for those who look after it; two queries."""
    told = [user for user in officers if user.has_perm("wiki.trash_page")]
    if not told:
        return {}
    counts = (
        Page.objects.filter(trashed_at=None)
        .with_care(standing.today(since))
        .aggregate(stale=Count("pk", filter=Q(is_stale=True)), unkept=Count("pk", filter=Q(is_unkept=True)))
    )
    changes = list(
        OwnerChange.objects.filter(at__gte=since - NEWS, at__lt=since, page__trashed_at=None)
        .annotate(name=F("person__name"))
        .order_by("pk")
    )
    adopted = sum(change.kind == OwnerChange.Kind.ADOPTED for change in changes)
    left = Counter(change.name or "Somebody" for change in changes if change.kind == OwnerChange.Kind.LEFT)
    if not (counts["stale"] or counts["unkept"] or adopted or left):
        return {}
    parts = [
        f"{counts['stale']} stale" if counts["stale"] else "",
        f"{counts['unkept']} without anybody who looks after them" if counts["unkept"] else "",
        f"{adopted} adopted" if adopted else "",
    ]
    gone = [f"{name} has left {n} page{'' if n == 1 else 's'} to adopt" for name, n in left.most_common(3)]
    if len(left) > 3:
        gone.append(f"and {len(left) - 3} more people have")
    item = Item(
        section=MOVING,
        text=f"Wiki: {', '.join(filter(None, parts)) or 'all cared for'}",
        url=reverse("wiki:page_care"),
        action="Look",
        detail="; ".join(gone),
        is_filler=not left,
    )
    return {user.pk: [item] for user in told}
