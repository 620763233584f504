"""The parser: CommonMark, tables, footnotes, definition and task lists, and our own rules."""

from __future__ import annotations

from functools import lru_cache

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from mlclub.markdown import (
    addresses,
    citations,
    criticmarkup,
    figures,
    macros,
    math_rule,
    tasklists,
    wikilinks,
)
from mlclub.markdown.emit import PageRenderer


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The one parser of this process; it keeps nothing between two texts."""
    md = MarkdownIt("commonmark", {"html": True}, renderer_cls=PageRenderer)
    md.enable(["table", "strikethrough"])
    md.use(footnote_plugin, inline=False).use(deflist_plugin)
    for rules in (math_rule, wikilinks, citations, criticmarkup, macros, tasklists, addresses, figures):
        md.use(rules.plugin)
    return md
