"""What magic links are for, and the secret address of each: the part that mails need. See `members.magic_links`."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from members.models import MagicLink, Notification


@dataclass(frozen=True)
class Purpose:
    """What a link is for: the page that it opens, how mails call it ("your page as a speaker"), how long it lasts."""

    slug: str
    page: str
    label: str
    lasts: timedelta = timedelta(days=120)


_known: dict[str, Purpose] = {}


def declare(purpose: Purpose) -> Purpose:
    """Make a purpose known. Call it in an app's `notifications`, so that the workers know it too."""
    _known[purpose.slug] = purpose
    return purpose


def find(slug: str) -> Purpose | None:
    """The purpose called `slug`, or None where no app declares it any more."""
    return _known.get(slug)


def token_of(nonce: str, about: str) -> str:
    """32 bytes that only the secret key and the row together can make."""
    key = hashlib.sha256(b"members.magic-link " + settings.SECRET_KEY.encode()).digest()
    made = hmac.new(key, f"{nonce} {about}".encode(), hashlib.sha256).digest()
    return "magic-" + base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def path_of(link: MagicLink) -> str:
    """The secret address of the page, from the root of the site."""
    return reverse(_known[link.purpose].page, args=[token_of(link.nonce, link.about)])


def link_in(row: Notification, purpose: Purpose) -> MagicLink | None:
    """The current link, to what a message is about, of whoever it goes to; it may have run out."""
    links = MagicLink.objects.current().filter(purpose=purpose.slug, about=row.about)
    return links.to(row.address or "").first()


def url_in(row: Notification, purpose: Purpose) -> str:
    """The whole secret address of that link; empty where there is none."""
    link = link_in(row, purpose)
    return url_of(link) if link else ""


def url_of(link: MagicLink) -> str:
    """The whole secret address, for the mail to its holder; never for a log or a table."""
    return str(settings.SITE_URL) + path_of(link)
