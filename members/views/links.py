"""Links for people without an account: asking for a new one. And the logos of organizations."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from members import magic_links
from members.forms import LinkRenewForm
from members.models import Organization
from members.views.people import picture

RATE = {"link-renew": "5/m/ip,20/h/ip"}


# Posted to from pages that send no referrer and no origin; it acts for nobody who is signed in.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def link_renew(request: HttpRequest) -> HttpResponse:
    """A new link to one's page goes to the address that the old one went to. The answer tells nothing else."""
    form = LinkRenewForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        # Each may send a mail, so nobody may while nobody can count.
        if ratelimit.consume(request, app="members", action="link-renew", config=RATE) is None:
            return magic_links.sealed(render(request, "429.html", status=429))  # type: ignore[return-value]
        if form.is_valid():
            magic_links.send_again(**form.cleaned_data, now=timezone.now())
            messages.success(request, "If there is a page for you, a mail with a new link is on its way.")
            return redirect("members:link_renew")
        status = 422
    response = render(request, "members/link_renew.html", {"form": form}, status=status)
    return magic_links.sealed(response)  # type: ignore[return-value]


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def organization_logo(request: HttpRequest, pk: int) -> FileResponse:
    return picture(get_object_or_404(Organization.objects.exclude(logo=""), pk=pk).logo)
