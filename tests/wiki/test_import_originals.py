"""What is not run here comes along as a file, and the report says so."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from tests.factories import make_member
from wiki.models import Attachment, Page

pytestmark = pytest.mark.django_db

TEXT = """# Waves

<script>
draw();

again();
</script>

<iframe src="https://sea.example/tides"></iframe>

<iframe src="https://www.youtube.com/embed/abcdefgh"></iframe>

<p style="color: red" onclick="go()">Press.</p>
"""


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "wiki-of-waves"
    folder.mkdir()
    (folder / "Waves.md").write_text(TEXT)
    return folder


def take(source, *options):
    out = StringIO()
    call_command("import_wiki", str(source), "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def test_each_piece_is_kept_as_a_file_with_a_line_in_the_report_and_the_text_stays(source):
    report = take(source)

    assert report["warnings"] == [
        "Waves.md:3: A script, which does not run here: a label stands there, and the original is kept as a file.",
        "Waves.md:9: A frame from sea.example: a label stands there, and the original is kept as a file.",
        "Waves.md:11: A player of a video is a link to https://www.youtube.com/watch?v=abcdefgh now.",
        "Waves.md:13: What happens here onclick, which does not run: a label stands there, and the original is kept as a file.",
    ]
    page = Page.objects.get(path="Waves")
    assert page.text == TEXT
    assert {row.file.open().read() for row in page.attachments.all()} == {
        b"<script>\ndraw();\n\nagain();\n</script>",
        b'<iframe src="https://sea.example/tides"></iframe>',
        b'<p style="color: red" onclick="go()">',
    }


def test_the_page_links_the_original_and_it_leaves_as_a_download_that_cannot_run(source, client):
    take(source)
    client.force_login(make_member())

    body = client.get("/wiki/Waves/").content.decode()
    address = body.split("the original as a file")[0].rpartition('href="')[2].split('"')[0]
    answer = client.get(address)

    assert "<script>draw" not in body
    assert body.count("the original as a file") == 3
    assert b"".join(answer.streaming_content).startswith(b"<script>")
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["Content-Type"] == "application/octet-stream"


def test_an_original_is_for_those_who_may_see_a_page_that_had_it(source, client):
    take(source)
    address = Attachment.objects.first().get_absolute_url()

    assert client.get(address).status_code == 404
    Page.objects.update(is_public=True)
    assert client.get(address).status_code == 200


def test_a_rehearsal_says_the_same_and_keeps_nothing(source):
    rehearsed = take(source, "--dry-run")
    assert not Attachment.objects.exists()

    assert take(source)["warnings"] == rehearsed["warnings"]


def test_a_second_run_keeps_each_once(source):
    take(source)
    (source / "Tides.md").write_text(TEXT)
    take(source)

    assert Attachment.objects.count() == 3
