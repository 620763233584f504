"""The judge asks, compares and decides; whatever the student's side sends, there is a verdict, and it is not theirs."""

from __future__ import annotations

import contextlib
import json
import os
import threading

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from nmep.grading.inside import wire
from nmep.grading.inside.host import Student, python_of
from nmep.grading.inside.judge import Call, judge, near
from nmep.grading.running import Heard
from nmep.grading.verdict import clean

ADDS = "def check_adds(call):\n    assert call('add', 2, 3) == 5\n"


def told_about(source, answers, *, seconds=0.5):
    """What the judge tells when the student's side says `answers`, bytes that it wrote without being asked."""
    reading, writing = os.pipe()
    asked, asking = os.pipe()
    try:
        threading.Thread(target=lambda: (os.write(writing, answers), os.close(writing))).start()
        said = []
        judge(source, Call(reading, asking, seconds=seconds), said.append, load_seconds=0.5)
        return said
    finally:
        for fd in (reading, asked, asking):
            os.close(fd)


def verdict_on(source, notebook, *, seconds=2.0):
    """The judge against the real host in a thread of this process: no box, for what is written here is ours."""
    asked, ask = os.pipe()
    answered, answer = os.pipe()
    student = Student(asked, answer)
    for cell in notebook if isinstance(notebook, list) else [notebook]:
        code, _ = python_of(cell)
        exec(code, student.names)
    student.within = lambda _, act, *given, **named: act(*given, **named)  # no alarms in threads

    def serve():
        student.send({"ready": True, "notes": []})
        student.serve(seconds)

    served = threading.Thread(target=serve, daemon=True)
    served.start()
    said = []
    judge(source, Call(answered, ask, seconds=seconds), said.append, load_seconds=2)
    os.close(ask)
    served.join(5)
    for fd in (answer, answered):
        os.close(fd)
    return {row["result"]: (row["ok"], row["hint"]) for row in said if "result" in row}


# ── Nothing that is sent can pass or break the judge ──

anything = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
shaped = some.fixed_dictionaries(
    {"t": some.sampled_from("labcdsu") | some.text(max_size=2)},
    optional={"v": anything, "k": some.sampled_from(["<f8", "O", "<U9", "V8"]), "n": anything},
)
sendable = (
    some.binary(max_size=300)
    | anything.map(lambda value: json.dumps(value).encode())
    | some.fixed_dictionaries({"id": anything, "ok": anything | shaped}).map(
        lambda value: json.dumps(value).encode()
    )
)
READY = json.dumps({"ready": True, "notes": []}).encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(sendable, max_size=4), some.booleans())
def test_whatever_is_sent_the_judge_ends_with_a_verdict_that_is_no_pass(lines, is_ready):
    told = told_about(ADDS, b"\n".join([READY, *lines] if is_ready else lines) + b"\n")
    assert [row["ok"] for row in told if "result" in row] == [False]
    assert told[-1]["done"] is True
    heard = Heard()
    for row in told:
        heard.take(json.dumps(row).encode())
    assert heard.broken == ""
    assert [one.ok for one in heard.found()] == [False]


@settings(max_examples=300, deadline=None)
@given(anything | shaped)
def test_any_value_is_decoded_or_refused_and_nothing_else_happens(value):
    with contextlib.suppress(wire.ProtocolError):
        wire.decode(value)


@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=400))
def test_any_bytes_are_a_message_or_refused(written):
    with contextlib.suppress(wire.ProtocolError):
        assert isinstance(wire.message(written), dict)


@settings(max_examples=150, deadline=None)
@given(
    some.lists(some.binary(max_size=80) | anything.map(lambda value: json.dumps(value).encode()), max_size=5)
)
def test_the_worker_takes_any_line_from_the_judges_box(lines):
    heard = Heard()
    for one in lines:
        heard.take(one)
    heard.found()


@pytest.mark.parametrize(
    "written",
    [
        b"[" * 200_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
        b"\xff\xfe",
        b"null",
        b'{"a": "' + b"x" * (wire.LONGEST + 1) + b'"}',
    ],
)
def test_bombs_are_refused(written):
    with pytest.raises(wire.ProtocolError):
        wire.message(written)


@pytest.mark.parametrize(
    "value",
    [
        {"t": "a", "k": "O", "n": [1], "v": "AAAAAAAAAAA="},
        {"t": "a", "k": "<f8", "n": [1 << 60, 1 << 60], "v": ""},
        {"t": "a", "k": "<f8", "n": [-1], "v": ""},
        {"t": "a", "k": "<f8", "n": [2], "v": "AAAAAAAAAAA="},
        {"t": "a", "k": "<f8", "n": [True], "v": "AAAAAAAAAAA="},
        {"t": "d", "v": [[{"t": "l", "v": []}, 1]]},
        {"t": "s", "v": [{"t": "d", "v": []}]},
        {"t": "b", "v": "no base64!"},
        {"t": "c", "v": [1]},
        {"t": "l"},
        {"t": ["l"], "v": []},
        [1],
    ],
)
def test_what_is_not_what_it_says_is_refused(value):
    with pytest.raises(wire.ProtocolError):
        wire.decode(value)


@settings(max_examples=200, deadline=None)
@given(
    some.recursive(
        some.none()
        | some.booleans()
        | some.integers(-(10**30), 10**30)
        | some.floats(allow_nan=False)
        | some.text()
        | some.binary()
        | some.complex_numbers(allow_nan=False),
        lambda inner: (
            some.lists(inner, max_size=3)
            | some.tuples(inner, inner)
            | some.dictionaries(some.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_a_value_comes_back_as_it_went(value):
    carried = wire.decode(wire.message(wire.line({"ok": wire.encode(value)}))["ok"])
    assert carried == value
    assert type(carried) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(6.0).reshape(2, 3),
        numpy.array([[True], [False]]),
        numpy.zeros((0, 3), "int8"),
        numpy.array(2 + 1j),
    ],
)
def test_an_array_comes_back_with_its_shape_and_type(array):
    carried = wire.decode(wire.message(wire.line({"ok": wire.encode(array)}))["ok"])
    assert carried.dtype == array.dtype
    numpy.testing.assert_array_equal(carried, array)


def test_what_is_no_value_is_not_handed_over():
    for value in (object(), len, numpy.array(["text"]), numpy.array([None]), [[[[[[[[[[[[[[0]]]]]]]]]]]]]]):
        with pytest.raises(wire.CannotCarry):
            wire.encode(value)
    with pytest.raises(wire.CannotCarry):
        wire.line({"ok": 10**6000})
    with pytest.raises(wire.CannotCarry):
        wire.line({"ok": "x" * wire.LONGEST})


def test_a_subclass_travels_as_the_plain_value():
    class Sly(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

    assert type(wire.encode(Sly(7))) is int
    assert type(wire.encode(type("Word", (str,), {})("x"))) is str


# ── Verdicts ──


def test_a_right_function_passes_and_a_wrong_one_says_what_it_gave():
    assert verdict_on(ADDS, "def add(a, b):\n    return a + b") == {"check_adds": (True, "")}
    assert verdict_on(ADDS, "def add(a, b):\n    return a - b") == {
        "check_adds": (False, "add(2, 3) gave -1")
    }


def test_a_missing_function_and_one_that_raises_say_so():
    assert verdict_on(ADDS, "x = 1") == {
        "check_adds": (False, "add(2, 3) raised NameError: add is not defined in this notebook")
    }
    assert verdict_on(ADDS, "def add(a, b):\n    return a / 0") == {
        "check_adds": (False, "add(2, 3) raised ZeroDivisionError: division by zero")
    }


def test_an_object_is_not_handed_over_and_the_next_test_runs():
    source = ADDS + "def check_one(call):\n    assert call('one') == 1\n"
    found = verdict_on(source, "def add(a, b):\n    return object()\ndef one():\n    return 1")
    assert found["check_adds"] == (
        False,
        "add(2, 3) raised TypeError: gave a object, which is not handed over",
    )
    assert found["check_one"] == (True, "")


def test_names_errors_and_lines_of_the_check_can_be_asked_for():
    source = """
def check_name(call):
    assert call.value("size") == (2, 3)
def check_error(call):
    assert call.raises("add", "a", 1) == "TypeError"
    assert call.raises("add", 1, b=1) == ""
def check_class(call):
    call.define("def doubled(x): return Net(2)(x)")
    assert near(call("doubled", [1.5]), [3.0])
"""
    notebook = """
size = (2, 3)
def add(a, b): return a + b
class Net:
    def __init__(self, k): self.k = k
    def __call__(self, xs): return [self.k * x for x in xs]
"""
    assert {name: ok for name, (ok, _) in verdict_on(source, notebook).items()} == {
        "check_name": True,
        "check_error": True,
        "check_class": True,
    }


def test_the_words_of_an_assertion_are_the_hint():
    source = "def check_a(call):\n    assert call('add', 1, 1) == 2, 'One and one are two.'\n"
    assert verdict_on(source, "def add(a, b):\n    return 3") == {"check_a": (False, "One and one are two.")}


def test_a_check_that_trips_over_an_answer_fails_the_answer_and_names_the_trouble():
    source = "def check_a(call):\n    assert call('add', 1, 1)[0] == 2\n"
    ok, hint = verdict_on(source, "def add(a, b):\n    return None")["check_a"]
    assert not ok
    assert hint.startswith("add(1, 1) gave None; the check could not go on: TypeError")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nothing_like_this\n" + ADDS, "No module named 'nothing_like_this'"),
        ("def check_a(call):\n    return undefined\n", "name 'undefined' is not defined"),
        ("def check_a(call):\n    call('add', object())\n", "a object, which is not handed over"),
    ],
)
def test_a_check_that_is_broken_is_our_fault(source, said):
    told = told_about(source, READY + b"\n")
    heard = Heard()
    for row in told:
        heard.take(json.dumps(row).encode())
    assert said in heard.broken


def test_titles_come_from_docstrings_and_hidden_tests_are_marked():
    source = '''
def check_adds_numbers(call):
    pass
@hidden
def check_x(call):
    """Adds negatives, too

    More.
    """
'''
    assert told_about(source, READY + b"\n")[0] == {
        "tests": [
            {"name": "check_adds_numbers", "title": "adds numbers", "hidden": False},
            {"name": "check_x", "title": "Adds negatives, too", "hidden": True},
        ]
    }


def test_an_answer_to_another_question_is_no_answer():
    told = told_about(ADDS, READY + b'\n{"id": "1234", "ok": 5}\n')
    assert told[-2:] == [
        {"result": "check_adds", "ok": False, "hint": ""},
        {"done": True, "gone": "protocol"},
    ]


def test_who_does_not_answer_has_the_time_of_one_call():
    reading, held = os.pipe()
    asked, asking = os.pipe()
    os.write(held, READY + b"\n")
    said = []
    judge(
        ADDS + "def check_b(call):\n    call('b')\n",
        Call(reading, asking, seconds=0.1),
        said.append,
        load_seconds=1,
    )
    assert said[-1] == {"done": True, "gone": "time"}
    assert [row["ok"] for row in said if "result" in row] == [False, False]
    for fd in (reading, held, asked, asking):
        os.close(fd)


def test_rounding_is_no_difference_and_shape_is():
    assert near(0.1 + 0.2, 0.3)
    assert near([1, (2.0, 3)], [1.0, (2, 3.0000000001)])
    assert near(numpy.eye(2), [[1, 0], [0, 1]])
    assert not near(numpy.eye(2), numpy.eye(3))
    assert not near([1, 2], [1])
    assert near("a", "a")
    assert not near(1, None)


# ── Cells ──


@pytest.mark.parametrize(
    ("cell", "python", "taken"),
    [
        ("x = 7 \\\n  % 4", "x = 7 \\\n  % 4", 0),
        ("!pip install x\ny = 1", "pass\ny = 1", 1),
        ("if True:\n    %matplotlib inline\nz = 2", "if True:\n    pass\nz = 2", 1),
        ("%%time\ny = 1", "pass\ny = 1", 1),
        ("%%bash\nrm -rf /", "", 1),
        ("print?", "pass", 1),
        ("x = # YOUR CODE HERE", "x = # YOUR CODE HERE", 0),
    ],
)
def test_lines_that_are_not_python_are_left_out_and_named(cell, python, taken):
    code, notes = python_of(cell)
    assert code == python
    assert len(notes) == taken


def test_what_was_written_fits_a_database():
    assert clean("a\x00b\ud800c\nd", 10) == "a�b�c\nd"


@pytest.mark.sandbox
def test_a_blank_cell_is_a_note_and_not_the_end():
    from nmep.grading.box import Machine
    from nmep.grading.command import Limits
    from nmep.grading.running import run

    cells = [
        (1, "x = # YOUR CODE HERE"),
        (2, "!pip install numpy\ndef add(a, b):\n    return a + b"),
        (3, "1 / 0"),
        (4, "raise SystemExit"),
        (5, "done = True"),
    ]
    source = ADDS + "def check_done(call):\n    assert call.value('done') is True\n"
    verdict = run(Machine.here(), cells, source, Limits())
    assert verdict.passes
    assert [note.partition(":")[0] for note in verdict.notes] == ["Cell 1", "Cell 2", "Cell 3", "Cell 4"]
    assert verdict.notes[1] == "Cell 2: left out “!pip install numpy”."
