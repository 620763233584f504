"""A picture that stands alone and has a title is a figure; the title is its caption, in Markdown."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token


def plugin(md: MarkdownIt) -> None:
    """Teach the parser figures: a paragraph of one titled picture becomes `<figure>` with a `<figcaption>`."""
    md.core.ruler.after("inline", "figures", _figures)


def _figures(state: StateCore) -> None:
    tokens = state.tokens
    for at in range(len(tokens) - 2):
        opening, inline, closing = tokens[at : at + 3]
        if opening.type != "paragraph_open" or opening.hidden or inline.type != "inline":
            continue
        children = inline.children or []
        if len(children) != 1 or children[0].type != "image" or not children[0].attrGet("title"):
            continue
        words = str(children[0].attrs.pop("title"))
        caption: list[Token] = []
        state.md.inline.parse(words, state.md, state.env, caption)
        opening.tag = closing.tag = "figure"
        inline.children = [
            children[0],
            Token("figcaption_open", "figcaption", 1),
            *caption,
            Token("figcaption_close", "figcaption", -1),
        ]
