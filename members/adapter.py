"""How allauth behaves in this club: who may sign up, and what an authenticator app calls it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from members.models import Club, Invitation, User

#: The session's key for the invitation whose link was followed.
INVITATION = "invitation"

OPEN, BY_INVITATION = "open", "invitation"


def followed_invitation(request: HttpRequest) -> Invitation | None:
    """The open invitation whose link this visitor followed."""
    pk = request.session.get(INVITATION)
    return Invitation.objects.open(timezone.now()).filter(pk=pk).first() if pk else None


def signup_domains() -> list[str]:
    """The mail domains whose addresses may sign up, when signing up is limited to some."""
    if settings.SIGNUP in (OPEN, BY_INVITATION):
        return []
    return [domain.strip().lower().lstrip("@") for domain in settings.SIGNUP.split(",") if domain.strip()]


def refusal(request: HttpRequest, email: str) -> str:
    """Why `email` may not make an account here and now; empty when it may. An invitation always may."""
    invitation = followed_invitation(request)
    if settings.SIGNUP == BY_INVITATION:
        if invitation is None:
            return "Accounts are made by invitation. Follow the link in the mail you were sent."
        if invitation.email.lower() != email.lower():
            return (
                f"The invitation is for {invitation.email}. Use that address; you can change it afterwards."
            )
        return ""
    domains = signup_domains()
    if not domains or (invitation and invitation.email.lower() == email.lower()):
        return ""
    if email.rpartition("@")[2].lower() in domains:
        return ""
    return f"Use your address at {' or '.join(domains)}, or ask an officer for an invitation."


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.SIGNUP != BY_INVITATION or followed_invitation(request) is not None


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """The same rule as for a password, asked of the address that the other site vouches for."""
        return not refusal(request, sociallogin.user.email or "")

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        parts = [data.get("first_name") or "", data.get("last_name") or ""]
        user.name = (data.get("name") or " ".join(filter(None, parts)))[:120]
        return user


class MFAAdapter(DefaultMFAAdapter):
    def get_totp_issuer(self) -> str:
        return Club.current().brief
