"""The parser: CommonMark, tables, footnotes, definition and task lists, and our own rules."""

from __future__ import annotations

from functools import lru_cache

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

from mlclub.markdown import citations, criticmarkup, macros, math_rule, wikilinks
from mlclub.markdown.emit import PageRenderer


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The one parser of this process; it keeps nothing between two texts."""
    md = MarkdownIt("commonmark", {"html": True}, renderer_cls=PageRenderer)
    md.enable(["table", "strikethrough"])
    md.use(footnote_plugin).use(deflist_plugin).use(tasklists_plugin).use(gfm_autolink_plugin)
    for rules in (math_rule, wikilinks, citations, criticmarkup, macros):
        md.use(rules.plugin)
    return md
