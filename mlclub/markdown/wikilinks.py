"""`[[Target]]`, `[[Target#heading|text]]`, `[[#^block]]`, `[[picture.png|height=250px]]`, `[[_TOC_]]`."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_LINK = re.compile(r"\[\[([^\[\]\n]{1,500})\]\]")
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg)$", re.I)
_OPTION = re.compile(
    r"\s*(?:(height|width)\s*=\s*(\d{1,4})(?:px)?|alt\s*=\s*(.*?)|(?:align|frame|float)\b.*|(\d{1,4})(?:x(\d{1,4}))?)\s*$"
)
_BLOCK_ID = re.compile(r"(?:^|[ \t]+)\^([A-Za-z0-9-]{1,64})\s*$")


def plugin(md: MarkdownIt) -> None:
    """Teach the parser links to pages, pictures by name, the table-of-contents mark, and block ids."""
    md.inline.ruler.before("link", "wikilink", _wikilink)
    md.core.ruler.after("inline", "block_ids", _block_ids)


def anchor(fragment: str) -> str:
    """The `id` on a page to which `#fragment` of a link leads."""
    fragment = fragment.strip()
    if fragment.startswith("^"):
        return f"u-block_{fragment[1:]}"
    return f"u-{slug(fragment)}" if slug(fragment) else ""


def slug(text: str) -> str:
    """Letters and digits joined by hyphens, in lower case."""
    return re.sub(r"[\W_]+", "-", text.lower()).strip("-")[:120]


def _wikilink(state: StateInline, silent: bool) -> bool:
    embedded = state.src[state.pos] == "!"  # Obsidian writes a picture so; anything else becomes a plain link
    if not state.src.startswith("[[", state.pos + embedded):
        return False
    match = _LINK.match(state.src, state.pos + embedded, state.posMax)
    if not match or not match.group(1).strip(" |#"):
        return False
    if silent:
        state.pos = match.end()
        return True
    name, bar, label = match.group(1).partition("|")
    name = name.strip()
    if name == "_TOC_":
        state.push("toc", "", 0)
    elif _PICTURE.search(name):
        _picture(state, name, label)
    else:
        _link(state, match, name, label if bar else "")
    state.pos = match.end()
    return True


def _picture(state: StateInline, name: str, options: str) -> None:
    token = state.push("image", "img", 0)
    token.attrs = {"src": name, "alt": ""}
    token.meta = {"wiki": True}
    alt = ""
    for option in filter(str.strip, options.split("|")):
        match = _OPTION.match(option)
        if not match:
            alt = option.strip()
        elif match.group(1):
            token.attrs[match.group(1)] = match.group(2)
        elif match.group(3):
            alt = match.group(3).strip()
        elif match.group(4):
            token.attrs["width"] = match.group(4)
            if match.group(5):
                token.attrs["height"] = match.group(5)
    text = Token("text", "", 0)
    text.content = alt or name.rpartition("/")[2]
    token.children = [text]
    token.content = text.content


def _link(state: StateInline, match: re.Match[str], name: str, label: str) -> None:
    target, _, fragment = name.partition("#")
    if re.match(r"(?i)https?://", name):
        target, fragment = name, ""
    shown = label.strip() or (target.strip() if target.strip() else fragment.strip())
    opening = state.push("wikilink_open", "a", 1)
    opening.meta = {"target": target.strip(), "fragment": fragment.strip(), "text": shown}
    if label.strip():
        start = match.start(1) + match.group(1).index("|") + 1
        start += len(label) - len(label.lstrip())
        before = state.pos, state.posMax
        state.pos, state.posMax = start, start + len(label.strip())
        state.linkLevel += 1
        state.md.inline.tokenize(state)
        state.linkLevel -= 1
        state.pos, state.posMax = before
    else:
        state.push("text", "", 0).content = shown
    opening.meta["close"] = state.push("wikilink_close", "a", -1)


def _block_ids(state: StateCore) -> None:
    """Obsidian's `^id` at a paragraph's end becomes an anchor there; alone in a paragraph it belongs to what stands before."""
    for index, token in enumerate(state.tokens):
        if token.type != "inline" or not token.children or "^" not in token.content:
            continue
        last = token.children[-1]
        if last.type != "text":
            continue
        match = _BLOCK_ID.search(last.content)
        if not match or (
            match.start() == 0
            and len(token.children) > 1
            and token.children[-2].type not in ("softbreak", "hardbreak")
            and not last.content[0].isspace()
        ):
            continue
        last.content = last.content[: match.start()]
        if (
            len(token.children) > 1
            and not last.content
            and token.children[-2].type in ("softbreak", "hardbreak")
        ):
            del token.children[-2:]
        mark = Token("anchor", "", 0)
        mark.meta = {"id": f"block_{match.group(1)}"}
        token.children.insert(0, mark)
        alone = len(token.children) <= 2 and not last.content
        if alone and index >= 2 and state.tokens[index - 2].type in ("math_block", "math_env"):
            state.tokens[index - 2].meta["id"] = mark.meta["id"]
            token.children = []
            state.tokens[index - 1].hidden = True
            if index + 1 < len(state.tokens):
                state.tokens[index + 1].hidden = True
