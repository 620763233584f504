"""How allauth behaves in this club: who may sign up, and what an authenticator app calls it."""

from __future__ import annotations

import base64
import hashlib
import logging
import smtplib
from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.utils import timezone

from members import ledger, mailserver
from members.ledger.posting import sender
from members.models import Club, Invitation, User
from mlclub.mail import compose

logger = logging.getLogger(__name__)

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
    #: What went wrong at the sign-in, and how to mend it.
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is switched off. Ask an officer.",
        "email_password_mismatch": "The address and the password do not fit together. Check both, or let us mail you a code.",
        "email_taken": "There is already an account with this address. Sign in, or ask for a new password.",
        "enter_current_password": "Type the password that you have now.",
        "incorrect_code": "This is not the code, or it is too old. Ask for a new one.",
        "incorrect_password": "This is not the password.",
        "too_many_login_attempts": "Too many tries in a row. Wait some minutes, or let us mail you a code.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.SIGNUP != BY_INVITATION or followed_invitation(request) is not None

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a code or a notice of the account at once: never held, muted or put off. Only its outcome is kept."""
        request = allauth_context.request
        club = Club.current()
        site = {"name": club.name, "domain": urlsplit(settings.SITE_URL).netloc}
        plain = self.render_mail(
            template_prefix,
            email,
            {"request": request, "email": email, "club": club, **context, "current_site": site},
        )
        composed = compose(
            "members/mail/account",
            {
                "club": club,
                "subject_line": plain.subject,
                "text": plain.body.strip(),
                "why": "because somebody, probably you, used this address here",
            },
        )
        mail = EmailMultiAlternatives(
            subject=composed.subject,
            body=composed.text,
            from_email=sender(club),
            to=[email],
            headers={"Auto-Submitted": "auto-generated"},
            connection=mailserver.connection(),
        )
        mail.attach_alternative(composed.html, "text/html")
        problem = None
        try:
            mail.send()
        except (smtplib.SMTPException, OSError) as failure:
            logger.warning("%s could not be sent: %s", template_prefix, failure)
            problem = " ".join(f"{type(failure).__name__}: {failure}".split())
            if request is not None:
                messages.error(request, "The mail could not be sent just now. Try again in a minute.")
        person = context.get("user") or User.objects.filter(email=email.strip().lower()).first() or email
        ledger.record_sent(f"account-{template_prefix.rpartition('/')[2]}", person, problem)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """The same rule as for a password, asked of the address that the other site vouches for."""
        return not refusal(request, sociallogin.user.email or "")

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        parts = [data.get("first_name") or "", data.get("last_name") or ""]
        user.name = (data.get("name") or " ".join(filter(None, parts)))[:120]
        return user


def cipher() -> MultiFernet:
    """Encrypts what must not be readable in a copy of the database, under the secret key and the ones before it."""

    def key(secret: str) -> Fernet:
        return Fernet(
            base64.urlsafe_b64encode(hashlib.sha256(b"members.second-factor" + secret.encode()).digest())
        )

    return MultiFernet([key(secret) for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]])


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again; one that cannot be read any more is one that no code fits."""
        try:
            return cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return ""

    def get_totp_issuer(self) -> str:
        return Club.current().brief
