"""Looking after pages: what is wrong with each in words, the one step that mends it, and who looks after what."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, F, Func, OuterRef, Q, TextField, Value
from django.utils.formats import date_format

from members import audit, standing
from members.models import User
from mlclub.refusal import Refused
from wiki import editing, linking, paths
from wiki.demand import with_demand
from wiki.models import Attachment, CareRequest, Link, OwnerChange, Page, Revision
from wiki.rendering import new_page_url

#: Each reason with its name in the filter, and the column of `PageQuerySet.with_care` that says so.
REASONS = {
    "overdue": ("A check is due", "is_overdue"),
    "stale": ("Nobody has looked for a year", "is_stale"),
    "broken": ("A link leads nowhere", "has_broken_links"),
    "picture": ("A picture is missing", "has_dead_pictures"),
    "unkept": ("Nobody looks after it", "is_unkept"),
    "orphan": ("Nothing leads to it", "is_orphan"),
    "short": ("Only a beginning", "is_short"),
}
#: So many links and pictures of a page are shown with a step of their own.
SHOWN = 3
#: So many of those who wrote last are asked at once, and nobody is asked again before this.
ASKED, ASKED_AGAIN = 3, timedelta(days=14)


@dataclass(frozen=True)
class Fix:
    """One step: a button (`kind` with `fields`) or a link (`url`)."""

    label: str
    kind: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    url: str = ""


@dataclass(frozen=True)
class Reason:
    """What is wrong, and what mends it."""

    key: str
    words: str
    fixes: tuple[Fix, ...] = ()


# ── The queue ──


def queue(user: Any, *, now: datetime, why: str = "", area: str = "", mine: bool = False) -> Any:
    """Pages in question, those first that are asked for most. `why` is a key of REASONS; an unknown one is none."""
    pages = Page.objects.visible_to(user).in_question(standing.today(now))
    if mine:
        pages = pages.filter(owner=user.pk)
    if area:
        pages = pages.filter(path__startswith=f"{area}/")
    if why in REASONS:
        pages = pages.filter(**{REASONS[why][1]: True})
    return with_demand(pages).order_by("-demand", "content_at", "pk")


def counts(user: Any, *, now: datetime, area: str = "", mine: bool = False) -> dict[str, int]:
    """How many pages there are for each reason, and `all`; one query."""
    pages = Page.objects.visible_to(user).in_question(standing.today(now))
    if mine:
        pages = pages.filter(owner=user.pk)
    if area:
        pages = pages.filter(path__startswith=f"{area}/")
    columns = {key: Count("pk", filter=Q(**{column: True})) for key, (_, column) in REASONS.items()}
    found: dict[str, int] = pages.aggregate(all=Count("pk"), **columns)
    return found


def areas(user: Any) -> list[str]:
    """The first folders of the pages that `user` may see."""
    first = Func(F("path"), Value("/"), Value(1), function="split_part", output_field=TextField())
    pages = Page.objects.visible_to(user).filter(path__contains="/").order_by()
    return sorted(pages.values_list(first, flat=True).distinct())


def explain(pages: Sequence[Any], user: Any, *, now: datetime) -> None:
    """Give each page of a queue its `reasons`. As many queries for one as for forty: six at most."""
    keys = [page.pk for page in pages]
    broken: dict[int, list[str]] = defaultdict(list)
    for source, name in (
        Link.objects.filter(source__in=keys, target=None).order_by("pk").values_list("source", "name")
    ):
        broken[source].append(name)
    meant = _meant({name for names in broken.values() for name in names[:SHOWN]}, user)
    pictures = _pictures_meant({name for page in pages for name in page.dead_pictures.splitlines()[:SHOWN]})
    homes = _homes(pages, user)
    writers = last_writers(keys, besides=user, now=now)
    asked = set(
        CareRequest.objects.filter(page__in=keys, ended_at=None, at__gte=now - ASKED_AGAIN).values_list(
            "page", flat=True
        )
    )
    for page in pages:
        page.reasons = [
            *_of_age(page),
            *(_of_a_link(page, name, meant.get(name)) for name in broken[page.pk][:SHOWN]),
            *_more(len(broken[page.pk]) - SHOWN, "link"),
            *(
                _of_a_picture(name, pictures.get(_base(name), ""))
                for name in page.dead_pictures.splitlines()[:SHOWN]
            ),
            *_of_an_owner(page),
            *_of_a_place(page, homes),
            *([Reason("short", "It is only a beginning: a few lines.")] if page.is_short else []),
        ]
        page.can_be_asked = [] if page.pk in asked else writers.get(page.pk, [])
        page.is_asked = page.pk in asked


def _of_age(page: Any) -> list[Reason]:
    check = (Fix("Still right: checked today", "check"),)
    if page.is_overdue:
        return [Reason("overdue", f"A check was due on {date_format(page.review_by, 'j F Y')}.", check)]
    if page.is_stale:
        last = max(filter(None, [page.content_at, page.checked_at]))
        return [Reason("stale", f"Nobody has looked it over since {date_format(last, 'F Y')}.", check)]
    return []


def _of_a_link(page: Any, name: str, meant: tuple[int, str, str] | None) -> Reason:
    write = Fix(f"Write “{linking.asked_path('', name)[0]}”", url=new_page_url(page.folder, name))
    fixes: tuple[Fix, ...] = (write,)
    if meant is not None and meant[0] != page.pk:
        to = Fix(f"Lead it to “{meant[2]}”", "link", (("name", name), ("to", str(meant[0]))))
        fixes = (to, write)
    return Reason("broken", f"Its link “{name}” leads to no page.", fixes)


def _more(count: int, what: str) -> list[Reason]:
    if count < 1:
        return []
    return [Reason("broken", f"{count} more {what}{'' if count == 1 else 's'} like that.")]


def _of_a_picture(name: str, meant: str) -> Reason:
    fixes = (
        (Fix("Put in the picture of this name", "picture", (("name", name), ("to", meant))),) if meant else ()
    )
    return Reason("picture", f"Its picture “{_base(name)}” is not here.", fixes)


def _of_an_owner(page: Any) -> list[Reason]:
    if not page.is_unkept:
        return []
    words = (
        "Nobody looks after it."
        if page.owner is None
        else f"{page.owner.display_name} has left and looked after it."
    )
    return [Reason("unkept", words, (Fix("Look after it", "adopt"),))]


def _of_a_place(page: Any, homes: Mapping[str, Any]) -> list[Reason]:
    if not page.is_orphan:
        return []
    parent = parent_of(page, homes)
    fixes = (Fix(f"Link it from “{parent.title}”", "parent", (("to", str(parent.pk)),)),) if parent else ()
    return [Reason("orphan", "No other page leads to it.", fixes)]


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _meant(names: Iterable[str], user: Any) -> dict[str, tuple[int, str, str]]:
    """(key, path, title) of the page that each name is most like, where one is much like it; one query."""
    asked = {name: paths.title_of(linking.asked_path("", name)[0] or name) for name in names}
    if not asked:
        return {}
    reads_all = user.is_superuser or user.standing.reads_members_area or user.has_perm("wiki.view_page")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT asked.name, best.id, best.path, best.title "
            "FROM unnest(%s::text[], %s::text[]) AS asked(name, title) CROSS JOIN LATERAL ("
            "  SELECT id, path, title, similarity(title, asked.title) AS likeness FROM wiki_page"
            "  WHERE trashed_at IS NULL AND (is_public OR %s) AND title %% asked.title"
            "  ORDER BY likeness DESC, path LIMIT 1"
            ") best WHERE best.likeness >= 0.4",
            [list(asked), list(asked.values()), reads_all],
        )
        return {name: (pk, path, title) for name, pk, path, title in cursor.fetchall()}


def _pictures_meant(names: Iterable[str]) -> dict[str, str]:
    """The address of a picture that is here under the same last name; one query."""
    wanted = {_base(name) for name in names}
    if not wanted:
        return {}
    rows = Attachment.objects.filter(
        path__regex=r"(^|/)(" + "|".join(re.escape(name) for name in sorted(wanted)) + r")$"
    ).order_by("pk")
    return {_base(row.path): row.get_absolute_url() for row in rows}


def _homes(pages: Iterable[Any], user: Any) -> dict[str, Any]:
    """The homes of the folders that the pages are in, and of those above; by their path in lower case."""
    wanted = {path for page in pages if page.is_orphan for path in _homes_above(page)}
    if not wanted:
        return {}
    homes = Page.objects.visible_to(user).filter(path__in=wanted).only("path", "title")
    return {home.path: home for home in homes}


def _homes_above(page: Any) -> list[str]:
    parts = page.folder.split("/") if page.folder else []
    found = [f"{'/'.join(parts[:at])}/{paths.HOME}" for at in range(len(parts), 0, -1)]
    return [path for path in [*found, paths.HOME] if path != page.path]


def parent_of(page: Any, homes: Mapping[str, Any]) -> Any:
    """The nearest home above the page, or nothing."""
    return next((homes[path] for path in _homes_above(page) if path in homes), None)


# ── The steps ──


def lead_link(page: Page, name: str, to: Page, *, by: User, now: datetime) -> Revision:
    """Make every `[[name]]` in the text lead to the page that was meant. Raises Refused."""
    pattern = re.compile(r"(?<!\\)\[\[\s*" + re.escape(name) + r"\s*(?=[#|\]])")
    new = linking.name_for(to.path, to.pk, folder=page.folder)
    text, times = pattern.subn(lambda _: f"[[{new}", page.text)
    if not times:
        raise Refused("The page has no such link any more. Somebody was quicker.")
    return _saved(page, text, by=by, now=now, summary=f"The link “{name}” leads to {to.title}"[:200])


def put_picture(page: Page, name: str, address: str, *, by: User, now: datetime) -> Revision:
    """Show the picture at `address` where the text asks for one that is not here. Raises Refused."""
    shown = re.escape(name)
    pattern = re.compile(
        rf"!?\[\[\s*{shown}\s*(?:\|[^\]\n]*)?\]\]|(?P<alt>!\[[^\]\n]*\])\(\s*<?{shown}>?(?:\s[^)\n]*)?\)"
    )
    alt = re.sub(r"[\[\]]", "", _base(name).rpartition(".")[0])
    text, times = pattern.subn(lambda found: f"{found['alt'] or f'![{alt}]'}({address})", page.text)
    if not times:
        raise Refused("The page does not ask for this picture any more. Somebody was quicker.")
    return _saved(page, text, by=by, now=now, summary=f"The picture {_base(name)} is back"[:200])


def link_from(page: Page, parent: Page, *, by: User, now: datetime) -> Revision:
    """Add a line to `parent` that leads to the page, at its end or to the list that ends it. Raises Refused."""
    if parent.pk == page.pk:
        raise Refused("A page cannot be its own parent.")
    if page.backlinks.filter(source=parent).exists():
        raise Refused(f"“{parent.title}” leads to it already.")
    text = parent.text.rstrip("\n")
    last = text.rpartition("\n")[2]
    link = f"[[{linking.name_for(page.path, page.pk, folder=parent.folder)}]]"
    bullet = re.match(r"\s*[-*+]\s", last)
    text = f"{text}\n{bullet.group(0)}{link}\n" if bullet else f"{text}\n\n- {link}\n".lstrip("\n")
    return _saved(parent, text, by=by, now=now, summary=f"Leads to {page.title}"[:200])


def _saved(page: Page, text: str, *, by: User, now: datetime, summary: str) -> Revision:
    try:
        saved = editing.save(
            page, text, base=page.head.number if page.head else 0, author=by, now=now, summary=summary
        )
    except editing.Conflict as conflict:
        raise Refused("Somebody saved the page at this moment. Look at it once more.") from conflict
    return saved.revision


@transaction.atomic
def check_off(page: Page, *, by: User, now: datetime) -> None:
    """Record that somebody read it over and it is still right; whoever was asked about it need not answer any more."""
    page.check_off(by=by, now=now)
    CareRequest.objects.filter(page=page, ended_at=None).update(ended_at=now)


@transaction.atomic
def adopt(page: Page, *, by: User, now: datetime) -> bool:
    """Make `by` the owner of a page that nobody who is still here looks after; False when somebody does."""
    if not (page.is_adoptable() and page.adopt(by=by, seen=page.owner)):
        return False
    OwnerChange.objects.create(page=page, kind=OwnerChange.Kind.ADOPTED, person=by, at=now)
    audit.record(
        by, "wiki.page-owner", page, before=page.owner.handle if page.owner else None, after=by.handle
    )
    return True


def last_writers(pages: Iterable[int], *, besides: Any, now: datetime) -> dict[int, list[User]]:
    """Of each page the last three different people who wrote on it and are still here; one query."""
    rows: Any = (
        Revision.objects.filter(page__in=list(pages), author__in=User.objects.still_here(standing.today(now)))
        .exclude(author=besides.pk)
        .select_related("author")
        .defer("text")
        .order_by("page_id", "author_id", "-number")
        .distinct("page_id", "author_id")
    )
    found: dict[int, list[User]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: -row.number):
        found[row.page_id].append(row.author)
    return {page: people[:ASKED] for page, people in found.items()}


@transaction.atomic
def ask(page: Page, *, by: User, now: datetime) -> list[User]:
    """Ask those who wrote last, and are still here, to look the page over; answers whom. It stands on their home page
    and in their weekly mail until somebody has. Nobody is asked twice at a time."""
    people = last_writers([page.pk], besides=by, now=now).get(page.pk, [])
    CareRequest.objects.filter(page=page, ended_at=None, at__lt=now - ASKED_AGAIN).update(ended_at=now)
    open_for = set(CareRequest.objects.filter(page=page, ended_at=None).values_list("person", flat=True))
    fresh = [person for person in people if person.pk not in open_for]
    CareRequest.objects.bulk_create(
        [CareRequest(page=page, person=person, asked_by=by, at=now) for person in fresh],
        ignore_conflicts=True,
    )
    return fresh


def open_requests() -> Any:
    """Requests that nobody has answered yet: the page was neither checked nor changed since."""
    answered = Page.objects.filter(pk=OuterRef("page")).filter(
        Q(checked_at__gte=OuterRef("at")) | Q(content_at__gt=OuterRef("at")) | ~Q(trashed_at=None)
    )
    return CareRequest.objects.filter(ended_at=None).exclude(Exists(answered))


# ── Who looks after what ──


@dataclass
class Keeper:
    """Somebody with the pages they look after."""

    person: User | None
    is_here: bool
    pages: list[Any] = field(default_factory=list)

    @property
    def in_question(self) -> int:
        return sum(page.is_stale or page.has_broken_links or page.has_dead_pictures for page in self.pages)


def keepers(user: Any, *, now: datetime) -> Any:
    """People who look after pages, with `owned` and `here`, those with most first."""
    visible = Page.objects.visible_to(user)
    here = User.objects.still_here(standing.today(now)).filter(pk=OuterRef("pk"))
    return (
        User.objects.filter(owned_pages__in=visible)
        .annotate(owned=Count("owned_pages", filter=Q(owned_pages__trashed_at=None)), here=Exists(here))
        .order_by("here", "-owned", "name", "pk")
    )


def kept(people: Iterable[Any], user: Any, *, now: datetime) -> list[Keeper]:
    """These people with their pages; one query."""
    found = {person.pk: Keeper(person, person.here) for person in people}
    pages = (
        Page.objects.visible_to(user)
        .with_care(standing.today(now))
        .filter(owner__in=found)
        .only("path", "title", "owner")
        .order_by("title")
    )
    for page in pages:
        found[page.owner_id].pages.append(page)
    return list(found.values())


def notice_departures(now: datetime) -> int:
    """Write down, once for each, that whoever looked after a page has left the club: officers read it in their weekly
    mail. Says how many pages are new. Doing it again writes nothing."""
    here = User.objects.still_here(standing.today(now)).filter(pk=OuterRef("owner"))
    told = OwnerChange.objects.filter(
        page=OuterRef("pk"), person=OuterRef("owner"), kind=OwnerChange.Kind.LEFT
    )
    left = (
        Page.objects.filter(trashed_at=None, owner__isnull=False).exclude(Exists(here)).exclude(Exists(told))
    )
    rows = [
        OwnerChange(page_id=page, person_id=owner, kind=OwnerChange.Kind.LEFT, at=now)
        for page, owner in left.values_list("pk", "owner")
    ]
    OwnerChange.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
