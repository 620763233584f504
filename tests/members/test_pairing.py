from collections import Counter
from itertools import combinations

import pytest

from members.pairing import Offered, Wanted, groups, mentors, pairs_of, ranked, rotate


def play(n, rounds, **options):
    """So many rounds among n people: how often the same two met again, and the teams of each round."""
    met, repeats, played = Counter(), 0, []
    for seed in range(rounds):
        teams = rotate(range(n), met=met, seed=seed, **options).teams
        assert sorted(person for team in teams for person in team.people) == list(range(n))
        pairs = [pair for team in teams for pair in pairs_of(team.people)]
        repeats += sum(met[pair] > 0 for pair in pairs)
        met.update(pairs)
        played.append(teams)
    return repeats, played


@pytest.mark.parametrize(("n", "rounds"), [(40, 10), (31, 6), (15, 5), (6, 5), (8, 7), (12, 11)])
def test_nobody_works_with_the_same_person_twice_while_there_are_others(n, rounds):
    repeats, played = play(n, rounds)
    assert repeats == 0
    sizes = [sorted(len(team.people) for team in teams) for teams in played]
    assert sizes == [[2] * (n // 2) if n % 2 == 0 else [2] * (n // 2 - 1) + [3]] * rounds


def test_after_everybody_has_met_people_meet_the_one_they_met_longest_ago_no_more_than_twice():
    repeats, played = play(4, 6)
    met = Counter(pair for teams in played for team in teams for pair in pairs_of(team.people))
    assert repeats == 6
    assert set(met.values()) == {2}


def test_likeness_decides_between_those_who_have_not_met():
    years = [0, 0, 0, 5, 5, 5]
    like = lambda a, b: (1.0, "alike") if years[a] == years[b] else (-1.0, "unlike")  # noqa: E731
    teams = rotate(range(6), met={}, similarity=like).teams
    assert [team.private for team in teams].count(("alike",)) == 2
    repeats, _ = play(40, 10, similarity=lambda a, b: (1 - abs(a - b) / 20, ""))
    assert repeats == 0


def test_two_who_must_not_meet_are_never_put_together_even_if_somebody_stays_alone():
    blocked = [frozenset((0, other)) for other in range(1, 5)]
    found = rotate(range(5), met={}, blocked=blocked)
    assert list(found.alone) == [0]
    assert sorted(person for team in found.teams for person in team.people) == [1, 2, 3, 4]
    for seed in range(20):
        teams = rotate(range(7), met={}, blocked=[frozenset((0, 1)), frozenset((0, 2))], seed=seed).teams
        assert not any({0, 1} <= set(team.people) or {0, 2} <= set(team.people) for team in teams)


def test_a_wish_of_both_outweighs_a_repeat_and_a_wish_of_one_does_not():
    met = {frozenset((0, 1)): 1}
    both = rotate(range(4), met=met, wishes=[(0, 1), (1, 0)]).teams
    assert (0, 1) in [team.people for team in both]
    one = rotate(range(4), met=met, wishes=[(0, 1)]).teams
    assert (0, 1) not in [team.people for team in one]
    fresh = rotate(range(4), met={}, wishes=[(0, 1)]).teams
    assert {team.people: team.private for team in fresh}[0, 1] == ("one asked for the other",)
    assert all("asked" not in reason for team in fresh for reason in team.reasons)


def test_locked_teams_stay_and_the_odd_one_joins_another():
    found = rotate(range(7), met={}, locked=[frozenset((0, 1)), frozenset((2, 99))])
    assert (found.teams[0].people, found.teams[0].is_locked) == ((0, 1), True)
    assert sorted(len(team.people) for team in found.teams) == [2, 2, 3]


def test_the_same_seed_gives_the_same_pairs():
    first, second, other = (
        [team.people for team in rotate(range(20), met={}, seed=seed).teams] for seed in (3, 3, 4)
    )
    assert first == second != other


def test_nobody_and_one_alone():
    assert rotate([], met={}).teams == []
    assert list(rotate([5], met={}).alone) == [5]


# ── Groups ──


def alike(group):
    """How many pairs of a group share the remainder by three."""
    return sum(a % 3 == b % 3 for a, b in combinations(group, 2)) / len(group)


def test_groups_have_three_or_four_people_and_beat_the_best_of_two_hundred_drawn_by_lot():
    import random

    made = groups(range(31), score=alike, seed=1)
    assert sorted(person for group in made.groups for person in group) == list(range(31))
    assert {len(group) for group in made.groups} == {3, 4}
    drawn = []
    for seed in range(200):
        people = list(range(31))
        random.Random(seed).shuffle(people)
        lot = [people[at : at + 4] for at in range(0, 16, 4)] + [
            people[at : at + 3] for at in range(16, 31, 3)
        ]
        drawn.append((min(map(alike, lot)), sum(map(alike, lot))))
    assert (min(made.scores), sum(made.scores)) > max(drawn)
    assert made == groups(range(31), score=alike, seed=1)


def test_the_blocked_are_apart_and_the_locked_together():
    blocked = [frozenset((0, 3)), frozenset((0, 6)), frozenset((3, 6))]
    made = groups(range(12), score=alike, blocked=blocked, locked=[(1, 2), (4, 5, 7)])
    assert made.unmet == []
    assert not any(pair in blocked for group in made.groups for pair in pairs_of(group))
    assert any({1, 2} <= set(group) for group in made.groups)
    assert any({4, 5, 7} <= set(group) for group in made.groups)


def test_what_cannot_be_had_is_said():
    names = ["Ada", "Bo", "Cy", "Di", "Eve", "Fay"]
    five = groups(range(5), score=alike, name=names.__getitem__)
    assert five.unmet == ["5 people cannot be split into groups of 3 to 4."]
    assert sorted(map(len, five.groups)) == [5]
    three = groups(range(3), score=alike, blocked=[frozenset((0, 1))], name=names.__getitem__)
    assert three.unmet == ["Ada and Bo are together and should not be."]
    split = groups(range(6), score=alike, locked=[(0, 1, 2, 3)], name=names.__getitem__)
    assert split.unmet == ["Ada, Bo, Cy, Di could not stay together."]
    assert groups([], score=alike).groups == []


# ── Mentors ──


def test_mentors_know_the_domain_and_share_the_work():
    wanted = [Wanted(n, frozenset(["diffusion" if n % 2 else "language"])) for n in range(8)]
    offered = [Offered(n, frozenset(["diffusion" if n % 2 else "language"]), room=3) for n in range(4)]
    found = mentors(wanted, offered)
    assert found.without == []
    assert all(match.reasons[0] in ("knows diffusion", "knows language") for match in found.matches)
    assert Counter(match.mentor for match in found.matches) == {0: 2, 1: 2, 2: 2, 3: 2}


def test_whoever_is_full_gets_nobody_and_who_is_left_without_is_said():
    found = mentors([Wanted(1), Wanted(2)], [Offered(7, room=2, load=1), Offered(8, room=1, load=1)])
    assert [(match.mentor, match.reasons[-1]) for match in found.matches] == [(7, "mentors 1 already")]
    assert len(found.without) == 1
    assert mentors([Wanted(1)], [Offered(7)], blocked=[(1, 7)]).without == [1]


def test_suggestions_are_ranked_by_domain_then_time_then_load():
    wanted = Wanted(1, frozenset(["vision"]), frozenset(["mon 18", "tue 18"]))
    offered = [
        Offered(1, frozenset(["audio"]), frozenset(["mon 18"]), room=5),
        Offered(2, frozenset(["vision"]), frozenset(["fri 9"]), room=5),
        Offered(3, frozenset(["vision"]), frozenset(["mon 18"]), load=1, room=5),
        Offered(4, frozenset(["vision"]), frozenset(["mon 18"]), load=5, room=5),
    ]
    assert [(match.mentor, match.reasons) for match in ranked(wanted, offered)] == [
        (3, ("knows vision", "1 hour in common", "mentors 1 already")),
        (2, ("knows vision", "no hour in common", "mentors nobody yet")),
        (1, ("no topic in common", "1 hour in common", "mentors nobody yet")),
    ]
