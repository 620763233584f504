"""A symposium with other clubs: the call, the review, and the decisions. See also `symposium_programme` and
`symposium_guests`.

Every change of a symposium's abstracts and sessions locks its row first, so that no two of them put one person into two
rooms at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Avg, Count, Max, Q
from django.utils import timezone

from events import notifications
from events.locking import locked_symposium
from events.models import (
    Abstract,
    AbstractAuthor,
    AbstractReview,
    Symposium,
    SymposiumGuest,
)
from events.symposium_programme import clash_of, presenting
from members import audit, magic_links
from members.ledger import Due, tell, tell_many
from members.models import MagicLink, Organization, Topic, User
from mlclub.refusal import Refused as Refused

State, Decision = Abstract.State, Abstract.Decision
#: Pages by a link stay for so long after the day; what nobody confirms goes after so long.
PAGE_KEPT = timedelta(days=180)
UNCONFIRMED_KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Author:
    name: str
    email: str
    organization: Organization | None = None
    presents: bool = False


def link_to(
    purpose: magic_links.Purpose, about: Any, symposium: Symposium, now: datetime, **whose: Any
) -> MagicLink:
    """The link of an author, a guest or the lead of a club: good for half a year after the day."""
    until = max(symposium.event.ends_at, now) + PAGE_KEPT
    return magic_links.issue(purpose, about=about, now=now, expires_at=until, **whose)


# ── The call ──


@transaction.atomic
def submit(
    symposium: Symposium,
    *,
    title: str,
    text: str,
    wants: str,
    email: str,
    authors: Iterable[Author],
    topics: Iterable[Topic] = (),
    is_proven: bool = False,
    now: datetime,
) -> tuple[Abstract, bool]:
    """Hand an abstract in. Without a proven address it waits for the link in its mail. A second click gets the
    first one's answer, and False. Raises Refused after the deadline."""
    symposium = locked_symposium(symposium)
    if not symposium.is_open(now):
        raise Refused("Abstracts are no longer taken.")
    email = email.strip().lower()
    known = (
        symposium.abstracts.filter(email__iexact=email, title__iexact=title.strip())
        .exclude(state=State.WITHDRAWN)
        .first()
    )
    is_new = known is None
    abstract = known or Abstract.objects.create(
        symposium=symposium,
        title=title.strip(),
        text=text.strip(),
        wants=wants,
        email=email,
        state=State.SUBMITTED if is_proven else State.UNCONFIRMED,
        created_at=now,
        updated_at=now,
    )
    if is_new:
        abstract.topics.set(topics)
        _write_authors(abstract, authors)
    link_to(notifications.ABSTRACT, abstract, symposium, now, address=email)
    tell(
        notifications.AbstractReceived,
        None,
        address=email,
        about=abstract,
        slot=timezone.localtime(now).date().isoformat(),
        now=now,
    )
    return abstract, is_new


def _write_authors(abstract: Abstract, authors: Iterable[Author]) -> None:
    rows = list(authors)
    if not rows:
        raise Refused("Name an author at least.")
    if not any(row.presents for row in rows):
        raise Refused("Say who presents.")
    if len({row.email.strip().lower() for row in rows}) < len(rows):
        raise Refused("Each author has an address of their own.")
    abstract.authors.all().delete()
    AbstractAuthor.objects.bulk_create(
        AbstractAuthor(
            abstract=abstract,
            name=row.name.strip(),
            email=row.email.strip().lower(),
            organization=row.organization,
            presents=row.presents,
            position=number,
        )
        for number, row in enumerate(rows)
    )


@transaction.atomic
def confirm(abstract: Abstract, *, now: datetime) -> bool:
    """The address is proven: the abstract counts. False where it did already."""
    return bool(
        Abstract.objects.filter(pk=abstract.pk, state=State.UNCONFIRMED).update(
            state=State.SUBMITTED, updated_at=now
        )
    )


@transaction.atomic
def change(
    abstract: Abstract,
    *,
    title: str,
    text: str,
    wants: str,
    authors: Iterable[Author],
    topics: Iterable[Topic] = (),
    now: datetime,
) -> None:
    """Edit an abstract until the deadline. Raises Refused later."""
    symposium = locked_symposium(abstract.symposium)
    abstract = Abstract.objects.select_for_update(of=("self",)).get(pk=abstract.pk)
    if not symposium.is_open(now) or abstract.state == State.WITHDRAWN:
        raise Refused("The deadline is over: nothing is changed any more.")
    abstract.title, abstract.text, abstract.wants, abstract.updated_at = (
        title.strip(),
        text.strip(),
        wants,
        now,
    )
    if abstract.state == State.UNCONFIRMED:
        abstract.state = State.SUBMITTED
    try:
        with transaction.atomic():
            abstract.save()
    except IntegrityError as clash:
        raise Refused("You have handed in an abstract with this title already.") from clash
    abstract.topics.set(topics)
    _write_authors(abstract, authors)
    if abstract.session is not None and clash_of(abstract.session, presenting(abstract), moving=abstract):
        # Whoever presents now is in another room at that time: the officer places it anew.
        Abstract.objects.filter(pk=abstract.pk).update(session=None)


@transaction.atomic
def withdraw(abstract: Abstract, *, now: datetime) -> bool:
    """Take an abstract back, also off the programme. False where it had been taken back."""
    locked_symposium(abstract.symposium)
    return bool(
        Abstract.objects.filter(pk=abstract.pk)
        .exclude(state=State.WITHDRAWN)
        .update(state=State.WITHDRAWN, session=None, updated_at=now)
    )


def add_link(abstract: Abstract, link: str, *, now: datetime) -> None:
    """Slides, poster or recording, for the page of afterwards."""
    Abstract.objects.filter(pk=abstract.pk).update(link=link, updated_at=now)


# ── The review ──


def conflict(abstract: Abstract, reviewer: User) -> str:
    """Why `reviewer` may not, or should not, review it: "author", "club" or nothing. Ours is the club of accounts."""
    authors = list(abstract.authors.all())
    if any(author.email.lower() == reviewer.email.lower() for author in authors):
        return "author"
    if abstract.email.lower() == reviewer.email.lower():
        return "author"
    return "club" if any(author.organization_id is None for author in authors) else ""


@transaction.atomic
def assign(abstract: Abstract, reviewer: User) -> bool:
    """Give an abstract to a reviewer. False where they have it already. Raises Refused for an author."""
    if conflict(abstract, reviewer) == "author":
        raise Refused(f"{reviewer.display_name} is an author of it.")
    _, made = AbstractReview.objects.get_or_create(abstract=abstract, reviewer=reviewer)
    return made


@transaction.atomic
def deal(symposium: Symposium, reviewers: list[User]) -> int:
    """Give every abstract as many reviewers as it needs, to those with the fewest first, and to none of its authors;
    work with authors of our own club goes to whoever is left over. Says how many were dealt."""
    symposium = locked_symposium(symposium)
    load = {person.pk: 0 for person in reviewers}
    for pk, count in (
        AbstractReview.objects.filter(abstract__symposium=symposium)
        .values_list("reviewer")
        .annotate(n=Count("pk"))
    ):
        if pk in load:
            load[pk] = count
    made = 0
    for abstract in symposium.abstracts.live().prefetch_related("authors", "reviews"):
        have = {row.reviewer_id for row in abstract.reviews.all()}
        free = [
            person for person in reviewers if person.pk not in have and conflict(abstract, person) != "author"
        ]
        free.sort(key=lambda person: (load[person.pk], person.pk))
        for person in free[: max(0, symposium.reviews_each - len(have))]:
            AbstractReview.objects.create(abstract=abstract, reviewer=person)
            load[person.pk] += 1
            made += 1
    return made


def review(row: AbstractReview, *, score: int, comment: str, now: datetime) -> None:
    """Write down what a reviewer thinks. Raises Refused once the decisions are out."""
    if row.abstract.symposium.released_at is not None:
        raise Refused("The decisions are out; reviews are closed.")
    row.score, row.comment, row.done_at = score, comment.strip(), now
    row.save()


@transaction.atomic
def decide(abstract: Abstract, decision: str) -> None:
    """Accept as a talk or a poster, or decline. Nobody is told before the release; after it nothing changes."""
    symposium = locked_symposium(abstract.symposium)
    if symposium.released_at is not None:
        raise Refused("The decisions are out. Write to the authors yourself.")
    if decision and decision not in Decision.values:
        raise Refused("Accept it as a talk or a poster, or decline it.")
    changes: dict[str, Any] = {"decision": decision}
    if decision != Decision.TALK and decision != Decision.POSTER:
        changes["session"] = None
    Abstract.objects.filter(pk=abstract.pk).update(**changes)


@transaction.atomic
def release(symposium: Symposium, *, by: User, now: datetime) -> int:
    """Tell every author what was decided, once, and number the posters. Says how many mails go out.

    Raises Refused while something is undecided.
    """
    symposium = locked_symposium(symposium)
    if symposium.released_at is not None:
        return 0
    if now < symposium.deadline:
        raise Refused("The deadline is still to come.")
    undecided = symposium.abstracts.live().filter(decision="").count()
    if undecided:
        raise Refused(f"{undecided} {'is' if undecided == 1 else 'are'} not decided yet.")
    number_posters(symposium)
    symposium.released_at = now
    symposium.save(update_fields=["released_at"])
    audit.record(by, "symposium-decisions-released", symposium)
    return tell_many(
        notifications.AbstractDecided,
        (
            Due(about=abstract, slot="decision", address=abstract.email)
            for abstract in symposium.abstracts.live()
            if abstract.email
        ),
        now=now,
    )


def number_posters(symposium: Symposium) -> int:
    """Give every accepted poster without a number the next one; a number once given stays."""
    last = symposium.abstracts.aggregate(last=Max("poster_number"))["last"] or 0
    rows = (
        symposium.abstracts.live()
        .filter(decision=Decision.POSTER, poster_number=None)
        .order_by("created_at", "pk")
    )
    for number, abstract in enumerate(rows, last + 1):
        Abstract.objects.filter(pk=abstract.pk).update(poster_number=number)
    return len(rows)


def abstracts_with_scores(symposium: Symposium) -> list[Abstract]:
    """What was handed in, best first, with `mean_score`, `done` and `dealt`."""
    return list(
        symposium.abstracts.live()
        .annotate(
            mean_score=Avg("reviews__score"),
            done=Count("reviews", filter=Q(reviews__score__isnull=False), distinct=True),
            dealt=Count("reviews", distinct=True),
        )
        .select_related("session__track")
        .prefetch_related("authors__organization")
        .order_by("-mean_score", "created_at", "pk")
    )


def forget_unproven(now: datetime) -> int:
    """Abstracts and guests whose address nobody proved go after a month; the tick calls it."""
    old = now - UNCONFIRMED_KEPT
    gone = Abstract.objects.filter(state=State.UNCONFIRMED, updated_at__lt=old).delete()[0]
    return gone + SymposiumGuest.objects.filter(registration=None, created_at__lt=old).delete()[0]
