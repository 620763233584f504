"""The parser against every example of the specification, and every departure named."""

import html
import json
import re
from pathlib import Path

from markdown_it.renderer import RendererHTML

from mlclub.markdown.parser import parser

EXAMPLES = json.loads((Path(__file__).parent / "commonmark-0.31.2.json").read_text())

DEPARTURES = {
    548: "[[…]] is a link to a page",
    559: "[[…]] is a link to a page",
    590: "[[…]] is a link to a page",
    608: "a bare address is a link",
    611: "a bare address is a link",
    **dict.fromkeys(
        (572, 573, 576, 577, 584, 585, 586, 588, 589, 591),
        "a picture with a title that stands alone is a figure with a caption",
    ),
}


def normal(text: str) -> str:
    return html.unescape(re.sub(r">\s+<", "><", re.sub(r"\s*/>", ">", text.strip())))


def outcome(example: dict) -> str:
    md = parser()
    env: dict = {}
    tokens = md.parse(example["markdown"], env)
    return RendererHTML().render(tokens, md.options, env)


def test_every_example_of_the_specification_comes_out_as_it_says():
    wrong = {
        example["example"]: example["markdown"]
        for example in EXAMPLES
        if normal(outcome(example)) != normal(example["html"])
    }

    assert set(wrong) == set(DEPARTURES), {
        key: value for key, value in wrong.items() if key not in DEPARTURES
    }
    assert len(EXAMPLES) == 652
