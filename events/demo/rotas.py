"""Presenters of the demo's reading groups and research meetings, with followers, papers and lists; what to set up before
its workshops."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from events import presenting, rotas
from events.models import (
    Backup,
    Claim,
    Event,
    Kind,
    Preparation,
    Registration,
    Rota,
    Series,
    SeriesFollow,
    SetupAnswer,
    Slot,
    SlotComment,
    Talk,
)
from members.demo import People
from members.models import Term, User
from wiki import lists
from wiki.models import Paper, ReadingList

#: Works that a reading group reads; titles are real, nobody is named.
PAPERS = (
    ("Denoising diffusion probabilistic models", 2020, "2006.11239"),
    ("Score-based generative modeling through stochastic differential equations", 2021, "2011.13456"),
    ("Neural ordinary differential equations", 2018, "1806.07366"),
    ("Deep residual learning for image recognition", 2015, "1512.03385"),
    ("Auto-encoding variational Bayes", 2013, "1312.6114"),
    ("Playing Atari with deep reinforcement learning", 2013, "1312.5602"),
    ("Proximal policy optimization algorithms", 2017, "1707.06347"),
    ("Distilling the knowledge in a neural network", 2015, "1503.02531"),
    (
        "Batch normalization: accelerating deep network training by reducing internal covariate shift",
        2015,
        "1502.03167",
    ),
    ("Dream to control: learning behaviors by latent imagination", 2019, "1912.01603"),
    ("Decision transformer: reinforcement learning via sequence modeling", 2021, "2106.01345"),
    ("Scaling laws for neural language models", 2020, "2001.08361"),
    ("LoRA: low-rank adaptation of large language models", 2021, "2106.09685"),
)
NOTES = ("Read this one first.", "The appendix has the proof.", "Skip section 4 at the first reading.")
ASKS = (
    "Is the baseline fair, or does it only look so?",
    "Which of the two plots would you show first?",
    "What would convince you that the effect is not the seed?",
    "Is this a paper yet, or half of one?",
)
ADVICE = (
    "Show the spread over seeds; with three it could be luck.",
    "Start with the second plot, it needs no words.",
    "I would try the same with half the data before anything else.",
)
PREREQUISITES = (
    "You have trained one model yourself, however small, and know what a loss is: "
    "[Gradient descent](/wiki/Basics/Gradient%20descent/) is enough."
)
SETUP = """- [ ] Install Python 3.12 or newer
- [ ] Clone the repository and run `make setup`
- [ ] Run `make check`: it ends with “ready”
- [ ] Bring a charger
"""


def seed(people: People, terms: list[Term], now: datetime, rng: random.Random) -> None:
    """Rotas of the current term's series; `terms` are the four of the demo, oldest first, `now` an aware instant."""
    papers = [
        Paper.objects.filter(arxiv_id=number).first()
        or Paper.objects.create(title=title, year=year, arxiv_id=number, created_at=now - timedelta(days=40))
        for title, year, number in PAPERS
    ]
    members = sorted(people.active_in[terms[-1].pk], key=lambda person: person.pk)
    current = Series.objects.filter(events__term=terms[-1])
    for series in current.filter(kind=Kind.READING_GROUP).distinct().order_by("pk"):
        _reading_group(series, papers, rng.sample(members, 14), now, rng)
    research = current.filter(kind=Kind.RESEARCH).distinct().first()
    if research:
        _meetings(research, rng.sample(members, 10), now, rng)
    _workshops(now, rng)


def _rota(series: Series, now: datetime, **said: object) -> Rota:
    """The rota with a slot also at each date of the past, as if it had been there from the first day."""
    rota = rotas.begin(series, now=now - timedelta(days=200), **said)  # type: ignore[arg-type]
    # The dates came with their speakers; from now on they follow from the slots.
    Talk.objects.filter(event__series=series).delete()
    return rota


def _reading_group(
    series: Series, papers: list[Paper], crowd: list[User], now: datetime, rng: random.Random
) -> None:
    curators = crowd[:2]
    name = series.name.partition(",")[0]
    # Those who read a book together keep no list of papers.
    reading_list = name != "One chapter a week" and lists.create(
        name,
        curators=curators,
        description="What we read together, and what is worth reading beside it.",
        now=now - timedelta(days=60),
    )
    rota = _rota(series, now, minutes=60, reading_list=reading_list or None)
    _follow(series, crowd, now)
    chosen = rng.sample(papers, len(papers))
    slots = list(_coming_in_order(rota))
    for n, slot in enumerate(slots):
        is_over = slot.is_over(now)
        # Whoever reads in three weeks has not put themselves down yet.
        if not is_over and n % 3 == 2:
            continue
        person = crowd[n % 9]
        _present(slot, person, now)
        if is_over or n % 3 == 0:
            presenting.choose(slot, chosen[n % len(chosen)], by=person, now=now, runs=True)
    if reading_list:
        _beside(reading_list, papers, curators[0], now)
    following = next((slot for slot in slots if not slot.has_begun(now) and slot.claims.exists()), None)
    if following:
        Backup.objects.create(slot=following, person=crowd[10], since=now - timedelta(days=3))


def _beside(reading_list: ReadingList, papers: list[Paper], by: User, now: datetime) -> None:
    """Papers that nobody has presented, under topics, so that a list shows what a list can."""
    basics = lists.add_topic(reading_list, "Where to begin")
    deeper = lists.add_topic(reading_list, "To go deeper")
    for n, paper in enumerate(papers[:8]):
        lists.place(
            reading_list,
            paper,
            topic=basics if n < 3 else deeper,
            relevance=3 - n % 4,
            note=NOTES[n % len(NOTES)] if n % 2 == 0 else "",
            by=by,
            now=now - timedelta(days=30),
        )


def _meetings(series: Series, crowd: list[User], now: datetime, rng: random.Random) -> None:
    rota = _rota(series, now, minutes=15, slots_a_date=3, asks_feedback=True)
    _follow(series, crowd, now)
    for n, slot in enumerate(_coming_in_order(rota)):
        if not slot.is_over(now) and n % 3:
            continue
        person = crowd[n % len(crowd)]
        _present(slot, person, now)
        presenting.ask(slot, ASKS[n % len(ASKS)], by=person, now=now, runs=True)
        if slot.is_over(now):
            SlotComment.objects.create(
                slot=slot,
                author=crowd[(n + 3) % len(crowd)],
                text=ADVICE[n % len(ADVICE)],
                at=slot.event.ends_at + timedelta(minutes=rng.randrange(5, 200)),  # type: ignore[union-attr]
            )


def _coming_in_order(rota: Rota) -> list[Slot]:
    rows = Slot.objects.offered().filter(sheet=rota.sheet).select_related("event", "sheet").in_order()
    return list(rows)


def _follow(series: Series, crowd: list[User], now: datetime) -> None:
    SeriesFollow.objects.bulk_create(
        [SeriesFollow(series=series, person=person, since=now - timedelta(days=45)) for person in crowd],
        ignore_conflicts=True,
    )


def _present(slot: Slot, person: User, now: datetime) -> None:
    begins_at = slot.begins_at or now
    Claim.objects.create(slot=slot, person=person, claimed_at=min(now, begins_at - timedelta(days=12)))
    presenting.follow(slot)


def _workshops(now: datetime, rng: random.Random) -> None:
    """The next workshops say what to set up; of those who go to the first, some have answered."""
    coming = Event.objects.scheduled().filter(kind=Kind.WORKSHOP, starts_at__gt=now).order_by("starts_at")
    for event in coming[:2]:
        Preparation.objects.create(
            event=event,
            prerequisites=PREREQUISITES,
            setup=SETUP,
            repo_url="https://code.club.example/workshop",
        )
    first = coming.first()
    if first is None:
        return
    going = (
        Registration.objects.live().filter(event=first, user__isnull=False).select_related("user").in_order()
    )
    for n, person in enumerate([row.user for row in going[:12] if row.user]):
        works = n % 4 != 3
        SetupAnswer.objects.create(
            event=first,
            person=person,
            works=works,
            note="" if works else "make check says that no device was found.",
            at=now - timedelta(hours=rng.randrange(1, 30)),
        )
