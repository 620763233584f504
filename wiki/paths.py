"""The names of pages: which are allowed, and which are the same to somebody who types a link."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError

from mlclub.search import joined

LONGEST = 200
DEEPEST = 8
HOME = "Home"

#: First parts of an address below /wiki/ that lead to something else than a page.
RESERVED = frozenset(
    {
        "care",
        "changes",
        "complete",
        "export",
        "files",
        "graph",
        "learning-paths",
        "mirror",
        "moves",
        "new",
        "papers",
        "posts",
        "preview",
        "reading-lists",
        "search",
        "suggestions",
        "trash",
        "upload",
        "wanted",
    }
)
#: Stands between a page's path and what is done with it: /wiki/Basics/Adam/-/edit/.
SEPARATOR = "-"

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f#\[\]|<>\\\ue000-\uf8ff]")


def tidy(path: str) -> str:
    """The path without superfluous slashes and spaces, in one Unicode form."""
    path = unicodedata.normalize("NFC", path.replace("\x00", ""))
    segments = [" ".join(segment.split()) for segment in path.split("/")]
    return "/".join(segment for segment in segments if segment)


def validate_path(path: str) -> None:
    """Raises ValidationError, with a sentence that helps, unless a page may have this path."""
    segments = path.split("/")
    if not path or path != tidy(path):
        raise ValidationError("Give the page a name, such as Basics/Gradient descent.")
    if _FORBIDDEN.search(path):
        raise ValidationError("A page's name cannot hold any of # [ ] | < > \\. Leave them out.")
    if len(path) > LONGEST or len(segments) > DEEPEST:
        raise ValidationError(f"Keep the name under {LONGEST} characters and {DEEPEST} levels.")
    if any(segment in {".", "..", SEPARATOR} for segment in segments):
        raise ValidationError("A part of the name cannot be “.”, “..” or “-” alone.")
    if segments[0].casefold() in RESERVED:
        raise ValidationError(f"“{segments[0]}” is taken by the portal itself. Choose another first word.")


def segments_of(path: str) -> tuple[str, str]:
    """(folder, name) of a path; the folder of a page at the top is empty."""
    folder, _, name = path.rpartition("/")
    return folder, name


def key(name: str) -> str:
    """What a name comes down to when case, hyphens, underscores and an old `.md` do not count."""
    name = re.sub(r"\.(?:md|markdown)$", "", name.strip(), flags=re.IGNORECASE)
    return " ".join(re.sub(r"[-_\s]+", " ", unicodedata.normalize("NFKC", name).casefold()).split())


def title_of(path: str) -> str:
    """The heading of a page that gives itself none: its name, or its folder's when it is the folder's home."""
    folder, name = segments_of(path)
    if name == HOME and folder:
        name = segments_of(folder)[1]
    if " " not in name and (name.count("-") > 1 or "_" in name.strip("_")):
        name = re.sub(r"[-_]+", " ", name)
    return name.strip("_") or name


def names_of(title: str, aliases: Iterable[str]) -> str:
    """What a page is also looked up by: other names, initials ("MLE"), and words that hold signs ("GPT-4" as gpt4)."""
    found: dict[str, None] = {}
    for name in (title, *aliases):
        if name != title:
            found[name] = None
        for word in joined(name).split():
            found[word] = None
        initials = "".join(
            word[0] for word in re.findall(r"[^\W\d_]\w*", re.sub(r"\(.*?\)", "", name)) if word[0].isalpha()
        )
        capitals = [
            word
            for word in re.findall(r"\w+", name)
            if word.lower() not in {"of", "the", "and", "for", "a", "in", "to"}
        ]
        for short in (initials, "".join(word[0] for word in capitals)):
            if 1 < len(short) < 8:
                found[short.lower()] = None
    return "\n".join(found)
