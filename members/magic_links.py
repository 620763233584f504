"""Pages for people without an account, by a link that is theirs alone. What an app does with it:

    SPEAKER = declare(Purpose("speaker", page="events:guest_detail", label="your page as a speaker"))  # notifications

    @by_magic_link(SPEAKER)                     # the page's address ends in <str:token>
    @require_http_methods(["GET", "POST"])
    def guest_detail(request, link):            # link.about_pk is the object, link.contact or link.address the holder,
        ...                                     # link.path its own address, to come back to
        ...

    magic_links.issue(SPEAKER, about=invite, contact=contact, now=now)     # the same link again while it is live
    magic_links.url_of(link)                                               # for the mail; never store or log it
    magic_links.revoke(about=invite, now=now)

Such a page acts for the link and never for `request.user`; a GET changes nothing. It takes no CSRF token: only who
knows the address can post to it, and under `no-referrer` browsers do not say where a form came from.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, models, transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.defaults import page_not_found

from members import link_purposes
from members.audit import subject_of
from members.ledger import tell
from members.link_purposes import Purpose, declare, path_of, token_of, url_of
from members.middleware import is_reachable
from members.models import Contact, MagicLink
from members.notifications import LinkSentAgain
from mlclub import tokens

__all__ = [
    "Purpose",
    "by_magic_link",
    "declare",
    "issue",
    "path_of",
    "revoke",
    "sealed",
    "send_again",
    "url_of",
]

RATE = {"magic-link-change": "60/m/ip", "magic-link-guess": "30/m/ip"}
#: How many of somebody's pages one mail may bring back.
MOST_AGAIN = 5


# ── Links ──


@transaction.atomic
def issue(
    purpose: Purpose,
    *,
    about: models.Model | str,
    contact: Contact | None = None,
    address: str = "",
    now: datetime,
    expires_at: datetime | None = None,
) -> MagicLink:
    """The link of a contact, or of an address, to one object: the live one if there is one, otherwise a new one.

    It runs out at `expires_at`, or after the purpose's own time; asking with a later one puts it off.
    """
    subject = about if isinstance(about, str) else subject_of(about)
    address = "" if contact else address.strip().lower()
    until = expires_at or now + purpose.lasts
    mine = MagicLink.objects.current().filter(
        purpose=purpose.slug, about=subject, contact=contact, address=address
    )
    held = mine.select_for_update(of=("self",)).first()
    if (
        held is not None
        and held.is_live(now)
        and tokens.digest(token_of(held.nonce, subject)) == held.token_hash
    ):
        if expires_at is not None and expires_at > held.expires_at:
            held.expires_at = expires_at
            held.save(update_fields=["expires_at"])
        return held
    if held is not None:
        # It has run out, or the secret key is another one than when it was made.
        held.replaced_at = now
        held.save(update_fields=["replaced_at"])
    link = MagicLink(
        contact=contact,
        address=address,
        purpose=purpose.slug,
        about=subject,
        created_at=now,
        expires_at=until,
    )
    link.token_hash = tokens.digest(token_of(link.nonce, subject))
    try:
        with transaction.atomic():
            link.save()
    except IntegrityError:
        # Somebody else was faster: one link is enough.
        return mine.get()
    return link


def revoke(
    *,
    about: models.Model | str,
    purpose: Purpose | None = None,
    contact: Contact | None = None,
    now: datetime,
) -> int:
    """End the links to an object (of one purpose, of one contact); says how many. They cannot be renewed."""
    rows = MagicLink.objects.filter(revoked_at=None)
    rows = rows.filter(about=about if isinstance(about, str) else subject_of(about))
    if purpose is not None:
        rows = rows.filter(purpose=purpose.slug)
    if contact is not None:
        rows = rows.filter(contact=contact)
    return rows.update(revoked_at=now)


@transaction.atomic
def send_again(*, token: str = "", address: str = "", now: datetime) -> int:
    """Mail a new link to whoever an old one belonged to, or all that went to an address; at most one mail an hour.

    The page that calls it says the same whatever this returns: nobody learns which addresses are known.
    """
    if token:
        old = MagicLink.objects.by_token(token)
        found = [old] if old is not None and old.revoked_at is None else []
    else:
        found = list(MagicLink.objects.current().to(address.strip()).select_related("contact")[:MOST_AGAIN])
    sent = 0
    for link in found:
        purpose = link_purposes.find(link.purpose)
        if purpose is None or not link.to:
            continue
        current = issue(purpose, about=link.about, contact=link.contact, address=link.address, now=now)
        sent += tell(LinkSentAgain, None, address=link.to, about=current, slot=f"{now:%Y-%m-%dT%H}", now=now)
    return sent


# ── Pages ──


def by_magic_link(purpose: Purpose) -> Callable[[Callable[..., HttpResponseBase]], Any]:
    """The decorator of a page behind a magic link: the view gets the MagicLink in place of the token.

    An unknown token is a 404, one that is over a page (410) that sends a new one to its own address. The page is kept
    out of caches and indexes, sends no referrer, and posts are counted.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Any:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def page(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                response = _opened(request, token, *args, **kwargs)
            except Http404 as missing:
                response = page_not_found(request, missing)
            return sealed(response)

        def _opened(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            now = timezone.now()
            link = MagicLink.objects.by_token(token)
            if link is None or link.purpose != purpose.slug:
                if _is_too_much(request, "magic-link-guess"):
                    return render(request, "429.html", status=429)
                raise Http404
            if not link.is_live(now):
                context = {"link": link, "token": token, "purpose": purpose}
                return render(request, "members/magic_link_over.html", context, status=410)
            if request.method == "POST":
                if _is_too_much(request, "magic-link-change"):
                    return render(request, "429.html", status=429)
                MagicLink.objects.filter(pk=link.pk).update(last_used_at=now)
            link.path = f"{request.path.partition(token)[0]}{token}/"
            return view(request, link, *args, **kwargs)

        return page

    return decorate


def sealed(response: HttpResponseBase) -> HttpResponseBase:
    """The headers under which a secret address stays one."""
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


def _is_too_much(request: HttpRequest, action: str) -> bool:
    """Whether this network has asked too often. Where nobody can count, the token is guard enough."""
    return ratelimit.consume(request, app="members", action=action, config=RATE) is None and is_reachable()
