"""The demo's letter box: mail goes into files instead of to people, and `/demo/mail/` shows it."""

from __future__ import annotations

import email
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage as ParsedMail
from email.policy import default
from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

NAME = re.compile(r"^[0-9]{20}-[0-9a-f]{8}$")
#: More than this is never listed; the oldest are removed as new ones come.
MOST = 2000


@dataclass(frozen=True)
class Letter:
    """One mail that was sent."""

    name: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[str, ...] = field(default=())


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "demo-mail"


class EmailBackend(BaseEmailBackend):
    """Keeps every message as a file whose name sorts by the time it was sent."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        box = folder()
        box.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            now = datetime.now(tz=UTC)
            name = f"{now:%Y%m%d%H%M%S%f}-{uuid.uuid4().hex[:8]}"
            part = box / f"{name}.part"
            part.write_bytes(message.message().as_bytes())
            part.rename(box / f"{name}.eml")
        for old in sorted(box.glob("*.eml"), reverse=True)[MOST:]:
            old.unlink(missing_ok=True)
        return len(email_messages)


def letters(to: str = "") -> list[Letter]:
    """All letters, newest first; with `to`, those whose recipient's address begins so."""
    found = [_parse(path) for path in sorted(folder().glob("*.eml"), reverse=True)]
    return [letter for letter in found if letter.to.lower().startswith(to)]


def read(name: str) -> Letter | None:
    """The letter called `name`, or None where there is none."""
    path = folder() / f"{name}.eml"
    return _parse(path) if NAME.match(name) and path.is_file() else None


def _parse(path: Path) -> Letter:
    message: ParsedMail = email.message_from_bytes(path.read_bytes(), policy=default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return Letter(
        name=path.stem,
        at=datetime.strptime(path.stem[:20], "%Y%m%d%H%M%S%f").replace(tzinfo=UTC),
        to=parseaddr(str(message["To"] or ""))[1],
        subject=str(message["Subject"] or ""),
        text=text.get_content() if text else "",
        html=html.get_content() if html else "",
        headers=tuple((key, str(value)) for key, value in message.items()),
        attachments=tuple(
            part.get_filename() or part.get_content_type() for part in message.iter_attachments()
        ),
    )
