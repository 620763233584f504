"""A bare `https://…` or `www.…` in a sentence is a link."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_ADDRESS = re.compile(r"(?<![\w/.@<-])(?:https?://|www\.)(?=[\w\[])[^\s<>\"`|]{2,2000}", re.I)


def plugin(md: MarkdownIt) -> None:
    """Teach the parser addresses, once text is whole again."""
    md.core.ruler.after("text_join", "addresses", _addresses)


def _addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.type != "inline" or not block.children or not re.search(r"://|www\.", block.content, re.I):
            continue
        out: list[Token] = []
        inside = 0
        for token in block.children:
            if token.type in ("link_open", "wikilink_open"):
                inside += 1
            elif token.type in ("link_close", "wikilink_close"):
                inside -= 1
            out += _split(state.md, token) if token.type == "text" and not inside else [token]
        block.children = out


def _split(md: MarkdownIt, token: Token) -> list[Token]:
    out: list[Token] = []
    pos = 0
    for match in _ADDRESS.finditer(token.content):
        shown = _trimmed(match.group())
        url = md.normalizeLink(shown if "://" in shown else f"https://{shown}")
        if not md.validateLink(url):
            continue
        out.append(_text(token.content[pos : match.start()]))
        out.append(Token("link_open", "a", 1, attrs={"href": url}))
        out.append(_text(shown))
        out.append(Token("link_close", "a", -1))
        pos = match.start() + len(shown)
    if not out:
        return [token]
    out.append(_text(token.content[pos:]))
    return [part for part in out if part.type != "text" or part.content]


def _text(content: str) -> Token:
    token = Token("text", "", 0)
    token.content = content
    return token


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays if it was opened inside."""
    surplus = address.count(")") - address.count("(")
    while address and (address[-1] in "?!.,:;*_~'\"]}" or (address[-1] == ")" and surplus > 0)):
        surplus -= address[-1] == ")"
        address = address[:-1]
    return address
