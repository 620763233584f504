"""Two texts from one: nothing of either is lost, and what contradicts itself is shown."""

from __future__ import annotations

import random
import re
import time

import pytest

from wiki.merging import BETWEEN, MINE, THEIRS, is_unsettled, merge

WORDS = [
    "the",
    "a",
    "gradient",
    "of",
    "loss",
    "with",
    "respect",
    "to",
    "weights",
    "is",
    "small",
    "and",
    "we",
    "step",
    "along",
    "its",
    "mean",
    "until",
    "it",
    "stops",
]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "both"),
    [
        ("a\nb\nc\n", "a\nb\nc\nd\n", "z\na\nb\nc\n", "z\na\nb\nc\nd\n"),
        ("one two three\n", "one 2 three\n", "one two 3\n", "one 2 3\n"),
        ("same\n", "same\n", "other\n", "other\n"),
        ("same\n", "other\n", "other\n", "other\n"),
        ("a\nb\nc\n", "a\nc\n", "a\nb\nC\n", "a\nC\n"),
        ("", "", "new\n", "new\n"),
        ("no line end", "no line end!", "No line end", "No line end!"),
        ("gone\nkept\n", "kept\n", "kept\n", "kept\n"),
    ],
)
def test_changes_in_different_places_stand_together(base, mine, theirs, both):
    assert merge(base, mine, theirs).text == both
    assert merge(base, theirs, mine).text == both
    assert merge(base, mine, theirs).is_clean


@pytest.mark.parametrize(
    ("base", "mine", "theirs"),
    [
        ("a\nb\n", "a\nX\nb\n", "a\nY\nb\n"),
        ("one two\n", "one 2\n", "one II\n"),
        ("one two\n", "one three\n", ""),
        ("", "mine\n", "theirs\n"),
    ],
)
def test_changes_of_the_same_words_are_shown_both(base, mine, theirs):
    merged = merge(base, mine, theirs)

    assert merged.clashes == 1
    assert is_unsettled(merged.text)
    assert set(merged.text.splitlines()) >= {*mine.splitlines(), *theirs.splitlines()}


def test_only_what_contradicts_itself_is_marked():
    base = "First.\n\nThe rate is 1.\n\nLast.\n"
    merged = merge(base, "First!\n\nThe rate is 2.\n\nLast.\n", "First.\n\nThe rate is 3.\n\nLast!\n")

    assert merged.text == (
        f"First!\n\n{MINE}\nThe rate is 2.\n{BETWEEN}\nThe rate is 3.\n{THEIRS}\n\nLast!\n"
    )


def test_a_line_of_equals_signs_alone_is_no_draft():
    assert not is_unsettled("A heading\n=======\n")


def paragraph(rng, words=60):
    return " ".join(rng.choice(WORDS) for _ in range(words)) + ".\n"


def text_of(rng):
    return "\n".join(paragraph(rng) for _ in range(4))


def with_word(text, place, word):
    spot = list(re.finditer(r"\w+", text))[place]
    return text[: spot.start()] + word + text[spot.end() :]


def test_of_300_pairs_of_edits_to_one_text_none_is_lost():
    rng = random.Random(2022)
    for _ in range(300):
        base = text_of(rng)
        count = len(re.findall(r"\w+", base))
        one = rng.randrange(count - 3)
        other = min(count - 1, one + rng.randint(2, 25))
        mine, theirs = with_word(base, one, "MINE"), with_word(base, other, "THEIRS")

        merged = merge(base, mine, theirs)

        assert merged.text == with_word(with_word(base, other, "THEIRS"), one, "MINE")


def test_of_300_pairs_that_change_the_same_word_every_one_is_shown():
    rng = random.Random(7)
    for _ in range(300):
        base = text_of(rng)
        place = rng.randrange(len(re.findall(r"\w+", base)))

        merged = merge(base, with_word(base, place, "MINE"), with_word(base, place, "THEIRS"))

        assert merged.clashes == 1
        assert "MINE" in merged.text
        assert "THEIRS" in merged.text


@pytest.mark.parametrize("text", ["x\n" * 60_000, "x " * 100_000, "\n" * 200_000, "a b\n" * 50_000])
def test_a_text_made_to_be_slow_is_merged_within_three_seconds(text):
    began = time.process_time()
    merge(text, text + "mine\n", "theirs\n" + text)
    assert time.process_time() - began < 3
