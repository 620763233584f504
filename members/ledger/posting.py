"""From a row of the ledger to the mail that goes out."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import formataddr, parseaddr
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse

from members.ledger import stopping
from members.ledger.kinds import Kind
from members.models import Club, Notification
from mlclub.mail import Composed, compose


def message(
    row: Notification, kind: Kind, *, club: Club, now: datetime, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    """Render the row with its kind's templates and put on the headers that every mail carries."""
    token = token_for(row, kind)
    written = composed(row, kind, club=club, now=now)
    mail = EmailMultiAlternatives(
        subject=written.subject,
        body=written.text,
        from_email=sender(club),
        to=[row.to],
        reply_to=[club.contact_email] if club.contact_email else None,
        headers=headers(row, kind, club=club, token=token),
        connection=connection,
    )
    if written.html:
        mail.attach_alternative(written.html, "text/html")
    for name, content, mimetype in kind.attachments(row):
        mail.attach(re.sub(r"[^\w. -]", "_", name), content, mimetype)
    return mail


def composed(row: Notification, kind: Kind, *, club: Club, now: datetime) -> Composed:
    """Subject, text and HTML of the row, as its recipient gets them."""
    token = token_for(row, kind)
    return compose(
        kind.template,
        {
            "club": club,
            "person": row.person,
            "row": row,
            "why": kind.why,
            "settings_url": settings.SITE_URL + reverse("members:notification_settings")
            if row.person_id
            else "",
            "unsubscribe_url": stopping.link(token) if token else "",
            "now": now,
            **kind.context(row),
        },
    )


def token_for(row: Notification, kind: Kind) -> str:
    """What the unsubscribe link carries; empty for a kind that cannot be stopped."""
    return "" if kind.is_required else stopping.token_of(row)


def sender(club: Club) -> str:
    """The portal's address under the club's name."""
    address = club.mail_server.get("sender") or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return formataddr((" ".join(club.name.split()), address))


def headers(row: Notification, kind: Kind, *, club: Club, token: str) -> dict[str, str]:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    found = {
        "Message-ID": row.message_id,
        "List-Id": f"{kind.label} <{kind.slug}.{host}>",
        "Auto-Submitted": "auto-generated",
    }
    if token:
        write_to = club.contact_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        found["List-Unsubscribe"] = (
            f"<{stopping.link(token)}>, <mailto:{quote(write_to, safe='@')}?subject={quote('unsubscribe ' + kind.slug)}>"
        )
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found
