"""What a visitor chooses about the look, and the colours of `tokens.css` for places that CSS cannot reach."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

THEMES = ("auto", "light", "dark")
TOKENS = Path(settings.BASE_DIR) / "static" / "css" / "tokens.css"


class Colour(NamedTuple):
    """One token in both themes, as `#rrggbb`."""

    light: str
    dark: str


@lru_cache
def colours() -> dict[str, Colour]:
    """The colour tokens by name (`on_accent` for `--on-accent`): for mails, which know no CSS variables."""
    found = re.findall(
        r"--([a-z-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)", TOKENS.read_text(encoding="utf-8")
    )
    return {name.replace("-", "_"): Colour(light, dark) for name, light, dark in found}


def theme_of(request: HttpRequest | None) -> str:
    """The theme the visitor chose: light, dark, or auto."""
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    return chosen if chosen in THEMES else "auto"


@login_not_required
@csrf_exempt  # it sets one of three words in a cookie, and public pages stay free of a CSRF cookie
@require_POST
def theme_set(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie and go back to the page it was chosen on."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        return HttpResponseBadRequest("The theme is auto, light or dark.", content_type="text/plain")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    response.set_cookie(
        "theme", theme, max_age=400 * 24 * 3600, samesite="Lax", secure=request.is_secure(), httponly=False
    )
    return response
