"""How a post is cited by others."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from django.utils import timezone
from django.utils.formats import date_format

from wiki.models import Post

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def as_text(post: Post, *, club: str, url: str) -> str:
    """One line for a list of references."""
    names = [author.name for author in post.credits()]
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else club
    return f"{who}. “{post.title}.” {club}, {date_format(_day(post), 'j F Y')}. {url}"


def as_bibtex(post: Post, *, club: str, url: str) -> str:
    """An entry for a `.bib` file."""
    day = _day(post)
    names = " and ".join(
        f"{{{_tex(author.name)}}}" if "," in author.name else _tex(author.name) for author in post.credits()
    )
    fields = {
        "author": names or f"{{{_tex(club)}}}",
        "title": f"{{{_tex(post.title)}}}",
        "howpublished": f"{_tex(club)}, blog",
        "year": str(day.year),
        "month": day.strftime("%b").lower(),
        "url": url,
    }
    lines = [
        f"  {name} = {value}," if name == "month" else f"  {name} = {{{value}}},"
        for name, value in fields.items()
    ]
    return "\n".join([f"@misc{{{_key(post, day)},", *lines, "}"])


def _day(post: Post) -> date:
    return timezone.localtime(post.published_at or post.created_at).date()


def _key(post: Post, day: date) -> str:
    first = post.credits()[0].name if post.credits() else "club"
    family = first.split(",")[0] if "," in first else first.rpartition(" ")[2]
    words = [word for word in re.findall(r"[a-z0-9]+", _ascii(post.title)) if len(word) > 3] or ["post"]
    return f"{''.join(re.findall('[a-z0-9]+', _ascii(family))) or 'author'}{day.year}{words[0]}"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _tex(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in text)
