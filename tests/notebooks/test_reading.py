"""A handed-in notebook on a page: what is shown, what is cut, and what is refused."""

import base64
import json
import random
from pathlib import Path

import pytest

from mlclub import notebooks
from mlclub.notebooks import NotebookError
from tests.markdown.hostile import VECTORS
from tests.markdown.test_hostile import faults

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "nmep" / "assets" / "hw1" / "hw1-numpy.ipynb"


def code(source, *outputs, **more):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": 3, **more}


def text(source, **more):
    return {"cell_type": "markdown", "source": source, **more}


def data(**mimes):
    return {
        "output_type": "display_data",
        "data": {name.replace("__", "/"): value for name, value in mimes.items()},
    }


def written(*cells, **more):
    return json.dumps({"nbformat": 4, "cells": list(cells), "metadata": {}, **more}).encode()


def parse(*cells, **more):
    return notebooks.parse(written(*cells, **more))


def shown(notebook):
    return "".join(cell.html + "".join(output.html for output in cell.outputs) for cell in notebook.cells)


def test_cells_are_shown_with_their_formulas_colours_and_outputs():
    content = written(
        text(["# Chain rule\n", "$x^2$"]),
        code(
            "def f(x):\n    return x",
            {"output_type": "stream", "text": ["a\n", "<b>"]},
            data(image__png=PNG, text__plain="<Figure>"),
        ),
    )

    first, second = notebooks.parse(content).cells
    assert (first.kind, first.id, "<math>" in first.html, "u-c1-chain-rule" in first.html) == (
        "markdown",
        "c1",
        True,
        True,
    )
    assert '<span class="k">def</span>' in second.html
    assert [output.kind for output in second.outputs] == ["text", "image"]
    assert second.outputs[0].html == '<pre tabindex="0"><samp>a\n&lt;b&gt;</samp></pre>'
    assert second.outputs[1].alt == "Picture put out by cell 2"
    assert notebooks.output_image(content, 1, 1) == (base64.b64decode(PNG), "image/png")


def test_a_key_is_the_cells_id_or_the_hash_of_its_source():
    notebook = parse(code("x", id="abc-1"), code("x"), code("x", id='"><script>'), code("y", id="abc-1"))

    keys = [cell.key for cell in notebook.cells]
    assert keys[0] == "abc-1"
    assert keys[1] == keys[2] == "2d711642b726"
    assert keys[3] == "a1fce4363854"


def test_what_is_not_shown_says_so():
    content = written(
        code(
            "x",
            data(image__svg="<svg/>"),
            {
                "output_type": "display_data",
                "data": {"image/svg+xml": "<svg onload=alert(1)>", "application/javascript": "alert(1)"},
            },
            data(image__png=base64.b64encode(b"<script>").decode()),
            data(image__png="%%%"),
            data(image__png="A" * 3_000_000),
            {"output_type": "stream", "text": "y" * 30_000},
        )
    )

    notebook = notebooks.parse(content)
    kinds = [output.kind for output in notebook.cells[0].outputs]
    assert kinds == ["note", "note", "note", "note", "note", "text"]
    assert "application/javascript, image/svg+xml is not shown" in notebook.cells[0].outputs[1].html
    assert "Cut after 20,000 characters" in notebook.cells[0].outputs[5].html
    with pytest.raises(LookupError):
        notebooks.output_image(content, 0, 2)


@pytest.mark.parametrize(("cell", "output"), [(-1, 0), (9, 0), (0, -1), (0, 9), (0, 10**9)])
def test_a_picture_that_is_not_there_is_not_found(cell, output):
    with pytest.raises(LookupError):
        notebooks.output_image(written(code("x", data(image__png=PNG))), cell, output)


def test_too_much_is_cut_and_named():
    stream = {"output_type": "stream", "text": "x"}
    notebook = parse(*(code("x") for _ in range(501)), code("y"))
    many = parse(code("x", *[stream] * 60))

    assert (len(notebook.cells), notebook.warnings) == (500, ("Only the first 500 of 502 cells are shown.",))
    assert len(many.cells[0].outputs) == 51
    assert "10 more outputs are not shown" in many.cells[0].outputs[-1].html


def test_a_table_keeps_its_shape_and_loses_its_style():
    table = '<style>td {color: red}</style><table border="1" class="dataframe"><tr style="x" onclick="y"><td colspan="2">1</td></tr></table>'

    assert parse(code("x", data(text__html=table))).cells[0].outputs[0].html == (
        '<div class="table-scroll" tabindex="0"><table><tbody><tr><td colspan="2">1</td></tr></tbody></table></div>'
    )


def test_colours_of_a_terminal_are_dropped_from_a_traceback():
    error = {"output_type": "error", "traceback": ["\x1b[0;31mValueError\x1b[0m: <x>"]}

    assert (
        parse(code("x", error)).cells[0].outputs[0].html
        == '<pre tabindex="0"><samp>ValueError: &lt;x&gt;</samp></pre>'
    )


def test_no_attack_in_a_notebook_reaches_the_page():
    leaks = {}
    for vector in VECTORS:
        outputs = [
            data(text__html=vector), data(text__plain=vector), {"output_type": "stream", "text": vector}, data(**{vector: vector}),
            {"output_type": "error", "traceback": [vector]}, {"output_type": "error", "ename": vector, "evalue": vector},
        ]  # fmt: skip
        notebook = parse(
            text(vector),
            code(vector, *outputs),
            {"cell_type": vector, "source": vector},
            code("x", id=vector),
        )
        if found := faults(shown(notebook)):
            leaks[vector] = found

    assert leaks == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"{}",
        b"null",
        b"1",
        b'{"cells": 1}',
        b'{"cells": {}}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 10_000,
        b"PK\x03\x04" + b"\x00" * 300_000,  # a zip that calls itself a notebook is never opened
        b"\x1f\x8b\x08" + b"\x00" * 300_000,
        b"<!doctype html><script>alert(1)</script>",
    ],
)
def test_what_is_no_notebook_is_refused_with_a_sentence(body):
    with pytest.raises(NotebookError, match="This file is not a Jupyter notebook"):
        notebooks.parse(body)


def test_a_notebook_above_the_cap_is_refused():
    with pytest.raises(NotebookError, match="larger than 5 MB"):
        notebooks.parse(b" " * (5 * 1024 * 1024 + 1))


def test_any_value_may_stand_anywhere():
    rng = random.Random(7)
    junk = [
        None,
        True,
        0,
        -1,
        1e308,
        "x",
        "\ud800",
        [],
        {},
        [1, None, "y"],
        {"a": {}},
        [[[]]],
        "image/png",
        {"data": 1},
        {"text/html": 5},
    ]

    def cell():
        keys = ["cell_type", "source", "outputs", "id", "execution_count", "metadata", "input", "data"]
        output = {
            key: rng.choice(junk) for key in ("output_type", "data", "text", "traceback", "ename", "evalue")
        }
        output["output_type"] = rng.choice(["stream", "error", "display_data", None, 3])
        made = {key: rng.choice(junk) for key in keys}
        return made | {
            "cell_type": rng.choice(["code", "markdown", "raw", 4]),
            "outputs": rng.choice([[output, 3, None], rng.choice(junk)]),
        }

    for _ in range(300):
        document = {"cells": [cell(), rng.choice(junk), cell()], "metadata": rng.choice(junk)}
        notebook = notebooks.parse(json.dumps(document).encode())
        assert faults(shown(notebook)) == []
        notebooks.diff(notebook, notebook)


def test_a_notebook_of_the_third_format_is_read():
    document = {
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": ["1 + 1"], "prompt_number": 2, "outputs": []}]}
        ]
    }

    cell = notebooks.parse(json.dumps(document).encode()).cells[0]
    assert (cell.source, cell.count) == ("1 + 1", 2)


@pytest.mark.skipif(not REAL.exists(), reason="the real course notebook is not at ../shared/data")
def test_the_real_course_notebook_is_shown():
    notebook = notebooks.parse(REAL.read_bytes())

    assert (len(notebook.cells), notebook.warnings) == (62, ())
    assert faults(shown(notebook)) == []
