"""Asking arXiv and the registry of DOIs what a paper is called. Which hosts are asked is a setting, never what
somebody typed: a number is all that goes out, and a redirect is followed to the registries' own hosts alone."""

from __future__ import annotations

import html
import json
import re
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit
from xml.etree import ElementTree

from django.conf import settings

SECONDS = 10.0
#: For the whole answer, however slowly it drips.
DEADLINE = 20.0
LONGEST = 1_000_000
HOPS = 3
#: Where doi.org sends a question for data.
REGISTRIES = {"api.crossref.org", "data.crosscite.org", "data.datacite.org", "api.datacite.org"}
ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"


class Silent(Exception):
    """Nobody answered, or not in the way that was agreed; it may be tried again."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a source says of a paper; empty where it says nothing."""

    title: str
    authors: str = ""
    year: int | None = None
    venue: str = ""
    doi: str = ""
    abstract: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def of_arxiv(number: str) -> Found | None:
    """What arXiv says of a number; None when it does not know it. Raises Silent."""
    asked = urlencode({"id_list": number, "max_results": 1})
    return read_atom(_get(f"{settings.ARXIV_URL}/api/query?{asked}", accept="application/atom+xml"))


def of_doi(doi: str) -> Found | None:
    """What its registry says of a DOI; None when it does not know it. Raises Silent."""
    answer = _get(
        f"{settings.DOI_URL}/{quote(doi, safe='/')}", accept="application/vnd.citationstyles.csl+json"
    )
    return read_csl(answer) if answer else None


def read_atom(answer: bytes) -> Found | None:
    """The first entry of an Atom feed of arXiv's."""
    # The feed declares no entities; one that does is not arXiv's.
    if b"<!DOCTYPE" in answer or b"<!ENTITY" in answer:
        raise Silent("the answer declares entities")
    try:
        feed = ElementTree.fromstring(answer)  # noqa: S314  no entities, and a bounded size
    except ElementTree.ParseError as broken:
        raise Silent("the answer is no XML") from broken
    entry = feed.find(f"{ATOM}entry")
    if entry is None or "/api/errors" in (entry.findtext(f"{ATOM}id") or ""):
        return None
    title = _plain(entry.findtext(f"{ATOM}title"))
    if not title:
        return None
    names = [_plain(author.findtext(f"{ATOM}name")) for author in entry.iter(f"{ATOM}author")]
    return Found(
        title=title[:500],
        authors=_joined(names),
        year=_year(entry.findtext(f"{ATOM}published")),
        venue=_plain(entry.findtext(f"{ARXIV}journal_ref"))[:300],
        doi=_plain(entry.findtext(f"{ARXIV}doi"))[:200],
        abstract=_plain(entry.findtext(f"{ATOM}summary"))[:5000],
    )


def read_csl(answer: bytes) -> Found | None:
    """A work in the JSON of the Citation Style Language."""
    try:
        work = json.loads(answer)
    except ValueError as broken:
        raise Silent("the answer is no JSON") from broken
    if not isinstance(work, dict):
        raise Silent("the answer is no work")
    title = _plain(_first(work.get("title")))
    if not title:
        return None
    people = work.get("author")
    names = [
        _plain(f"{row.get('given') or ''} {row.get('family') or ''}") or _plain(row.get("literal"))
        for row in (people if isinstance(people, list) else [])
        if isinstance(row, dict)
    ]
    issued = work.get("issued")
    parts = issued.get("date-parts") if isinstance(issued, dict) else None
    return Found(
        title=title[:500],
        authors=_joined(names),
        year=_year(_first(_first(parts))),
        venue=_plain(_first(work.get("container-title")))[:300],
        abstract=_plain(re.sub(r"<[^>]+>", " ", str(work.get("abstract") or "")))[:5000],
    )


def _first(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _plain(value: Any) -> str:
    text = html.unescape(value) if isinstance(value, str) else ""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _joined(names: list[str]) -> str:
    """As many whole names as there is room for."""
    said = ""
    for name in filter(None, names):
        longer = f"{said} and {name}" if said else name
        if len(longer) > 1000:
            break
        said = longer
    return said


def _year(value: Any) -> int | None:
    found = re.match(r"(1[5-9]|20)\d\d", str(value or ""))
    return int(found.group(0)) if found else None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _get(url: str, *, accept: str) -> bytes:
    """The body at `url`; empty where it is not there. Raises Silent."""
    ours = urlsplit(url)
    headers = {"Accept": accept, "User-Agent": f"club-portal (+{settings.SITE_URL})"}
    for _ in range(HOPS):
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310  the setting's or a registry's host
            with _OPENER.open(request, timeout=SECONDS) as answer:
                return _body(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                if refused.code in {404, 410}:
                    return b""
                if refused.code not in {301, 302, 303, 307, 308}:
                    raise Silent(f"it answered {refused.code}") from refused
                url = urljoin(url, refused.headers.get("Location") or "")
            there = urlsplit(url)
            is_registry = (
                there.scheme == "https" and there.hostname in REGISTRIES and there.port in {None, 443}
            )
            if not is_registry and (there.scheme, there.netloc) != (ours.scheme, ours.netloc):
                # A publisher's page: the registry has no data of its own for this one.
                return b""
        except (OSError, HTTPException, ValueError) as problem:
            raise Silent(str(problem) or type(problem).__name__) from problem
    raise Silent("it sends on and on")


def _body(answer: Any) -> bytes:
    stops_at, found = time.monotonic() + DEADLINE, b""
    while part := answer.read1(65536):
        found += part
        if len(found) > LONGEST:
            raise Silent("the answer is too long")
        if time.monotonic() > stops_at:
            raise Silent("the answer takes too long")
    return found
