"""`@key` and `[@key, p. 3; @other]`, where a key may be the address of a paper."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_KEY = re.compile(r"@(https?://[^\s\[\]()<>,;|\"']{1,400}|[A-Za-z0-9_][\w:.#$%&+?~/-]{0,200})")
_GROUP = re.compile(r"\[(-?@[^\[\]\n]{1,1000})\](?![(\[:])")
_PART = re.compile(
    r"\s*-?@(https?://[^\s\[\]()<>,;]{1,400}|[A-Za-z0-9_][\w:.#$%&+?~/-]{0,200})\s*(?:,\s*(.*))?$", re.S
)


def plugin(md: MarkdownIt) -> None:
    """Teach the parser citations: tokens `cite` with `meta["keys"]`, one (key, locator) each."""
    md.inline.ruler.before("link", "citation_group", _group)
    md.inline.ruler.before("link", "citation", _single)


def is_meant(token: Token, key: str) -> bool:
    """Whether it is a citation even if nobody knows the key: an "@everyone" in a sentence is a word."""
    return bool(token.meta["bracketed"] or re.search(r"[\d:/]", key))


def _trimmed(key: str) -> str:
    """Punctuation that ends a sentence is not part of a key."""
    return key.rstrip(".:;?!,#$%&+~/-_*")


def _single(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "@" or state.linkLevel:
        return False
    before = state.src[state.pos - 1] if state.pos else " "
    if before.isalnum() or before in "_.@/+-":
        return False
    match = _KEY.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    key = _trimmed(match.group(1))
    if not key:
        return False
    if not silent:
        token = state.push("cite", "", 0)
        token.meta = {"keys": [(key, "")], "bracketed": False}
        token.content = f"@{key}"
    state.pos += 1 + len(key)
    return True


def _group(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[" or state.linkLevel:
        return False
    match = _GROUP.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    keys: list[tuple[str, str]] = []
    for piece in match.group(1).split(";"):
        part = _PART.match(piece)
        if not part:
            return False
        keys.append((_trimmed(part.group(1)), (part.group(2) or "").strip()))
    if not silent:
        token = state.push("cite", "", 0)
        token.meta = {"keys": keys, "bracketed": True}
        token.content = match.group(0)
    state.pos = match.end()
    return True
