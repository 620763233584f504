"""The file in which a page leaves, and the page that a file of ours is."""

from __future__ import annotations

import re
from datetime import date

#: Folders of an export that hold something else than pages.
FILES, PAPERS, LISTS, POSTS = "files", "papers", "reading-lists", "posts"
OURS = frozenset({FILES, PAPERS, LISTS, POSTS})
#: By this file an export is known again; it also says what Markdown cannot.
BOOK = ".library.json"

# Signs that some file systems pass over: with them `.git` is still its own folder.
_INVISIBLE = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def file_of(path: str) -> str:
    """Where the page at `path` stands in the repository. Names that git, or we, need for ourselves are escaped."""
    parts = [re.sub(r"%(?=[0-9A-F]{2})", "%25", part) for part in path.split("/")]
    for n, part in enumerate(parts[:-1]):
        if is_gits(part) or (n == 0 and part.casefold() in OURS):
            parts[n] = _escaped(part[0]) + part[1:]
        elif found := re.search(r"\.(?=(?:md|markdown)$)", part, re.IGNORECASE):
            # A page beside it may be called the same but for the ending, and its file would be this folder.
            parts[n] = f"{part[: found.start()]}%2E{part[found.end() :]}"
    return "/".join(parts) + ".md"


def file_of_post(slug: str, day: date) -> str:
    """Where a post stands in the repository; the day is when it came out, or was begun."""
    return f"{POSTS}/{day}-{slug}.md"


def is_post(file: str) -> bool:
    return file.startswith(f"{POSTS}/") and file.endswith(".md")


def is_gits(part: str) -> bool:
    """Whether git takes a folder of this name for its own, on one file system or another."""
    plain = _INVISIBLE.sub("", part).casefold()
    return plain.startswith((".git", "git~"))


def _escaped(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode())


def unescaped(file: str) -> str:
    """The file as it would be called if nothing had to be escaped."""
    return re.sub(
        r"(?:%[0-9A-F]{2})+",
        lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", errors="replace"),
        file,
    )


def is_safe(file: str) -> bool:
    """Whether a path that somebody else chose may stand in a repository, beside our pages."""
    parts = file.split("/")
    if any(part.casefold().endswith((".md", ".markdown")) for part in parts):
        return False
    return all(
        part not in {"", ".", ".."} and not is_gits(part) and not re.search(r"[\x00-\x1f\x7f\\]", part)
        for part in parts
    )
