"""Links that lead into the portal: whether anything is there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import models
from django.urls import Resolver404, resolve

from events.models import Event, Material, Series
from nmep.models import Assignment, Module, Offering, Session
from nmep.stale_text.words import Hit
from projects.models import Initiative
from wiki import linking, paths
from wiki.models import Page

#: In Markdown, in HTML that somebody pasted, and bare in a sentence.
_LINK = re.compile(
    r"\]\(\s*<?(?P<markdown>[^)\s>]+)|(?:href|src)=[\"'](?P<html>[^\"']+)"
    r"|(?P<bare>https?://[^\s<>\"')\]`]+)|(?<![\w/.:`>])(?P<path>/(?:nmep|wiki|events|projects|learn)/[\w/.-]+)"
)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*[ \t]*$", re.M | re.S)

Rows = models.QuerySet[Any, Any]
#: For a page: which of its objects stand, by the keys of its address.
PAGES: dict[str, tuple[tuple[str, ...], Callable[[], Rows], tuple[str, ...]]] = {
    "events:event_detail": (("pk",), Event.objects.all, ("pk",)),
    "events:series_detail": (("slug",), Series.objects.all, ("slug",)),
    "events:material_file": (("pk",), Material.objects.all, ("pk",)),
    "nmep:syllabus": (("slug",), Offering.objects.all, ("slug",)),
    "nmep:week_detail": (("slug", "week"), Session.objects.all, ("offering__slug", "week")),
    "nmep:assignment_detail": (("slug", "key"), Assignment.objects.all, ("offering__slug", "key")),
    "learn:module_detail": (("slug",), Module.objects.all, ("slug",)),
    "projects:initiative_detail": (("slug",), Initiative.objects.all, ("slug",)),
}


def links_in(text: str) -> Iterable[tuple[int, int, str]]:
    """(start, end, address) of every link that may lead into the portal; code is not looked at."""
    shown = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    for match in _LINK.finditer(shown):
        group = str(match.lastgroup)
        href = match[group]
        if group == "bare":
            href = href.rstrip(".,;:!?")
        start = match.start(group)
        yield start, start + len(href), href


def path_of(href: str) -> str | None:
    """The path within this portal that a link leads to; None for everywhere else."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        return parts.path or "/" if parts.netloc == urlsplit(settings.SITE_URL).netloc else None
    if parts.scheme or parts.netloc or not parts.path:
        return None
    return parts.path


def dead(texts: Iterable[str]) -> dict[str, str]:
    """The addresses within these texts that lead nowhere, with the reason; a query for each kind of page."""
    reasons: dict[str, str] = {}
    asked: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    pages: dict[str, list[str]] = defaultdict(list)
    for href in {href for text in texts for _, _, href in links_in(text)}:
        path = path_of(href)
        if path is None or path.startswith((settings.STATIC_URL, settings.MEDIA_URL or "/media/")):
            continue
        if not path.startswith("/"):
            reasons[href] = f"{href} leads to no page here: an address begins with / or https://."
            continue
        found = _resolved(path)
        if found is None:
            reasons[href] = f"{href} leads to no page of this portal."
            continue
        name, kwargs = found
        if name == "wiki:page_detail":
            pages[paths.tidy(kwargs["path"])].append(href)
        elif name in PAGES:
            asked[name][tuple(str(kwargs[key]) for key in PAGES[name][0])].append(href)
    for name, wanted in asked.items():
        _, rows, columns = PAGES[name]
        first = {keys[0] for keys in wanted}
        there = {
            tuple(str(value) for value in values)
            for values in rows().filter(**{f"{columns[0]}__in": first}).values_list(*columns)
        }
        for keys, hrefs in wanted.items():
            if keys not in there:
                reasons |= {
                    href: f"{href} leads to something that is not there (any more)." for href in hrefs
                }
    for path in _unwritten(pages):
        reasons |= {href: f"{href} leads to a page that nobody has written." for href in pages[path]}
    return reasons


def _unwritten(wanted: Iterable[str]) -> list[str]:
    """Those of these paths of the library at which there is neither a page nor a folder."""
    if not wanted:
        return []
    directory = linking.directory_for([("", f"/{path}") for path in wanted])
    missing = [path for path in wanted if directory.find("", f"/{path}") is None]
    return [path for path in missing if not Page.objects.filter(path__istartswith=f"{path}/").exists()]


def _resolved(path: str) -> tuple[str, dict[str, Any]] | None:
    for tried in (unquote(path), f"{unquote(path)}/"):
        try:
            match = resolve(tried)
        except Resolver404:
            continue
        return match.view_name, match.kwargs
    return None


def dead_hits(text: str, reasons: dict[str, str]) -> list[Hit]:
    return [Hit(start, end, "link", reasons[href]) for start, end, href in links_in(text) if href in reasons]
