"""Tokens to HTML, once everything that they refer to is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markdown_it.common.utils import unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from mlclub.markdown.citations import is_meant
from mlclub.markdown.code import highlighted
from mlclub.markdown.sanitise import Placeholders
from mlclub.markdown.shapes import Citation, Entry, Heading, Target
from mlclub.markdown.tex import Converted

CODE_BUDGET = 120_000
"""Characters of code coloured on one page."""
MOST_BACK = 20
"""How many links back to its mentions a reference shows."""

_HTML = (
    "a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption center cite code col "
    "colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer form "
    "frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map "
    "mark marquee math menu meta meter nav noembed noframes noscript object ol optgroup option output p param picture "
    "plaintext pre progress q rp rt ruby s samp script search section select slot small source span strike strong style sub "
    "summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp"
)
_HTML_ELEMENTS = frozenset(_HTML.split())
_TAG_NAME = re.compile(r"<(?=/?([A-Za-z][\w:.-]*))")


@dataclass
class Page:
    """What the renderer needs to know about the page at hand."""

    placeholders: Placeholders
    converted: Sequence[Converted] = ()
    links: dict[str, Target] = field(default_factory=dict)
    citations: dict[str, Citation] = field(default_factory=dict)
    images: dict[str, Target] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    #: How often each reference was mentioned so far.
    mentions: dict[int, int] = field(default_factory=dict)
    toc: Sequence[Heading] = ()
    contents: Sequence[Entry] = ()
    code: int = 0


def bare(html: str) -> str:
    """Raw HTML with what only looks like a tag (`<Module page name>`) as text."""
    return _TAG_NAME.sub(lambda match: "<" if match.group(1).lower() in _HTML_ELEMENTS else "&lt;", html)


class PageRenderer(RendererHTML):
    """Renders with a `Page` in `env["page"]`."""

    def math_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self._formula(tokens[idx], env["page"], "span")

    math_double = math_inline

    def math_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self._formula(tokens[idx], env["page"], "div")

    def math_env(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self._formula(tokens[idx], env["page"], "div" if tokens[idx].block else "span")

    def _formula(self, token: Token, page: Page, tag: str) -> str:
        result = page.converted[token.meta["formula"]]
        mark = f' id="{escape(token.meta["id"])}"' if "id" in token.meta else ""
        if not result.mathml:
            inner = f'<span class="tex-error" title="{escape(result.error)}"><code>{escape(token.content)}</code></span>'
            return f"<{tag}{mark}>{inner}</{tag}>\n" if tag == "div" else inner
        formula = page.placeholders.keep(result.mathml)
        if not token.meta["display"]:
            return formula
        return f'<{tag}{mark} class="math-display">{formula}</{tag}>' + ("\n" if tag == "div" else "")

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        words = unescapeAll(token.info).split() if token.info else []
        language = re.sub(r"[^\w+#.-]", "", words[0].strip("{}.")) if words else ""
        return self._code(token.content, language, env["page"])

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self._code(tokens[idx].content, "", env["page"])

    def _code(self, source: str, language: str, page: Page) -> str:
        page.code += len(source)
        coloured = highlighted(source, language if page.code <= CODE_BUDGET else "")
        return f'<pre class="code" tabindex="0"><code>{page.placeholders.keep(coloured)}</code></pre>\n'

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return bare(tokens[idx].content)

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return bare(tokens[idx].content)

    def anchor(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<span id="{escape(tokens[idx].meta["id"])}"></span>'

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="table-scroll" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self._cell(tokens[idx], "th")

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self._cell(tokens[idx], "td")

    def _cell(self, token: Token, tag: str) -> str:
        """A cell's alignment as an attribute: an inline style would not pass the page's policy."""
        match = re.search(r"text-align:\s*(left|center|right)", str(token.attrGet("style") or ""))
        return f'<{tag} align="{match.group(1)}">' if match else f"<{tag}>"

    def toc(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        headings = env["page"].toc
        if not headings or env.get("toc_shown"):
            return ""
        env["toc_shown"] = True
        top = min(heading.level for heading in headings)
        lines = "".join(
            f'<li class="depth-{min(heading.level - top, 4)}">'
            f'<a href="#{escape(heading.anchor)}">{escape(heading.text)}</a></li>'
            for heading in headings
        )
        return f'<nav class="toc" aria-label="On this page"><ul>{lines}</ul></nav>'

    def macro(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token, page = tokens[idx], env["page"]
        name = token.meta["name"]
        if name == "GlobalTOC" and not env.get("contents_shown"):
            env["contents_shown"] = True
            lines = "".join(
                f'<li class="depth-{min(max(entry.depth, 0), 4)}"><a href="{escape(entry.url)}">{escape(entry.title)}</a></li>'
                for entry in page.contents
            )
            return f'<ul class="contents">{lines}</ul>\n' if lines else ""
        if name == "Navigation" and "target" in token.meta:
            opening = Token("wikilink_open", "a", 1, meta=token.meta)
            text = escape(token.meta["text"])
            return f'<p class="nav-up">{self.wikilink_open([opening], 0, options, env)}{text}</{opening.tag}></p>\n'
        return f"<p>{escape(token.content)}</p>\n"

    def wikilink_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        url, exists = token.meta.get("url", ""), token.meta.get("exists", True)
        css = "wikilink" if exists else "wikilink missing"
        if not url:
            token.tag = "span"
            if "close" in token.meta:
                token.meta["close"].tag = "span"
            return f'<span class="{css}">'
        title = token.meta.get("title") or ("" if exists else "This page is not written yet")
        return f'<a class="{css}" href="{escape(url)}"' + (f' title="{escape(title)}">' if title else ">")

    def cite(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token, page = tokens[idx], env["page"]
        if not any(key in page.citations for key, _ in token.meta["keys"]):
            if not any(is_meant(token, key) for key, _ in token.meta["keys"]):
                return escape(token.content)
            return f'<span class="cite missing" title="No paper is known by this key">{escape(token.content)}</span>'
        return ", ".join(
            self._cited(key, locator, page, bracketed=token.meta["bracketed"])
            for key, locator in token.meta["keys"]
        )

    def _cited(self, key: str, locator: str, page: Page, *, bracketed: bool) -> str:
        if key not in page.citations:
            return f'<span class="cite missing" title="No paper is known by this key">@{escape(key)}</span>'
        number = page.numbers[key]
        place = f", {escape(locator)}" if locator else ""
        times = page.mentions[number] = page.mentions.get(number, 0) + 1
        link = (
            f'<a class="cite" id="cite-{number}-{times}" href="#u-ref-{number}" '
            f'aria-label="Reference {number}">[{number}{place}]</a>'
        )
        return link if bracketed else f"{escape(page.citations[key].label)}{link}"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token, page = tokens[idx], env["page"]
        name = token.meta.get("name", "")
        if name in page.images:
            target = page.images[name]
            if not target.exists:
                return f'<span class="picture-missing">Picture missing: {escape(name)}</span>'
            token.attrs["src"] = target.url
        return super().image(tokens, idx, options, env)

    def renderInlineAsText(self, tokens: Sequence[Token] | None, options: OptionsDict, env: EnvType) -> str:
        return inline_text(tokens or ())


def inline_text(tokens: Sequence[Token]) -> str:
    """What a reader sees of inline tokens, formulas as TeX."""
    out: list[str] = []
    for token in tokens:
        if token.type in ("text", "text_special", "code_inline", "math_inline", "cite"):
            out.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            out.append(" ")
        elif token.type == "image":
            out.append(inline_text(token.children or ()))
        elif token.type in ("math_double", "math_env"):
            out.append(" ")
    return "".join(out)


def references(page: Page) -> str:
    """The list of what the page cites, in the order of first mention."""
    if not page.numbers:
        return ""
    lines: list[str] = []
    for key, number in page.numbers.items():
        citation: Any = page.citations[key]
        text = escape(citation.text or citation.label)
        link = f' <a href="{escape(citation.url)}">{escape(_short(citation.url))}</a>' if citation.url else ""
        own = f' <a href="{escape(citation.page)}">In the library</a>' if citation.page else ""
        back = "".join(
            f' <a class="footnote-backref" href="#u-cite-{number}-{time}" aria-label="Back to mention {time}">↩</a>'
            for time in range(1, min(page.mentions.get(number, 0), MOST_BACK) + 1)
        )
        lines.append(f'<li id="ref-{number}">{text}{link}{own}{back}</li>')
    return f'<section class="references"><h2 class="refs-title" id="references">References</h2><ol class="refs">{"".join(lines)}</ol></section>\n'


def _short(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", url).rstrip("/")[:80] if url.startswith("http") else "Its page"
