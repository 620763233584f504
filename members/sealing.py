"""Secrets of others that the portal has to use again: kept encrypted with the secret key."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def seal(text: str) -> str:
    return _cipher().encrypt(text.encode()).decode()


def opened(text: str) -> str:
    """What was sealed; empty where the secret key is not the one of then."""
    try:
        return _cipher().decrypt(text.encode()).decode() if text else ""
    except InvalidToken:
        return ""


def _cipher() -> MultiFernet:
    def key(secret: str) -> Fernet:
        return Fernet(
            base64.urlsafe_b64encode(hashlib.sha256(b"members.mailserver" + secret.encode()).digest())
        )

    return MultiFernet([key(secret) for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]])
