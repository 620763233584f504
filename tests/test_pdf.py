"""Which PDFs are taken, and what is none."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from mlclub import pdf
from tests.factories.fairs import make_pdf


def packed(text, *, extra=b""):
    """Objects packed into a stream, as modern programs write them."""
    data = zlib.compress(text)
    return (
        b"20 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode "
        + extra
        + b"/Length %d >>\nstream\n" % len(data)
        + data
        + b"\nendstream\nendobj\n"
    )


def zipped():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.txt", "a")
    return held.getvalue()


SCRIPT = b"30 0 obj\n<< /S /JavaScript /JS (app.alert(1)) >>\nendobj\n"
HOSTILE = {
    "empty": b"",
    "a page of the web": b"<!doctype html><script>alert(1)</script>",
    "a page that calls itself one": b"<html>%PDF-1.4 %%EOF",
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "a program": b"MZ" + b"\0" * 100,
    "something before it": b"GIF89a" + make_pdf(),
    "cut off": make_pdf()[:-10],
    "something after it": make_pdf() + b"<script>alert(1)</script>",
    "an archive behind it": make_pdf() + zipped() + b"\n%%EOF",
    "an archive within it": make_pdf(more=zipped()),
    "no page": b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF",
    "markup at the top": b"%PDF-1.4\n<script>alert(1)</script>" + make_pdf(),
    "a script": make_pdf(more=SCRIPT),
    "a script in odd letters": make_pdf(more=SCRIPT.replace(b"/JavaScript", b"/J#61v#61Script")),
    "a script when it opens": make_pdf(more=b"/OpenAction << /S/JavaScript /JS 31 0 R >>\n"),
    "a script behind a remark": make_pdf(more=b"% (\n<< /S %x\n/JavaScript /JS 3 0 R >>\n"),
    "a script that is packed": make_pdf(more=packed(b"30 0 << /S /JavaScript /JS (x) >>")),
    "a script behind a text that never ends": make_pdf(more=b"( << /S /JavaScript /JS (x) >>\n"),
    "a script within what calls itself data": make_pdf(
        more=b"5 0 obj\n<< /Length 60 >>\nstream\n9 0 obj << /S /JavaScript /JS 3 0 R >> endobj\nendstream\n"
    ),
    "packed objects within data": make_pdf(
        more=b"5 0 obj\n<< /Length 60 >>\nstream\n" + packed(b"30 0 << /JS (x) >>") + b"endstream\n"
    ),
    "packed twice": make_pdf(more=packed(b"x").replace(b"/FlateDecode", b"[/ASCIIHexDecode /FlateDecode]")),
    "packed with a key": make_pdf(more=packed(b"x", extra=b"/DecodeParms << >> ")),
    "packed and broken": make_pdf(more=packed(b"x" * 500).replace(b"x\x9c", b"zz")),
    "a bomb": make_pdf(more=packed(b"\0" * (pdf.MOST_UNFOLDED + 10))),
    "a stream without an end": make_pdf(more=b"5 0 obj\n<< >>\nstream\nabc"),
    "another file": make_pdf(more=b"<< /Type /EmbeddedFile >>\n"),
    "a start of a program": make_pdf(more=b"<< /S /Launch /F (calc.exe) >>\n"),
    "a form that sends": make_pdf(more=b"<< /S /SubmitForm >>\n"),
    "a form of XML": make_pdf(more=b"<< /XFA 4 0 R >>\n"),
    "film": make_pdf(more=b"<< /Subtype /RichMedia >>\n"),
    "locked": make_pdf(more=b"<< /Encrypt 9 0 R >>\n"),
    "too long": make_pdf(pages=pdf.MOST_PAGES + 1),
    "too large": make_pdf(more=b"%" + b"x" * pdf.LARGEST + b"\n"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_harmless_document_is_refused(what):
    with pytest.raises(ValidationError) as refused:
        pdf.checked(ContentFile(HOSTILE[what]))
    assert refused.value.messages[0].endswith(("send that.", "send it again.", "at most 6 are taken."))


@pytest.mark.parametrize(
    ("data", "pages"),
    [
        (make_pdf(), 1),
        (make_pdf(pages=6), 6),
        (make_pdf(title="HTML, CSS (and /JavaScript), 100%"), 1),
        (make_pdf(more=b"<< /A << /S /URI /URI (https://a.example/JS) >> >>\n"), 1),
        (make_pdf(more=packed(b"30 0 << /Type /Page >>")), 2),
        (make_pdf() + b"\r\n", 1),
    ],
)
def test_a_document_is_taken_as_it_is(data, pages):
    assert pdf.checked(ContentFile(data)) == (data, pages)


@pytest.mark.parametrize(
    "filling", [b"(" * 2_000_000, b"/S%" * 600_000, b"#41" * 600_000, b"stream\nendstream\n" * 110_000]
)
def test_a_file_made_to_take_long_is_answered(filling):
    with pytest.raises(ValidationError):
        pdf.checked(ContentFile(b"%PDF-1.4\n" + filling[: pdf.LARGEST - 40] + b"\n%%EOF"))
