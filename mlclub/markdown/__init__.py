"""All Markdown that anybody writes passes through `render`, and nowhere else."""

from mlclub.markdown.embeds import Embed
from mlclub.markdown.pipeline import outline, render
from mlclub.markdown.shapes import (
    Citation,
    Cited,
    Context,
    Entry,
    Heading,
    Link,
    Part,
    Picture,
    Remark,
    Rendered,
    Target,
)
from mlclub.markdown.tex import MACROS
from mlclub.markdown.wikilinks import anchor, slug

__all__ = [
    "MACROS",
    "Citation",
    "Cited",
    "Context",
    "Embed",
    "Entry",
    "Heading",
    "Link",
    "Part",
    "Picture",
    "Remark",
    "Rendered",
    "Target",
    "anchor",
    "outline",
    "render",
    "slug",
]
