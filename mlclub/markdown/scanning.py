"""Looking ahead without paying for it each time."""

from __future__ import annotations

from markdown_it.rules_inline import StateInline


def find(state: StateInline, word: str, start: int) -> int:
    """Where `word` stands next in the part being read, or -1. That there is none more is remembered."""
    missing: dict[tuple[str, str, int], int] = state.env.setdefault("missing", {})
    key = (state.src, word, state.posMax)
    if start >= missing.get(key, len(state.src) + 1):
        return -1
    place = state.src.find(word, start, state.posMax)
    if place < 0:
        if len(missing) > 256:
            missing.clear()
        missing[key] = start
    return place
