import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from tests.factories import make_member, make_page, make_user
from wiki.models import Attachment

pytestmark = pytest.mark.django_db


def picture(name="plot.png", kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(out, kind)
    return SimpleUploadedFile(name, out.getvalue(), content_type="text/html")


def send(client, file):
    return client.post(reverse("wiki:markdownx_upload"), {"image": file})


def test_a_member_puts_a_picture_into_a_page(client):
    member = make_member()
    client.force_login(member)

    answer = send(client, picture())

    row = Attachment.objects.get()
    assert answer.json()["image_code"] == f"![](/wiki/files/{row.sha256}.png)"
    assert (row.uploader, row.content_type) == (member, "image/png")
    shown = client.get(row.get_absolute_url())
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Security-Policy"].startswith("sandbox")
    assert shown["Content-Type"] == "image/png"


def test_the_same_picture_is_stored_once(client):
    client.force_login(make_member())
    assert send(client, picture()).json() == send(client, picture("again.png")).json()
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\nbroken",
    ],
)
def test_anything_but_a_picture_is_refused_with_a_sentence(client, content):
    client.force_login(make_member())

    answer = send(client, SimpleUploadedFile("evil.png", content, content_type="image/png"))

    assert answer.status_code == 400
    assert answer.json()["image"][0].endswith(".")
    assert not Attachment.objects.exists()


def test_an_upload_without_a_file_is_refused_with_a_sentence(client):
    client.force_login(make_member())
    assert client.post(reverse("wiki:markdownx_upload")).status_code == 400


def test_strangers_neither_send_nor_preview(client):
    urls = [reverse("wiki:markdownx_upload"), reverse("wiki:markdownx_markdownify")]
    assert [client.post(url, {"content": "x"}).status_code for url in urls] == [302, 302]
    client.force_login(make_user())
    assert [client.post(url, {"content": "x"}).status_code for url in urls] == [404, 404]


def test_a_picture_is_for_those_who_may_see_a_page_that_shows_it(client):
    author = make_member()
    client.force_login(author)
    code = send(client, picture()).json()["image_code"]
    url = Attachment.objects.get().get_absolute_url()
    make_page(path="Members", text=f"{code}\n")
    client.logout()
    assert client.get(url).status_code == 404
    client.force_login(make_user())
    assert client.get(url).status_code == 404

    make_page(path="Public", text=f"{code}\n", is_public=True)

    client.logout()
    assert client.get(url).status_code == 200


def test_a_preview_is_the_page_as_it_will_look(client):
    make_page(path="Basics/Adam")
    client.force_login(make_member())

    answer = client.post(
        reverse("wiki:markdownx_markdownify"),
        {"content": "[[Adam]] $x^2$ <script>x</script>", "path": "Basics/New"},
    )

    body = answer.content.decode()
    assert "/wiki/Basics/Adam/" in body
    assert "<math" in body
    assert "<script" not in body


@pytest.mark.parametrize("data", [{}, {"content": "x" * 250_001}])
def test_a_preview_of_nothing_or_too_much_is_a_400_with_a_sentence(client, data):
    client.force_login(make_member())

    answer = client.post(reverse("wiki:markdownx_markdownify"), data)

    assert answer.status_code == 400
    assert answer.content.endswith(b".")


def test_many_previews_in_a_minute_are_asked_to_wait(client, monkeypatch):
    monkeypatch.setattr("wiki.views.pictures.PREVIEWS_A_MINUTE", 2)
    client.force_login(make_member())
    url = reverse("wiki:markdownx_markdownify")

    assert [client.post(url, {"content": "x"}).status_code for _ in range(3)][-1] == 429
