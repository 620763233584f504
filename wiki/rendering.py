"""The text of a page as HTML, with every name in it looked up at once; and what a text holds, for the record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape, unescape
from urllib.parse import quote, unquote

from django.urls import reverse
from django.utils.safestring import SafeString

from members.models import Club
from mlclub.markdown import Citation, Context, Embed, Entry, Heading, Rendered, Target, render
from wiki import citing, linking, naming, paths
from wiki.models import Attachment, Page
from wiki.naming import Defined

_HREF = re.compile(r'(<a [^>]*?href=")([^"]*)(")')
_FIRST_HEADING = re.compile(r"\s*<h([12]) id=\"([^\"]*)\">.*?</h\1>", re.DOTALL)
_BIBLIOGRAPHY = re.compile(r"^bibliography:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.MULTILINE)
_PICTURE_ADDRESS = re.compile(r"/wiki/files/([0-9a-f]{64})\.")


def bibliography_of(text: str) -> str:
    """The `.bib` file that a page's front matter names, as a path from the top of the wiki."""
    match = _BIBLIOGRAPHY.search(text[:2000]) if text.startswith("---") else None
    return match.group(1).strip().lstrip("/").casefold() if match else ""


def pictures_in(text: str) -> set[str]:
    """The hashes of our own pictures that a text shows."""
    return set(_PICTURE_ADDRESS.findall(text))


# ── For readers ──


@dataclass
class Lookup:
    """Answers a rendering's questions about the names in the text of one page."""

    folder: str
    text: str
    found: dict[str, Target] = field(default_factory=dict)

    def context(self) -> Context:
        return Context(
            links=self.links,
            citations=self.citations,
            images=self.images,
            contents=contents,
            embeds=originals,
            macros=Club.current().tex_macros,
        )

    def links(self, names: Sequence[str]) -> Mapping[str, Target]:
        plain = linking.plain_targets(self.text)
        directory = linking.directory_for((self.folder, name) for name in (*names, *plain))
        for name in (*names, *plain):
            place = directory.find(self.folder, name)
            if place:
                self.found[name] = Target(place.url, title=place.title)
            elif name in names:
                self.found[name] = Target(new_page_url(self.folder, name), exists=False)
        return {name: self.found[name] for name in names}

    def citations(self, keys: Sequence[str]) -> Mapping[str, Citation]:
        return citations_for(keys, bibliography_of(self.text))

    def images(self, names: Sequence[str]) -> Mapping[str, Target]:
        at = {linking.asked_path(self.folder, name)[0]: name for name in names}
        near = {paths.tidy(f"{self.folder}/{name}"): name for name in names}
        rows = Attachment.objects.filter(path__in={*at, *near})
        return {(near.get(row.path) or at[row.path]): Target(row.get_absolute_url()) for row in rows}

    def plain_links(self, html: str) -> str:
        """`[CV](/CV/Home)` as an address of the portal, where it means a page."""
        if "<a " not in html or not linking.plain_targets(self.text):
            return html
        if not self.found:
            self.links(())

        def follow(match: re.Match[str]) -> str:
            address, hash_, fragment = unescape(match.group(2)).partition("#")
            target = self.found.get(unquote(address).rstrip("/"))
            if target is None or not target.exists:
                return match.group(0)
            return f"{match.group(1)}{escape(target.url + hash_ + fragment)}{match.group(3)}"

        return _HREF.sub(follow, html)


def shown(text: str, *, path: str, title: str = "") -> Rendered:
    """The text of the page at `path` for a reader. A first heading that only repeats the title is left out."""
    lookup = Lookup(paths.segments_of(path)[0], text)
    rendered = render(text, context=lookup.context())
    html, toc = lookup.plain_links(rendered.html), rendered.toc
    first = _FIRST_HEADING.match(html)
    if (
        title
        and first
        and toc
        and toc[0].anchor == first.group(2)
        and paths.key(toc[0].text) == paths.key(title)
    ):
        html, toc = html[first.end() :], toc[1:]
    return replace(rendered, html=SafeString(html), toc=toc)


def sections(toc: Sequence[Heading]) -> list[Heading]:
    """The upper two levels of the headings, for the column beside a page."""
    top = min((heading.level for heading in toc), default=1)
    return [heading for heading in toc if heading.level <= top + 1][:40]


def new_page_url(folder: str, name: str) -> str:
    """Where the page that a red link wants can be written, its path filled in."""
    wanted, is_absolute = linking.asked_path(folder, name)
    path = wanted if is_absolute or not folder or "/" in wanted else f"{folder}/{wanted}"
    return f"{reverse('wiki:page_create')}?path={quote(path)}"


def citations_for(keys: Sequence[str], bibliography: str) -> dict[str, Citation]:
    """The papers behind citation keys; where two bibliographies use one key, the page's own wins."""
    return {
        key: Citation(paper.label, paper.address, paper.reference, paper.get_absolute_url())
        for key, paper in citing.papers_for(keys, bibliography).items()
    }


def originals(hashes: Sequence[str]) -> dict[str, Target]:
    """The files in which an import kept what is not run here, by hash."""
    return {
        row.sha256: Target(row.get_absolute_url())
        for row in Attachment.objects.filter(sha256__in=hashes, content_type=Attachment.ORIGINAL)
    }


def contents() -> list[Entry]:
    """All pages, for `<<GlobalTOC()>>`."""
    pages = Page.objects.filter(trashed_at=None).exclude(title="").order_by("path")[:2000]
    return [
        Entry(page.title, page.get_absolute_url(), page.path.count("/"))
        for page in pages.only("path", "title")
    ]


# ── For the record ──


@dataclass(frozen=True)
class Anatomy:
    """What a text holds. It can cross from one process to another."""

    alias: str = ""
    defined: tuple[Defined, ...] = ()
    headings: tuple[str, ...] = ()
    plain_text: str = ""
    links: tuple[tuple[str, int], ...] = ()
    citations: tuple[tuple[str, bool, int], ...] = ()
    #: Each key once, and whether it is meant as a citation even if nobody knows it.
    cited: tuple[tuple[str, bool], ...] = ()
    #: The paths of the pictures among the known ones that it shows.
    images: tuple[str, ...] = ()
    missing_images: tuple[tuple[str, int], ...] = ()
    formulas: int = 0
    formulas_failed: int = 0
    #: What would run or load something.
    embeds: tuple[Embed, ...] = ()
    warnings: tuple[tuple[str, int], ...] = ()

    @property
    def search_columns(self) -> tuple[str, str]:
        """Headings and words as a row keeps them to be found by: no longer than an index takes."""
        return "\n".join(self.headings)[:20_000], self.plain_text.replace("\x00", "")[:200_000]


def anatomy(
    text: str,
    *,
    folder: str = "",
    keys: frozenset[str] | None = None,
    pictures: frozenset[str] = frozenset(),
    macros: Mapping[str, str] | None = None,
) -> Anatomy:
    """Render once without the database. `keys` are the citation keys that are known, in lower case."""

    def known_citations(asked: Sequence[str]) -> dict[str, Citation]:
        return {key: Citation(key) for key in asked if keys is None or key.lower() in keys}

    def picture(name: str) -> str:
        near = paths.tidy(f"{folder}/{name}")
        at = linking.asked_path(folder, name)[0]
        return near if near in pictures else at if at in pictures else ""

    def known_pictures(names: Sequence[str]) -> dict[str, Target]:
        return {name: Target(name) for name in names if picture(name)}

    rendered = render(
        text,
        context=Context(
            links=lambda names: {name: Target(name) for name in names},
            citations=known_citations,
            images=known_pictures,
            macros=macros or {},
        ),
    )
    first = rendered.toc[0].text if rendered.toc and rendered.toc[0].level <= 2 else ""
    return Anatomy(
        alias=first if first and len(first) < 80 and text.partition(first)[0].rstrip().endswith("#") else "",
        defined=naming.defined(text, rendered.plain_text),
        headings=tuple(heading.text for heading in rendered.toc),
        plain_text=rendered.plain_text,
        links=tuple(
            (link.target or f"#{link.fragment}", link.line)
            for link in rendered.links
            if not re.match(r"(?i)[a-z][a-z0-9+.-]*://", link.target)
        ),
        citations=tuple((cite.key, cite.found, cite.line) for cite in rendered.citations),
        cited=tuple({cite.key: cite.is_meant for cite in rendered.citations}.items()),
        images=tuple(filter(None, (picture(image.name) for image in rendered.images))),
        missing_images=tuple((image.name, image.line) for image in rendered.images if image.found is False),
        embeds=rendered.embeds,
        formulas=rendered.formulas,
        formulas_failed=rendered.formulas_failed,
        warnings=tuple((remark.text, remark.line) for remark in rendered.warnings),
    )
