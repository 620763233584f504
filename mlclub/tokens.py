"""Secrets in addresses: only their hash is stored."""

from __future__ import annotations

import hashlib
import secrets


def new() -> str:
    """32 random bytes for an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a token: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()
