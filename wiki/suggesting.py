"""Suggesting an edit: it waits for a reviewer, who takes all of it, a part, or says why not. Nothing of it is lost."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from members import ledger, offices
from members.audit import record
from members.models import User
from mlclub.refusal import Refused
from wiki import diffs, editing
from wiki.models import Page, Revision, Suggestion
from wiki.notifications import SuggestionMade, SuggestionSettled

#: So many suggestions of one person wait at a time.
MOST_WAITING = 20
DECIDED = "Somebody has decided about this suggestion already."


def waiting_of(page: Page, author: User) -> Suggestion | None:
    """What `author` has suggested for the page and nobody has decided about."""
    return Suggestion.objects.waiting().filter(page=page, author=author).first()


@transaction.atomic
def suggest(
    page: Page, text: str, *, base: int, author: User, now: datetime, summary: str = ""
) -> Suggestion:
    """Keep what `author` would like the page to say. What waits of them already on this page is changed; a second click
    changes nothing. Whoever decides about it is told once. Raises Refused."""
    # Waits for another click of the same person, and for nobody else.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=author.pk)
    began = page.revisions.filter(number=base).first()
    if began is None:
        raise Refused(
            "This suggestion does not say which version it began from. Open the page and begin again."
        )
    if began.text == text:
        raise Refused("Nothing is changed yet. Change the text as you would like it to read.")
    there = Suggestion.objects.select_for_update().waiting().filter(page=page, author=author).first()
    if there is None:
        if Suggestion.objects.waiting().filter(author=author).count() >= MOST_WAITING:
            raise Refused(
                f"{MOST_WAITING} suggestions of yours are waiting. Let somebody look at those first."
            )
        made = Suggestion.objects.create(
            page=page, base_number=base, text=text, summary=summary, author=author, at=now
        )
        _tell_reviewers(made, now)
        return made
    if (there.text, there.base_number, there.summary) != (text, base, summary):
        there.text, there.base_number, there.summary, there.at = text, base, summary, now
        there.version += 1
        there.save(update_fields=["text", "base_number", "summary", "at", "version"])
    return there


def _tell_reviewers(suggestion: Suggestion, now: datetime) -> None:
    """The owner of the page; where nobody looks after it, or it is the owner who suggests, the library's keepers."""
    page = suggestion.page
    owner = page.owner
    is_looked_after = owner is not None and not page.is_adoptable() and owner != suggestion.author
    people = [owner] if is_looked_after else offices.who_answers("library", "president")
    for person in people:
        if person is not None and person != suggestion.author:
            ledger.tell(SuggestionMade, person, about=suggestion, now=now)


@transaction.atomic
def accept(
    suggestion: Suggestion, *, version: int, hunks: Collection[int] | None = None, by: User, now: datetime
) -> Suggestion:
    """Take the suggestion in, all of it or the `hunks` with these numbers, as a revision that credits who suggested it.

    If the page has moved on since, both changes are brought together. Raises `editing.Conflict` where they contradict
    each other and Refused where somebody decided already, or the author changed what the reviewer saw (`version`).
    """
    locked = _locked(suggestion, version)
    base = locked.base_text
    if hunks is None:
        text, state = locked.text, Suggestion.State.ACCEPTED
    else:
        count = len(diffs.compare(base, locked.text))
        chosen = {number for number in hunks if 0 <= number < count}
        if not chosen:
            raise Refused("Choose at least one change to take, or say why you take none.")
        text = diffs.taken(base, locked.text, chosen)
        state = Suggestion.State.ACCEPTED if len(chosen) == count else Suggestion.State.PARTLY
    return _taken_in(locked, text, base=locked.base_number, state=state, by=by, now=now)


@transaction.atomic
def accept_as(
    suggestion: Suggestion, text: str, *, base: int, version: int, by: User, now: datetime
) -> Suggestion:
    """Take the suggestion in as the reviewer has put it, from the revision `base`. Raises as `accept` does."""
    locked = _locked(suggestion, version)
    is_whole = base == locked.base_number and text == locked.text
    state = Suggestion.State.ACCEPTED if is_whole else Suggestion.State.PARTLY
    return _taken_in(locked, text, base=base, state=state, by=by, now=now)


def _taken_in(locked: Suggestion, text: str, *, base: int, state: str, by: User, now: datetime) -> Suggestion:
    saved = editing.save(
        locked.page,
        text,
        base=base,
        author=locked.author,
        now=now,
        summary=locked.summary or "Suggested",
        source=Revision.Source.SUGGESTION,
    )
    return _settle(locked, state, by=by, now=now, revision=saved.revision if saved.is_new else None)


@transaction.atomic
def reject(suggestion: Suggestion, *, version: int, reason: str, by: User, now: datetime) -> Suggestion:
    """Say why the suggestion is not taken. Raises Refused."""
    if not reason.strip():
        raise Refused("Say in a sentence why: whoever suggested it reads that.")
    return _settle(
        _locked(suggestion, version), Suggestion.State.REJECTED, by=by, now=now, reason=reason.strip()
    )


@transaction.atomic
def withdraw(suggestion: Suggestion, *, by: User, now: datetime) -> bool:
    """Take one's own suggestion back. False when it was settled already."""
    won = (
        Suggestion.objects.waiting()
        .filter(pk=suggestion.pk, author=by)
        .update(state=Suggestion.State.WITHDRAWN, settled_at=now, settled_by=by)
    )
    return bool(won)


def _locked(suggestion: Suggestion, version: int) -> Suggestion:
    """The waiting row that the reviewer saw, locked. Of two reviewers the second one waits here, and is told."""
    locked = (
        Suggestion.objects.select_for_update(of=("self",))
        .select_related("page", "author")
        .get(pk=suggestion.pk)
    )
    if locked.state == Suggestion.State.WITHDRAWN:
        raise Refused("Its author has taken this suggestion back.")
    if not locked.is_waiting:
        raise Refused(DECIDED)
    if locked.version != version:
        raise Refused("Its author has changed this suggestion since you opened it. Look at it again.")
    if locked.page.trashed_at is not None:
        raise Refused("The page is in the trash. Restore it first.")
    return locked


def _settle(
    locked: Suggestion,
    state: str,
    *,
    by: User,
    now: datetime,
    reason: str = "",
    revision: Revision | None = None,
) -> Suggestion:
    locked.state, locked.settled_at, locked.settled_by = state, now, by
    locked.reason, locked.revision = reason, revision
    locked.save(update_fields=["state", "settled_at", "settled_by", "reason", "revision"])
    record(by, f"wiki.suggestion-{state}", locked, after=locked.page.path)
    if locked.author is not None and locked.author.is_active:
        ledger.tell(SuggestionSettled, locked.author, about=locked, slot=state, now=now)
    return locked
