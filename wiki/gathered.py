"""What the library has to say on the pages that show something of every app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Count, Exists, F, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse

from members import interests, standing
from members.models import User
from mlclub import celery
from mlclub.gather import NEW, NEWS, Card, Contribution, DeskItem, Figure, FrontItem, Item, Section
from mlclub.search import Source, corrected
from mlclub.search.meaning import Subject
from wiki import (
    archives,
    authors,
    care_news,
    keeping,
    knowing,
    lookups,
    meanings,
    mirror,
    post_news,
    publishing,
    viewing,
    vocabulary,
)
from wiki import search as library
from wiki.models import Mirror, Page, Paper, Post, ReadingList, Revision

NEW_FOR = timedelta(days=7)
#: How many pages a home page or a digest names.
A_FEW = 3
#: What home asks of pages and posts in one.
ROW = ("kind", "called", "where", "when", "by", "said", "notes")


def home(user: User, now: datetime) -> list[Card]:
    """Pages of mine that need care, posts of mine that wait, and what others wrote this week. Two queries."""
    if not user.standing.reads_members_area:
        return []
    changed = (
        Page.objects.visible_to(user)
        .filter(content_at__gte=now - NEW_FOR, content_at__lte=now)
        .exclude(head__author=user)
        .exclude(head__source=Revision.Source.IMPORT)
        .annotate(
            kind=Value("page"),
            called=F("title"),
            where=F("path"),
            when=F("content_at"),
            by=Coalesce(
                NullIf("head__author__name", Value("")),
                "head__author__handle",
                "head__author_name",
                output_field=CharField(),
            ),
            said=F("head__summary"),
            notes=Value(0),
        )
        .order_by("-content_at")
        .values_list(*ROW)[:A_FEW]
    )
    # One query for both: home has two for each app.
    rows = [dict(zip(ROW, row, strict=True)) for row in changed.union(post_news.mine(user)[:A_FEW], all=True)]
    rows.sort(key=lambda row: row["when"], reverse=True)
    return [
        *care_news.cards(user, now),
        *(post_news.card(row, now) for row in rows if row["kind"] != "page"),
        *(
            Card(
                section=Section.NEW,
                title=row["called"],
                url=reverse("wiki:page_detail", args=[row["where"]]),
                when=row["when"],
                meta=tuple(filter(None, ["wiki", row["by"] and f"by {row['by']}", row["said"]])),
                icon="document-text",
            )
            for row in rows
            if row["kind"] == "page"
        ),
    ]


def desk(user: User, now: datetime) -> list[DeskItem]:
    """What needs a librarian, a mirror that is not what it should be, posts that wait. Two queries."""
    if not user.has_perm("wiki.trash_page"):
        return []
    mirrors = Mirror.objects.filter(pk=1)
    # One row whatever there is: a club may have neither mirror nor post.
    told = (
        User.objects.filter(pk=user.pk)
        .order_by()
        .annotate(
            mirror_problem=Subquery(mirrors.values("problem")),
            mirror_built_at=Subquery(mirrors.values("built_at")),
            **post_news.waiting(),
        )
        .values("mirror_problem", "mirror_built_at", *post_news.waiting())
        .get()
    )
    behind = _mirror_behind(told["mirror_problem"], told["mirror_built_at"], now)
    return [*care_news.desk(user, now), *behind, *post_news.desk(user, told, now)]


def _mirror_behind(problem: str | None, built_at: datetime | None, now: datetime) -> list[DeskItem]:
    if problem is None or not mirror.is_behind(Mirror(problem=problem, built_at=built_at), now):
        return []
    return [
        DeskItem(
            group="Library",
            title="The mirror of the library is behind",
            count=1,
            url=reverse("wiki:mirror_detail"),
            detail=problem or "No night has brought it up to date since. Is the worker running?",
            icon="book-open",
        )
    ]


def digest(users: Iterable[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """What is new in the wiki and on the blog; five queries for all."""
    people = list(users)
    found = _pages_digest(people, since, until)
    for pk, items in post_news.digest(people, since, until).items():
        found.setdefault(pk, []).extend(items)
    return found


def officer_digest(officers: Sequence[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """How pages and posts fare, for those who look after them."""
    found = care_news.officer_digest(officers, since, until)
    for pk, items in post_news.officer_digest(officers, since, until).items():
        found.setdefault(pk, []).extend(items)
    return found


def _pages_digest(users: Iterable[User], since: datetime, until: datetime) -> dict[int, list[Item]]:
    """The new pages of the week before in one line, with the one that fits the reader best; without new ones, those
    that were worked on; and which pages of the reader's want a look. What somebody wrote alone is no news to them. Four
    queries for all."""
    readers = [user for user in users if user.standing.reads_members_area]
    if not readers:
        return {}
    begun = since - NEWS  # asked about the days to come; news is of those just past
    pages: list[Any] = list(
        Page.objects.filter(trashed_at=None, content_at__gte=begun, content_at__lt=since)
        .exclude(head__source=Revision.Source.IMPORT)
        .annotate(
            edits=Count("revisions", filter=Q(revisions__at__gte=begun, revisions__at__lt=since)),
            is_mine=Max("head__author"),
        )
        .defer("search", "names_search", "plain_text", "headings")
        .order_by("-created_at", "-edits")[:20]
    )
    found: dict[int, list[Item]] = {pk: [line] for pk, line in care_news.lines(readers, since).items()}
    if not pages:
        return found
    words = interests.Vocabulary.current()
    topics = {page.pk: words.in_text(page.title) for page in pages}
    for user in readers:
        others = [page for page in pages if not (page.is_mine == user.pk and page.edits == 1)]
        new = [page for page in others if page.created_at >= begun]
        told = new or others
        if told:
            best = max(told, key=lambda page: (bool(words.shared(user, topics[page.pk])), page.edits))
            found.setdefault(user.pk, []).append(_news(told, best, is_new=bool(new)))
    return found


def _news(pages: list[Any], best: Any, *, is_new: bool) -> Item:
    n = len(pages)
    if is_new:
        text = (
            f"New in the wiki: {best.title}" if n == 1 else f"{n} new pages in the wiki, first {best.title}"
        )
    else:
        text = f"{best.title} was worked on" if n == 1 else f"{n} pages were worked on, most {best.title}"
    return Item(
        section=NEW,
        text=text,
        url=best.get_absolute_url(),
        action="Read",
        weight=5 if is_new else 1,
        is_filler=True,
    )


def findable(user: Any, now: datetime) -> list[Source]:
    """Pages, posts, papers and reading lists."""
    return library.findable(user, now)


def subjects() -> list[Subject]:
    """What of the library is found by what it says."""
    return [
        Subject(model=Page, body=("plain_text",)),
        Subject(model=Post, body=("excerpt", "plain_text")),
        Subject(model=Paper, body=("abstract",)),
        Subject(model=ReadingList, body=("description",)),
    ]


def respellings(query: str) -> list[str]:
    """What was probably meant by a query with typing errors, the likeliest first. It may hold words of things that the
    asking person must not know of: show it only where it leads to them."""
    return corrected(query, vocabulary.known())


def names_of_things() -> Iterator[str]:
    """What papers, posts and reading lists are called."""
    yield from ReadingList.objects.values_list("title", flat=True)
    yield from Post.objects.published().values_list("title", flat=True)
    for title, names in Paper.objects.values_list("title", "authors_text").iterator():
        yield f"{title} {names}"


def contributions(person: User, viewer: Any) -> list[Contribution]:
    """The pages and posts somebody wrote, one line each."""
    rows = (
        Page.objects.visible_to(viewer)
        .filter(revisions__author=person)
        .annotate(
            last=Max("revisions__at", filter=Q(revisions__author=person)),
            began=Exists(Revision.objects.filter(page=OuterRef("pk"), author=person, number=1)),
        )
        .only("path", "title")
        .order_by("-last")[:50]
    )
    return [
        Contribution(
            verb="Wrote" if row.began else "Edited", title=row.title, url=row.get_absolute_url(), on=row.last
        )
        for row in rows
    ] + post_news.contributions(person)


def numbers(term: Any) -> list[Figure]:
    """How alive the library was in a term."""
    edits = Revision.objects.filter(
        at__date__gte=term.starts_on, at__date__lte=term.ends_on, author__isnull=False
    ).aggregate(edits=Count("pk"), writers=Count("author", distinct=True))
    return [
        Figure(
            name="People who wrote in the wiki",
            value=edits["writers"],
            n=edits["edits"],
            definition="Different members with at least one saved change in the term; n is the number of changes.",
        ),
        post_news.numbers(term),
    ]


def personal_data(person: User) -> dict[str, Any]:
    """What the library holds of a person."""
    return {
        "wiki_changes": [
            {"page": path, "version": number, "at": at.isoformat(), "summary": summary, "text": text}
            for path, number, at, summary, text in person.wiki_revisions.order_by("at").values_list(
                "page__path", "number", "at", "summary", "text"
            )
        ],
        "addresses_of_the_mirror": [
            {
                "created_at": key.created_at.isoformat(),
                "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
            }
            for key in person.mirror_keys.order_by("created_at")
        ],
        "wiki_suggestions": [
            {"page": path, "at": at.isoformat(), "why": why, "text": text, "state": state, "answer": reason}
            for path, at, why, text, state, reason in person.wiki_suggestions.order_by("at").values_list(
                "page__path", "at", "summary", "text", "state", "reason"
            )
        ],
        "reading_lists_curated": list(person.curated_lists.order_by("title").values_list("title", flat=True)),
        "posts": [
            {
                "title": post.title,
                "state": post.state,
                "published_at": post.published_at.isoformat() if post.published_at else None,
            }
            for post in Post.objects.of(person).only("title", "state", "published_at").order_by("created_at")
        ],
        "post_changes": [
            {"post": slug, "version": number, "at": at.isoformat(), "title": title, "text": text}
            for slug, number, at, title, text in person.post_revisions.order_by("at").values_list(
                "post__slug", "number", "at", "title", "text"
            )
        ],
        "notes_to_authors": [
            {"post": slug, "at": at.isoformat(), "text": text}
            for slug, at, text in person.reader_notes.order_by("at").values_list("post__slug", "at", "text")
        ],
        "papers_marked": [
            {"paper": title, "state": state, "shows_name": shows, "at": at.isoformat()}
            for title, state, shows, at in person.read_marks.order_by("marked_at").values_list(
                "paper__title", "state", "shows_name", "marked_at"
            )
        ],
        "paper_notes": [
            {"paper": title, "text": text, "at": at.isoformat()}
            for title, text, at in person.paper_notes.order_by("written_at").values_list(
                "paper__title", "text", "written_at"
            )
        ],
        "wiki_pages_known": [
            {"page": path, "at": at.isoformat()}
            for path, at in person.known_pages.order_by("at").values_list("page__path", "at")
        ],
        "learning_paths_followed": list(
            person.followed_paths.order_by("since").values_list("path__title", flat=True)
        ),
        "learning_paths_kept": list(person.kept_paths.order_by("title").values_list("title", flat=True)),
        "wiki_pages_owned": list(person.owned_pages.order_by("path").values_list("path", flat=True)),
    }


def tick(now: datetime) -> None:
    """Let out the posts whose hour has come, add up what was read, tidy the notes of what changed, wake whoever looks up
    papers, should a question have been left, whoever counts words, reads texts for their meaning, keeps the mirror or makes
    archives, and once a day whoever counts who knows what."""
    publishing.publish_due(now)
    viewing.keep(now)
    keeping.fold()
    if knowing.is_due(now):
        celery.poke("wiki.tasks.tend")
    if lookups.is_on() and lookups.are_waiting(now):
        celery.poke("wiki.tasks.look_up_papers")
    if vocabulary.is_due(now):
        celery.poke("wiki.tasks.count_words")
    if meanings.is_due(now):
        celery.poke("wiki.tasks.keep_meanings")
    if mirror.wants_work(Mirror.current(), now):
        celery.poke("wiki.tasks.keep_mirror", expires=50)
    if archives.are_waiting(now):
        celery.poke("wiki.tasks.make_archives", expires=50)


def searched_in_vain(query: str, user: Any, now: datetime) -> None:
    """What a reader of the library looked for, and nothing has, is wanted."""
    if user.is_authenticated and user.standing.reads_members_area:
        viewing.missed(query, today=standing.today(now))


def office_permissions() -> dict[str, list[str]]:
    """The librarian and the president may move, open and throw away pages; every office reads."""
    everything = [
        "wiki.view_page",
        "wiki.change_page",
        "wiki.trash_page",
        "wiki.publish_page",
        "wiki.view_requirementproposal",
        "wiki.change_requirementproposal",
        "wiki.view_ownerchange",
        "wiki.view_libraryfigure",
        "wiki.view_searchmiss",
        "wiki.delete_searchmiss",
        "wiki.view_revision",
        "wiki.view_suggestion",
        "wiki.view_move",
        "wiki.view_paper",
        "wiki.add_paper",
        "wiki.change_paper",
        "wiki.view_papernote",
        "wiki.change_papernote",
        "wiki.view_formerpaper",
        "wiki.view_otherkey",
        "wiki.change_otherkey",
        "wiki.delete_otherkey",
        "wiki.view_readmark",
        "wiki.view_paperlookup",
        "wiki.change_paperlookup",
        *(
            f"wiki.{verb}_{model}"
            for verb in ("add", "change", "delete", "view")
            for model in (
                "readinglist",
                "readingtopic",
                "placement",
                "requirement",
                "learningpath",
                "learningstep",
            )
        ),
        "wiki.publish_post",
        "wiki.view_post",
        "wiki.change_post",
        "wiki.view_postrevision",
        "wiki.view_readernote",
        "wiki.view_importedauthor",
        "wiki.change_importedauthor",
        "wiki.export_library",
        "wiki.view_attachment",
        "wiki.view_redirect",
        "wiki.add_redirect",
        "wiki.change_redirect",
        "wiki.delete_redirect",
    ]
    return {
        "library": everything,
        "president": everything,
        "webmaster": ["wiki.trash_page", "wiki.export_library"],
        "*": ["wiki.view_page", "wiki.view_readinglist"],
    }


def address_verified(user: User, email: str) -> None:
    """What was written elsewhere under a now verified address is credited to the account."""
    authors.claim(user, email)


def front(now: datetime) -> list[FrontItem]:
    """Public pages and posts, for the front page; the newest first."""
    pages = Page.objects.filter(is_public=True, trashed_at=None).only("path", "title", "content_at")
    return [
        FrontItem(kind="page", title=page.title, url=page.get_absolute_url(), when=page.content_at)
        for page in pages.order_by("-content_at")[:A_FEW]
    ] + post_news.front(now)
