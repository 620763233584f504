"""One section of a page: from its heading to the next one that is no deeper. It is edited alone and put back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from django.utils.safestring import SafeString

from mlclub.markdown import Heading, outline

_HEADING = re.compile(r'<(h[1-6]) id="(u-[^"]*)">.*?</\1>', re.DOTALL)
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Section:
    """A section's own lines, and all that stands before and after them; joined they are the page's text."""

    anchor: str
    title: str
    before: str
    text: str
    after: str

    def replaced(self, text: str) -> str:
        """The page's text with `text` in the place of the section."""
        text = text.rstrip("\n")
        if not text:
            return self.before + self.after
        gap = self.text[len(self.text.rstrip()) :]
        return self.before + text + ("\n" * max(2, gap.count("\n")) + self.after if self.after else "\n")


def find(text: str, anchor: str) -> Section | None:
    """The section of a page's text whose heading has this `anchor`; None when there is none."""
    if not anchor:
        return None
    for part in outline(text):
        if part.heading.anchor == anchor:
            lines = _LINES.findall(text)
            return Section(
                anchor,
                part.heading.text,
                "".join(lines[: part.start]),
                "".join(lines[part.start : part.end]),
                "".join(lines[part.end :]),
            )
    return None


def with_edit_links(html: str, toc: Sequence[Heading], url: str) -> SafeString:
    """A rendered page whose headings each have a link to edit their section alone, at `url`."""
    titles = {heading.anchor: heading.text for heading in toc if not heading.is_inner}

    def linked(match: re.Match[str]) -> str:
        title = titles.pop(match.group(2), None)
        if title is None:
            return match.group(0)
        address = f"{escape(url)}?section={quote(match.group(2))}"
        return (
            f'<div class="section-head">{match.group(0)}<a class="section-edit" href="{address}">'
            f'Edit<span class="vh"> the section {escape(title)}</span></a></div>'
        )

    return SafeString(_HEADING.sub(linked, html))
