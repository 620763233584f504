import base64

import pytest
from django.urls import reverse

from tests.factories.nmep import make_enrolment, make_submission, notebook

pytestmark = pytest.mark.django_db
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = [
    {
        "output_type": "display_data",
        "data": {"text/html": "<script>alert(1)</script><b onclick=x()>table</b>"},
    },
    {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload=alert(1)>"}},
    {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}},
    {"output_type": "stream", "text": "</pre><script>alert(2)</script>"},
    {"output_type": "display_data", "data": {"image/png": base64.b64encode(PNG).decode()}},
    {"output_type": "display_data", "data": {"image/png": base64.b64encode(b"<html>").decode()}},
]


def test_a_hostile_notebook_is_shown_without_anything_that_acts(client):
    submission = make_submission(content=notebook("print('<img src=x onerror=alert(3)>')", outputs=HOSTILE))
    author = submission.authors.get().enrolment
    piece = submission.pieces.get()
    client.force_login(author.person)
    shown = client.get(submission.get_absolute_url()).content.decode()
    assert "alert(1)</script>" not in shown
    assert "<script>alert(2)" not in shown
    assert "<svg onload" not in shown
    assert "<img src=x" not in shown
    assert "onclick" not in shown
    assert "data:image" not in shown
    assert "&lt;script&gt;alert(2)" in shown

    picture = client.get(reverse("nmep:piece_image", args=[piece.pk, 0, 4]))
    assert (picture.content, picture["Content-Type"], picture["X-Content-Type-Options"]) == (
        PNG,
        "image/png",
        "nosniff",
    )
    assert "sandbox" in picture["Content-Security-Policy"]
    for place in ((0, 5), (0, 99), (7, 0)):
        assert client.get(reverse("nmep:piece_image", args=[piece.pk, *place])).status_code == 404

    download = client.get(reverse("nmep:piece_download", args=[piece.pk]))
    assert download["Content-Disposition"].startswith("attachment")

    client.force_login(make_enrolment(offering=author.offering).person)
    assert client.get(reverse("nmep:piece_image", args=[piece.pk, 0, 4])).status_code == 404
