"""Pages that a real club wrote: every one renders, and nothing on them is lost."""

import time
from collections import Counter
from pathlib import Path

import pytest

from mlclub.markdown import Citation, Context, render
from tests.markdown.test_hostile import faults

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real club's pages are not at ../shared/data")


@pytest.fixture(scope="module")
def pages():
    return {path: path.read_text() for path in sorted((DATA / "wiki").rglob("*.md"))}


def everything(pages):
    context = Context(
        citations=lambda keys: {key: Citation(key) for key in keys}, state=str(time.monotonic())
    )
    return [render(text, context=context) for text in pages.values()]


def test_every_formula_link_and_citation_of_the_wiki_is_found_and_shown(pages):
    rendered = everything(pages)
    kinds = sum((Counter(page.formula_kinds) for page in rendered), Counter())

    assert len(rendered) == 106
    assert kinds == {"inline": 1238, "display": 288, "environment": 11}
    assert sum(page.formulas_failed for page in rendered) == 0
    assert sum(page.formulas > 0 for page in rendered) == 49
    assert sum(len(page.links) for page in rendered) == 141
    assert sum(len(page.citations) for page in rendered) == 11
    assert sum(image.found is None for page in rendered for image in page.images) == 11
    assert [remark for page in rendered for remark in page.warnings] == []


def test_nothing_unsafe_comes_of_it(pages):
    assert {fault for page in everything(pages) for fault in faults(page.html)} == set()


def test_the_whole_wiki_is_rendered_in_three_seconds(pages):
    started = time.process_time()
    everything(pages)
    assert time.process_time() - started <= 3


def test_a_homework_in_kramdown_keeps_its_inline_formulas_in_their_lines():
    rendered = render((DATA / "nmep" / "docs" / "homeworks" / "hw4.md").read_text())

    assert (dict(rendered.formula_kinds), rendered.formulas_failed) == ({"inline": 40, "display": 8}, 0)
    assert rendered.front_matter["nav_order"] == 2
