from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from members.models import Club

#: In the demo, and nowhere else, a sign-in button stands in for the second factor.
DEMO_SECOND_FACTOR = "demo_second_factor"


class ClubZoneMiddleware:
    """Every hour on a page is the club's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/healthz/"):  # answers without a database, and says so
            return self.get_response(request)
        with Club.kept(), timezone.override(Club.current().zone):
            return self.get_response(request)


class SecondFactorMiddleware:
    """Whoever holds an office sets up a second factor before anything else opens."""

    OPEN = ("/accounts/", "/static/", "/healthz/", "/theme/", "/demo/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if (
            user.is_authenticated
            and not request.path.startswith(self.OPEN)
            and user.needs_second_factor
            and not (settings.DEMO and request.session.get(DEMO_SECOND_FACTOR))
            and not has_second_factor(user)
        ):
            messages.warning(
                request, "You hold an office, so this account needs a second factor. Set one up to go on."
            )
            return redirect("mfa_index")
        return self.get_response(request)


def has_second_factor(user: Any) -> bool:
    """Whether `user` has set one up; of whoever holds an office it is known with the office."""
    offices = user.standing.offices
    return offices[0].has_second_factor if offices else is_mfa_enabled(user)


def is_reachable() -> bool:
    """Whether Redis answers, so that somebody counts."""
    backend: Any = cache
    return bool(backend.is_reachable())


class SignInLimitsMiddleware:
    """Without Redis nobody counts failed sign-ins, so none are tried: 503 until it is back.

    Whoever is signed in stays so, and can sign out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        tries = request.method == "POST" and request.path.startswith("/accounts/")
        if tries and request.path != "/accounts/logout/" and not is_reachable():
            response = render(request, "members/limits_unavailable.html", status=503)
            response["Retry-After"] = "60"
            return response
        return self.get_response(request)
