"""Code in colour: five classes of our own, because a theme needs no more."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

LONGEST = 40_000
"""Characters; longer code is shown without colour."""

# Only lexers that were looked at: some others can be made to backtrack for minutes.
_LANGUAGES = (
    "bash bibtex c cpp c++ css console cuda diff docker dockerfile go haskell html ini ipython java javascript js json "
    "julia latex tex make makefile matlab numpy octave pycon py python python3 r rust scala sh shell sql toml ts typescript "
    "xml yaml yml zsh"
)
LANGUAGES = frozenset(_LANGUAGES.split())

_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "c"),
    (String, "s"),
    (Number, "m"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (Name.Function, "f"),
    (Name.Class, "f"),
    (Name.Decorator, "f"),
    (Name.Builtin, "f"),
    (Name.Tag, "k"),
)


def highlighted(source: str, language: str) -> str:
    """Escaped HTML of `source`, its tokens in `<span class="k">` and the like."""
    lexer = _lexer(language.lower()) if len(source) <= LONGEST and _shortest_enough(source) else None
    if lexer is None:
        return escape(source)
    out: list[str] = []
    for kind, value in lexer.get_tokens(source):
        css = _css(kind)
        text = escape(value)
        out.append(f'<span class="{css}">{text}</span>' if css and value.strip() else text)
    return "".join(out)


def _shortest_enough(source: str) -> bool:
    """Lexers match line by line; a line of tens of thousands of characters is where they slow down."""
    return max(map(len, source.split("\n")), default=0) <= 2_000


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if language not in LANGUAGES:
        return None
    try:
        return get_lexer_by_name("python" if language == "numpy" else language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _css(kind: _TokenType) -> str:
    return next((css for parent, css in _CLASSES if kind in parent), "")
