from datetime import date

import pytest

from nmep.stale_text import Frame, read

SPRING = Frame(
    name="Spring 2027",
    slug="sp27",
    starts_on=date(2027, 1, 18),
    ends_on=date(2027, 5, 14),
    others=(("Fall 2026", "fa26"), ("Michaelmas 26", "mt26")),
    old_years=frozenset({2026}),
    left_weekdays=frozenset({0}),
    weekdays=frozenset({1}),
)


def found(text, frame=SPRING):
    return [(hit.kind, text[hit.start : hit.end], hit.better) for hit in read(text, frame)]


@pytest.mark.parametrize(
    ("text", "stale", "better"),
    [
        ("Welcome to NMEP Fall 2026!", "Fall 2026", "Spring 2027"),
        ("the fall '26 cohort", "fall '26", "spring '27"),
        ("the FALL ’26 cohort", "FALL ’26", "SPRING ’27"),
        ("FA26 starts", "FA26", "SP27"),
        ("Fa'26 starts", "Fa'26", "Sp'27"),
        ("fall26 starts", "fall26", "spring27"),
        ("the autumn semester 2026", "autumn semester 2026", "spring semester 2027"),
        ("clone `git@code.example:club/fa26-hw2.git`", "fa26", "sp27"),
        ("```\ncd sp26-hw3\n```", "sp26", "sp27"),
        ("[sheet](https://files.example/fa26/hw1.pdf)", "fa26", "sp27"),
        ("for Michaelmas 26", "Michaelmas 26", "Spring 2027"),
        ("this fall we", "this fall", "this spring"),
        ("in the fall semester we", "fall semester", "spring semester"),
        ("see you in 2026", "2026", ""),
        ("the 2025-26 syllabus", "2025-26", ""),
    ],
)
def test_another_term_is_found_in_many_writings(text, stale, better):
    assert found(text) == [("term", stale, better)]


@pytest.mark.parametrize(
    "text",
    [
        "Welcome to Spring 2027, SP27, spring '27, sp27!",
        "Next taught in Fall 2027.",
        "First taught in Spring 2016.",
        "Attention (Vaswani et al., 2017) and Whale (Doe and Roe, 2026) and Krill et al. 2026, p. 3",
        "published at NeurIPS 2026 and arXiv 2026",
        "Since 2026 we meet here.",
        "Losses fall into local minima; fall back to spring 12.",
        "Use 2026 neurons? No: `n = 2026`, $2026x$.",
        "https://papers.example/2026/whale and 2026.04.1",
        "The 2026-27 handbook.",
        "In spring 12 people came; a sp 3 orbital; FA 100%.",
        "Winter break and spring break",
    ],
)
def test_what_only_looks_like_another_term_is_left_alone(text):
    hits = found(text)
    assert hits == [] or ("n = 2026" in text and [hit[1] for hit in hits] == ["2026"])


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        ("due September 21", "September 21"),
        ("due Sept. 21st, 2026", "Sept. 21st, 2026"),
        ("due Mon, October 5", "Mon, October 5"),
        ("by 21 September", "21 September"),
        ("on 2026-10-05", "2026-10-05"),
        ("on 05.10.2026", "05.10.2026"),
        ("due 10/15", "due 10/15"),
        ("Wed 10/7 at 20:00", "Wed 10/7 at 20:00"),
        ("10/5/26", "10/5/26"),
        ("from October 2026 on", "October 2026"),
    ],
)
def test_a_date_outside_the_term_is_found(text, stale):
    assert [(kind, words.strip()) for kind, words, _ in found(text)] == [("date", stale)]


@pytest.mark.parametrize(
    "text",
    [
        "due February 22 and Mon, Feb 22 and Monday the 22nd of February, Monday, 1 March 2027",
        "due 2/22 or on 22/2, Mon 3/1 at 8 pm",
        "LeCun submitted it on June 12, 2017.",
        "half, 1/2 of it, 10/12 points, 3/4; version 3.10; ratio 10/5",
        "We may 5 times march 3 miles; Section 3 March",
        "CIFAR-10, HW3 Part 2, week 3",
        "2027-02-22T20:00",
        "Mar 2027",
    ],
)
def test_a_date_of_the_term_and_what_is_no_date_are_left_alone(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "stale", "better"),
    [
        ("Mon, March 3 is the exam", "Mon, March 3", "Wed, March 3"),
        ("Monday, March 3", "Monday, March 3", "Wednesday, March 3"),
        ("Tues 3/3 at 8pm", "Tues 3/3 at 8pm", "Wed 3/3 at 8pm"),
        ("Class is on Mondays", "Mondays", "Tuesdays"),
        ("every Monday at 20:00", "every Monday", "every Tuesday"),
    ],
)
def test_a_weekday_that_is_not_the_days_is_found(text, stale, better):
    assert found(text) == [("weekday", stale, better)]


def test_a_weekday_on_which_the_old_term_did_not_meet_either_is_left_alone():
    assert found("Office hours on Fridays, lunch on Tuesdays") == []


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        ("Entry code: 6XKZ2P", "Entry code: 6XKZ2P"),
        ("The entry code of the grader is 7KX2QD.", "entry code of the grader is 7KX2QD"),
        ("entry code for Gradescope: 6XKZ2P", "entry code for Gradescope: 6XKZ2P"),
        ("the course code is `ABCDEF`", "course code is `ABCDEF"),
        ("code: ABC123", "code: ABC123"),
        ("Passcode: 493021", None),
        ("password: Sea7horse", None),
        ("join https://discord.gg/aB3xYz", "discord.gg/aB3xYz"),
        (
            "https://join.slack.com/t/club/shared_invite/zt-1a2b",
            "join.slack.com/t/club/shared_invite/zt-1a2b",
        ),
        ("https://www.kaggle.com/t/0123456789abcdef", "kaggle.com/t/0123456789abcdef"),
        ("https://www.gradescope.com/courses/1234567", "gradescope.com/courses/1234567"),
        ("https://club.zoom.us/j/987654321", "club.zoom.us/j/987654321"),
    ],
)
def test_a_code_or_an_invitation_is_found(text, stale):
    hits = found(text)
    assert [kind for kind, _, _ in hits] == ["code"]
    assert stale is None or hits[0][1] == stale


@pytest.mark.parametrize(
    "text",
    [
        "Starter code: PyTorch",
        "the code is below; the key: value pairs; your code must run",
        "class code in Python, meeting notes",
        "```\ncode: ABC123\n```",
        "https://www.kaggle.com/c/titanic",
        "Homework code: hand it in",
        "the access key property",
        "Write answers on Gradescope.",
    ],
)
def test_what_only_reads_like_a_code_is_left_alone(text):
    assert found(text) == []
