"""From a row of the ledger to the mail that goes out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import formataddr, parseaddr
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse

from members.ledger import merging, stopping
from members.ledger.kinds import Kind
from members.models import Club, Notification
from mlclub.mail import Composed, compose, compose_part

MERGED = "members/mail/merged"


@dataclass(frozen=True)
class Part:
    """One of several messages that go in one mail."""

    row: Notification
    kind: Kind
    written: Composed
    attachments: Sequence[tuple[str, bytes, str]] = ()

    @property
    def subject(self) -> str:
        return self.written.subject

    @property
    def text(self) -> str:
        return self.written.text

    @property
    def html(self) -> str:
        return self.written.html


def message(
    row: Notification, kind: Kind, *, club: Club, now: datetime, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    """Render the row with its kind's templates and put on the headers that every mail carries."""
    token = token_for(row, kind)
    written = composed(row, kind, club=club, now=now)
    mail = _mail(row, written, headers(row, kind, club=club, token=token), club=club, connection=connection)
    _attach(mail, kind.attachments(row))
    return mail


def composed(row: Notification, kind: Kind, *, club: Club, now: datetime) -> Composed:
    """Subject, text and HTML of the row, as its recipient gets them."""
    token = token_for(row, kind)
    return compose(
        kind.template,
        {
            **_frame(row, kind.why, token, club=club, now=now),
            **kind.context(row),
        },
    )


def part(row: Notification, kind: Kind, *, club: Club, now: datetime) -> Part:
    """The row as it stands in a mail together with others."""
    context = {**_frame(row, kind.why, "", club=club, now=now), **kind.context(row)}
    return Part(row, kind, compose_part(kind.template, context), kind.attachments(row))


def together(
    parts: Sequence[Part], *, club: Club, now: datetime, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    """One mail of several parts to one recipient. Its link stops every kind that is in it."""
    first = parts[0]
    rows = [each.row for each in parts]
    named = list({each.kind.slug: each.kind for each in parts}.values())
    token = stopping.token_of(*rows)
    why = ", and ".join(dict.fromkeys(kind.why for kind in named))
    frame = _frame(first.row, why, token, club=club, now=now)
    stops = "these kinds" if len(named) > 1 else "this kind"
    written = compose(MERGED, {**frame, "parts": parts, "stops": stops})
    found = headers(first.row, first.kind, club=club, token=token)
    if len(named) > 1:
        found["List-Id"] = f"Reminders <reminders.{_host()}>"
    mail = _mail(first.row, written, found, club=club, connection=connection)
    for each in parts:
        _attach(mail, each.attachments)
    return mail


def _frame(row: Notification, why: str, token: str, *, club: Club, now: datetime) -> dict[str, Any]:
    """What every mail says beside its own words."""
    settings_url = settings.SITE_URL + reverse("members:notification_settings") if row.person_id else ""
    return {
        "club": club,
        "person": row.person,
        "row": row,
        "why": why,
        "settings_url": settings_url,
        "unsubscribe_url": stopping.link(token) if token else "",
        "now": now,
    }


def _mail(
    row: Notification,
    written: Composed,
    headers: dict[str, str],
    *,
    club: Club,
    connection: BaseEmailBackend,
) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=written.subject,
        body=written.text,
        from_email=sender(club),
        to=[row.to],
        reply_to=[club.contact_email] if club.contact_email else None,
        headers=headers,
        connection=connection,
    )
    if written.html:
        mail.attach_alternative(written.html, "text/html")
    return mail


def _attach(mail: EmailMultiAlternatives, files: Sequence[tuple[str, bytes, str]]) -> None:
    for name, content, mimetype in files:
        mail.attach(re.sub(r"[^\w. -]", "_", name), content, mimetype)


def token_for(row: Notification, kind: Kind) -> str:
    """What the unsubscribe link carries; empty for a kind that cannot be stopped."""
    return "" if kind.is_required else stopping.token_of(row)


def sender(club: Club) -> str:
    """The portal's address under the club's name."""
    address = club.mail_server.get("sender") or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return formataddr((" ".join(club.name.split()), address))


def headers(row: Notification, kind: Kind, *, club: Club, token: str) -> dict[str, str]:
    found = {
        "Message-ID": merging.message_id(row),
        "List-Id": f"{kind.label} <{kind.slug}.{_host()}>",
        "Auto-Submitted": "auto-generated",
    }
    if token:
        write_to = club.contact_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        found["List-Unsubscribe"] = (
            f"<{stopping.link(token)}>, <mailto:{quote(write_to, safe='@')}?subject={quote('unsubscribe ' + kind.slug)}>"
        )
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"
