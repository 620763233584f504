"""The mail server: from the environment, or as the first-run page or an officer set it."""

from __future__ import annotations

import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as DjangoEmailBackend

from members.models import Club
from members.sealing import opened, seal


class _Watched:
    """Remembers whether the text of the mail was handed over: after that, silence may mean that it went."""

    reached_data = False

    def data(self, msg: Any) -> Any:
        self.reached_data = True
        return super().data(msg)  # type: ignore[misc]


class _Plain(_Watched, smtplib.SMTP):
    pass


class _Encrypted(_Watched, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoEmailBackend):
    """Django's, which can also say how far a failed conversation had come."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Encrypted if self.use_ssl else _Plain

    def begin(self) -> None:
        """A new mail: nothing of it has been handed over."""
        if self.connection is not None:
            self.connection.reached_data = False  # type: ignore[attr-defined]

    @property
    def reached_data(self) -> bool:
        return bool(getattr(self.connection, "reached_data", False))


def connection() -> BaseEmailBackend:
    """A connection to the server that is in force, not opened yet."""
    server = Club.objects.filter(pk=1).values_list("mail_server", flat=True).first() or {}
    if server and settings.MAIL_SERVER_FROM_CLUB:
        return EmailBackend(
            host=server["host"],
            port=server["port"],
            username=server.get("user") or "",
            password=opened(server.get("password") or ""),
            use_tls=server.get("security") == "starttls",
            use_ssl=server.get("security") == "tls",
            timeout=settings.EMAIL_TIMEOUT,
        )
    if settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
        return EmailBackend()
    return get_connection()


def save(
    club: Club,
    *,
    host: str,
    port: int,
    user: str = "",
    password: str = "",
    security: str = "starttls",
    sender: str = "",
) -> None:
    """Keep the server in the club's row, the password encrypted. An empty host goes back to the environment's."""
    club.mail_server = (
        {
            "host": host,
            "port": port,
            "user": user,
            "password": seal(password) if password else "",
            "security": security,
            "sender": sender,
        }
        if host
        else {}
    )
    # What was wrong with the former settings says nothing of these.
    club.mail_problem, club.mail_problem_at = "", None
    club.save()


def test(club: Club, address: str) -> str:
    """Send a test mail to `address` at once; returns what went wrong, or an empty string."""
    from_email = club.mail_server.get("sender") or settings.DEFAULT_FROM_EMAIL
    mail = EmailMultiAlternatives(
        subject=f"A test mail from {' '.join(club.name.split())}",
        body="If you can read this, the portal can send mail.\n",
        from_email=from_email,
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
        connection=connection(),
    )
    try:
        mail.send()
    except (smtplib.SMTPException, OSError, ValueError) as problem:
        return " ".join(f"{type(problem).__name__}: {problem}".split())[:300]
    return ""
