"""The mirror of the library, its addresses, and the archive for officers."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.utils import timezone

from tests.access.doors import FORBIDDEN, NO, NOBODY, PUBLIC, READERS, Case, only
from wiki import mirror
from wiki.models import LibraryArchive

PUBLIC_PAGES = {"wiki:mirror_file"}

EXPORTERS = only("librarian", "president", others=FORBIDDEN)


def build(world):
    world.mirror_token = mirror.renew(world.visitors["member"], timezone.now())
    world.library_archive = LibraryArchive.objects.create(
        asked_by=world.visitors["president"],
        asked_at=timezone.now(),
        made_at=timezone.now(),
        state=LibraryArchive.State.READY,
    )
    world.library_archive.file.save("library.zip", ContentFile(b"PK\x03\x04"))


def below(token, path):
    return lambda world: {"token": getattr(world, token, token), "path": path}


TABLE = {
    "wiki:mirror_detail": [Case("", READERS)],
    "wiki:mirror_key_renew": [Case("one's own", NO, READERS)],
    "wiki:mirror_key_revoke": [Case("one's own", NO, READERS)],
    "wiki:mirror_file": [
        Case("with a member's address", PUBLIC, NO, below("mirror_token", "HEAD")),
        Case("with a wrong address", NOBODY, NO, below("wrong", "HEAD")),
        Case("a file that is not of it", NOBODY, NO, below("mirror_token", "config")),
    ],
    "wiki:archive_list": [Case("", EXPORTERS)],
    "wiki:archive_create": [Case("", NO, EXPORTERS)],
    "wiki:archive_download": [
        Case("one that is kept", EXPORTERS, NO, lambda world: {"pk": world.library_archive.pk}),
    ],
}
