"""The demo club's library, cared for and not: what is read first, a learning path, and a page for every reason to look."""

from __future__ import annotations

from datetime import datetime, timedelta

from members import standing
from members.demo import People
from members.models import User
from wiki import care, knowing, learning, proposing, requiring, viewing
from wiki.models import (
    LearningPath,
    LearningStep,
    Page,
    PageViews,
    Requirement,
    Revision,
    SearchMiss,
)

#: {page: what is read before it}. What the texts themselves ask for is left to be decided.
REQUIRES = {
    "Basics/Gradient descent": ["Basics/Gradient"],
    "Basics/Stochastic gradient descent": ["Basics/Gradient descent"],
    "Basics/Momentum": ["Basics/Stochastic gradient descent"],
    "Basics/Adam": ["Basics/Momentum"],
    "Basics/Neural network": ["Basics/Linear regression", "Basics/Gradient descent"],
    "Basics/Backpropagation": ["Basics/Neural network"],
    "NLP/Recurrent networks": ["Basics/Backpropagation"],
    "NLP/Sequence to sequence": ["NLP/LSTM"],
    "NLP/Attention": ["NLP/Sequence to sequence", "Basics/Softmax"],
    "NLP/Transformer": ["NLP/Attention", "NLP/Positional encoding"],
    "RL/Value functions": ["RL/Markov decision process"],
    "RL/Bellman equation": ["RL/Value functions"],
    "RL/Dynamic programming": ["RL/Bellman equation"],
    "RL/Temporal difference learning": ["RL/Bellman equation", "RL/Monte Carlo returns"],
    "RL/Monte Carlo returns": ["RL/Value functions"],
    "RL/Q-learning": ["RL/Temporal difference learning"],
    "RL/DQN": ["RL/Q-learning", "Basics/Neural network"],
    "RL/Policy gradients": ["RL/Value functions", "Basics/Gradient descent"],
    "RL/Baselines and advantage": ["RL/Policy gradients"],
    "RL/Actor-critic": ["RL/Baselines and advantage", "RL/Temporal difference learning"],
}
NOTES = {
    ("RL/DQN", "Basics/Neural network"): "the first two sections are enough",
    ("NLP/Attention", "Basics/Softmax"): "what the temperature does",
}
PATHS = {
    "Reinforcement learning from the start": (
        "You have trained a network once. At the end you read a paper on agents and know every letter in it.",
        [
            ("RL/Markov decision process", "Draw one for a game you know."),
            ("RL/Value functions", ""),
            ("RL/Bellman equation", "Derive it once by hand."),
            ("RL/Temporal difference learning", ""),
            ("RL/Q-learning", ""),
            ("RL/DQN", "Run it on two games, not one."),
            ("RL/Policy gradients", ""),
            ("RL/Actor-critic", ""),
            ("RL/PPO", "What most groups use today."),
        ],
    ),
    "To the transformer in a week": (
        "For new members before the class on language models: a page or two a day.",
        [
            ("Basics/Backpropagation", ""),
            ("NLP/Recurrent networks", "Only the idea; skip the variants."),
            ("NLP/Attention", ""),
            ("NLP/Positional encoding", ""),
            ("NLP/Transformer", "With the figure of the paper beside you."),
        ],
    ),
}
#: What readers looked for in vain on two days, and how often on each.
SEARCHED = [("gaussian processes", 4), ("mixture of experts", 3), ("slurm", 2)]
#: What the new member of the demo has marked as known.
KNOWN = ("Basics/Gradient", "Basics/Gradient descent", "RL/Markov decision process", "RL/Value functions")


def seed(people: People, now: datetime) -> None:
    """Give the library its relations, paths and neglect. The same people and moment give the same rows."""
    pages = {page.path: page for page in Page.objects.defer("search", "names_search").select_related("owner")}
    member, learner = people.cast["member"], people.cast["new-member"]
    Requirement.objects.bulk_create(
        Requirement(
            page=pages[path],
            required=pages[needed],
            note=NOTES.get((path, needed), ""),
            added_by=pages[path].owner,
            added_at=now - timedelta(days=40),
        )
        for path, wanted in REQUIRES.items()
        for needed in wanted
    )
    proposing.propose_for_all(now=now - timedelta(days=2))
    for title, (for_whom, steps) in PATHS.items():
        path = LearningPath.objects.create(
            title=title, for_whom=for_whom, keeper=member, created_at=now - timedelta(days=30)
        )
        LearningStep.objects.bulk_create(
            LearningStep(path=path, page=pages[name], note=note, position=at)
            for at, (name, note) in enumerate(steps)
        )
    first = LearningPath.objects.get(title=next(iter(PATHS)))
    learning.follow(first, person=learner, now=now - timedelta(days=9), on=True)
    for name in KNOWN:
        requiring.mark(pages[name], person=learner, now=now - timedelta(days=8), known=True)
    _neglect(member, now)
    _read(list(pages.values()), now)
    knowing.keep(now)


def _neglect(member: User, now: datetime) -> None:
    """Checks that are due, pages that nobody looks after, some since their owner left, and one that people were asked
    about."""
    today = standing.today(now)
    stale = list(Page.objects.with_care(today).filter(is_stale=True).order_by("path"))
    for at, page in enumerate(stale[:3]):
        Page.objects.filter(pk=page.pk).update(review_by=today - timedelta(days=9 + 17 * at))
    Page.objects.filter(pk__in=[page.pk for page in stale[3:5]]).update(owner=None)
    alumni = User.objects.alumni(today).filter(wiki_revisions__isnull=False).distinct().order_by("pk")
    for person in alumni[:2]:
        theirs = Revision.objects.filter(author=person, page__trashed_at=None).order_by("page__path")
        wrote = theirs.values_list("page", flat=True)[:2]
        Page.objects.filter(pk__in=list(wrote)).update(owner=person)
    care.notice_departures(now - timedelta(days=1))
    if stale:
        care.ask(stale[-1], by=member, now=now - timedelta(days=3))


def _read(pages: list[Page], now: datetime) -> None:
    """Every page was opened now and then, some every day; and some words were looked for in vain."""
    today = standing.today(now)
    PageViews.objects.bulk_create(
        PageViews(page=page, day=today - timedelta(days=ago), times=1 + (at + ago) % 5)
        for at, page in enumerate(sorted(pages, key=lambda page: page.path))
        for ago in range(1 + at % 6, 80, 2 + at % 11)
    )
    SearchMiss.objects.bulk_create(
        SearchMiss(words=words, key=words, day=today - timedelta(days=ago), times=times)
        for words, times in SEARCHED
        for ago in (2, 11)
    )
    viewing.tend(now)
