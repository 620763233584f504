"""From three templates to a mail: subject, text, and HTML whose styles stand in the elements."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import css_inline
from django.conf import settings
from django.http import HttpResponse
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from mlclub import look, markdown

logger = logging.getLogger(__name__)

# Gmail cuts a mail at 102 kB and hides the unsubscribe link behind the cut.
MOST_HTML = 90_000
LONGEST_SUBJECT = 150


@dataclass(frozen=True)
class Composed:
    """A mail ready to be sent; `html` is empty when it would have been too long to be shown whole."""

    subject: str
    text: str
    html: str


def compose(template: str, context: Mapping[str, Any]) -> Composed:
    """Render `<template>.subject.txt`, `.txt` and `.html`; the first two know no HTML and escape nothing.

    Templates extend `mail/base.txt` and `mail/base.html`, which want `club`, `why` and, where they exist,
    `settings_url` and `unsubscribe_url`. `site_url` is added.
    """
    written = _written(template, context)
    html = inliner().inline(written.html)
    if len(html.encode()) > MOST_HTML:
        logger.warning(
            "The mail %s has %d bytes of HTML and goes as text alone.", template, len(html.encode())
        )
        html = ""
    return Composed(subject=written.subject, text=written.text, html=html)


def compose_part(template: str, context: Mapping[str, Any]) -> Composed:
    """The same three templates as a part of another mail: what stands in their block `content`, without its frame."""
    written = _written(template, {**context, "is_part": True})
    # Safe: what a template of ours has just written.
    return replace(written, html=mark_safe(written.html.strip()))


def _written(template: str, context: Mapping[str, Any]) -> Composed:
    values = {"site_url": settings.SITE_URL, **context}
    subject = " ".join(plain(f"{template}.subject.txt", values).split())
    if len(subject) > LONGEST_SUBJECT:
        subject = subject[: LONGEST_SUBJECT - 1].rstrip() + "…"
    text = re.sub(r"\n{3,}", "\n\n", plain(f"{template}.txt", values)).strip() + "\n"
    page = get_template(f"{template}.html").render({"subject": subject, "style": style(), **values})
    return Composed(subject=subject, text=text, html=page)


def plain(name: str, values: Mapping[str, Any]) -> str:
    """A template rendered as text: `&` stays `&`."""
    template = get_template(name).template  # type: ignore[attr-defined]
    return str(template.render(Context(dict(values), autoescape=False)))


def from_markdown(text: str) -> SafeString:
    """Somebody's Markdown as HTML for a mail: its links lead to the portal from wherever they are read."""
    html = str(markdown.render(text).html)
    # Safe: the renderer's own output, in which only the beginning of an address is put in front.
    return mark_safe(re.sub(r'(href|src)="/(?!/)', rf'\1="{settings.SITE_URL}/', html))


def shown(html: str) -> HttpResponse:
    """The HTML part as a mail client shows it: styles in the elements, hence a policy of its own, and no scripts."""
    response = HttpResponse(html)
    response._csp_replace = {  # type: ignore[attr-defined]
        "default-src": ["'none'"],
        "script-src": None,
        "style-src": ["'unsafe-inline'"],
        "sandbox": True,
    }
    return response


@lru_cache
def style() -> SafeString:
    """The style block of every mail; once a process, since nothing in it changes."""
    # Safe: our own style sheet with our own colours.
    return mark_safe(plain("mail/_style.css", {"colours": look.colours()}).strip())


@lru_cache
def inliner() -> css_inline.CSSInliner:
    """Writes the style block into the elements and keeps only its rules for dark and narrow screens."""
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
