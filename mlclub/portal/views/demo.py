"""The demo club's sign-in buttons and its letter box. Every view here is a 404 in any other mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from members.demo import MAIL_DOMAIN, ROLES
from members.middleware import DEMO_SECOND_FACTOR
from members.models import User
from mlclub import mail
from mlclub.portal import demo_mail

View = Callable[..., HttpResponse]


def demo_only(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@login_not_required
@demo_only
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the demo's roles; stands in for the second factor too."""
    role = request.POST.get("role", "")
    if role not in ROLES:
        raise Http404
    user = get_object_or_404(User, email=f"{role}@{MAIL_DOMAIN}", is_active=True)
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    request.session[DEMO_SECOND_FACTOR] = True
    goal = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(goal, allowed_hosts=None):
        return redirect(goal)
    return redirect("portal:home")


@login_not_required
@demo_only
@require_safe
def demo_mail_list(request: HttpRequest) -> HttpResponse:
    """What the portal has sent in this demo, newest first."""
    to = request.GET.get("to", "").strip().lower()
    page = Paginator(demo_mail.letters(to), 50).get_page(request.GET.get("page"))
    return render(request, "portal/demo_mail_list.html", {"page_obj": page, "to": to})


@login_not_required
@demo_only
@require_safe
def demo_mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    letter = demo_mail.read(name)
    if letter is None:
        raise Http404
    return render(request, "portal/demo_mail_detail.html", {"letter": letter})


@login_not_required
@demo_only
@require_safe
def demo_mail_html(request: HttpRequest, name: str) -> HttpResponse:
    letter = demo_mail.read(name)
    if letter is None or not letter.html:
        raise Http404
    return mail.shown(letter.html)
