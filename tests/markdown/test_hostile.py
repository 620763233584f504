"""Nothing that anybody writes runs, styles, or calls home on a page of ours."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from mlclub.markdown import Citation, Context, Target, render
from mlclub.markdown.sanitise import TAGS
from mlclub.markdown.tex import MATHML_ELEMENTS
from tests.markdown.hostile import VECTORS

ATTRIBUTES = {
    "accent", "accentunder", "align", "alt", "aria-label", "checked", "cite", "class", "colspan", "columnspan", "depth", "dir",
    "disabled", "display", "displaystyle", "fence", "form", "height", "href", "id", "lang", "linethickness", "loading", "lspace",
    "mathcolor", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "open", "rel", "rowspan", "rspace", "scope",
    "scriptlevel", "separator", "span", "src", "start", "stretchy", "symmetric", "tabindex", "title", "type", "value", "voffset",
    "width", "reversed", "largeop",
}  # fmt: skip
ADDRESSES = {
    "href",
    "src",
    "cite",
    "action",
    "formaction",
    "poster",
    "background",
    "xlink:href",
    "srcset",
    "ping",
    "data",
}


class Judge(HTMLParser):
    """Reads the finished page as a browser would, and notes what must not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS and tag not in MATHML_ELEMENTS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            value = value or ""
            if name not in ATTRIBUTES or (name == "form" and tag != "mo"):
                self.faults.append(f"{tag} {name}={value}")
            if name in ADDRESSES:
                scheme = urlsplit(re.sub(r"[\x00-\x20]", "", value)).scheme.lower()
                if scheme not in ("", "http", "https", "mailto"):
                    self.faults.append(f"{tag} {name}={value}")
            if name == "id" and not value.startswith("u-"):
                self.faults.append(f"{tag} id={value}")
            if tag == "img" and name == "src" and re.match(r"(?i)\s*(?:[a-z]+:|//|\\)", value):
                self.faults.append(f"img src={value}")
            if tag == "input" and name == "type" and value != "checkbox":
                self.faults.append(f"input type={value}")
        if tag == "input" and "disabled" not in dict(attrs):
            self.faults.append("input enabled")
        if (
            tag == "a"
            and dict(attrs).get("href", "").startswith("http")
            and "noopener" not in (dict(attrs).get("rel") or "")
        ):
            self.faults.append("a without rel")

    handle_startendtag = handle_starttag

    def handle_comment(self, data):
        self.faults.append(f"<!--{data}")

    def handle_decl(self, decl):
        self.faults.append(f"<!{decl}")

    handle_pi = unknown_decl = handle_decl


def faults(html: str) -> list[str]:
    judge = Judge()
    judge.feed(html)
    judge.close()
    return judge.faults


EVIL = Context(
    links=lambda names: {name: Target(f"/wiki/{name}", exists=False, title=f'"><script>{name}') for name in names},
    citations=lambda keys: {key: Citation(f"<script>{key}", url="javascript:alert(1)", text="<img src=x onerror=alert(1)>") for key in keys},
    images=lambda names: {name: Target("javascript:alert(1)") for name in names},
)  # fmt: skip


def test_the_corpus_is_large_enough():
    assert len(set(VECTORS)) >= 300


@pytest.mark.parametrize("context", [None, EVIL], ids=["bare", "with hostile answers"])
def test_no_attack_reaches_the_page(context):
    leaks = {vector: found for vector in VECTORS if (found := faults(render(vector, context=context).html))}

    assert leaks == {}


def test_attacks_do_not_help_each_other():
    for start in range(0, len(VECTORS), 7):
        assert faults(render("\n\n".join(VECTORS[start : start + 30])).html) == []
        assert faults(render(" ".join(VECTORS[start : start + 30])).html) == []


def test_the_judge_sees_what_it_should():
    bad = [
        "<script>x</script>",
        "<p onclick=x>",
        "<a href='java\tscript:x'>",
        "<p style=x>",
        "<!-- x -->",
        "<p id=x>",
        "<img src=//x>",
    ]

    assert [bool(faults(html)) for html in bad] == [True] * len(bad)


def test_what_stands_for_a_formula_cannot_be_forged_and_never_lands_in_an_attribute():
    html = render('\ue000deadbeef:0\ue001\n\n<div title="\n\n$x$\n\n">y</div>').html

    assert "\ue000" not in html
    assert faults(html) == []
    assert html.count("<math") == 0
