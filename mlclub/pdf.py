"""PDF files that strangers send and strangers open: read far enough to know that one is a document and nothing else.

Nothing is drawn. A file is refused that is no PDF from its first byte to its last, that is locked, that holds scripts,
forms that send, programmes or other files, or that is written in a way that cannot be looked through.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError

LARGEST = 2 * 1024 * 1024
MOST_PAGES = 6
#: How much a file may unfold to while it is looked through.
MOST_UNFOLDED = 24 * 1024 * 1024

AGAIN = "Print it to PDF anew and send that."
NOT_PDF = "This is not a PDF. Export it as a PDF and send that."
DAMAGED = f"This PDF cannot be read. {AGAIN}"
ACTIVE = f"This PDF holds a script, a form or another file within it. {AGAIN}"

#: What a document to be read has no need of.
UNWANTED = re.compile(
    rb"/(JavaScript|JS|Launch|SubmitForm|ImportData|GoToE|Rendition|RichMedia|Movie|Sound|XFA"
    rb"|EmbeddedFiles?|Filespec|Collection)(?![A-Za-z0-9_])"
)
#: The same where it may be hidden within what calls itself data: only what no chance bytes spell.
HIDDEN = re.compile(
    rb"/S(?:\s|%[^\r\n]{0,40}[\r\n]){0,40}/(?:JavaScript|Launch|SubmitForm|ImportData|GoToE|Rendition)(?![A-Za-z0-9_])"
    rb"|/(?:EmbeddedFiles?|RichMedia)(?![A-Za-z0-9_])"
)
LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9_])")
PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z0-9_])")
PACKED = re.compile(rb"/ObjStm(?![A-Za-z0-9_])")
STREAM = re.compile(rb"stream\r?\n")
FILTER = re.compile(rb"/Filter\s*(\[[^\]]{0,200}\]|/\w+)")
HEX_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
#: Outside of texts a remark may hold any bracket; within them a sign after a backslash means itself.
OUTSIDE = re.compile(rb"\(|%[^\r\n]*")
INSIDE = re.compile(rb"[()]|\\.", re.DOTALL)


def checked(file: Any, *, largest: int = LARGEST, most_pages: int = MOST_PAGES) -> tuple[bytes, int]:
    """The bytes of an uploaded PDF and its number of pages.

    Raises a ValidationError whose sentence is for the person who sent it.
    """
    file.seek(0)
    data = file.read(largest + 1)
    if len(data) > largest:
        raise ValidationError(
            f"This file is larger than {largest // (1024 * 1024)} MB. Make it smaller and send it again."
        )
    pages = pages_of(data)
    if pages > most_pages:
        raise ValidationError(f"This PDF has {pages} pages; at most {most_pages} are taken.")
    return data, pages


def pages_of(data: bytes) -> int:
    """How many pages a harmless PDF has; a ValidationError where it is not one."""
    if not re.match(rb"%PDF-[12]\.\d", data) or not re.search(rb"%%EOF\s*\Z", data[-1024:]):
        raise ValidationError(NOT_PDF)
    if zipfile.is_zipfile(io.BytesIO(data)) or re.search(rb"<(?:html|script|svg)\b", data[:2048].lower()):
        raise ValidationError(NOT_PDF)
    plain = _names(data)
    if LOCKED.search(plain):
        raise ValidationError(f"This PDF is locked. {AGAIN}")
    if HIDDEN.search(plain):
        raise ValidationError(ACTIVE)
    pages = 0
    for text in _objects(data, packs=len(PACKED.findall(plain))):
        text = _names(_without_strings(text))
        if UNWANTED.search(text):
            raise ValidationError(ACTIVE)
        pages += len(PAGE.findall(text))
    if not pages:
        raise ValidationError(DAMAGED)
    return pages


def _names(text: bytes) -> bytes:
    """Names with their letters as they are: "/J#61vaScript" is one too."""
    return HEX_NAME.sub(lambda found: bytes([int(found[1], 16)]), text)


def _objects(data: bytes, *, packs: int) -> Iterator[bytes]:
    """What stands between the streams, and the objects that are packed into `packs` of them: all of those must be found,
    or one is hidden where a viewer finds it and we do not."""
    at, unfolded = 0, 0
    while (found := STREAM.search(data, at)) is not None:
        head = data[at : found.start()]
        end = data.find(b"endstream", found.end())
        if end < 0:
            raise ValidationError(DAMAGED)
        yield head
        own = _names(head[head.rfind(b"obj") :])
        if PACKED.search(own):
            packs -= 1
            names = re.findall(rb"/(\w+)", b"".join(FILTER.findall(own)))
            if names not in ([], [b"FlateDecode"]) or b"/DecodeParms" in own:
                raise ValidationError(DAMAGED)
            packed = data[found.end() : end]
            text = _unfolded(packed, MOST_UNFOLDED - unfolded) if names else packed
            unfolded += len(text)
            yield text
        at = end + len(b"endstream")
    yield data[at:]
    if packs:
        raise ValidationError(DAMAGED)


def _unfolded(packed: bytes, room: int) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, max(1, room))
    except zlib.error:
        raise ValidationError(DAMAGED) from None
    if unpacking.unconsumed_tail.strip():
        raise ValidationError(DAMAGED)
    return text


def _without_strings(text: bytes) -> bytes:
    """The text without what stands in brackets: a title may well name a language. A bracket that is never closed takes
    nothing away."""
    kept, at, depth, begins = [], 0, 0, 0
    while (mark := (INSIDE if depth else OUTSIDE).search(text, at)) is not None:
        sign, end = mark[0], mark.end()
        if not depth:
            kept.append(text[at : mark.start()])
            begins = mark.start()
        depth += (sign == b"(") - (sign == b")")
        at = end
    return b" ".join([*kept, text[begins if depth else at :]])
