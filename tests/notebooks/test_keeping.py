"""A notebook is rendered once; what is kept belongs to its bytes and to nobody."""

import hashlib
import json

import pytest

from mlclub import notebooks
from mlclub.notebooks import NotebookError, keeping


def body(*cells):
    outputs = [
        {"output_type": "stream", "text": "a\ud800 <b>"},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg>"}},
    ]
    made = [{"cell_type": "code", "source": cell, "outputs": outputs, "execution_count": 2} for cell in cells]
    return json.dumps({"cells": [*made, {"cell_type": "markdown", "source": "# $x^2$"}]}).encode()


def kept(content):
    read = []

    def reading():
        read.append(1)
        return content

    return notebooks.kept(hashlib.sha256(content).hexdigest(), reading), bool(read)


def test_what_comes_from_the_shelf_is_what_was_put_there():
    content = body("def f():\n    return '<script>'", "x")
    first, was_read = kept(content)
    again, was_read_again = kept(content)
    assert (was_read, was_read_again) == (True, False)
    assert again == first == notebooks.parse(content)
    assert "&lt;script&gt;" in again.cells[0].html
    assert hasattr(again.cells[0].html, "__html__")
    assert hasattr(again.cells[0].outputs[0].html, "__html__")


def test_other_bytes_are_another_notebook_and_a_new_renderer_forgets_the_old(monkeypatch):
    kept(body("one"))
    assert kept(body("two"))[1]
    monkeypatch.setattr(keeping, "VERSION", "next")
    assert kept(body("one"))[1]


def test_what_cannot_be_shown_is_not_kept():
    for _ in range(2):
        with pytest.raises(NotebookError, match="not a Jupyter notebook"):
            kept(b"<html>")


def test_what_is_too_large_for_the_shelf_is_rendered_each_time(monkeypatch):
    monkeypatch.setattr(keeping, "LARGEST_KEPT", 10)
    assert kept(body("large"))[1]
    assert kept(body("large"))[1]


@pytest.mark.parametrize("sha256", ["", "x", "../../etc", "A" * 64])
def test_without_a_right_hash_nothing_is_kept(sha256):
    for source in ("first", "second"):
        found = notebooks.kept(sha256, lambda source=source: body(source))
        assert found.cells[0].source == source


def test_a_line_is_followed_by_its_text_and_by_likeness_in_order():
    old = "import os\nx = 1\ny = f(x, 2)\nz = 3"
    new = "x = 1\n# why\ny = f(x, 3)\nz = 3"
    assert notebooks.match_lines(old, new) == {2: 1, 3: 3, 4: 4}
    assert notebooks.match_lines(old, "") == {}
    assert notebooks.match_lines("a\n" * 2_001, "b\n" * 2_001) == {}
