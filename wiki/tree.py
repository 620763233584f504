"""The tree of an area, beside each of its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from wiki import paths

#: An area with more pages than this shows only the folder one is in.
MOST = 120


@dataclass
class Branch:
    """A page, a folder, or both: `Basics/Home` is what the folder `Basics` shows."""

    name: str
    title: str
    url: str = ""
    is_here: bool = False
    is_open: bool = False
    children: list[Branch] = field(default_factory=list)


def crumbs(path: str) -> list[tuple[str, str]]:
    """(label, address) of the folders above a page, the outermost first."""
    folder = paths.segments_of(path)[0]
    parts = folder.split("/") if folder else []
    found = [
        (paths.title_of(part), reverse("wiki:page_detail", args=["/".join(parts[: at + 1])]))
        for at, part in enumerate(parts)
    ]
    return found[:-1] if paths.segments_of(path)[1] == paths.HOME else found


def around(pages: Any, path: str) -> Branch | None:
    """The area of the page at `path`, or just its folder where the area is large. One query, or two."""
    area, slash, _ = path.partition("/")
    if not slash:
        rows = list(pages.exclude(path__contains="/").order_by("path").values_list("path", "title")[:MOST])
        return _branch("", rows, path)
    rows = list(
        pages.filter(path__startswith=f"{area}/").order_by("path").values_list("path", "title")[: MOST + 1]
    )
    root = area
    if len(rows) > MOST:
        root = paths.segments_of(path)[0]
        rows = list(
            pages.filter(path__startswith=f"{root}/")
            .exclude(path__regex=rf"^.{{{len(root) + 1}}}[^/]*/")
            .order_by("path")
            .values_list("path", "title")[:MOST]
        )
    return _branch(root, rows, path)


def _branch(root: str, rows: list[tuple[str, str]], here: str) -> Branch:
    top = Branch(root, paths.title_of(root) if root else "Top of the wiki", is_open=True)
    folders: dict[str, Branch] = {root: top}

    def folder_of(path: str) -> Branch:
        if path not in folders:
            above, name = paths.segments_of(path)
            folders[path] = Branch(name, paths.title_of(path), is_open=here.startswith(f"{path}/"))
            (folder_of(above) if above.startswith(root) and above else top).children.append(folders[path])
        return folders[path]

    for path, title in rows:
        above, name = paths.segments_of(path)
        if name.startswith("_") and path != here:  # what Gollum kept for itself: sidebars, templates
            continue
        url = reverse("wiki:page_detail", args=[path])
        if name == paths.HOME and above:
            folder = folder_of(above)
            folder.url, folder.is_here = url, path == here
        else:
            folder_of(above).children.append(Branch(name, title, url, is_here=path == here))
    return top
