import re

import pytest
from django.urls import reverse
from django.utils import timezone

from members.ledger import tell
from members.models import Notification
from tests.factories import make_club, make_member, make_officer
from tests.members.ledger_tools import make_kind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_an_officer_sees_their_own_mail_before_it_goes_with_its_headers(client):
    make_club()
    officer = make_officer(slug="events", name="Otis")
    client.force_login(officer)
    url = reverse("members:mail_preview")
    news = make_kind("news", label="Club news", still_wanted=lambda row, now: "the event was cancelled")
    assert "You have had none of these" in words(client.get(url, {"kind": "news"}))

    tell(news, officer)
    page = words(client.get(url, {"kind": "news"}))
    assert "Hello Otis" in page
    assert "It would not go now: the event was cancelled" in page
    assert "List-Unsubscribe-Post" in page
    row = Notification.objects.get()
    html = client.get(reverse("members:mail_preview_html", args=[row.pk]))
    assert "sandbox" in html.headers["Content-Security-Policy"]
    assert Notification.objects.get().status == "pending"


def test_nobody_s_mail_is_shown_to_anybody_else(client):
    make_club()
    member = make_member(name="Mara")
    tell(make_kind("news"), member, now=timezone.now())
    row = Notification.objects.get()
    client.force_login(make_officer(slug="webmaster"))
    assert "Mara" not in words(client.get(reverse("members:mail_preview"), {"kind": "news", "row": row.pk}))
    assert client.get(reverse("members:mail_preview_html", args=[row.pk])).status_code == 404
    client.force_login(make_member())
    assert client.get(reverse("members:mail_preview")).status_code == 403
