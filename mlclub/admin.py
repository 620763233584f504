from __future__ import annotations

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode


class ClubAdminSite(AdminSite):
    """The admin of the portal: allauth signs people in, an office lets them in."""

    site_title = "Admin"
    index_title = "Records"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person holds an office today (or is the webmaster's emergency account).

        The second factor is asked by `members.middleware.SecondFactorMiddleware` on every page.
        """
        user = request.user
        return bool(user.is_active and getattr(user, "enters_admin", False))

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Send people to the portal's own sign-in; there is no second password form to guess at."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(
            wanted, {request.get_host()}, require_https=request.is_secure()
        ):
            wanted = resolve_url("admin:index")
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': wanted})}")
