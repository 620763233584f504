"""Officers take the whole library along in one file."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry
from tests.factories import make_member, make_officer, make_page, make_paper
from wiki import archives, editing, importing
from wiki.models import LibraryArchive, Page, Paper, Revision

pytestmark = pytest.mark.django_db

LIST, CREATE = "wiki:archive_list", "wiki:archive_create"


@pytest.fixture
def librarian(client):
    user = make_officer(slug="library", name="Lina Example")
    client.force_login(user)
    return user


def download(client, row):
    return b"".join(client.get(reverse("wiki:archive_download", args=[row.pk])).streaming_content)


def test_what_an_officer_takes_along_is_the_whole_library(client, librarian, tmp_path):
    page = make_page(path="Secret", text="Words\n", author=librarian)
    editing.trash(page, by=librarian, now=timezone.now())
    make_paper(title="Attention")
    make_page(path="Open", author=librarian)

    client.post(reverse(CREATE))
    assert "Being made" in client.get(reverse(LIST)).content.decode()
    archives.work(timezone.now())
    row = LibraryArchive.objects.get()
    assert reverse("wiki:archive_download", args=[row.pk]) in client.get(reverse(LIST)).content.decode()
    content = download(client, row)

    assert len(content) == row.size
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = packed.namelist()
        packed.extractall(tmp_path)
    root = names[0].partition("/")[0]
    assert f"{root}/Open.md" in names
    Page.objects.update(head=None)
    for model in (Revision, Page, Paper):
        model.objects.all().delete()
    importing.import_wiki(Path(tmp_path / root), now=timezone.now())
    assert set(Page.objects.values_list("path", flat=True)) == {"Open", "Secret"}
    assert Paper.objects.get().title == "Attention"
    assert list(
        AuditEntry.objects.filter(action__startswith="wiki.library")
        .values_list("action", "actor")
        .order_by("pk")
    ) == [("wiki.library-exported", librarian.pk), ("wiki.library-downloaded", librarian.pk)]


def test_who_asks_twice_gets_one(client, librarian):
    client.post(reverse(CREATE))
    client.post(reverse(CREATE))
    assert LibraryArchive.objects.count() == 1
    archives.work(timezone.now())
    client.post(reverse(CREATE))
    assert LibraryArchive.objects.count() == 2


def test_it_is_deleted_after_a_day(client, librarian):
    now = timezone.now()
    archives.ask(librarian, now=now)
    archives.work(now)
    row = LibraryArchive.objects.get()
    stored = row.file
    assert not archives.are_waiting(now + timedelta(hours=23))
    assert archives.are_waiting(now + archives.KEPT)

    archives.work(now + archives.KEPT)

    row.refresh_from_db()
    assert (row.state, bool(row.file)) == (LibraryArchive.State.GONE, False)
    assert not stored.storage.exists(stored.name)
    assert client.get(reverse("wiki:archive_download", args=[row.pk])).status_code == 404


def test_one_that_cannot_be_made_says_why(client, librarian, settings, tmp_path):
    (tmp_path / "full").write_text("")
    settings.MEDIA_ROOT = str(tmp_path / "full")
    archives.ask(librarian, now=timezone.now())
    archives.work(timezone.now())
    assert LibraryArchive.objects.get().state == LibraryArchive.State.FAILED
    assert "NotADirectoryError" in client.get(reverse(LIST)).content.decode()


def test_while_one_worker_makes_it_no_other_does(librarian):
    now = timezone.now()
    row = archives.ask(librarian, now=now)
    LibraryArchive.objects.update(lease_until=now + archives.LEASE)
    archives.work(now)
    row.refresh_from_db()
    assert row.state == LibraryArchive.State.WAITING
    archives.work(now + archives.LEASE)
    row.refresh_from_db()
    assert row.state == LibraryArchive.State.READY


def test_members_cannot_take_it(client):
    client.force_login(make_member())
    for name in (LIST, CREATE):
        assert client.post(reverse(name)).status_code in (403, 405)
    assert not LibraryArchive.objects.exists()
