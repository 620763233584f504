"""Which page a name means. The same names always get the same answer.

In this order: the exact path seen from the page's own folder, the exact path from the top, the exact name anywhere;
the same three without regard to case; then to hyphens and underscores; a folder's home; and at last the same again
for redirects, which a rename leaves behind. Among equals the page nearest in the tree wins, then the shallowest,
then the first in the alphabet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from wiki import paths
from wiki.models import Link, Page, Redirect


@dataclass(frozen=True, slots=True)
class Place:
    """A path that leads to a page: its own, or one of its redirects."""

    path: str
    page: int
    page_path: str
    title: str
    is_redirect: bool = False

    @property
    def url(self) -> str:
        return reverse("wiki:page_detail", args=[self.page_path])


@dataclass
class Directory:
    """Places by the key of their name, and the homes of folders by their whole path."""

    by_key: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def add(self, place: Place) -> None:
        self.by_key[paths.key(paths.segments_of(place.path)[1])].append(place)

    def find(self, folder: str, name: str) -> Place | None:
        """What `name` means on a page in `folder`."""
        wanted, is_absolute = asked_path(folder, name)
        if not wanted:
            return None
        places = self.by_key.get(paths.key(paths.segments_of(wanted)[1]), ())
        ranked = [
            (rank, place)
            for place in places
            if (rank := _rank(place, folder, wanted, is_absolute=is_absolute))
        ]
        best = min(ranked, default=None, key=lambda pair: pair[0])
        if best is None or best[1].is_redirect:
            home = self._home(folder, wanted, is_absolute=is_absolute)
            if home is not None:
                return home
        return best[1] if best else self._home(folder, wanted, is_absolute=is_absolute, has_moved=True)

    def _home(self, folder: str, wanted: str, *, is_absolute: bool, has_moved: bool = False) -> Place | None:
        """The home of the folder that is meant, or with `has_moved` the one that stood there once."""
        for path in homes_of(folder, wanted, is_absolute=is_absolute):
            for place in self.by_key.get(paths.key(paths.HOME), ()):
                if place.path.casefold() == path.casefold() and place.is_redirect == has_moved:
                    return place
        return None


def asked_path(folder: str, name: str) -> tuple[str, bool]:
    """(path, whether it counts from the top) for a name as somebody typed it, `./` and `../` worked out."""
    name = re.sub(r"\.(?:md|markdown)$", "", name.strip(), flags=re.IGNORECASE)
    is_absolute = name.startswith(("/", "./", "../"))
    if name.startswith(("./", "../")):
        parts = folder.split("/") if folder else []
        for part in name.split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in {".", ""}:
                parts.append(part)
        return paths.tidy("/".join(parts)), is_absolute
    return paths.tidy(name), is_absolute


def homes_of(folder: str, wanted: str, *, is_absolute: bool) -> list[str]:
    """The paths at which the home of the folder that `wanted` names could be."""
    here = [] if is_absolute or not folder else [f"{folder}/{wanted}/{paths.HOME}"]
    return [*here, f"{wanted}/{paths.HOME}"]


def _as_it_is(path: str) -> str:
    return path


def _rank(place: Place, folder: str, wanted: str, *, is_absolute: bool) -> tuple[int, int, int, str] | None:
    here = wanted if is_absolute or not folder else f"{folder}/{wanted}"
    for tier, same in enumerate(SAME):
        path, near, asked = same(place.path), same(here), same(wanted)
        if path == near and not is_absolute:
            step = 0
        elif path == asked:
            step = 1
        elif path.endswith(f"/{asked}") and not is_absolute:
            step = 2
        else:
            continue
        return (
            (10 if place.is_redirect else 0) + tier * 3 + step,
            -_shared(place.path, folder),
            place.path.count("/"),
            place.path,
        )
    return None


def _loose(path: str) -> str:
    return "/".join(paths.key(segment) for segment in path.split("/"))


#: How two paths are compared: exactly, without case, without hyphens and underscores.
SAME: tuple[Callable[[str], str], ...] = (_as_it_is, str.casefold, _loose)


def _shared(path: str, folder: str) -> int:
    count = 0
    for left, right in zip(path.split("/"), folder.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count


# ── From the database ──


def directory_for(asked: Iterable[tuple[str, str]]) -> Directory:
    """What is needed to answer (folder, name) pairs: two queries, however many there are."""
    keys: set[str] = set()
    homes: set[str] = set()
    for folder, name in asked:
        wanted, is_absolute = asked_path(folder, name)
        if wanted:
            keys.add(paths.key(paths.segments_of(wanted)[1]))
            homes.update(path.lower() for path in homes_of(folder, wanted, is_absolute=is_absolute))
    directory = Directory()
    if keys:
        _fill(
            directory,
            Page.objects.annotate(lower=Lower("path")).filter(Q(key__in=keys) | Q(lower__in=homes)),
            Redirect.objects.annotate(lower=Lower("path")).filter(Q(key__in=keys) | Q(lower__in=homes)),
        )
    return directory


def whole_directory() -> Directory:
    """Every page and redirect; for imports."""
    directory = Directory()
    _fill(directory, Page.objects.all(), Redirect.objects.all())
    return directory


def _fill(directory: Directory, pages: object, redirects: object) -> None:
    for pk, path, title in pages.filter(trashed_at=None).order_by("path").values_list("pk", "path", "title"):  # type: ignore[attr-defined]
        directory.add(Place(path, pk, path, title))
    for path, pk, page_path, title in (
        redirects.filter(page__trashed_at=None)  # type: ignore[attr-defined]
        .order_by("path")
        .values_list("path", "page_id", "page__path", "page__title")
    ):
        directory.add(Place(path, pk, page_path, title, is_redirect=True))


def settle(keys: Iterable[str]) -> None:
    """Look again where the links with these keys lead, after a page came, went or moved."""
    links = list(Link.objects.filter(key__in=set(keys)).select_related("source"))
    if not links:
        return
    directory = directory_for((link.source.folder, link.name) for link in links)
    changed = []
    for link in links:
        place = directory.find(link.source.folder, link.name)
        if (place.page if place else None) != link.target_id:
            link.target_id = place.page if place else None
            changed.append(link)
    Link.objects.bulk_update(changed, ["target"], batch_size=500)


def name_for(path: str, page: int, *, folder: str) -> str:
    """The shortest name that means the page at `path` on a page in `folder`."""
    directory = directory_for([(folder, paths.segments_of(path)[1]), (folder, path)])
    for name in (paths.segments_of(path)[1], path):
        place = directory.find(folder, name)
        if place is not None and place.page == page:
            return name
    return f"/{path}"


def key_of(name: str) -> str:
    """The key by which a link is found again: that of the last part of what it names."""
    wanted, _ = asked_path("", name)
    return paths.key(paths.segments_of(wanted)[1])[:500]


def keys_of(path: str) -> set[str]:
    """All the keys by which links may mean the page at `path`: its name, and for a folder's home the folder's."""
    folder, name = paths.segments_of(path)
    found = {paths.key(name)}
    if name.casefold() == paths.HOME.casefold() and folder:
        found.add(paths.key(paths.segments_of(folder)[1]))
    return found


# ── Links that Markdown itself knows, such as [CV](/CV/Home) ──

_MARKDOWN_LINK = re.compile(r"\]\(\s*<?((?:\.{0,2}/)?[^)\s>#?:]+)")


def plain_targets(text: str) -> list[str]:
    """Addresses in the text that could mean a page of the wiki."""
    found = (unquote(match).rstrip("/") for match in _MARKDOWN_LINK.findall(text))
    return [name for name in dict.fromkeys(found) if name and not name.startswith(("/wiki/", "//"))][:500]
