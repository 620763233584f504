"""The blog as RSS and Atom: whole texts, absolute addresses, and names that never change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.xmlutils import SimplerXMLGenerator

from members.models import Club
from wiki.models import Post
from wiki.rendering import shown

#: How many posts a feed holds.
LONGEST = 20
_LOCAL = re.compile(r'((?:href|src)=")(/(?!/)|#)')
#: What no XML may hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def absolute(path: str) -> str:
    """An address of the portal as the world writes it."""
    return f"{settings.SITE_URL}{path}"


def for_elsewhere(html: str, url: str) -> str:
    """A text whose links and pictures are found from another place; `url` is where it stands."""
    return _LOCAL.sub(lambda match: f"{match[1]}{absolute('/') if match[2] == '/' else f'{url}#'}", html)


def name_of(post: Post) -> str:
    """What a feed reader knows a post by, whatever its address and its words become."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},{post.created_at:%Y-%m-%d}:blog/{post.pk}"


class _Rss(Rss201rev2Feed):
    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), "xmlns:content": "http://purl.org/rss/1.0/modules/content/"}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name in item["names"]:
            handler.addQuickElement("dc:creator", name, {"xmlns:dc": "http://purl.org/dc/elements/1.1/"})
        handler.addQuickElement("content:encoded", item["html"])


class _Atom(Atom1Feed):
    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name in item["names"]:
            handler.startElement("author", AttributesImpl({}))
            handler.addQuickElement("name", name)
            handler.endElement("author")
        handler.addQuickElement("content", item["html"], {"type": "html"})


def latest() -> Any:
    """The posts that a feed holds."""
    return Post.objects.published().newest_first()[:LONGEST]


def written(posts: Sequence[Post], *, is_atom: bool) -> str:
    """The feed of these posts, newest first; each with its head, credits and topics at hand."""
    club = Club.current()
    here = reverse("wiki:post_atom" if is_atom else "wiki:post_feed")
    feed = (_Atom if is_atom else _Rss)(
        title=_clean(f"{club.name}: blog"),
        link=absolute(reverse("wiki:post_list")),
        description=_clean(f"What {club.name} writes."),
        language="en",
        feed_url=absolute(here),
        feed_guid=f"tag:{urlsplit(settings.SITE_URL).hostname},2020-01-01:blog",
    )
    for post in posts:
        url = absolute(post.get_absolute_url())
        html = str(shown(post.text, path="", title=post.title).html)
        feed.add_item(
            title=_clean(post.title),
            link=url,
            description=_clean(post.lead),
            unique_id=name_of(post),
            unique_id_is_permalink=False,
            pubdate=post.published_at,
            updateddate=post.updated_at,
            categories=[_clean(topic.name) for topic in post.topics.all()],
            names=[_clean(author.name) for author in post.credits()] or [_clean(club.name)],
            html=_clean(for_elsewhere(html, url)),
        )
    return str(feed.writeString("utf-8"))


def changed_at(posts: Sequence[tuple[Any, ...]]) -> datetime | None:
    """When the newest thing of rows of (…, content, published, state) moments came."""
    return max((moment for row in posts for moment in row if isinstance(moment, datetime)), default=None)


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("", text)
