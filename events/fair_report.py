"""What a company may know of a fair: counts, what its visitors study from four on, and who let it know them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from events.models import Attendance, FairCompany, FairStudent, FairTick, Registration

#: Smaller groups are nobody's business.
FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class Report:
    """`fields` and `years` are (what, how many), largest first, each group of four or more; empty below that."""

    registered: int
    visitors: int
    wished: int
    known: int
    fields: list[tuple[str, int]]
    years: list[tuple[str, int]]


def of(company: FairCompany, now: datetime) -> Report:
    """The report as it stands at `now`; `known` counts who is open to the company, whether it may look or not."""
    event = company.fair.event_id
    wishing = FairStudent.objects.filter(
        pk__in=FairTick.objects.filter(company=company, wants_to_meet=True).values("student")
    )
    told = list(wishing.values_list("field", "graduates_in"))
    return Report(
        registered=Registration.objects.live().filter(event=event).count(),
        visitors=Attendance.objects.filter(event=event).count(),
        wished=len(told) if company.wished is None else company.wished,
        known=FairStudent.objects.open_to(company).count() if now < company.fair.resumes_until else 0,
        fields=groups(field for field, _ in told),
        years=groups(str(year) if year else "" for _, year in told),
    )


def groups(said: Iterable[str]) -> list[tuple[str, int]]:
    """How many said the same, groups of four or more, the rest as one. Nothing where the rest would be smaller than
    four and cannot be made larger: what is missing could be worked out from the sum."""
    spelled: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text in said:
        key = " ".join(text.split()).casefold()
        spelled.setdefault(key, " ".join(text.split()))
        counts[key] += 1
    large = [(spelled[key], count) for key, count in counts.most_common() if count >= FEWEST and key]
    rest = counts.total() - sum(count for _, count in large)
    while large and 0 < rest < FEWEST:
        rest += large.pop()[1]
    if not large:
        return []
    return [*large, ("Others, or not said", rest)] if rest else large
