"""Pictures that pages show: checked and re-encoded before they come here, stored under the hash of their bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile

from mlclub import uploads
from wiki import linking, paths
from wiki.models import Attachment, Page
from wiki.rendering import Anatomy, pictures_in


def missing(page: Page, held: Anatomy) -> str:
    """The names, one a line, of the pictures that a page shows and that are not here; at most two queries."""
    names = list(dict.fromkeys([*held.images, *(name for name, _ in held.missing_images)]))
    places = {
        name: {linking.asked_path(page.folder, name)[0], paths.tidy(f"{page.folder}/{name}"), name}
        for name in names
    }
    here = (
        set(Attachment.objects.filter(path__in=set().union(*places.values())).values_list("path", flat=True))
        if names
        else set()
    )
    found = [name for name in names if not places[name] & here]
    hashes = pictures_in(page.text)
    if hashes:
        hashes -= set(Attachment.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
    return "\n".join([*found, *(f"{digest[:12]} (deleted)" for digest in sorted(hashes))])[:2000]


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
