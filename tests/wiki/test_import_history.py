"""A wiki's repository comes in with every version, its authors, its renamed and its deleted pages."""

from __future__ import annotations

import io
import json
import time
from datetime import timedelta
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.utils import timezone
from PIL import Image

from mlclub import gather
from tests.factories import make_member
from tests.wiki.repositories import ADA, BEGAN, BO, Work
from wiki import editing, importing
from wiki.models import Attachment, ImportedAuthor, Page, Redirect, Revision

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path / "wiki")


def take(work, **options):
    return importing.import_wiki(work.folder, now=timezone.now(), **options)


def picture():
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(content, "PNG")
    return content.getvalue()


def versions(page):
    return list(page.revisions.order_by("number").values_list("number", "text", "summary", "author_name"))


def test_every_commit_is_a_version_with_its_date_and_its_author(work):
    work.commit({"Basics/Adam.md": "One\n"}, message="Begin Adam\n\nWith a long story.")
    work.commit({"Basics/Adam.md": "Two\n", "Home.md": "Hello\n"}, by=BO, message="More")

    report = take(work)

    page = Page.objects.get(path="Basics/Adam")
    assert versions(page) == [(1, "One\n", "Begin Adam", "Ada Example"), (2, "Two\n", "More", "Bo Example")]
    assert (page.text, page.created_at, page.content_at) == (
        "Two\n",
        BEGAN + timedelta(days=1),
        BEGAN + timedelta(days=2),
    )
    assert (report.created, report.revisions, report.has_dropped) == (2, 3, False)


def test_a_second_import_changes_nothing_and_a_later_one_adds_what_is_new(work):
    work.commit({"Adam.md": "One\n"})
    take(work)
    again = take(work)
    assert (again.created, again.updated, again.unchanged, again.revisions) == (0, 0, 1, 0)

    work.commit({"Adam.md": "Two\n", "New.md": "New\n"}, by=BO)
    later = take(work)

    assert (later.created, later.updated, later.revisions) == (1, 1, 2)
    assert [number for number, *_ in versions(Page.objects.get(path="Adam"))] == [1, 2]
    assert ImportedAuthor.objects.count() == 2


def test_what_was_edited_here_since_stays_and_the_report_says_so(work):
    work.commit({"Adam.md": "One\n"})
    take(work)
    page = Page.objects.get(path="Adam")
    editing.save(page, "Mine\n", base=1, author=make_member(), now=timezone.now())
    work.commit({"Adam.md": "Two\n"})

    report = take(work)

    page.refresh_from_db()
    assert page.text == "Mine\n"
    assert report.has_dropped
    assert any("Edited here since the last import; 1 newer version" in line for line in report.warnings)


def test_a_renamed_page_keeps_its_versions_and_its_old_links(work):
    work.commit(
        {"Old name.md": "A page about a long enough thing to be known again.\n", "Home.md": "[[Old name]]\n"}
    )
    work.move("Old name.md", "Basics/New name.md")

    report = take(work)

    page = Page.objects.get(path="Basics/New name")
    assert page.revisions.count() == 1
    assert Redirect.objects.get().path == "Old name"
    assert (report.links_resolved, report.links_broken, report.links_recovered) == (1, 0, 1)


def test_a_deleted_page_lies_in_the_trash_and_its_pictures_are_found_again(work):
    work.commit({"Gone.md": "Once\n", "img/plot.png": picture(), "Home.md": "![](img/plot.png)\n"})
    work.commit({"Gone.md": None, "img/plot.png": None}, by=BO)

    report = take(work)

    gone = Page.objects.get(path="Gone")
    assert gone.trashed_at == BEGAN + timedelta(days=2)
    assert not Page.objects.visible_to(make_member()).filter(path="Gone").exists()
    assert Attachment.objects.get().path == "img/plot.png"
    assert (report.trashed, report.images_recovered, report.images_missing) == (1, 1, 0)


def test_a_page_that_was_deleted_and_came_back_is_one_page(work):
    work.commit({"Adam.md": "One\n"})
    work.commit({"Adam.md": None, "Other.md": "x\n"})
    work.commit({"Adam.md": "Back\n"})

    take(work)

    page = Page.objects.get(path="Adam")
    assert page.trashed_at is None
    assert [text for _, text, *_ in versions(page)] == ["One\n", "Back\n"]


def test_whoever_proves_the_address_gets_the_credit(work):
    work.commit({"Adam.md": "One\n"}, by=ADA)
    work.commit({"Adam.md": "Two\n"}, by=BO)
    early = make_member(email="bo@elsewhere.example")
    EmailAddress.objects.update_or_create(
        user=early, email="bo@elsewhere.example", defaults={"verified": True, "primary": True}
    )
    take(work)
    late = make_member()

    for _ in gather.each("address_verified", late, "ADA@club.example"):
        pass

    authors = Revision.objects.order_by("number").values_list("author", flat=True)
    assert list(authors) == [late.pk, early.pk]
    assert Revision.objects.get(number=1).byline == late.display_name


def test_an_address_in_the_history_is_shown_to_nobody(work, client):
    work.commit({"Adam.md": "One\n"})
    take(work)
    client.force_login(make_member())

    for address in ("/wiki/Adam/", "/wiki/Adam/-/history/", "/wiki/changes/"):
        body = client.get(address).content.decode()
        assert "ada@club.example" not in body
    assert "Ada Example" in client.get("/wiki/Adam/-/history/").content.decode()


def test_a_rehearsal_of_a_history_writes_nothing(work):
    work.commit({"Adam.md": "One\n"})
    report = take(work, is_rehearsal=True)
    assert (report.created, report.revisions) == (1, 1)
    assert not Page.objects.exists()
    assert not ImportedAuthor.objects.exists()


def test_the_files_alone_come_without_history_when_asked(work):
    work.commit({"Adam.md": "One\n"})
    work.commit({"Adam.md": "Two\n"})
    out = StringIO()

    call_command("import_wiki", str(work.folder), "--no-history", "--json", stdout=out)

    assert json.loads(out.getvalue())["revisions"] == 0
    assert Revision.objects.count() == 1


def test_branches_that_met_again_end_as_the_newest_commit_has_it(work):
    first = work.commit({"Adam.md": "One\nTwo\nThree\n", "Home.md": "Hi\n"})
    work.commit({"Adam.md": "One!\nTwo\nThree\n"})
    mine = work.repo.head()
    work.repo.refs[b"refs/heads/side"] = first
    tree = work.repo[first].tree
    side = work.repo.get_worktree().commit(
        message=b"Side", author=BO.encode(), committer=BO.encode(), tree=tree, ref=b"refs/heads/side"
    )
    work.commit({"Adam.md": "One!\nTwo\nThree!\n"})
    merged = work.repo.get_worktree().commit(
        message=b"Met", author=ADA.encode(), committer=ADA.encode(), merge_heads=[side]
    )
    assert work.repo[merged].parents != [mine]

    take(work)

    assert Page.objects.get(path="Adam").text == "One!\nTwo\nThree!\n"


@pytest.mark.parametrize("content", [b"\xff\xfe broken", b"zero \x00 byte"])
def test_bytes_that_nobody_can_read_are_reported(work, content):
    work.commit({"Adam.md": content})
    report = take(work)
    assert report.has_dropped
    assert Page.objects.count() == 1


def test_a_link_out_of_the_repository_is_refused(work):
    work.commit({"Adam.md": "One\n"})
    (work.folder / "passwords.md").symlink_to("/etc/passwd")
    work.repo.get_worktree().stage([b"passwords.md"])
    work._commit(ADA, "Link", None)

    with pytest.raises(importing.Refused, match="symbolic link"):
        take(work)
    assert not Page.objects.exists()


def test_a_folder_that_only_looks_like_a_repository_is_refused(tmp_path):
    (tmp_path / ".git").mkdir()
    with pytest.raises(importing.Refused, match="no repository"):
        importing.import_wiki(tmp_path, now=timezone.now())


def test_a_page_of_the_same_name_that_was_written_here_is_left_alone(work):
    editing.create(path="Adam", text="Ours\n", author=make_member(), now=timezone.now())
    work.commit({"Adam.md": "Theirs\n"})

    report = take(work)

    assert Page.objects.get(path="Adam").text == "Ours\n"
    assert report.has_dropped


def test_a_thousand_versions_come_in_within_ten_seconds(work):
    for number in range(50):
        work.commit(
            {
                f"Area {page % 4}/Page {page}.md": f"# Page {page}\n\nVersion {number} of $x^{page}$.\n"
                for page in range(20)
            },
            by=(ADA, BO)[number % 2],
        )
    began = time.process_time()

    report = take(work)

    assert report.revisions == 1000
    assert time.process_time() - began < 10
