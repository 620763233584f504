"""Looking ahead without paying for it each time."""

from __future__ import annotations

from markdown_it.rules_inline import StateInline


def occurs_after(state: StateInline, word: str, pos: int) -> bool:
    """Whether `word` occurs in the paragraph at `pos` or later; the paragraph is searched once for each word."""
    last: dict[tuple[str, str], int] = state.env.setdefault("last_of", {})
    key = (state.src, word)
    if key not in last:
        if len(last) > 64:
            last.clear()
        last[key] = state.src.rfind(word)
    return last[key] >= pos
