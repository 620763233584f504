"""The mirror: what members clone, and the page on which they get their address."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from members.access import members_only
from members.models import Club
from mlclub import uploads
from wiki import limits, mirror
from wiki.models import Mirror, MirrorKey

#: Where the session keeps a new secret until its page has shown it, once.
SHOW_ONCE = "new_mirror_token"
ASKED_A_MINUTE = 300
GUESSES_A_MINUTE = 30
_TYPES = {".pack": "application/x-git-packed-objects", ".idx": "application/x-git-packed-objects-toc"}


@members_only
@require_safe
def mirror_detail(request: HttpRequest) -> HttpResponse:
    """How to clone the library, and one's own address for it. A new secret is shown once; it is not stored."""
    token = request.session.pop(SHOW_ONCE, "") if request.method == "GET" else ""
    address = ""
    if token:
        address = settings.SITE_URL + reverse("wiki:mirror_file", args=[token, "HEAD"]).removesuffix("/HEAD")
    row = Mirror.objects.filter(pk=1).first()
    now = timezone.now()
    return render(
        request,
        "wiki/mirror_detail.html",
        {
            "mirror": row,
            "is_behind": row is not None and mirror.is_behind(row, now),
            "key": MirrorKey.objects.live().filter(user=request.user.pk).first(),
            "address": address,
            "folder": f"{slugify(Club.current().brief) or 'club'}-library",
        },
    )


@members_only
@require_POST
def mirror_key_renew(request: HttpRequest) -> HttpResponse:
    """Make an address, or replace the one there is."""
    user: Any = request.user
    request.session[SHOW_ONCE] = mirror.renew(user, timezone.now())
    return redirect("wiki:mirror_detail")


@members_only
@require_POST
def mirror_key_revoke(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if mirror.revoke(user, timezone.now()):
        messages.success(request, "Your address for the library no longer works.")
    return redirect("wiki:mirror_detail")


@login_not_required
@require_safe
def mirror_file(request: HttpRequest, token: str, path: str) -> HttpResponseBase:
    """What git asks for. The address is the key: no cookie, no redirect; 410 once it is revoked."""
    key = mirror.find(token)
    if key is None:
        caller = get_adapter().get_client_ip(request)
        if not limits.within("mirror guess", caller, GUESSES_A_MINUTE):
            return _plain("Too many questions. Wait a minute.", 429)
        return _plain("There is no such repository.", 404)
    if not limits.within("mirror", key.pk, ASKED_A_MINUTE):
        return _plain("Too many questions. Wait a minute.", 429)
    if key.revoked_at:
        return _plain("This address was replaced or switched off by its owner.", 410)
    if not (key.user.is_active and key.user.standing.reads_members_area):
        return _plain("Whoever had this address no longer reads the library.", 403)
    row = Mirror.objects.filter(pk=1).first() or Mirror()
    text = mirror.text_of(row, path)
    if text is not None:
        return _plain(text, 200)
    stored = mirror.file_of(row, path)
    if stored is None:
        return _plain("Not in this repository.", 404)
    return _pack(request, stored, path)


def _pack(request: HttpRequest, stored: mirror.StoredFile, path: str) -> HttpResponseBase:
    name = path.rpartition("/")[2]
    response = uploads.serve_private(request, stored, name)
    response["Content-Type"] = _TYPES[name[name.rindex(".") :]]
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    # What is packed already is not packed again on its way out.
    response["Content-Encoding"] = "identity"
    return _secret(response)


def _plain(text: str, status: int) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
    response["Cache-Control"] = "private, no-store"
    _secret(response)
    return response


def _secret(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
