"""Which cell continues which, so that a comment follows its cell into the next version."""

import json

from mlclub import notebooks


def notebook(*sources, ids=()):
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    for cell, name in zip(cells, ids, strict=False):
        if name:
            cell["id"] = name
    return notebooks.parse(json.dumps({"cells": cells}).encode())


def matched(old, new):
    return notebooks.match_cells(old.cells, new.cells)


def test_an_id_holds_whatever_became_of_the_source():
    assert matched(notebook("a", "b", ids=["x", "y"]), notebook("quite different", "a", ids=["y", "x"])) == {
        0: 1,
        1: 0,
    }


def test_the_same_source_is_found_wherever_it_went():
    assert matched(notebook("import numpy", "f()", "g()"), notebook("new", "g()", "import numpy")) == {
        0: 2,
        2: 1,
    }


def test_a_cell_that_gained_its_id_is_found_by_its_source():
    assert matched(notebook("a = 1"), notebook("b", "a = 1", ids=["p", "q"])) == {0: 1}


def test_a_cell_that_was_edited_is_found_by_likeness_between_its_neighbours():
    old = notebook("first()", "def forward(self, x):\n    return x", "last()")
    new = notebook("first()", "def forward(self, x):\n    return x * 2", "last()")

    assert matched(old, new) == {0: 0, 1: 1, 2: 2}


def test_a_cell_that_is_gone_has_no_continuation():
    assert matched(notebook("a = 1", "something quite long and particular"), notebook("a = 1", "zzz")) == {
        0: 0
    }


def test_equal_cells_are_matched_in_order():
    assert matched(notebook("x", "x", "x"), notebook("x", "x")) == {0: 0, 1: 1}


def test_the_difference_names_what_was_added_changed_and_removed():
    old = notebook("keep", "def f():\n    return 1\n    # end", "drop this whole cell")
    new = notebook("keep", "def f():\n    return 2\n    # end", "brand new")

    changes = notebooks.diff(old, new)

    assert [(change.state, change.lines) for change in changes] == [
        ("same", ()),
        ("changed", ((" ", "def f():"), ("-", "    return 1"), ("+", "    return 2"), (" ", "    # end"))),
        ("added", (("+", "brand new"),)),
        ("removed", (("-", "drop this whole cell"),)),
    ]


def test_two_notebooks_with_nothing_in_common_cost_little():
    old = notebook(*(f"{n} " * 400 for n in range(500)))
    new = notebook(*(f"{n} " * 400 for n in range(500, 1000)))

    assert len(notebooks.diff(old, new)) >= 500


def test_a_starters_cell_that_was_filled_in_is_one_changed_cell():
    starter = notebook("def f(x):\n    # Your code here", "check(f)")
    mine = notebook("def f(x):\n" + "\n".join(f"    x = x + {n}" for n in range(20)), "check(f)")
    assert [change.state for change in notebooks.diff(starter, mine)] == ["added", "removed", "same"]
    assert [change.state for change in notebooks.diff(starter, mine, is_starter=True)] == ["changed", "same"]
