"""Matching people: partners by turns, groups, mentors. It knows people and words, and no activity of the club.

Whatever can be compared and hashed stands for a person here (mostly a key). The same input and seed give the same
answer. Each answer says why, and what could not be had.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import networkx

Pair = frozenset[int]
#: How well two people fit: from -1 to 1, and the words for it.
Similarity = Callable[[int, int], tuple[float, str]]
#: Stands for the empty place beside the odd one.
NOBODY = "nobody"


def pairs_of(team: Iterable[int]) -> list[Pair]:
    """Every two of a team."""
    return [frozenset(two) for two in combinations(sorted(team), 2)]


# ── Partners by turns ──

#: A repeat outweighs every likeness; a wish of both outweighs a repeat, a wish of one does not.
REPEAT, MUTUAL, WISH, LIKENESS, TURN = 10_000, 15_000, 1_500, 500, 40
#: How many other odd ones are tried where a trio would repeat a meeting.
TRIES = 5


@dataclass(frozen=True)
class Team:
    """Two or three people. `reasons` are for everybody, `private` for whoever matches: wishes and experience."""

    people: tuple[int, ...]
    reasons: tuple[str, ...]
    private: tuple[str, ...] = ()
    is_locked: bool = False


@dataclass(frozen=True)
class Rotation:
    """The teams, and who is left alone with the reason."""

    teams: list[Team]
    alone: dict[int, str] = field(default_factory=dict)


def rotate(
    people: Collection[int],
    *,
    met: Mapping[Pair, int],
    wishes: Collection[tuple[int, int]] = (),
    blocked: Collection[Pair] = (),
    locked: Collection[Pair] = (),
    similarity: Similarity | None = None,
    seed: int = 0,
) -> Rotation:
    """Pairs of people who have not met, the odd one in a trio; `wishes` are (who asks, for whom).

    Blocked pairs are never made, locked teams are kept as they are. What remains is weighed: few repeats first,
    then wishes, then likeness.
    """
    here, apart = set(people), {frozenset(pair) for pair in blocked}
    kept = [team for team in (frozenset(team) & here for team in locked) if len(team) > 1]
    free = sorted(here.difference(*kept))
    chance = random.Random(seed)  # noqa: S311
    best: tuple[int, list[list[int]], dict[int, str]] | None = None
    # A trio has three meetings: with another odd one it may do without the repeat.
    for _ in range(TRIES if len(free) % 2 else 1):
        teams, alone = _matched(free, met, wishes, apart, similarity, chance)
        repeats = sum(met.get(pair, 0) for team in teams for pair in pairs_of(team)) + 100 * len(alone)
        if best is None or repeats < best[0]:
            best = repeats, teams, alone
        if not repeats:
            break
    _, teams, alone = best or (0, [], {})
    words = _Words(met, wishes, similarity)
    return Rotation(
        [words.team(sorted(team), is_locked=True) for team in sorted(map(sorted, kept))]
        + [words.team(sorted(team), is_locked=False) for team in teams],
        alone,
    )


def _matched(
    free: Sequence[int],
    met: Mapping[Pair, int],
    wishes: Collection[tuple[int, int]],
    apart: Collection[Pair],
    similarity: Similarity | None,
    chance: random.Random,
) -> tuple[list[list[int]], dict[int, str]]:
    """The best pairs, with the odd one put where it has met the fewest; and who is left alone."""
    turns = _turns(free, met, chance)

    def weight(a: int, b: int) -> int:
        pair = frozenset((a, b))
        asked = ((a, b) in wishes) + ((b, a) in wishes)
        like = similarity(a, b)[0] if similarity else 0.0
        turn = TURN if pair in turns else 0
        likes = (0, WISH, MUTUAL)[asked] + round(LIKENESS * like)
        return likes + turn + chance.randrange(4) - REPEAT * met.get(pair, 0)

    graph: Any = networkx.Graph()
    graph.add_nodes_from(free)
    for a, b in combinations(free, 2):
        if frozenset((a, b)) not in apart:
            graph.add_edge(a, b, weight=weight(a, b))
    if len(free) % 2:
        # Somebody is the odd one: whose turn it is, and nobody whom many others should not meet.
        for person in free:
            refused = sum(1 for pair in apart if person in pair)
            turn = TURN if frozenset((person,)) in turns else 0
            graph.add_edge(person, NOBODY, weight=turn - WISH * refused)
    found = networkx.max_weight_matching(graph, maxcardinality=True)
    teams = sorted(sorted(pair) for pair in found if NOBODY not in pair)
    alone: dict[int, str] = {}
    for person in sorted(set(free).difference(*teams)):
        room = third_place(person, teams, met, apart)
        if room is None:
            alone[person] = "Nobody is left whom they may work with."
        else:
            room.append(person)
    return teams, alone


def third_place(
    person: int, teams: Iterable[list[int]], met: Mapping[Pair, int], blocked: Collection[Pair]
) -> list[int] | None:
    """The pair that somebody alone makes a trio of: the one they have met least."""
    rooms = [
        team
        for team in teams
        if len(team) == 2 and not any(pair in blocked for pair in pairs_of([*team, person]))
    ]
    return min(
        rooms,
        key=lambda team: sum(met.get(frozenset((person, other)), 0) for other in team),
        default=None,
    )


def _turns(people: Sequence[int], met: Mapping[Pair, int], chance: random.Random) -> set[Pair]:
    """One round of a tournament in which everybody meets everybody: the one with the fewest repeats so far.

    Preferred where nothing else decides, so that the last rounds still find people who have not met.
    """
    order = [*people, None] if len(people) % 2 else list(people)
    n = len(order)
    rounds: list[set[Pair]] = []
    for turn in range(n - 1):
        circle = [order[0], *(order[1:][(turn + at) % (n - 1)] for at in range(n - 1))]
        two = (zip(circle[: n // 2], reversed(circle[n // 2 :]), strict=True)) if n else ()
        rounds.append({frozenset(person for person in pair if person is not None) for pair in two})
    chance.shuffle(rounds)
    return min(rounds, key=lambda turn: sum(met.get(pair, 0) for pair in turn), default=set())


def reasons(
    team: Sequence[int],
    met: Mapping[Pair, int],
    wishes: Collection[tuple[int, int]] = (),
    similarity: Similarity | None = None,
) -> Team:
    """The words for a team that somebody put together by hand."""
    return _Words(met, wishes, similarity).team(sorted(team), is_locked=False)


@dataclass(frozen=True)
class _Words:
    met: Mapping[Pair, int]
    wishes: Collection[tuple[int, int]]
    similarity: Similarity | None

    def team(self, people: Sequence[int], *, is_locked: bool) -> Team:
        most = max((self.met.get(pair, 0) for pair in pairs_of(people)), default=0)
        times = {0: "never worked together", 1: "worked together once", 2: "worked together twice"}
        said = [times.get(most, f"worked together {most} times")]
        private = []
        asked = [self._asked(pair) for pair in pairs_of(people)]
        if max(asked, default=0):
            private.append("asked for each other" if 2 in asked else "one asked for the other")
        if self.similarity is not None:
            likes = dict.fromkeys(self.similarity(*sorted(pair))[1] for pair in pairs_of(people))
            private += [words for words in likes if words]
        return Team(tuple(people), tuple(said), tuple(private), is_locked)

    def _asked(self, pair: Pair) -> int:
        a, b = sorted(pair)
        return ((a, b) in self.wishes) + ((b, a) in self.wishes)


# ── Groups ──


@dataclass(frozen=True)
class Grouping:
    """The groups, what each scores, and in words what could not be had."""

    groups: list[tuple[int, ...]]
    scores: list[float]
    unmet: list[str] = field(default_factory=list)


def groups(
    people: Collection[int],
    *,
    score: Callable[[Sequence[int]], float],
    sizes: tuple[int, int] = (3, 4),
    blocked: Collection[Pair] = (),
    locked: Collection[Collection[int]] = (),
    name: Callable[[int], str] = str,
    seed: int = 0,
    restarts: int = 6,
    steps: int = 1500,
) -> Grouping:
    """Groups of `sizes` people by swapping: nobody who is blocked, then the weakest group as strong as it can
    be, then the sum. `locked` people stay together, and others may join them."""
    everybody, apart = sorted(set(people)), {frozenset(pair) for pair in blocked}
    held = [tuple(sorted(set(group) & set(everybody))) for group in locked]
    held = sorted((group for group in held if len(group) > 1), key=lambda group: (-len(group), group))
    chance = random.Random(seed)  # noqa: S311
    unmet: list[str] = []
    counts = sorted(
        (k for k in range(1, len(everybody) + 1) if sizes[0] * k <= len(everybody) <= sizes[1] * k),
        key=lambda k: abs(len(everybody) / k - sum(sizes) / 2),
    )
    if everybody and not counts:
        said = "1 person" if len(everybody) == 1 else f"{len(everybody)} people"
        unmet.append(f"{said} cannot be split into groups of {sizes[0]} to {sizes[1]}.")
        counts = [max(1, round(len(everybody) / sizes[1]))]
    plans = [_seated(len(everybody), k, held) for k in counts] or [([], [])]
    seats, homeless = min(plans, key=lambda plan: len(plan[1]))
    unmet += [f"{', '.join(map(name, group))} could not stay together." for group in homeless]
    fixed = {person for group, _ in seats for person in group}
    scored: dict[tuple[int, ...], tuple[int, float]] = {}

    def judged(group: Iterable[int]) -> tuple[int, float]:
        key = tuple(sorted(group))
        if key not in scored:
            scored[key] = (sum(pair in apart for pair in pairs_of(key)), score(key))
        return scored[key]

    def cost(teams: list[list[int]]) -> tuple[int, float, float]:
        each = [judged(team) for team in teams]
        values = [value for _, value in each]
        return sum(clashes for clashes, _ in each), -min(values, default=0.0), -sum(values)

    best: tuple[tuple[int, float, float], list[list[int]]] | None = None
    for _ in range(restarts if len(seats) > 1 else 1):
        loose = [person for person in everybody if person not in fixed]
        chance.shuffle(loose)
        teams = [[*group, *(loose.pop() for _ in range(size - len(group)))] for group, size in seats]
        movable = [(at, n) for at, team in enumerate(teams) for n, one in enumerate(team) if one not in fixed]
        now = cost(teams)
        if best is None or now < best[0]:
            best = now, [list(team) for team in teams]
        for step in range(steps if len(movable) > 1 else 0):
            (a, i), (b, j) = chance.sample(movable, 2)
            if a == b:
                continue
            teams[a][i], teams[b][j] = teams[b][j], teams[a][i]
            after = cost(teams)
            # While it is warm a swap may also make it worse, so that it finds its way out of a dead end.
            if after <= now or (after[0] <= now[0] and chance.random() < 0.15 * (1 - step / steps) ** 2):
                now = after
                if now < best[0]:
                    best = now, [list(team) for team in teams]
            else:
                teams[a][i], teams[b][j] = teams[b][j], teams[a][i]
    made = sorted(tuple(sorted(team)) for team in best[1]) if best else []
    for team in made:
        unmet += [
            f"{' and '.join(name(one) for one in sorted(pair))} are together and should not be."
            for pair in pairs_of(team)
            if pair in apart
        ]
    return Grouping(made, [judged(team)[1] for team in made], unmet)


def _seated(
    n: int, k: int, held: Sequence[tuple[int, ...]]
) -> tuple[list[tuple[tuple[int, ...], int]], list[tuple[int, ...]]]:
    """`k` groups as even as can be, each with whoever is locked into it; and the locked that found no room."""
    sizes = [n // k + (at < n % k) for at in range(k)]
    seats: list[tuple[int, ...]] = [() for _ in sizes]
    homeless = []
    for group in held:
        rooms = [at for at, size in enumerate(sizes) if len(seats[at]) + len(group) <= size]
        if not rooms:
            homeless.append(group)
            continue
        at = min(rooms, key=lambda room: (len(seats[room]), sizes[room]))
        seats[at] += group
    return list(zip(seats, sizes, strict=True)), homeless


# ── Mentors ──


@dataclass(frozen=True)
class Wanted:
    """Who looks for a mentor: what it is about, and the hours at which they could meet."""

    key: int
    topics: frozenset[str] = frozenset()
    hours: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Offered:
    """A mentor: what they know, how many they have already, and how many they take in all."""

    key: int
    topics: frozenset[str] = frozenset()
    hours: frozenset[str] = frozenset()
    load: int = 0
    room: int = 1


@dataclass(frozen=True)
class Match:
    """A mentor for somebody, why, and how far from ideal it is (0 is ideal)."""

    wanted: int
    mentor: int
    reasons: tuple[str, ...]
    cost: int


@dataclass(frozen=True)
class Mentoring:
    """Who gets whom, and who is left without."""

    matches: list[Match]
    without: list[int]


#: What a missing domain, no hour in common, and each one that a mentor has already cost.
NO_DOMAIN, NO_HOUR, LOAD = 100, 30, 20


def fit(wanted: Wanted, mentor: Offered, *, load: int | None = None) -> Match:
    """How well a mentor would do, in words: the domain first, then time, then how much they do already."""
    shared, hours = wanted.topics & mentor.topics, wanted.hours & mentor.hours
    has = mentor.load if load is None else load
    cost = LOAD * has
    said = []
    if shared:
        cost += 10 * max(len(wanted.topics) - len(shared), 0)
        said.append(f"knows {', '.join(sorted(shared))}")
    else:
        cost += NO_DOMAIN
        said.append("no topic in common")
    if wanted.hours and mentor.hours:
        cost += 0 if hours else NO_HOUR
        n = len(hours)
        said.append(f"{n} hour{'' if n == 1 else 's'} in common" if hours else "no hour in common")
    said.append(f"mentors {has} already" if has else "mentors nobody yet")
    return Match(wanted.key, mentor.key, tuple(said), cost)


def ranked(
    wanted: Wanted, mentors: Iterable[Offered], *, blocked: Collection[tuple[int, int]] = ()
) -> list[Match]:
    """The mentors with room for one, best first; `blocked` are (who looks, mentor)."""
    able = [one for one in mentors if one.load < one.room and (wanted.key, one.key) not in blocked]
    return sorted((fit(wanted, one) for one in able), key=lambda match: (match.cost, match.mentor))


def mentors(
    wanted: Sequence[Wanted], offered: Sequence[Offered], *, blocked: Collection[tuple[int, int]] = ()
) -> Mentoring:
    """A mentor for as many as can be, at the least cost in all (a flow), nobody above their room."""
    graph: Any = networkx.DiGraph()
    for one in wanted:
        graph.add_edge("from", ("wanted", one.key), capacity=1, weight=0)
        # Left without rather than refused: dearer than any mentor.
        graph.add_edge(("wanted", one.key), "to", capacity=1, weight=10_000)
        for mentor in offered:
            if (one.key, mentor.key) not in blocked:
                pair = ("wanted", one.key), ("mentor", mentor.key)
                graph.add_edge(*pair, capacity=1, weight=fit(one, mentor, load=0).cost)
    for mentor in offered:
        for nth in range(mentor.load, mentor.room):
            # A seat each, every further one dearer, so that the work is shared.
            graph.add_edge(("mentor", mentor.key), ("seat", mentor.key, nth), capacity=1, weight=LOAD * nth)
            graph.add_edge(("seat", mentor.key, nth), "to", capacity=1, weight=0)
    flow = networkx.max_flow_min_cost(graph, "from", "to") if wanted else {}
    by_key = {mentor.key: mentor for mentor in offered}
    taken: dict[int, int] = defaultdict(int)
    matches, without = [], []
    for one in wanted:
        to = next(
            (node[1] for node, units in flow[("wanted", one.key)].items() if units and node != "to"), None
        )
        if to is None:
            without.append(one.key)
            continue
        matches.append(fit(one, by_key[to], load=by_key[to].load + taken[to]))
        taken[to] += 1
    return Mentoring(matches, without)
