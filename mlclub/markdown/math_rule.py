"""Finding formulas: `$…$`, `$$…$$`, and bare `\\begin{align}`-like environments.

Every search for an end is made through an index of the whole text, so that thousands of beginnings without an end
cost no more than the text is long.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from mlclub.markdown.scanning import find

# Pandoc's rule: no space after the first dollar, none before the last, no digit after it.
INLINE = re.compile(r"\$(?![\s$])((?:\\.|[^$\\])+?)(?<!\s)\$(?!\d)", re.S)
DOUBLE = re.compile(r"\$\$((?:\\.|[^$\\]|\$(?!\$))+?)\$\$", re.S)
ENVIRONMENT = re.compile(
    r"\\begin\{((?:equation|align|gather|alignat|multline|eqnarray|flalign)(?:\\?\*)?)\}"
)
LONGEST_BLOCK = 400
"""Lines; a formula that does not end by then is prose."""


def plugin(md: MarkdownIt) -> None:
    """Teach the parser formulas: tokens `math_inline`, `math_double`, `math_env` and `math_block`, their TeX as content."""
    md.inline.ruler.before("escape", "math_environment", _environment)
    md.inline.ruler.before("escape", "math", _dollars)
    md.block.ruler.before(
        "fence", "math_block", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _dollars(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$":
        return False
    double = state.src.startswith("$$", state.pos)
    match = None
    if double and find(state, "$$", state.pos + 2) >= 0:
        match = DOUBLE.match(state.src, state.pos, state.posMax)
    if not match and not double and not state.env.get("kramdown"):
        match = INLINE.match(state.src, state.pos, state.posMax)
    if not match:
        if double:  # both dollars are prose, lest the second one opens a formula of its own
            if not silent:
                state.pending += "$$"
            state.pos += 2
            return True
        return False
    if not silent:
        state.push("math_double" if double else "math_inline", "math", 0).content = match.group(1)
    state.pos = match.end()
    return True


def _environment(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith(r"\begin{", state.pos):
        return False
    match = ENVIRONMENT.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    close = rf"\end{{{match.group(1)}}}"
    end = find(state, close, match.end())
    if end < 0:
        return False
    if not silent:
        state.push("math_env", "math", 0).content = state.src[state.pos : end + len(close)]
    state.pos = end + len(close)
    return True


def _lines_with(state: StateBlock, word: str) -> list[int]:
    """Numbers of the lines of the whole text in which `word` occurs."""
    index = state.env.setdefault("math_lines", {})
    if "lines" not in index:
        index["lines"] = state.src.split("\n")
    if word not in index:
        index[word] = [number for number, line in enumerate(index["lines"]) if word in line]
    found: list[int] = index[word]
    return found


def _block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    pos = state.bMarks[start_line] + state.tShift[start_line]
    if state.src.startswith("$$", pos):
        opening, close = 2, "$$"
    else:
        match = ENVIRONMENT.match(state.src, pos, state.eMarks[start_line])
        if not match:
            return False
        opening, close = 0, rf"\end{{{match.group(1)}}}"
    kramdown = bool(state.env.get("kramdown"))
    if kramdown and silent:
        return False
    head = state.src[pos + opening : state.eMarks[start_line]]
    if close in head:
        line, text = start_line, head
    else:
        lines = _lines_with(state, close)
        place = bisect_left(lines, start_line + 1)
        if place == len(lines) or lines[place] >= end_line or lines[place] - start_line > LONGEST_BLOCK:
            return False
        line = lines[place]
        for number in range(start_line + 1, line + 1):
            if state.sCount[number] < state.blkIndent and not state.isEmpty(number):
                return False
        begin = min(state.bMarks[line] + state.tShift[line], state.eMarks[line])
        text = state.src[begin : state.eMarks[line]]
        if close not in text:  # it stood in a quote's prefix or the like
            return False
    at = text.index(close)
    rest = text[at + len(close) :]
    if kramdown and line + 1 < end_line and not state.isEmpty(line + 1):
        return False
    middle = [_line(state, number) for number in range(start_line + 1, line)]
    if rest.strip() and (all(part.strip() for part in middle) or silent):
        return False  # prose follows: the inline rule finds it, unless a blank line would tear it apart
    last = text[: at if opening else at + len(close)]
    parts = [last] if line == start_line else [head, *middle, last]
    content = "\n".join(part for part in parts if part.strip())
    if not content.strip():
        return False
    if silent:
        return True
    token = state.push("math_block" if opening else "math_env", "math", 0)
    token.block = True
    token.content = content
    token.map = [start_line, line + 1]
    if rest.strip():
        state.bMarks[line] = state.eMarks[line] - len(rest.lstrip())
        state.tShift[line] = 0
        state.line = line
    else:
        state.line = line + 1
    return True


def _line(state: StateBlock, number: int) -> str:
    begin = state.bMarks[number] + min(state.tShift[number], state.eMarks[number] - state.bMarks[number])
    return state.src[begin : state.eMarks[number]]
