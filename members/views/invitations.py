from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from members import invitations
from members.adapter import INVITATION
from members.models import Invitation, User


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_detail(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing; the button takes the invitation up, or leads to making the account."""
    invitation = Invitation.objects.by_token(token)
    if invitation is None:
        raise Http404
    user: Any = request.user
    if not invitation.is_open(timezone.now()):
        return render(
            request, "members/invitation_detail.html", {"invitation": invitation, "is_over": True}, status=410
        )
    if request.method != "POST":
        has_account = User.objects.real().filter(email=invitation.email.lower()).exists()
        context = {"invitation": invitation, "has_account": has_account}
        return render(request, "members/invitation_detail.html", context)
    if user.is_authenticated:
        if invitations.take_up(invitation, user):
            messages.success(request, "Welcome. You have taken up the invitation.")
        return redirect("/home/")
    # The link came to the address, so the address needs no second proof.
    request.session[INVITATION] = invitation.pk
    get_adapter(request).stash_verified_email(request, invitation.email)
    return redirect(f"{reverse('account_signup')}?{urlencode({'email': invitation.email})}")
