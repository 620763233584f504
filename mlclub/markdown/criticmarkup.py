"""CriticMarkup: `{++added++}`, `{--removed--}`, `{~~old~>new~~}`, `{==marked==}`, `{>>a note<<}`."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from mlclub.markdown.scanning import find

_MARKS = {
    "{++": ("++}", "ins", "critic"),
    "{--": ("--}", "del", "critic"),
    "{~~": ("~~}", "", ""),
    "{==": ("==}", "mark", "critic"),
    "{>>": ("<<}", "span", "critic-note"),
}


def plugin(md: MarkdownIt) -> None:
    """Teach the parser suggestions as `<ins>`, `<del>`, `<mark>` and a note."""
    md.inline.ruler.before("strikethrough", "critic", _critic)


def _critic(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "{":
        return False
    mark = _MARKS.get(state.src[state.pos : state.pos + 3])
    if not mark:
        return False
    close, tag, css = mark
    start = state.pos + 3
    end = find(state, close, start)
    if end < 0:
        return False
    if not silent:
        if tag:
            _wrap(state, tag, css, start, end)
        else:
            arrow = state.src.find("~>", start, end)
            middle = end if arrow < 0 else arrow
            _wrap(state, "del", "critic", start, middle)
            if arrow >= 0:
                _wrap(state, "ins", "critic", arrow + 2, end)
    state.pos = end + 3
    return True


def _wrap(state: StateInline, tag: str, css: str, start: int, end: int) -> None:
    state.push("critic_open", tag, 1).attrs = {"class": css}
    before = state.pos, state.posMax
    state.pos, state.posMax = start, end
    if css == "critic-note":
        state.push("text", "", 0).content = state.src[start:end].strip()
    else:
        state.md.inline.tokenize(state)
    state.pos, state.posMax = before
    state.push("critic_close", tag, -1)
