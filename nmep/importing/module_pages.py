"""Reading the module pages of a wiki: a folder `Modules` with a page each, and a template whose headings they share.

What the template itself says in a section ("Put slide deck link here") is nobody's content and is left out of every
page that still says it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from mlclub.refusal import Refused
from nmep.importing.plan import squeezed, text_of, without_front_matter

HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^\s*(```|~~~)")
WIKI_LINK = re.compile(r"(?<!\\)\[\[([^\[\]]+)\]\]")
WEB_LINK = re.compile(r"\[([^\]]*)\]\((https?://[^\s)]+)\)|(https?://[^\s)\]>]+)")
NOTHING = re.compile(r"(?:[-*+]\s*)?(?:none\.?|n/?a|-)?\s*", re.I)
#: Pages that tell how to write modules, and are none.
GUIDE = re.compile(r"home|readme|module[-_ ]?(?:template|overview)", re.I)


@dataclass
class ModulePage:
    """What one page says of its module. `strong` and `weak` are names of pages."""

    name: str
    source: str
    title: str
    overview: str = ""
    outline: str = ""
    before: str = ""
    after: str = ""
    concerns: str = ""
    deck_url: str = ""
    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)


@dataclass
class ModulePages:
    """The pages of a folder, those that only guide, and what could not be read."""

    pages: list[ModulePage] = field(default_factory=list)
    guides: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def key_of(name: str) -> str:
    """How the wiki compares names of pages: without folders, endings, case, and with hyphens for spaces."""
    last = name.rpartition("|")[2].partition("#")[0].strip().rpartition("/")[2]
    return re.sub(r"[\s_-]+", "-", last.removesuffix(".md")).strip("-").lower()


def read_modules(source: Path) -> ModulePages:
    """Read the folder `source` (with the pages, or with a folder `Modules`). Raises `Refused`."""
    if not source.is_dir():
        raise Refused(f"{source} is not a folder.")
    folder = next((path for path in (source / "Modules", source / "modules") if path.is_dir()), source)
    found = ModulePages()
    files = sorted(path for path in folder.glob("*.md") if not path.name.startswith("_"))
    guides = sorted({*files, *source.glob("*.md")} - set(_modules(files)))
    found.guides = [path.stem for path in guides if not path.name.startswith("_")]
    boilerplate = _boilerplate(guides)
    for path in _modules(files):
        page = _read_page(path, path.relative_to(source).as_posix(), boilerplate, found.warnings)
        if page is not None:
            found.pages.append(page)
    if not found.pages:
        raise Refused(f"There are no module pages in {folder}.")
    return found


def _modules(files: list[Path]) -> list[Path]:
    return [path for path in files if not GUIDE.fullmatch(path.stem)]


# ── Sections ──


def sections(text: str) -> list[tuple[str, str]]:
    """The headings of a page with what stands below each, up to the next heading; code may hold `#` lines."""
    found: list[tuple[str, list[str]]] = [("", [])]
    in_code = False
    for line in text.splitlines():
        in_code ^= bool(FENCE.match(line))
        heading = None if in_code else HEADING.match(line)
        if heading:
            found.append((squeezed(heading[2]), []))
        else:
            found[-1][1].append(line)
    return [(title, "\n".join(lines)) for title, lines in found]


def kind_of(heading: str) -> str:
    """What a section is about, by the words of its heading; nothing for one that we do not know."""
    words = heading.lower()
    for kind, wanted in (
        ("needs", ("dependenc",)),
        ("deck", ("slide deck", "deck link")),
        ("before", ("pre lecture", "pre-lecture", "before")),
        ("after", ("post lecture", "post-lecture", "after")),
        ("concerns", ("concern", "open question")),
        ("outline", ("slide outline", "outline")),
        ("overview", ("overview", "summary")),
    ):
        if any(word in words for word in wanted) and words != "assignment outline":
            return kind
    return ""


def _boilerplate(guides: list[Path]) -> set[str]:
    """The lines of the templates."""
    lines: set[str] = set()
    for path in guides:
        if "template" in path.stem.lower():
            lines |= {squeezed(line).strip("*- ") for line in text_of(path).splitlines()}
    return lines - {""}


def _content(text: str, boilerplate: set[str]) -> str:
    """A section without the template's lines, empty bullets and "None"."""
    kept = [line for line in text.splitlines() if squeezed(line).strip("*- ") not in boilerplate]
    said = [line for line in kept if not line.strip() or not NOTHING.fullmatch(line.strip())]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(said)).strip("\n").rstrip()


# ── A page ──


def _read_page(path: Path, source: str, boilerplate: set[str], warnings: list[str]) -> ModulePage | None:
    _, text = without_front_matter(text_of(path))
    parts = sections(text)
    titles = [title for title, _ in parts if title]
    if not titles or not any(kind_of(title) for title in titles):
        warnings.append(f"{source}: it has none of the sections of a module and was left out")
        return None
    has_own_title = not kind_of(titles[0])
    title = titles[0] if has_own_title else re.sub(r"[-_]+", " ", path.stem)
    page = ModulePage(name=key_of(path.stem), source=source, title=title[:120])
    for heading, body in parts:
        _take(page, kind_of(heading), heading, body, boilerplate, warnings, is_title=heading == title)
    if not page.outline:
        warnings.append(f"{source}: it has no outline yet")
    return page


def _take(
    page: ModulePage,
    kind: str,
    heading: str,
    body: str,
    boilerplate: set[str],
    warnings: list[str],
    *,
    is_title: bool,
) -> None:
    """Put one section where it belongs."""
    if kind == "needs":
        _read_needs(page, body, warnings)
        return
    text = _content(body, boilerplate)
    if not text:
        return
    if kind == "deck":
        _read_deck(page, text, warnings)
    elif kind:
        setattr(page, kind, f"{getattr(page, kind)}\n\n{text}".strip("\n"))
    elif heading and not is_title:
        warnings.append(f"{page.source}: the section “{heading}” is not one of a module and was left out")


def _read_needs(page: ModulePage, body: str, warnings: list[str]) -> None:
    """Two lists below lines such as "Strong Dependencies:", which people misspell."""
    into: list[str] | None = None
    for line in body.splitlines():
        words = re.findall(r"[a-z]+", line.lower())
        if len(words) >= 2 and words[1].startswith("depend") and not line.lstrip().startswith(("-", "*")):
            meant = get_close_matches(words[0], ["strong", "weak"], n=1, cutoff=0.6)
            into = None if not meant else page.strong if meant[0] == "strong" else page.weak
            if not meant:
                warnings.append(f"{page.source}: “{squeezed(line)}” is neither strong nor weak")
            continue
        for name in WIKI_LINK.findall(line):
            if into is None:
                warnings.append(
                    f"{page.source}: [[{name}]] is neither below strong nor below weak; taken as weak"
                )
            (page.weak if into is None else into).append(name)


def _read_deck(page: ModulePage, text: str, warnings: list[str]) -> None:
    """The first address is the deck; what else stands there goes below the outline."""
    match = WEB_LINK.search(text)
    if match is None:
        rest = text
    else:
        page.deck_url = match[2] or match[3]
        said = match[1] or ""
        if said.startswith("http") and said != page.deck_url:
            warnings.append(f"{page.source}: the deck's link says {said} and leads to {page.deck_url}")
        line = next(line for line in text.splitlines() if match[0] in line)
        rest = _content(text.replace(line, line.replace(match[0], "")), set())
    if len(page.deck_url) > 500:
        warnings.append(f"{page.source}: the deck's address has more than 500 characters and was left out")
        page.deck_url = ""
    if rest.strip():
        page.outline = f"{page.outline}\n\nFor the deck:\n\n{rest}".strip("\n")
