"""Pictures that pages show: checked and re-encoded before they come here, stored under the hash of their bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile

from mlclub import uploads
from wiki.models import Attachment


def keep(picture: Any, *, now: datetime, by: Any, path: str = "") -> Attachment:
    """Store a checked picture under the hash of its bytes; the same bytes at the same place are stored once."""
    digest = uploads.sha256(picture)
    kept = Attachment.objects.filter(sha256=digest, path=path).first()
    if kept is not None:
        return kept
    picture.seek(0)
    content = picture.read()
    row = Attachment(
        sha256=digest,
        content_type=uploads.sniff(content),
        size=len(content),
        uploader=by,
        uploaded_at=now,
        path=path[:300],
    )
    twin = Attachment.objects.filter(sha256=digest).first()
    if twin is not None:
        row.file.name = twin.file.name
    else:
        row.file.save(row.filename, ContentFile(content), save=False)
    row.save()
    return row
