"""Parse, ask once for everything the text refers to, emit, sanitise."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from django.utils.safestring import SafeString
from markdown_it.token import Token

from mlclub.markdown import cache, citations, dialects, embeds, front_matter, tex, wikilinks
from mlclub.markdown.emit import Page, inline_text, references
from mlclub.markdown.parser import parser
from mlclub.markdown.sanitise import PRIVATE, Placeholders, sanitised
from mlclub.markdown.shapes import (
    Citation,
    Cited,
    Context,
    Entry,
    Heading,
    Link,
    Part,
    Picture,
    Remark,
    Rendered,
    Target,
)

LONGEST = 256 * 1024
BUDGET = 24_000
COSTS = {
    "\n": 1.0, "<": 1.0, "@": 1.0, "://": 2.0, "www.": 2.0, "[": 0.6, "]": 0.6, "$": 0.5, "|": 0.5, "&": 0.2, "^": 0.2,
    "*": 0.2, "_": 0.1, "`": 0.2, "!": 0.2, "~": 0.2, "{": 0.1, "\\": 0.1, ">": 0.1,
}  # fmt: skip
"""What a mark costs the parser, a line being 1, or some 60 µs; an ordinary page of 25 KB spends under 1,500."""
FORMULAS = {
    "math_inline": "inline",
    "math_double": "display",
    "math_block": "display",
    "math_env": "environment",
}
_COSTLY = re.compile("|".join(re.escape(mark) for mark in COSTS))
_REMOTE = re.compile(r"(?i)(?:[a-z][a-z0-9+.-]*:|//)")


@dataclass
class Names:
    """What a text refers to, each name once, in the order of first mention."""

    links: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    contents: bool = False
    embeds: tuple[str, ...] = ()


@dataclass
class Answers:
    """What the context said to those names."""

    links: dict[str, Target] = field(default_factory=dict)
    citations: dict[str, Citation] = field(default_factory=dict)
    images: dict[str, Target] = field(default_factory=dict)
    contents: tuple[Entry, ...] = ()
    embeds: dict[str, Target] = field(default_factory=dict)


def render(text: str, *, context: Context | None = None) -> Rendered:
    """Markdown to safe HTML, and all that was found on the way. It never raises on account of the text."""
    context = context or Context()
    source, remarks = _prepared(text)
    key = cache.key(
        source, context.dialect, context.macros,
        [function is None for function in (context.links, context.citations, context.images, context.contents, context.embeds)],
    )  # fmt: skip
    names = None
    if context.state:
        kept = cache.get(f"{key}:{cache.digest(context.state)}")
    else:
        names = cache.get(f"{key}:names")
        kept = None
        if isinstance(names, Names):
            answers = _ask(context, names)
            kept = cache.get(f"{key}:{cache.digest(answers)}")
    if isinstance(kept, Rendered):
        return kept

    matter, body = front_matter.split(source)
    tokens, env = _parsed(body, context.dialect)
    active = embeds.mark(tokens, body)
    found = list(_inline(tokens))
    if not isinstance(names, Names):
        names = _names(tokens, found, active)
        answers = _ask(context, names)
        if not context.state:
            cache.put(f"{key}:names", names)
    rendered = replace(_emitted(tokens, env, found, answers, context, remarks, matter), embeds=tuple(active))
    cache.put(f"{key}:{cache.digest(context.state or answers)}", rendered)
    return rendered


def outline(text: str) -> list[Part]:
    """The sections of a text, in order, those within others too. What stands in code or in a quotation begins none."""
    body = front_matter.split(_prepared(text)[0])[1]
    tokens, _ = _parsed(body, "auto")
    openings = [token for token in tokens if token.type == "heading_open"]
    last = text.count("\n") + 1
    parts: list[Part] = []
    for token, heading in zip(openings, _headings(tokens)[1], strict=True):
        if heading.is_inner or token.map is None:
            continue
        start = token.map[0]
        parts = [
            replace(part, end=min(part.end, start)) if part.heading.level >= heading.level else part
            for part in parts
        ]
        parts.append(Part(heading, start, last))
    return parts


def _prepared(text: str) -> tuple[str, list[Remark]]:
    """The text without what could stand for something of ours, cut where it is too long."""
    text = PRIVATE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"))
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    if len(text.encode()) > LONGEST:
        text = text.encode()[:LONGEST].decode(errors="ignore")
        return _within_budget(text)[0], [
            Remark("The text is longer than 256 KB; only the beginning is shown.")
        ]
    text, cut = _within_budget(text)
    return text, [Remark("The text is too intricate; only the beginning is shown.")] if cut else []


def _within_budget(text: str) -> tuple[str, bool]:
    """The text up to where reading it would take seconds: by what each mark costs, not by the clock."""
    if len(text) * max(COSTS.values()) <= BUDGET:
        return text, False
    spent = 0.0
    for match in _COSTLY.finditer(text):
        spent += COSTS[match.group()]
        if spent > BUDGET:
            return text[: match.start()], True
    return text, False


def _parsed(text: str, dialect: str) -> tuple[list[Token], dict[str, Any]]:
    env: dict[str, Any] = {"kramdown": dialect == "kramdown"}
    tokens = parser().parse(text, env)
    if dialect == "auto" and _looks_like_kramdown(tokens):
        env = {"kramdown": True}
        tokens = parser().parse(text, env)
    return tokens, env


def _looks_like_kramdown(tokens: Sequence[Token]) -> bool:
    """No `$…$` at all, but `$$…$$` twice or more in the middle of a sentence."""
    within = 0
    for token in tokens:
        kinds = [child.type for child in token.children or ()]
        if "math_inline" in kinds:
            return False
        within += kinds.count("math_double") if not _alone(token) else 0
    return within >= 2


def _alone(token: Token) -> bool:
    """Whether a formula is all that its paragraph holds."""
    return all(child.type == "math_double" or not child.content.strip() for child in token.children or ())


def _inline(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token, int]]:
    """Every token that may refer to something, with its block and its line (from 1)."""
    line = 0
    for block in tokens:
        line = block.map[0] + 1 if block.map else line
        if block.type in FORMULAS or block.type == "macro":
            yield block, block, line
        here = line
        for child in block.children or ():
            yield child, block, here
            if child.type in ("softbreak", "hardbreak"):
                here += 1


def _names(
    tokens: Sequence[Token], found: Sequence[tuple[Token, Token, int]], active: Sequence[embeds.Embed]
) -> Names:
    links: dict[str, None] = {}
    keys: dict[str, None] = {}
    images: dict[str, None] = {}
    contents = False
    for token, _, _ in found:
        if token.type == "wikilink_open" and token.meta["target"] and not _REMOTE.match(token.meta["target"]):
            links[token.meta["target"]] = None
        elif token.type == "cite":
            keys.update(dict.fromkeys(key for key, _ in token.meta["keys"]))
        elif token.type == "image" and _image_name(token):
            images[_image_name(token)] = None
        elif token.type == "macro" and token.meta["name"] == "Navigation" and token.meta["arguments"]:
            links[token.meta["arguments"][-1]] = None
        elif token.type == "macro":
            contents = contents or token.meta["name"] == "GlobalTOC"
    files = dict.fromkeys(embed.sha for embed in active if embed.is_worth_a_file)
    return Names(tuple(links), tuple(keys), tuple(images), contents, tuple(files))


def _image_name(token: Token) -> str:
    """The name by which a picture of ours is looked up; empty for an address."""
    source = str(token.attrGet("src") or "")
    return (
        ""
        if _REMOTE.match(source) or (source.startswith("/") and not token.meta.get("wiki"))
        else unquote(source)
    )


def _ask(context: Context, names: Names) -> Answers:
    return Answers(
        links=dict(context.links(names.links)) if context.links and names.links else {},
        citations=dict(context.citations(names.citations)) if context.citations and names.citations else {},
        images=dict(context.images(names.images)) if context.images and names.images else {},
        contents=tuple(context.contents()) if context.contents and names.contents else (),
        embeds=dict(context.embeds(names.embeds)) if context.embeds and names.embeds else {},
    )


def _emitted(
    tokens: list[Token],
    env: dict[str, Any],
    found: Sequence[tuple[Token, Token, int]],
    answers: Answers,
    context: Context,
    remarks: list[Remark],
    matter: Mapping[str, Any],
) -> Rendered:
    page = Page(
        Placeholders(secrets.token_hex(12)),
        citations=answers.citations,
        images=answers.images,
        contents=answers.contents,
    )
    formulas = [(token, block, line) for token, block, line in found if token.type in FORMULAS]
    kinds = _convert(formulas, page, context, remarks, kramdown=bool(env.get("kramdown")))
    links = [
        _link(token, answers, context, line) for token, _, line in found if token.type == "wikilink_open"
    ]
    for token, _, _ in found:
        if token.type == "macro" and token.meta["name"] == "Navigation" and token.meta["arguments"]:
            token.meta |= {
                "target": token.meta["arguments"][-1],
                "fragment": "",
                "text": token.meta["arguments"][0],
            }
            _link(token, answers, context, 0)
    cited = [cite for token, _, line in found if token.type == "cite" for cite in _cite(token, page, line)]
    images = [_image(token, context, answers, line) for token, _, line in found if token.type == "image"]
    _drop_last_backslash(tokens)
    embeds.put_labels(
        tokens, {sha: target.url for sha, target in answers.embeds.items()}, page.placeholders.keep
    )
    shift, page.toc = _headings(tokens)
    env["page"] = page
    html = parser().renderer.render(tokens, parser().options, env) + references(page)
    return Rendered(
        html=SafeString(sanitised(html, page.placeholders, shift_headings=shift)),
        toc=tuple(page.toc),
        links=tuple(links),
        citations=tuple(cited),
        images=tuple(images),
        formulas=len(formulas),
        formulas_failed=sum(not result.mathml for result in page.converted),
        formula_kinds=dict(kinds),
        warnings=tuple(remarks),
        plain_text=_plain_text(tokens),
        front_matter=matter,
    )


def _convert(
    formulas: Sequence[tuple[Token, Token, int]],
    page: Page,
    context: Context,
    remarks: list[Remark],
    *,
    kramdown: bool,
) -> Counter[str]:
    kinds: Counter[str] = Counter()
    raw = context.dialect != "auto" or dialects.is_raw([token.content for token, _, _ in formulas])
    asked: list[tex.Formula] = []
    alone: dict[int, bool] = {}
    for index, (token, block, _) in enumerate(formulas):
        kind = FORMULAS[token.type]
        if kramdown and token.type == "math_double":
            if id(block) not in alone:
                alone[id(block)] = _alone(block)
            kind = "display" if alone[id(block)] else "inline"
        kinds[kind] += 1
        token.meta |= {"formula": index, "display": kind != "inline"}
        text = token.content if context.dialect == "plain" else dialects.unescaped(token.content, raw=raw)
        asked.append(
            tex.Formula(
                text, display=kind != "inline", alternative=token.content if text != token.content else ""
            )
        )
    page.converted = tex.convert(asked, {**tex.MACROS, **context.macros})
    for (_, _, line), result in zip(formulas, page.converted, strict=True):
        if result.error:
            remarks.append(Remark(f"Formula not shown: {result.error}", line))
    return kinds


def _link(token: Token, answers: Answers, context: Context, line: int) -> Link:
    """Settle where one link leads; what it says goes into the token for the renderer."""
    meta = token.meta
    name, fragment = meta["target"], wikilinks.anchor(meta["fragment"])
    if not name:
        target = Target("")
    elif _REMOTE.match(name):
        target = Target(name)
    else:
        target = answers.links.get(name, Target("", exists=context.links is None))
    url = target.url
    if fragment and (url or not name) and target.exists:
        url = f"{url.partition('#')[0]}#{fragment}"
    meta |= {"url": url, "exists": target.exists, "title": target.title}
    return Link(name, meta["fragment"], meta["text"], url, target.exists, line)


def _cite(token: Token, page: Page, line: int) -> Iterator[Cited]:
    for key, _ in token.meta["keys"]:
        found = key in page.citations
        is_meant = citations.is_meant(token, key)
        if found:
            page.numbers.setdefault(key, len(page.numbers) + 1)
        elif not is_meant:
            continue
        yield Cited(key, found, page.numbers.get(key, 0), line, is_meant)


def _image(token: Token, context: Context, answers: Answers, line: int) -> Picture:
    source = str(token.attrGet("src") or "")
    name = _image_name(token)
    if not name:
        return Picture(source, source, None if _REMOTE.match(source) else True, line)
    if context.images is None:
        return Picture(name, source, False, line)
    target = answers.images.setdefault(name, Target("", exists=False))
    token.meta["name"] = name
    return Picture(name, target.url, target.exists, line)


def _drop_last_backslash(tokens: Sequence[Token]) -> None:
    """A hard break asked for at the end of a paragraph breaks nothing."""
    for token in tokens:
        if token.type == "inline" and token.children and token.children[-1].type == "text":
            last = token.children[-1]
            if re.search(r"(?:^|\s)\\$", last.content):
                last.content = last.content[:-1].rstrip()


def _headings(tokens: Sequence[Token]) -> tuple[bool, list[Heading]]:
    """Give every heading its id. A page has one `<h1>`, its own: a text that has any is moved down by one."""
    headings = [
        (token, tokens[index + 1]) for index, token in enumerate(tokens) if token.type == "heading_open"
    ]
    shift = any(token.tag == "h1" for token, _ in headings)
    taken: set[str] = set()
    next_number: Counter[str] = Counter()
    toc: list[Heading] = []
    for token, inline in headings:
        text = " ".join(inline_text(inline.children or ()).split())
        base = wikilinks.slug(text) or "section"
        slug = base
        while slug in taken:
            next_number[base] += 1
            slug = f"{base}-{next_number[base]}"
        taken.add(slug)
        token.attrs["id"] = slug
        level = min(int(token.tag[1]) + shift, 6)
        toc.append(Heading(level, text, f"u-{slug}", is_inner=token.level > 0))
    return shift, toc


def _plain_text(tokens: Sequence[Token]) -> str:
    """The words of a text, a line a block; formulas that stand alone are left out."""
    lines: list[str] = []
    for token in tokens:
        if token.type == "inline":
            lines.append(" ".join(inline_text(token.children or ()).split()))
        elif token.type in ("fence", "code_block"):
            lines.append(token.content.strip())
    return "\n".join(line for line in lines if line)
