"""Gollum's macros, each alone on its line: `<<GlobalTOC()>>`, `<<Navigation("text", "page")>>`, `<<Warn("…")>>`."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_MACRO = re.compile(r"<<([A-Za-z]{1,40})\((.{0,2000}?)\)>>[ \t]*$")
_ARGUMENT = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)|\s*([^",]+?)\s*(?:,|$)')


def plugin(md: MarkdownIt) -> None:
    """Teach the parser macros: tokens `macro` with a name and arguments, or a `notice` with its words as Markdown."""
    md.block.ruler.before("html_block", "macro", _macro, {"alt": ["paragraph", "reference", "blockquote"]})


def _macro(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    begin = state.bMarks[start_line] + state.tShift[start_line]
    if not state.src.startswith("<<", begin):
        return False
    match = _MACRO.match(state.src, begin, state.eMarks[start_line])
    if not match:
        return False
    if silent:
        return True
    name = match.group(1)
    arguments = [(quoted or bare).replace('\\"', '"') for quoted, bare in _ARGUMENT.findall(match.group(2))]
    if name == "Warn":
        state.push("notice_open", "div", 1).attrs = {"class": "notice warn"}
        state.push("paragraph_open", "p", 1).map = [start_line, start_line + 1]
        inline = state.push("inline", "", 0)
        inline.content = ", ".join(arguments)
        inline.map = [start_line, start_line + 1]
        inline.children = []
        state.push("paragraph_close", "p", -1)
        state.push("notice_close", "div", -1)
    else:
        token = state.push("macro", "", 0)
        token.meta = {"name": name, "arguments": arguments[:8]}
        token.content = match.group(0)
        token.map = [start_line, start_line + 1]
        token.block = True
    state.line = start_line + 1
    return True
