"""Two ways of writing formulas told apart, one formula at a time.

A wiki that went through Pandoc escapes inside formulas (`x\\^2`, four backslashes for a line's end); an author who
writes raw LaTeX does not. Only what must have been escaped is un-escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPED = re.compile(r"\\\\\\\\|(?<!\\)\\[_^*]")
_ESCAPED_BRACE = re.compile(r"\\\\[{}]")
_SIGN_OF_ESCAPING = re.compile(r"\\\\\\\\|\\_|\\\^|\\\*|\\\\[{}]")
_SIGN_OF_RAW = re.compile(r"(?<!\\)\\\\(?![\\{}])|(?<!\\)\\[{}]")
_ESCAPES = re.compile(r"(\\\\\\\\)|(\\\\)(?=[{}])|\\([_^*])")


def is_raw(formulas: Sequence[str]) -> bool:
    """Whether a page writes LaTeX as it is."""
    raw = sum(bool(_SIGN_OF_RAW.search(tex)) for tex in formulas)
    return raw > sum(bool(_SIGN_OF_ESCAPING.search(tex)) for tex in formulas)


def unescaped(tex: str, *, raw: bool) -> str:
    """The formula without the escapes that Pandoc's Markdown asked for, if it has any."""
    if not (_ESCAPED.search(tex) or (not raw and _ESCAPED_BRACE.search(tex))):
        return tex
    return _ESCAPES.sub(
        lambda match: r"\\" if match.group(1) else "\\" if match.group(2) else match.group(3), tex
    )
