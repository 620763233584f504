"""Files that people send: what they are by their bytes, pictures made anew, and how they leave again."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_IMAGE = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_FRAMES = 200
FORMATS = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpg", "image/jpeg"),
    "WEBP": ("webp", "image/webp"),
    "GIF": ("gif", "image/gif"),
}
INLINE = frozenset(mime for _, mime in FORMATS.values()) | {"application/pdf"}
"""What a browser may show itself; everything else is a download."""
ACTIVE = frozenset({"text/html", "image/svg+xml", "application/xml"})
"""What a browser might run; it leaves without a name for what it is."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x93NUMPY", "application/x-npy"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-msdownload"),
)


class Chunked(Protocol):
    """An uploaded or a stored file."""

    def chunks(self, chunk_size: int | None = None) -> Any: ...


class Named(Protocol):
    """A stored file: a model's file field, or anything with a name and a storage."""

    name: Any
    storage: Any

    def open(self, mode: str = "rb") -> Any: ...


def sniff(head: bytes) -> str:
    """The type of a file by its first bytes (some hundred will do); what it calls itself does not count."""
    for magic, mime in _MAGIC:
        if head.startswith(magic):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    start = head[:1024].lstrip(b"\xef\xbb\xbf\x00 \t\r\n").lower()
    if re.match(rb"<(?:!doctype html|html|script|body|head|iframe)\b", start):
        return "text/html"
    if b"<svg" in start:
        return "image/svg+xml"
    if start.startswith(b"<?xml"):
        return "application/xml"
    if b"\x00" in head[:1024]:
        return "application/octet-stream"
    text = head[:1024]
    for cut in range(4):  # the last character may be torn apart
        try:
            text[: len(text) - cut].decode()
        except UnicodeDecodeError:
            continue
        return "application/json" if start.startswith((b"{", b"[")) else "text/plain"
    return "application/octet-stream"


def sha256(file: Chunked) -> str:
    """The hash of a whole file, read in pieces; the file is left at its beginning."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    if hasattr(file, "seek"):
        file.seek(0)
    return digest.hexdigest()


def image(file: Any) -> ContentFile[bytes]:
    """A picture made anew from its pixels: no metadata, no second file hidden behind it, named by its hash.

    Raises a ValidationError whose sentence is for the person who sent it.
    """
    file.seek(0)
    data = file.read(LARGEST_IMAGE + 1)
    if len(data) > LARGEST_IMAGE:
        raise ValidationError("This picture is larger than 10 MB. Make it smaller and send it again.")
    if sniff(data[:1024]) not in {mime for _, mime in FORMATS.values()}:
        raise ValidationError("This is not a picture we can take. Send a PNG, JPEG, WebP or GIF.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise ValidationError(
                        "This picture has more than 40 million pixels. Make it smaller and send it again."
                    )
                picture.verify()
            with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as picture:
                kind = str(picture.format)
                made = _again(picture, kind)
    except ValidationError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValidationError(
            "This picture has more than 40 million pixels. Make it smaller and send it again."
        ) from None
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        MemoryError,
        OverflowError,
    ):
        raise ValidationError(
            "This picture is damaged. Save it again as a PNG or JPEG and send that."
        ) from None
    return ContentFile(made, name=f"{hashlib.sha256(made).hexdigest()}.{FORMATS[kind][0]}")


def is_bare_picture(data: bytes) -> bool:
    """Whether a picture holds its pixels and nothing else, as `image` leaves one: no metadata, and nothing behind it."""
    kind = sniff(data[:1024])
    if kind == "image/png":
        return _is_bare_png(data)
    if kind == "image/jpeg":
        return _is_bare_jpeg(data)
    if kind == "image/webp":
        return _is_bare_webp(data)
    if kind == "image/gif":
        try:
            return image(ContentFile(data)).read() == data
        except ValidationError:
            return False
    return False


def _is_bare_png(data: bytes) -> bool:
    at, name = 8, b""
    while at + 12 <= len(data):
        name = data[at + 4 : at + 8]
        if name not in {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}:
            return False
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if name == b"IEND":
            break
    return name == b"IEND" and at == len(data)


def _is_bare_jpeg(data: bytes) -> bool:
    at = 2
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xD9:
            return at + 2 == len(data)
        is_jfif = marker == 0xE0 and data[at + 4 : at + 9] == b"JFIF\x00" and size == 16
        if not (is_jfif or marker in {0xDB, 0xC4, 0xDD, 0xC0, 0xC1, 0xC2, 0xDA}):
            return False
        at += 2 + size
        if marker == 0xDA:
            # Pixels follow; within them 0xFF stands only before a zero or one of eight marks.
            after = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL).search(data, at)
            at = after.start() if after else len(data)
    return False


def _is_bare_webp(data: bytes) -> bool:
    at = 12
    while at + 8 <= len(data):
        if data[at : at + 4] not in {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"}:
            return False
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return at == len(data) == 8 + int.from_bytes(data[4:8], "little")


def _again(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    frames = int(getattr(picture, "n_frames", 1))
    if kind in ("GIF", "WEBP") and frames > 1:
        if frames > MOST_FRAMES or frames * picture.width * picture.height > 4 * MOST_PIXELS:
            raise ValidationError("This animation is too long. Make it shorter or smaller and send it again.")
        copies, times = [], []
        for number in range(frames):
            picture.seek(number)
            copies.append(picture.convert("RGBA"))
            times.append(int(picture.info.get("duration", 100) or 100))
        copies[0].save(
            out,
            kind,
            save_all=True,
            append_images=copies[1:],
            duration=times,
            loop=int(picture.info.get("loop", 0)),
            disposal=2,
        )
        return out.getvalue()
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if kind == "JPEG":
        plain = upright.convert("L" if upright.mode == "L" else "RGB")
        pixels = Image.frombytes(plain.mode, plain.size, plain.tobytes())
        pixels.save(out, "JPEG", quality=88, optimize=True)
    else:
        alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        plain = upright.convert(
            "RGBA" if alpha else "L" if upright.mode in ("L", "1", "I", "I;16", "F") else "RGB"
        )
        pixels = Image.frombytes(plain.mode, plain.size, plain.tobytes())
        pixels.save(
            out, kind, **({"optimize": True} if kind == "PNG" else {"quality": 88} if kind == "WEBP" else {})
        )
    return out.getvalue()


def safe_name(filename: str) -> str:
    """A name that may stand in a header and on a disk."""
    name = re.sub(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\"\\/:*?<>|;]", "_", filename
    ).strip(". ")
    stem, dot, ending = name.rpartition(".")
    return (f"{stem[:120]}{dot}{ending[:16]}" if dot else name[:136]) or "file"


def disposition(filename: str, *, as_attachment: bool) -> str:
    """The Content-Disposition header, with a plain name for old clients and the true one beside it."""
    name = safe_name(filename)
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    kind = "attachment" if as_attachment else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def serve_private(
    request: HttpRequest, file: Named, filename: str, *, as_attachment: bool = True
) -> HttpResponseBase:
    """Send a stored file to somebody who was already found to be allowed it.

    The web server sends it where it can (X-Accel-Redirect); it is shown in the browser only when asked and when it is
    a picture or a PDF by its own bytes, and even then in a sandbox.
    """
    with file.open("rb") as opened:
        mime = sniff(opened.read(1024))
    as_attachment = as_attachment or mime not in INLINE
    response: HttpResponseBase
    if getattr(settings, "USE_X_ACCEL", False) and isinstance(file.storage, FileSystemStorage):
        response = HttpResponse(b"")
        response["X-Accel-Redirect"] = f"/protected/{quote(str(file.name))}"
    else:
        response = FileResponse(file.open("rb"))
    if mime in ACTIVE:
        mime = "application/octet-stream"
    return private(response, mime, disposition(filename, as_attachment=as_attachment))


def private(response: HttpResponseBase, mime: str, content_disposition: str) -> HttpResponseBase:
    """Headers under which a stranger's file can do no harm: no guessing, no script, no shared cache."""
    response["Content-Type"] = f"{mime}; charset=utf-8" if mime.startswith("text/plain") else mime
    response["Content-Disposition"] = content_disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response


def delete_with_row(file: Any) -> None:
    """Delete a stored file (a FieldFile) once the transaction that gives it up is committed, and only then."""
    if file:
        transaction.on_commit(partial(file.storage.delete, str(file.name)))
