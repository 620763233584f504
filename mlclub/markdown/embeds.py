"""What would run, draw or load something on a page: it does neither, and a label says what stood there.

The text keeps it. Whoever takes over a text may keep each piece as a file; `Context.embeds` says where it is then.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import urlsplit

from markdown_it.token import Token

_ELEMENTS = [
    "script",
    "style",
    "canvas",
    "iframe",
    "object",
    "embed",
    "applet",
    "svg",
    "video",
    "audio",
    "noscript",
    "template",
    "frameset",
]
#: Of these nothing is shown even if they are never closed.
_RAW = {"script", "style", "iframe", "noscript", "template"}
_START = re.compile(
    rf"<!--|<(?:(?P<active>{'|'.join(_ELEMENTS)})(?![\w-])|(?P<other>[a-z][\w-]*)(?P<rest>[\s/][^<>]*))",
    re.I | re.A,
)
_END = {name: re.compile(rf"</{name}\s*>", re.I | re.A) for name in _ELEMENTS}
_ANY_END = re.compile(rf"</({'|'.join(_ELEMENTS)})\s*>", re.I | re.A)
_HANDLER = re.compile(r"""[\s"'/](on[a-z]{3,30})\s*=""", re.I | re.A)
_LOOK = re.compile(r"""[\s"'/]style\s*=""", re.I | re.A)
_SOURCE = re.compile(
    r"""\s(?:src|data)\s*=\s*(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s"'<>]{1,2000}))""", re.I | re.A
)
_LABELS = {
    "script": "A script, which does not run here",
    "style": "A style sheet, which is not used here",
    "canvas": "A drawing made by a script",
    "svg": "A drawing in SVG",
    "video": "A video",
    "audio": "A sound",
    "noscript": "What is shown where no script runs",
    "template": "A piece that a script fills in",
    "iframe": "A frame",
    "player": "Watch the video",
}


@dataclass(frozen=True, slots=True)
class Embed:
    """One piece of active HTML, at a line of its text. `kind` is the element; "handler" stands for an `on…` attribute,
    "look" for a `style` attribute, which gets no label, and "player" for a video whose site we know."""

    kind: str
    source: str
    line: int
    #: Where what it shows can be seen; empty when it says none, or none that a link may lead to.
    address: str = ""

    @property
    def sha(self) -> str:
        """The hash under which the piece is kept as a file."""
        return hashlib.sha256(self.source.encode("utf-8", "replace")).hexdigest()

    @property
    def is_worth_a_file(self) -> bool:
        """Whether more stood there than its label says."""
        return self.kind not in {"player", "look"}

    @property
    def label(self) -> str:
        """What stood there, in words."""
        host = urlsplit(self.address).hostname or "" if self.address else ""
        if self.kind == "handler":
            found = _HANDLER.search(self.source)
            return f"What happens here {found[1].lower() if found else 'on a click'}, which does not run"
        words = _LABELS.get(self.kind, "An embedded object")
        if self.kind == "player":
            return f"{words} on {host.removeprefix('www.')}"
        return f"{words} from {host}" if host else words


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    kind: str
    is_closed: bool = True


def mark(tokens: list[Token], text: str) -> list[Embed]:
    """Find every piece among the tokens of `text`, in order. The tokens remember them for `put_labels`."""
    _join(tokens, text)
    found: list[Embed] = []
    line = 0
    for block in tokens:
        line = block.map[0] + 1 if block.map else line
        if block.type == "html_block":
            found += _note(block, line)
        elif block.children:
            here = line
            block.children = _joined_inline(block.children)
            for child in block.children:
                if child.type == "html_inline":
                    found += _note(child, here)
                    here += child.content.count("\n")
                here += child.type in ("softbreak", "hardbreak")
    return found


def put_labels(tokens: Sequence[Token], addresses: Mapping[str, str], stand_in: Callable[[str], str]) -> None:
    """Replace each piece by its label. `addresses` are those of kept files, by hash; `stand_in` gives what stands for
    HTML of our own until the sanitiser is done."""
    for block in tokens:
        for token in (block, *(block.children or ())):
            pos, parts = 0, []
            for start, end, embed in token.meta.get("embeds", ()):
                parts.append(token.content[pos:start])
                if embed.kind != "look":
                    parts.append(stand_in(_labelled(embed, addresses.get(embed.sha, ""))))
                # What a tag with a handler holds stays, and the tag itself: the sanitiser takes the handler away.
                pos = start if embed.kind in {"handler", "look"} else end
            if parts:
                token.content = "".join((*parts, token.content[pos:]))


def _labelled(embed: Embed, file: str) -> str:
    words = escape(embed.label)
    if embed.address:
        words = f'<a href="{escape(embed.address)}" rel="noopener noreferrer nofollow ugc">{words}</a>'
    if file:
        words += (
            f' · <a href="{escape(file)}" rel="noopener noreferrer nofollow ugc">the original as a file</a>'
        )
    return f'<span class="embed">{words}</span>'


def _pieces(content: str) -> Iterator[_Piece]:
    """What is active in raw HTML. Every kind of end is looked for to the end of the text once at most."""
    pos, gone = 0, set()
    while start := _START.search(content, pos):
        if start.group() == "<!--":
            end = content.find("-->", start.end())
            if end < 0:
                return
            pos = end + 3
            continue
        pos = start.end()
        if name := (start["active"] or "").lower():
            end_tag = None if name in gone else _END[name].search(content, pos)
            if end_tag is None:
                gone.add(name)
                pos = len(content) if name in _RAW else content.find(">", pos) + 1 or len(content)
            else:
                pos = end_tag.end()
            yield _Piece(start.start(), pos, name, is_closed=end_tag is not None or name == "embed")
        elif _HANDLER.search(start["rest"]):
            yield _Piece(start.start(), pos + content.startswith(">", pos), "handler")
        elif _LOOK.search(start["rest"]):
            yield _Piece(start.start(), pos + content.startswith(">", pos), "look")


def _note(token: Token, line: int) -> Iterator[Embed]:
    noted = []
    for piece in _pieces(token.content):
        source = token.content[piece.start : piece.end].strip()
        embed = _embed(piece.kind, source, line + token.content.count("\n", 0, piece.start))
        noted.append((piece.start, piece.end, embed))
        yield embed
    if noted:
        token.meta["embeds"] = noted


def _embed(kind: str, source: str, line: int) -> Embed:
    found = _SOURCE.search(source[:4000]) if kind not in {"handler", "look", "svg", "style"} else None
    address = unescape(next(filter(None, found.groups()), "")).strip() if found else ""
    if address.startswith("//"):
        address = f"https:{address}"
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return Embed(kind, source, line)
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\x00-\x20\x7f]", address):
        return Embed(kind, source, line)
    if kind == "iframe":
        if host in {"youtube.com", "youtube-nocookie.com"} and (
            film := re.fullmatch(r"/embed/([\w-]{5,20})/?", parts.path)
        ):
            return Embed("player", source, line, f"https://www.youtube.com/watch?v={film[1]}")
        if host == "player.vimeo.com" and (film := re.fullmatch(r"/video/(\d{1,15})/?", parts.path)):
            return Embed("player", source, line, f"https://vimeo.com/{film[1]}")
    return Embed(kind, source, line, address)


def _joined_inline(children: list[Token]) -> list[Token]:
    """In a line of text an element, its words and its end are tokens of their own: make one of them."""
    if not any(child.type == "html_inline" and _START.match(child.content) for child in children):
        return children
    ends: dict[str, int] = {}
    for at, child in enumerate(children):
        if child.type == "html_inline" and (end := _ANY_END.fullmatch(child.content)):
            ends[end[1].lower()] = at
    joined: list[Token] = []
    at = 0
    while at < len(children):
        child = children[at]
        start = _START.match(child.content) if child.type == "html_inline" else None
        name = (start["active"] or "").lower() if start else ""
        last = at
        if name and at < ends.get(name, -1):
            last = next(
                number
                for number in range(at + 1, len(children))
                if children[number].type == "html_inline" and _END[name].fullmatch(children[number].content)
            )
            child = Token("html_inline", "", 0, content="".join(map(_source, children[at : last + 1])))
        joined.append(child)
        at = last + 1
    return joined


def _source(token: Token) -> str:
    """Roughly what an inline token was written as."""
    return "\n" if token.type in ("softbreak", "hardbreak") else token.content or token.markup


def _join(tokens: list[Token], text: str) -> None:
    """An element with blank lines in it is torn into blocks: make one of them, where it stands by itself."""
    last: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type in ("html_block", "inline"):
            last.update((end[1].lower(), at) for end in _ANY_END.finditer(token.content))
    if not last:
        return
    lines = text.split("\n")
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.type == "html_block" and token.level == 0 and token.map:
            open_ = [
                piece.kind
                for piece in _pieces(token.content)
                if not piece.is_closed and at < last.get(piece.kind, -1)
            ]
            until = _end_of(tokens, at, open_[0]) if open_ else 0
            if until:
                block = tokens[until].map or tokens[until - 1].map or token.map
                whole = Token("html_block", "", 0, content="\n".join(lines[token.map[0] : block[1]]) + "\n")
                whole.map = [token.map[0], block[1]]
                tokens[at : until + 1] = [whole]
                last = {name: place - (until - at) for name, place in last.items()}
        at += 1


def _end_of(tokens: Sequence[Token], at: int, name: str) -> int:
    """Where the block ends in which the element is closed that block `at` begins; 0 if none at the top does."""
    for number in range(at + 1, len(tokens)):
        token = tokens[number]
        if token.type in ("html_block", "inline") and _END[name].search(token.content):
            if token.level == 0:
                return number
            return number + 1 if token.level == 1 and tokens[number + 1].type == "paragraph_close" else 0
    return 0
