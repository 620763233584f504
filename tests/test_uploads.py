"""Files that people send."""

import hashlib
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

from mlclub import uploads


def picture(kind="PNG", size=(8, 6), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, 120 if mode == "L" else (10, 200, 30) + ((128,) if mode == "RGBA" else ())).save(
        out, kind, **options
    )
    return out.getvalue()


def sent(data, name="x.png"):
    return SimpleUploadedFile(name, data)


@pytest.mark.parametrize(
    ("kind", "ending", "mime"),
    [
        ("PNG", "png", "image/png"),
        ("JPEG", "jpg", "image/jpeg"),
        ("WEBP", "webp", "image/webp"),
        ("GIF", "gif", "image/gif"),
    ],
)
def test_a_picture_is_made_anew_and_named_by_its_hash(kind, ending, mime):
    made = uploads.image(sent(picture(kind), "../../evil.html"))

    body = made.read()
    assert made.name == f"{hashlib.sha256(body).hexdigest()}.{ending}"
    assert uploads.sniff(body) == mime
    assert Image.open(io.BytesIO(body)).size == (8, 6)


def test_where_a_photo_was_taken_does_not_leave_the_photographers_camera():
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    exif[0x0112] = 6  # lies on its side

    made = uploads.image(sent(picture("JPEG", exif=exif.tobytes()))).read()

    assert b"Camera" not in made
    assert (Image.open(io.BytesIO(made)).size, dict(Image.open(io.BytesIO(made)).getexif())) == ((6, 8), {})


def test_words_hidden_in_a_picture_and_behind_it_are_gone():
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "<script>alert(1)</script>")

    made = uploads.image(sent(picture("PNG", pnginfo=info) + b"<script>alert(1)</script>")).read()

    assert b"script" not in made


def test_transparency_and_movement_stay():
    still = Image.open(io.BytesIO(uploads.image(sent(picture("PNG", mode="RGBA"))).read()))
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "lime")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=80)
    moving = Image.open(io.BytesIO(uploads.image(sent(out.getvalue())).read()))

    assert still.mode == "RGBA"
    assert (moving.format, moving.n_frames) == ("GIF", 3)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not a picture we can take"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a picture we can take"),
        (b"<?xml version='1.0'?><svg/>", "not a picture we can take"),
        (b"<html><script>alert(1)</script>", "not a picture we can take"),
        (b"%PDF-1.7", "not a picture we can take"),
        (b"BM" + b"\0" * 60, "not a picture we can take"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff<script>alert(1)</script>", "damaged"),
        (b"GIF89a<script>alert(1)</script>", "damaged"),
        (picture("PNG")[:60], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * uploads.LARGEST_IMAGE, "larger than 10 MB"),
        (picture("PNG", size=(8000, 5001), mode="L"), "more than 40 million pixels"),
    ],
)  # fmt: skip
def test_what_is_no_picture_of_ours_is_refused_with_a_sentence(data, sentence):
    with pytest.raises(ValidationError, match=sentence):
        uploads.image(sent(data))


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"PK\x03\x04abc", "application/zip"), (b"  <!DOCTYPE html><p>", "text/html"), (b"\xef\xbb\xbf<SCRIPT>", "text/html"),
        (b'{"cells": []}', "application/json"), ("words, ü".encode(), "text/plain"), (b"\x93NUMPY\x01", "application/x-npy"), (("ü" * 600).encode()[:1023], "text/plain"),
        (b"\x00\x01\x02", "application/octet-stream"), (b"", "text/plain"), (b"<svg>", "image/svg+xml"), (b"<?xml?><a/>", "application/xml"),
        (b"RIFF0000WEBPVP8 ", "image/webp"), (b"\xfe\xff\xfe\xff", "application/octet-stream"),
    ],
)  # fmt: skip
def test_a_files_type_is_read_from_its_bytes(head, mime):
    assert uploads.sniff(head) == mime


def test_a_hash_is_of_the_whole_file_and_leaves_it_readable():
    file = ContentFile(b"x" * 200_000)

    assert uploads.sha256(file) == hashlib.sha256(b"x" * 200_000).hexdigest()
    assert len(file.read()) == 200_000


class Stored:
    def __init__(self, folder, data, name="sent/a b.bin"):
        self.storage = FileSystemStorage(location=folder)
        self.name = self.storage.save(name, ContentFile(data))

    def open(self, mode="rb"):
        return self.storage.open(self.name, mode)


@pytest.mark.django_db  # closing an answer looks at the connections
def test_a_private_file_leaves_under_headers_that_disarm_it(rf, tmp_path, settings):
    settings.USE_X_ACCEL = False
    response = uploads.serve_private(
        rf.get("/"), Stored(tmp_path, b"<script>alert(1)</script>"), "page.html", as_attachment=False
    )

    assert b"".join(response) == b"<script>alert(1)</script>"
    assert response["Content-Disposition"].startswith('attachment; filename="page.html"')
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"].startswith("private")
    response.close()


@pytest.mark.django_db  # closing an answer looks at the connections
def test_a_picture_may_be_shown_in_the_page(rf, tmp_path, settings):
    settings.USE_X_ACCEL = False
    response = uploads.serve_private(
        rf.get("/"), Stored(tmp_path, picture("PNG")), "plot.png", as_attachment=False
    )

    assert (response["Content-Type"], response["Content-Disposition"][:6]) == ("image/png", "inline")
    response.close()


def test_the_web_server_sends_the_file_where_it_can(rf, tmp_path, settings):
    settings.USE_X_ACCEL = True
    stored = Stored(tmp_path, b"x")
    response = uploads.serve_private(rf.get("/"), stored, "x.txt")

    assert (response.content, response["X-Accel-Redirect"]) == (
        b"",
        f"/protected/{stored.name}".replace(" ", "%20"),
    )


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (
            'a"; filename="evil.exe',
            "attachment; filename=\"a__ filename=_evil.exe\"; filename*=UTF-8''a__%20filename%3D_evil.exe",
        ),
        (
            "a\r\nSet-Cookie: x=1",
            "attachment; filename=\"a__Set-Cookie_ x=1\"; filename*=UTF-8''a__Set-Cookie_%20x%3D1",
        ),
        ("../../etc/passwd", "attachment; filename=\"_.._etc_passwd\"; filename*=UTF-8''_.._etc_passwd"),
        ("Lösung.ipynb", "attachment; filename=\"L_sung.ipynb\"; filename*=UTF-8''L%C3%B6sung.ipynb"),
        ("cod\u202efdp.exe", "attachment; filename=\"cod_fdp.exe\"; filename*=UTF-8''cod_fdp.exe"),
        ("", "attachment; filename=\"file\"; filename*=UTF-8''file"),
    ],
)
def test_a_name_cannot_break_out_of_its_header(name, header):
    assert uploads.disposition(name, as_attachment=True) == header
