"""The posts of a Jekyll blog as Markdown of ours: names, dates and people of a file, and what Liquid would have put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import slugify

from mlclub.markdown import front_matter

#: `2020-2-5-a-name.md`: neither month nor day need be two digits.
_NAME = re.compile(r"^(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<slug>.+)$")
_BREAK = re.compile(r"<!--\s*(?:break|more|excerpt)\s*-->", re.I)
_PEOPLE = re.compile(r"\s*(?:,\s*(?:and|&)\s|,|;|\s&\s|\sand\s)\s*", re.I)
_SUFFIXES = {"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "phd", "ph.d."}
_CODE = re.compile(
    r"(?ms)^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)|(?P<ticks>`+)(?!`).{1,2000}?(?<!`)(?P=ticks)(?!`)"
)
_CAPTURE = re.compile(r"(?s)\{%-?\s*capture\s+([\w-]+)\s*-?%\}(.*?)\{%-?\s*endcapture\s*-?%\}")
_TAG = re.compile(r"\{%-?\s*(\w+)\s*([^%]*?)-?%\}")
_OUTPUT = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_GIVEN = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""")
_BLOCKS = {
    "raw": re.compile(r"(?s)\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}"),
    "comment": re.compile(r"(?s)\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}"),
    "highlight": re.compile(
        r"(?s)\{%-?\s*highlight\s+([\w+#.-]+)[^%]*-?%\}\n?(.*?)\n?\{%-?\s*endhighlight\s*-?%\}"
    ),
}
_ATTRIBUTES = re.compile(r"\{:[^{}\n]*\}")
_TOC = re.compile(r"(?m)^[*+-][ \t]+[^\n]*\n\{:\s*toc\s*\}[ \t]*$")
_SOURCE = re.compile(
    r"""(?P<before>!?\[[^\]\n]*\]\(\s*<?|<(?:img|a|source|video)\b[^<>]*?\s(?:src|href)\s*=\s*["'])(?P<address>[^\s"'<>()]+)"""
)
_REMOTE = re.compile(r"(?i)^(?:[a-z][a-z0-9+.-]*:|//|#|\{)")
_DOUBLE = re.compile(r"\$\$((?:\\.|[^$\\]|\$(?!\$))+?)\$\$", re.S)
_CITE = re.compile(r"""<d-cite\s+(?:key|bibtex-key)\s*=\s*["']([^"']+)["']\s*>\s*</d-cite>""")

#: Stands for the top of the old site until addresses are looked up.
TOP = "\ue202"

#: Says something about a line of the post.
Say = Callable[[int, str], None]


@dataclass
class Source:
    """A post as its file has it. `body` begins with as many empty lines as the front matter had, so that a line of it
    is that line of the file."""

    file: str
    slug: str
    title: str
    body: str
    at: datetime | None = None
    is_published: bool = True
    people: list[tuple[str, str]] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    excerpt: str = ""
    cover: str = ""
    cover_alt: str = ""
    cover_caption: str = ""
    #: Where it was, below `/blog/`.
    addresses: list[str] = field(default_factory=list)


def is_post(path: str) -> bool:
    """Whether a file is a post: Markdown in a folder of posts or drafts."""
    parts = PurePosixPath(path).parts
    return path.lower().endswith((".md", ".markdown")) and any(
        part in {"_posts", "_drafts"} for part in parts[:-1]
    )


def read(file: str, text: str, *, zone: ZoneInfo, known: Mapping[str, tuple[str, str]], say: Say) -> Source:
    """What a file says of its post. Of moments without a zone, `zone` is meant; `known` are people by nickname."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    matter, body = front_matter.split(text)
    if text.startswith("---") and not matter:
        say(1, "What stands at its head cannot be read; the text is taken over as it is.")
    stem = PurePosixPath(file).stem
    named = _NAME.match(stem)
    raw = str(matter.get("slug") or (named["slug"] if named else stem))
    source = Source(
        file=file,
        slug=slugify(unquote(raw))[:70] or "post",
        title=" ".join(
            str(matter.get("title") or raw.replace("-", " ").replace("_", " ").capitalize()).split()
        )[:200],
        body=body,
        at=_moment(matter, named, zone, say),
        people=_people(matter, known),
        topics=_topics(matter),
    )
    is_draft = "_drafts" in PurePosixPath(file).parts
    source.is_published = matter.get("published") is not False and not is_draft and source.at is not None
    if source.at is None and not is_draft:
        say(1, "It has no day; it is kept as a draft.")
    if source.at is not None:
        local = source.at.astimezone(zone)
        source.addresses = [f"{local:%Y/%m/%d}/{raw}", f"{local:%Y/%m/%d}/{source.slug}"]
        if named:
            source.addresses.append(f"{named['year']}/{int(named['month']):02}/{int(named['day']):02}/{raw}")
    for old in _listed(matter.get("permalink")) + _listed(matter.get("redirect_from")):
        path = re.sub(r"^/?(?:blog/)?", "", str(old).strip()).removesuffix(".html").strip("/")
        if str(old).lstrip("/").startswith("blog/") and path and ":" not in path:
            source.addresses.append(path)
        else:
            say(1, f"The address {old} lies outside the blog; nothing leads from it.")
    source.addresses = list(dict.fromkeys(address[:300] for address in source.addresses))
    _look(source, matter)
    return source


def _moment(
    matter: Mapping[str, Any], named: re.Match[str] | None, zone: ZoneInfo, say: Say
) -> datetime | None:
    given = matter.get("date")
    if isinstance(given, str):
        with suppress(ValueError):
            given = parse_datetime(given.strip()) or parse_date(given.strip()) or given
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=zone)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, 12, tzinfo=zone)
    if given:
        say(1, f"“{given}” is no date; the day of the file's name counts.")
    if named is None:
        return None
    try:
        return datetime(int(named["year"]), int(named["month"]), int(named["day"]), 12, tzinfo=zone)
    except ValueError:
        say(1, "The day in the file's name is none.")
        return None


def _listed(value: Any) -> list[Any]:
    if value in (None, "", False):
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _people(matter: Mapping[str, Any], known: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """(name, address) of the authors in their order; the address may be empty."""
    found: list[tuple[str, str]] = []
    for given in _listed(matter.get("authors")) or _listed(matter.get("author")):
        if isinstance(given, dict):
            name = str(given.get("name") or given.get("display_name") or "").strip()
            if name:
                found.append((name, str(given.get("email") or "").strip().lower()))
            continue
        for name in split_people(str(given)):
            found.append(known.get(name.casefold(), (name, "")))
    return list(dict.fromkeys((name[:120], email) for name, email in found))


def split_people(text: str) -> list[str]:
    """The names in "Ada Quill, Bo Marsh, and Cy Lund"."""
    names: list[str] = []
    for part in filter(None, (part.strip() for part in _PEOPLE.split(f" {text} "))):
        if part.lower() in _SUFFIXES and names:
            names[-1] += f", {part}"
        else:
            names.append(part)
    return names


def _topics(matter: Mapping[str, Any]) -> list[str]:
    found: dict[str, str] = {}
    for key in ("tags", "tag", "categories", "category"):
        for given in _listed(matter.get(key)):
            parts = str(given).split(",") if "," in str(given) else [str(given)]
            if isinstance(matter.get(key), str) and "," not in str(given):
                parts = str(given).split()  # Jekyll takes a bare string for words between spaces
            for part in parts:
                name = " ".join(part.split())[:60]
                if slugify(name) and slugify(name) != "blog":
                    found.setdefault(slugify(name), name)
    return list(found.values())[:20]


def _look(source: Source, matter: Mapping[str, Any]) -> None:
    given = next((matter[key] for key in ("image", "cover", "thumbnail", "img") if matter.get(key)), "")
    if isinstance(given, dict):
        matter = {**matter, "image_alt": given.get("alt"), "image_caption": given.get("caption"), **matter}
        given = given.get("path") or given.get("src") or given.get("url") or given.get("feature") or ""
    source.cover = str(given)
    source.cover_alt = str(matter.get("image_alt") or matter.get("alt") or "")[:300]
    source.cover_caption = str(matter.get("image_caption") or matter.get("caption") or "")[:300]
    said = next(
        (matter[key] for key in ("excerpt", "description", "summary", "subtitle") if matter.get(key)), ""
    )
    source.excerpt = " ".join(re.sub(r"<[^<>]*>", "", str(said)).split())[:600]


# ── What Liquid and kramdown mean ──


@dataclass
class Around:
    """What the texts of one blog may refer to. `picture` and `post` answer the address of ours, or nothing."""

    picture: Callable[[str], str]
    post: Callable[[str], str]


def as_ours(source: Source, around: Around, say: Say) -> tuple[str, str]:
    """(excerpt, text) in our Markdown. Lines stay lines as far as that can be."""
    text, kept = _without_code(source.body)
    text = _BLOCKS["comment"].sub(lambda match: "\n" * match[0].count("\n"), text)
    captured: dict[str, str] = {}

    def remember(match: re.Match[str]) -> str:
        captured[match[1]] = match[2].strip("\n")
        return ""  # its lines come back where it is included

    text = _CAPTURE.sub(remember, text)
    text = _tags(text, captured, around, say)
    text = _OUTPUT.sub(lambda match: _output(match, captured, text, say), text)
    text = _CITE.sub(
        lambda match: "[" + "; ".join(f"@{key.strip()}" for key in match[1].split(",")) + "]", text
    )
    text = _TOC.sub("[[_TOC_]]\n", text)
    text = _ATTRIBUTES.sub(lambda match: _attribute(match, text, say), text)
    text = _math(text)
    text = _SOURCE.sub(lambda match: _address(match, around, text, say), text)
    excerpt = source.excerpt
    cut = _BREAK.search(text)
    if cut:
        if not excerpt:
            excerpt = plain(_with_code(text[: cut.start()], kept))[:600].rstrip()
        text = text[: cut.start()].rstrip(" ") + text[cut.end() :]
    return excerpt.replace(TOP, "/"), _with_code(text.replace(TOP, ""), kept)


def _without_code(text: str) -> tuple[str, list[str]]:
    """The text with code taken out, in which nothing means anything; the places are marked."""
    kept: list[str] = []

    def keep(code: str) -> str:
        kept.append(code)
        # With its line ends counted, so that lines below it keep their numbers.
        return f"\ue200{len(kept) - 1}:{code.count(chr(10))}\ue201"

    text = re.sub("[\ue200-\ue202]", "", text)
    text = _BLOCKS["highlight"].sub(lambda match: keep(f"```{match[1]}\n{match[2]}\n```"), text)
    text = _BLOCKS["raw"].sub(lambda match: keep(match[1]), text)
    return _CODE.sub(lambda match: keep(match[0]), text), kept


def _with_code(text: str, kept: list[str]) -> str:
    for _ in range(3):  # code within what was raw, or captured
        text = re.sub("\ue200(\\d+):\\d+\ue201", lambda match: kept[int(match[1])], text)
    return text


def _line(text: str, match: re.Match[str]) -> int:
    above = text[: match.start()]
    return above.count("\n") + 1 + sum(map(int, re.findall("\ue200\\d+:(\\d+)\ue201", above)))


def _tags(text: str, captured: Mapping[str, str], around: Around, say: Say) -> str:
    def instead(match: re.Match[str]) -> str:
        name, rest, line = match[1], match[2].strip(), _line(text, match)
        if name == "include":
            return _include(rest, captured, around, line, say)
        if name == "post_url":
            found = around.post(rest.strip("\"'"))
            if not found:
                say(line, f"The post {rest} is not here; the link leads to the blog.")
            return found or "/blog/"
        if name == "cite":
            return "[" + "; ".join(f"@{key}" for key in rest.split() if not key.startswith("-")) + "]"
        if name in {"bibliography", "katexmm", "endkatexmm", "katex", "endkatex", "newpage"}:
            return ""
        if name == "link":
            return f"{{{{ site.baseurl }}}}/{rest.lstrip('/')}"
        say(line, f"{match[0]} is Liquid that is not understood here; it was left out.")
        return ""

    return _TAG.sub(instead, text)


def _include(rest: str, captured: Mapping[str, str], around: Around, line: int, say: Say) -> str:
    file, _, arguments = rest.partition(" ")
    given = {key: a or b or c for key, a, b, c in _GIVEN.findall(arguments)}
    inner = next((captured[value] for value in given.values() if value in captured), None)
    if inner is not None:
        title = _first(given, "summary", "title", "header", "heading", "label", "name", "text")
        if title in captured:
            title = captured[title]
        return f"<details><summary>{title or 'Details'}</summary>\n\n{inner}\n\n</details>\n"
    stem = PurePosixPath(file).stem.lower()
    picture = _first(given, "src", "url", "image", "path", "file", "image_path")
    if picture and re.search(r"fig|image|img|picture", stem):
        caption = _first(given, "caption", "description", "title", "text").replace('"', "'")
        alt = (_first(given, "alt") or caption).replace("[", "(").replace("]", ")")
        return f"![{alt}]({picture}{f' {chr(34)}{caption}{chr(34)}' if caption else ''})"
    film = _first(given, "id", "youtube_id", "video", "youtubeId")
    if "youtube" in stem and re.fullmatch(r"[\w-]{5,20}", film):
        say(line, f"A player of a video is a link to https://www.youtube.com/watch?v={film} now.")
        return f"[Watch the video](https://www.youtube.com/watch?v={film})"
    say(line, f"The piece {file} of the old blog's theme was left out.")
    return ""


def _first(given: Mapping[str, str], *names: str) -> str:
    return next((given[name] for name in names if given.get(name)), "")


def _output(match: re.Match[str], captured: Mapping[str, str], text: str, say: Say) -> str:
    name, *filters = (part.strip() for part in match[1].split("|"))
    if name in {"site.baseurl", "site.url", "site.github.url"}:
        return TOP  # what follows begins at the top of the old site
    if name in captured:
        return captured[name]
    if name[:1] in {'"', "'"} and any(one.startswith(("relative_url", "absolute_url")) for one in filters):
        return f"{TOP}{name.strip(chr(34) + chr(39))}"
    if name == "page.title":
        return ""
    say(_line(text, match), f"{match[0]} is Liquid that is not understood here; it was left out.")
    return ""


def _attribute(match: re.Match[str], text: str, say: Say) -> str:
    say(_line(text, match), f"{match[0]} says how something looks; it is not used here.")
    return ""


def _math(text: str) -> str:
    """kramdown's formulas as ours: two dollars are inline unless they stand alone, one dollar is a dollar."""
    parts: list[str] = []
    pos = 0
    for match in _DOUBLE.finditer(text):
        parts.append(_dollars(text[pos : match.start()]))
        before, after = text[: match.start()].rpartition("\n")[2], text[match.end() :].partition("\n")[0]
        above = text[: match.start() - len(before)].removesuffix("\n").rpartition("\n")[2]
        below = text[match.end() + len(after) :].removeprefix("\n").partition("\n")[0]
        is_alone = not (before.strip() or after.strip() or above.strip() or below.strip())
        inner = match[1]
        if is_alone or "\n\n" in inner or r"\begin" in inner or r"\tag" in inner:
            parts.append(match[0])
        else:
            parts.append(f"${' '.join(inner.split())}$")
        pos = match.end()
    parts.append(_dollars(text[pos:]))
    return "".join(parts)


def _dollars(text: str) -> str:
    return re.sub(r"(?<!\\)\$", r"\\$", text)


def _address(match: re.Match[str], around: Around, text: str, say: Say) -> str:
    raw = match["address"]
    address = raw.replace(TOP, "", 1)
    if _REMOTE.match(address):
        return f"{match['before']}{address}"
    is_picture = match["before"].startswith("!") or match["before"].lower().startswith("<img")
    found = around.picture(address)
    if found:
        return f"{match['before']}{found}"
    if is_picture:
        if match["before"].startswith("<"):
            say(_line(text, match), f"The picture {address} is missing.")
        # A name, not an address of the portal: where it stands, its absence is said.
        return f"{match['before']}{address.lstrip('/')}"
    found = around.post(address)
    if not found:
        say(_line(text, match), f"{address} led to the old site; there is no such page here.")
    return f"{match['before']}{found or address}"


def plain(text: str) -> str:
    """A beginning in Markdown as words, for an excerpt."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^<>]*>|\[\^[^\]]*\]", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?<![\\$])\$([^$\n]+)(?<!\\)\$(?!\$)", r"\1", text)
    return " ".join(re.sub(r"(?m)^[#>\s]+|[*_`]{1,3}", "", text).split()).replace("\\$", "$")
