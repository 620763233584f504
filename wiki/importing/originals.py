"""What a text brings along that is not run here: each piece becomes a file, and a line in the report.

The text itself stays as it was written; whoever reads it sees a label (`mlclub.markdown.embeds`) with a link to the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile

from mlclub.markdown import Embed
from wiki.importing.report import Report
from wiki.models import Attachment


def keep(
    embeds: Iterable[Embed],
    report: Report,
    *,
    file: str,
    now: datetime,
    by: Any = None,
    is_rehearsal: bool = False,
) -> list[Attachment]:
    """The files in which the pieces of one text are kept; the same piece is kept once, whatever texts hold it.

    A rehearsal reports and writes no file. `file` is what the report calls the text.
    """
    kept: dict[str, Attachment] = {}
    for embed in embeds:
        report.warn(file, embed.line, _words(embed))
        if embed.is_worth_a_file and not is_rehearsal:
            kept[embed.sha] = kept.get(embed.sha) or _kept(embed, now=now, by=by)
    return list(kept.values())


def _words(embed: Embed) -> str:
    if embed.kind == "player":
        return f"A player of a video is a link to {embed.address} now."
    if embed.kind == "look":
        return "A style attribute is not used here; the text keeps it."
    return f"{embed.label}: a label stands there, and the original is kept as a file."


def _kept(embed: Embed, *, now: datetime, by: Any) -> Attachment:
    row = Attachment.objects.filter(sha256=embed.sha, path="").first()
    if row is not None:
        return row
    content = embed.source.encode("utf-8", "replace")
    row = Attachment(
        sha256=embed.sha,
        content_type=Attachment.ORIGINAL,
        size=len(content),
        uploader=by,
        uploaded_at=now,
    )
    row.file.save(row.filename, ContentFile(content), save=False)
    row.save()
    return row
