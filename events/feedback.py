"""Saying what one thinks of a talk or a meeting, so that nobody can find out who said it.

Who has answered is one table, what was answered another, without a key between them. Rows that one transaction
writes could still be matched by the database's own bookkeeping (the transaction's number, the place on the disk),
so every answer writes both tables of its form anew, in the order of their random keys.

Whoever watched four answers become five could work out the fifth: what is shown grows in steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac

from events.models import Attendance, Event, FeedbackAnswer, FeedbackForm, FeedbackGiven
from members import audit
from members.models import User
from mlclub.refusal import Refused

#: Fewer answers than this are shown to nobody.
MIN_ANSWERS = 4
#: So many more join those that are shown, together; fewer only once no more can come.
STEP = 3
#: What a rating may be.
SCALE = (1, 2, 3, 4)

TALK = [
    {
        "key": "clarity",
        "label": "How clear was it?",
        "kind": "rating",
        "low": "lost me",
        "high": "very clear",
    },
    {
        "key": "idea",
        "label": "How good is the idea?",
        "kind": "rating",
        "low": "not yet",
        "high": "very good",
    },
    {
        "key": "result",
        "label": "How far did they get?",
        "kind": "rating",
        "low": "not far",
        "high": "very far",
    },
    {"key": "keep", "label": "One thing to keep", "kind": "text"},
    {"key": "next", "label": "One thing to try next", "kind": "text"},
]
PULSE = [
    {
        "key": "followed",
        "label": "How much could you follow?",
        "kind": "rating",
        "low": "little",
        "high": "all of it",
    },
    {"key": "different", "label": "What should be different next time?", "kind": "text"},
]


class TooFew(Refused):
    """There are not enough answers for anybody to read them."""


@dataclass(frozen=True)
class Rating:
    """How often each level was given to a question, lowest first."""

    question: Mapping[str, Any]
    counts: tuple[int, ...]

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def mean(self) -> float:
        return sum(level * n for level, n in zip(SCALE, self.counts, strict=True)) / self.n if self.n else 0

    @property
    def bars(self) -> list[tuple[int, int, int]]:
        """Level, how many, and the share in percent."""
        return [
            (level, n, round(100 * n / self.n) if self.n else 0)
            for level, n in zip(SCALE, self.counts, strict=True)
        ]


@dataclass(frozen=True)
class Sentence:
    answer: UUID
    key: str
    text: str
    is_hidden: bool


@dataclass(frozen=True)
class Results:
    """What a form's answers come to: those that are counted, `n` of them. Below four answers it holds their number and
    nothing else. `is_final`: no more can come."""

    n: int
    ratings: tuple[Rating, ...] = ()
    sentences: tuple[tuple[Mapping[str, Any], tuple[Sentence, ...]], ...] = ()
    is_final: bool = False

    @property
    def is_shown(self) -> bool:
        return self.n >= MIN_ANSWERS


def ask(
    event: Event,
    title: str,
    questions: list[dict[str, Any]],
    *,
    about: Iterable[User] = (),
    audience: str = FeedbackForm.Audience.ANYONE,
    opens: str = FeedbackForm.Opens.START,
    open_for: timedelta = timedelta(days=1),
) -> FeedbackForm:
    """A new form about (a part of) an event; those it is `about` do not answer it."""
    form = FeedbackForm.objects.create(
        event=event, title=title[:160], questions=questions, audience=audience, opens=opens, open_for=open_for
    )
    form.about.set(about)
    return form


def refusal(form: FeedbackForm, person: User | None, now: datetime) -> str:
    """Why `person` (None: somebody without an account) cannot answer now, as a sentence; empty if they can."""
    if form.released_at or now >= form.closes_at:
        return "This is closed. Thank you for coming."
    if form.event.is_cancelled:
        return "This did not take place."
    if not form.is_open(now):
        return "This is not open yet."
    if person is not None and form.about.filter(pk=person.pk).exists():
        return "This is about your own work: the others say what they think."
    if form.is_for_attendees and not was_there(form, person):
        return "This is for those who were there."
    return ""


def was_there(form: FeedbackForm, person: User | None) -> bool:
    return person is not None and Attendance.objects.filter(event=form.event_id, user=person).exists()


def has_answered(form: FeedbackForm, *, person: User | None = None, token: str = "") -> bool:
    return FeedbackGiven.objects.filter(form=form, **_who(form, person, token)).exists()


@transaction.atomic
def give(
    form: FeedbackForm,
    *,
    ratings: Mapping[str, int],
    texts: Mapping[str, str],
    now: datetime,
    person: User | None = None,
    token: str = "",
) -> bool:
    """Keep one answer of a person, or of the device that holds `token`. False: they had answered before.

    Raises `Refused` where the form is closed or not for them.
    """
    form = FeedbackForm.objects.select_for_update(of=("self",)).select_related("event").get(pk=form.pk)
    refused = refusal(form, person, now)
    if refused:
        raise Refused(refused)
    who = _who(form, person, token)
    if FeedbackGiven.objects.filter(form=form, **who).exists():
        return False
    FeedbackGiven.objects.create(form=form, **who)
    answer = FeedbackAnswer(form=form, ratings=dict(ratings), texts={k: v for k, v in texts.items() if v})
    _write_anew(form, [answer])
    return True


def _write_anew(form: FeedbackForm, more: list[FeedbackAnswer]) -> None:
    """All answers of the form, and all who have answered, in the order of their random keys and all by this
    transaction: the last answer that is not counted yet is not that of the last who came."""
    rows = [*FeedbackAnswer.objects.filter(form=form), *more]
    counted = sum(row.is_counted for row in rows)
    if len(rows) - counted >= (STEP if counted else MIN_ANSWERS):
        for row in rows:
            row.is_counted = True
    given = list(FeedbackGiven.objects.filter(form=form))
    FeedbackAnswer.objects.filter(form=form).delete()
    FeedbackAnswer.objects.bulk_create(sorted(rows, key=lambda row: row.pk.int))
    FeedbackGiven.objects.filter(form=form).delete()
    FeedbackGiven.objects.bulk_create(sorted(given, key=lambda row: row.pk.int))


def _who(form: FeedbackForm, person: User | None, token: str) -> dict[str, Any]:
    if person is not None:
        return {"person": person}
    if not token:
        raise Refused("Your browser keeps no cookies, and without one this cannot count you once.")
    return {"device": salted_hmac("events.feedback", f"{form.pk}:{token}", algorithm="sha256").hexdigest()}


def results(form: FeedbackForm, *, now: datetime, with_hidden: bool = False) -> Results:
    """Sums and sentences from four answers on, of those that are counted; of all once no more can come. Sentences in
    no order that means anything."""
    answers, is_final = list(FeedbackAnswer.objects.filter(form=form)), form.is_settled(now)
    if not is_final and any(row.is_counted for row in answers):
        answers = [row for row in answers if row.is_counted]
    n = len(answers)
    if n < MIN_ANSWERS:
        return Results(n, is_final=is_final)
    ratings = []
    for question in form.ratings:
        given = Counter(row.ratings.get(question["key"]) for row in answers)
        ratings.append(Rating(question, tuple(given[level] for level in SCALE)))
    sentences = []
    for question in form.texts:
        key = question["key"]
        told = [
            Sentence(row.pk, key, row.texts[key], key in row.hidden)
            for row in answers
            if row.texts.get(key) and (with_hidden or key not in row.hidden)
        ]
        sentences.append((question, tuple(sorted(told, key=lambda each: each.text.casefold()))))
    return Results(n, tuple(ratings), tuple(sentences), is_final)


@transaction.atomic
def hide(form: FeedbackForm, answer: UUID, key: str, *, by: User, is_hidden: bool = True) -> bool:
    """Take a sentence out before the release, or put it back. False: it was released or gone meanwhile."""
    form = FeedbackForm.objects.select_for_update().get(pk=form.pk)
    row = FeedbackAnswer.objects.filter(form=form, pk=answer).first()
    if row is None or form.released_at or key not in row.texts:
        return False
    row.hidden = sorted({*row.hidden, key} if is_hidden else set(row.hidden) - {key})
    row.save(update_fields=["hidden"])
    _write_anew(form, [])
    audit.record(
        by, "feedback-hidden" if is_hidden else "feedback-shown-again", form, after={"question": key}
    )
    return True


@transaction.atomic
def release(form: FeedbackForm, *, by: User, now: datetime) -> bool:
    """Let those it is about read it; nobody answers any more. Ratings that were not counted yet are from now on, their
    sentences stay out, since nobody has read them. False: it was released before. Raises `TooFew`."""
    form = FeedbackForm.objects.select_for_update(of=("self",)).select_related("event").get(pk=form.pk)
    if form.released_at:
        return False
    if FeedbackAnswer.objects.filter(form=form).count() < MIN_ANSWERS:
        raise TooFew(f"There are fewer than {MIN_ANSWERS} answers, so nobody reads them.")
    if not form.is_settled(now):
        for row in FeedbackAnswer.objects.filter(form=form, is_counted=False):
            row.hidden = sorted(row.texts)
            row.save(update_fields=["hidden"])
        _write_anew(form, [])
    form.released_at = now
    form.save(update_fields=["released_at"])
    audit.record(by, "feedback-released", form)
    return True
