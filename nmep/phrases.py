"""Sentences that reviewers keep, and which of them fit what they look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from members.models import User
from nmep.models import Comment, Offering, Phrase, PhraseUse, Review, RubricCriterion, RubricMark

MOST_SUGGESTED = 3
SHORTEST_COUNTED = 8
"""Shorter phrases stand in other words by chance."""


@dataclass(frozen=True)
class Choice:
    """A phrase for a reviewer; `fits` are the criteria it was used on before, the most used first."""

    phrase: Phrase
    fits: tuple[str, ...] = ()

    @property
    def is_shared(self) -> bool:
        return self.phrase.offering_id is not None


def choices(user: User, offering: Offering, criteria: Iterable[RubricCriterion]) -> list[Choice]:
    """What `user` may insert, those first that were used on these criteria; one query."""
    titles = {row.title for row in criteria}
    uses = PhraseUse.objects.filter(phrase=OuterRef("pk"), criterion__in=titles)
    rows: list[Any] = list(
        Phrase.objects.for_reviewer(user, offering).annotate(
            used=ArraySubquery(uses.values(row=JSONObject(criterion="criterion", n="n")))
        )
    )
    used: dict[str, list[tuple[int, Phrase]]] = {title: [] for title in titles}
    for row in rows:
        for use in row.used or ():  # nothing at all where no criterion is asked about
            used[use["criterion"]].append((use["n"], row))
    suggested: dict[int, list[str]] = {}
    times: Counter[int] = Counter()
    for title, found in used.items():
        for n, row in sorted(found, key=lambda pair: (-pair[0], pair[1].text))[:MOST_SUGGESTED]:
            suggested.setdefault(row.pk, []).append(title)
            times[row.pk] += n
    made = [Choice(row, tuple(sorted(suggested.get(row.pk, ())))) for row in rows]
    return sorted(made, key=lambda choice: (-times[choice.phrase.pk], choice.phrase.text))


@transaction.atomic
def keep(user: User, offering: Offering, text: str, *, is_shared: bool) -> bool:
    """Keep a phrase as `user`'s own, or for all who review in `offering`. False where it is there already."""
    home = {"offering": offering} if is_shared else {"owner": user}
    try:
        with transaction.atomic():
            Phrase.objects.create(text=" ".join(text.split()), **home)
    except IntegrityError:
        return False
    return True


def count_uses(review: Review) -> None:
    """Remember which phrases went out with a review, and what it found wanting: they will be suggested there again."""
    wanting = [
        mark.criterion.title
        for mark in review.marks.select_related("criterion").order_by("pk")
        if mark.level != RubricMark.Level.MASTERED
    ]
    if not wanting:
        return
    offering = review.submission.assignment.offering
    said = Comment.objects.filter(submission=review.submission, author=review.reviewer, posted_at=None)
    whole = " ".join(" ".join([review.summary, *said.values_list("text", flat=True)]).split())
    for phrase in Phrase.objects.for_reviewer(review.reviewer, offering):
        if len(phrase.text) >= SHORTEST_COUNTED and phrase.text in whole:
            for title in set(wanting):
                use, _ = PhraseUse.objects.get_or_create(phrase=phrase, criterion=title)
                PhraseUse.objects.filter(pk=use.pk).update(n=F("n") + 1)
