"""The library leaves as a repository of git: every version with its author, and what has no history beside it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tracemalloc
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.pack import Pack as ReadPack
from dulwich.pack import apply_delta
from dulwich.repo import Repo
from PIL import Image

from mlclub import uploads
from tests.factories import make_list, make_member, make_page, make_paper, make_post, make_revision
from wiki import editing, exporting, pictures, posts
from wiki.exporting import names, packs
from wiki.models import BibEntry, Page, Post, Revision

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
HAS_GIT = shutil.which("git") is not None


def git(folder, *words):
    return subprocess.run(
        ["git", "-c", "core.quotePath=false", "-C", str(folder), *words],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def check(folder):
    """What git itself has to say against a repository."""
    if HAS_GIT:
        done = subprocess.run(
            ["git", "-C", str(folder), "fsck", "--full", "--strict"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr.replace("notice: ", "")) == (0, ""), done.stderr
    with Repo(str(folder)) as repo:
        for pack in repo.object_store.packs:
            pack.check()


def told(folder):
    """(author, date, first line) of every commit, the oldest first."""
    with Repo(str(folder)) as repo:
        return [
            (
                entry.commit.author.decode(),
                datetime.fromtimestamp(entry.commit.author_time, tz=UTC),
                entry.commit.message.decode().partition("\n")[0],
            )
            for entry in repo.get_walker(reverse=True)
        ]


def files(folder):
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def png(colour="teal"):
    content = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(content, "PNG")
    return content.getvalue()


def make_picture(**more):
    return pictures.keep(uploads.image(ContentFile(png(), name="x.png")), now=AT, by=None, **more)


def test_every_version_is_a_commit_with_its_author_its_date_and_its_summary(tmp_path):
    ada, bo = make_member(name="Ada Example"), make_member(name="Bo <Example>")
    page = make_page(path="Basics/Adam", text="One\n", author=ada, at=AT)
    make_page(path="Home", text="Hello\r\n", author=bo, at=AT + timedelta(hours=1))
    make_revision(page=page, text="One\nTwo\n", author=bo, at=AT + timedelta(hours=2), summary="More of it")

    report = exporting.export_wiki(tmp_path / "out")

    check(tmp_path / "out")
    assert told(tmp_path / "out")[:3] == [
        (f"Ada Example <{ada.handle}@members.invalid>", AT, "Wrote Basics/Adam"),
        (f"Bo Example <{bo.handle}@members.invalid>", AT + timedelta(hours=1), "Wrote Home"),
        (f"Bo Example <{bo.handle}@members.invalid>", AT + timedelta(hours=2), "More of it"),
    ]
    found = files(tmp_path / "out")
    assert (found["Basics/Adam.md"], found["Home.md"]) == (b"One\nTwo\n", b"Hello\r\n")
    assert (report.pages, report.revisions, report.commits, report.has_dropped) == (2, 3, 4, False)
    if HAS_GIT:
        assert git(tmp_path / "out", "status", "--porcelain") == ""


def test_no_mail_address_of_a_person_leaves(tmp_path):
    ada = make_member(name="Ada Example", email="ada.private@club.example")
    page = make_page(path="Adam", author=ada, at=AT)
    editing.rename(page, "Adam and others", by=ada, now=AT + timedelta(days=1))

    exporting.export_wiki(tmp_path / "out", everything=True, is_bare=True)

    with Repo(str(tmp_path / "out")) as repo:
        objects = b"".join(repo[sha].as_raw_string() for sha in repo.object_store)
    assert b"club.example" not in objects
    assert f"{ada.handle}@members.invalid".encode() in objects


def test_a_page_that_moves_goes_into_the_trash_and_comes_back_does_so_in_the_history(tmp_path):
    ada = make_member()
    page = make_page(path="Old", text="Words\n", author=ada, at=AT)
    editing.rename(page, "Later/Name", by=ada, now=AT + timedelta(days=1))
    editing.trash(page, by=ada, now=AT + timedelta(days=2))
    editing.restore(page, by=ada, now=AT + timedelta(days=3))
    # Another page comes to stand where the first one was.
    make_page(path="Old", text="Others\n", author=ada, at=AT + timedelta(days=4))

    exporting.export_wiki(tmp_path / "out")

    check(tmp_path / "out")
    with Repo(str(tmp_path / "out")) as repo:
        steps = [
            sorted(entry.path.decode() for entry in repo.object_store.iter_tree_contents(walk.commit.tree))
            for walk in repo.get_walker(reverse=True)
        ]
    assert steps[:5] == [["Old.md"], ["Later/Name.md"], [], ["Later/Name.md"], ["Later/Name.md", "Old.md"]]
    assert [words for *_, words in told(tmp_path / "out")][:4] == [
        "Wrote Old",
        "Moved Old to Later/Name",
        "Put Later/Name in the trash",
        "Took Later/Name out of the trash",
    ]


def test_what_lies_in_the_trash_leaves_only_with_everything_and_with_its_pictures(tmp_path):
    picture = make_picture()
    page = make_page(path="Secret", text=f"![]({picture.get_absolute_url()})\n", at=AT)
    make_page(path="Open", at=AT)
    editing.trash(page, by=None, now=AT + timedelta(days=1))

    exporting.export_wiki(tmp_path / "members")
    exporting.export_wiki(tmp_path / "all", everything=True)

    assert [name for name in files(tmp_path / "members") if not name.startswith(".library")] == ["Open.md"]
    with Repo(str(tmp_path / "members")) as repo:
        assert not any(b"Secret" in repo[sha].as_raw_string() for sha in repo.object_store)
    assert f"files/{picture.filename}" in files(tmp_path / "all")
    assert "Put Secret in the trash" in [words for *_, words in told(tmp_path / "all")]


def test_posts_that_are_not_out_and_their_pictures_leave_only_with_everything(tmp_path):
    picture = make_picture()
    make_post(title="Secret draft", text=f"![]({picture.get_absolute_url()})\n", at=AT)
    make_post(title="Out", state="published", at=AT)

    exporting.export_wiki(tmp_path / "members")
    exporting.export_wiki(tmp_path / "all", everything=True)

    assert [name for name in files(tmp_path / "members") if name != ".library.json"] == [
        "posts/2026-03-02-out.md"
    ]
    assert {"posts/2026-03-02-secret-draft.md", f"files/{picture.filename}"} <= set(files(tmp_path / "all"))


def test_every_version_of_a_post_is_a_commit_and_of_one_that_is_out_members_get_what_readers_saw(tmp_path):
    ada, bo = make_member(name="Ada Example"), make_member(name="Bo Example")
    post = make_post(title="A word", text="Secret thought\n", authors=[ada], at=AT)
    hours = [AT + timedelta(hours=n) for n in range(4)]
    for at, author, text in zip(
        hours[1:], (bo, ada, bo), ("Kept\n", "As it came out\n", "Mended\n"), strict=True
    ):
        words = posts.Words("A word", "", text)
        number = post.head.number
        posts.append(
            post, words, number=number + 1, base=number, author=author, now=at, summary=f"Until {number}"
        )
    Post.objects.filter(pk=post.pk).update(state="published", published_at=hours[2] + timedelta(minutes=5))

    report = exporting.export_wiki(tmp_path / "all", everything=True)
    exporting.export_wiki(tmp_path / "members")

    for folder in ("all", "members"):
        check(tmp_path / folder)
    assert [(who.partition(" <")[0], at, words) for who, at, words in told(tmp_path / "all")][:4] == [
        ("Ada Example", hours[0], "First version"),
        ("Bo Example", hours[1], "Until 1"),
        ("Ada Example", hours[2], "Until 2"),
        ("Bo Example", hours[3], "Until 3"),
    ]
    assert [(who.partition(" <")[0], at, words) for who, at, words in told(tmp_path / "members")][:2] == [
        ("Ada Example", hours[2] + timedelta(minutes=5), "Wrote posts/2026-03-02-a-word"),
        ("Bo Example", hours[3], "Until 3"),
    ]
    with Repo(str(tmp_path / "members")) as repo:
        whole = b"".join(repo[sha].as_raw_string() for sha in repo.object_store)
    assert b"Secret thought" not in whole
    assert b"As it came out" in whole
    assert (report.posts, report.post_revisions, report.revisions) == (1, 4, 0)


def test_the_same_library_gives_the_same_commits(tmp_path):
    make_page(path="Adam", author=make_member(), at=AT)
    first = exporting.export_wiki(tmp_path / "one")
    second = exporting.export_wiki(tmp_path / "two", is_bare=True)
    assert first.head == second.head


def test_redirects_papers_lists_and_pictures_stand_beside_the_pages(tmp_path):
    page = make_page(path="Old 100%25", at=AT)
    editing.rename(page, "Now", by=None, now=AT + timedelta(days=1))
    cited = make_paper(title="Attention & friends", arxiv_id="1706.03762", year=2017)
    BibEntry.objects.create(key="vaswani", bibliography="refs.bib", paper=cited)
    alone = make_paper(title="Uncited", authors_text="Bo Marsh", year=2020)
    make_list(title="Start here", papers=[cited, alone], description="Read *these*.")
    named = make_picture(path="img/plot.png")
    free = make_picture()

    report = exporting.export_wiki(tmp_path / "out")

    found = files(tmp_path / "out")
    assert found[".redirects.gollum"] == b'---\n"Old 100%2525.md": "Now.md"\n'
    assert b"@misc{vaswani," in found["refs.bib"]
    assert b"title = {Attention \\& friends}" in found["refs.bib"]
    assert b"@misc{marsh2020uncited," in found["papers/other-papers.bib"]
    assert b"paper: refs.bib:vaswani" in found["reading-lists/start-here.md"]
    assert b"paper: marsh2020" in found["reading-lists/start-here.md"]
    assert b"Read *these*." in found["reading-lists/start-here.md"]
    assert found["img/plot.png"] == named.file.open().read()
    assert found[f"files/{free.filename}"] == free.file.open().read()
    assert json.loads(found[".library.json"])["format"] == 1
    assert (report.papers, report.lists, report.pictures, report.redirects) == (2, 1, 2, 1)


def test_a_picture_that_is_gone_from_the_storage_is_said_and_ends_with_one(tmp_path):
    picture = make_picture()
    picture.file.storage.delete(picture.file.name)
    out = StringIO()

    with pytest.raises(SystemExit, match="1"):
        call_command("export_wiki", str(tmp_path / "out"), "--json", stdout=out)

    report = json.loads(out.getvalue())
    assert report["warnings"] == [f"files/{picture.filename}: The file is not in the storage; left out."]


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="not empty"):
        call_command("export_wiki", str(tmp_path / "out"))
    assert files(tmp_path / "out") == {"mine.txt": b"mine"}


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("Basics/Adam", "Basics/Adam.md"),
        (".git/hooks/x", "%2Egit/hooks/x.md"),
        ("a.md/b", "a%2Emd/b.md"),
        ("posts/x", "%70osts/x.md"),
        ("100%41", "100%2541.md"),
        ("50% off", "50% off.md"),
        ("Größe/Ω", "Größe/Ω.md"),
    ],
)
def test_a_page_whose_name_git_needs_for_itself_has_another_one_there(path, file):
    assert names.file_of(path) == file
    assert names.unescaped(file) == f"{path}.md"


def test_pages_with_such_names_make_a_sound_repository(tmp_path):
    for path in (".git/config", "a.md/b", "a", "Ω/ü", "A b/c?*:d"):
        page = make_page(path="Some page", at=AT)
        Page.objects.filter(pk=page.pk).update(path=path)
    exporting.export_wiki(tmp_path / "out")
    check(tmp_path / "out")
    assert {"%2Egit/config.md", "a%2Emd/b.md", "a.md", "Ω/ü.md", "A b/c?*:d.md"} <= set(
        files(tmp_path / "out")
    )


def test_an_empty_library_leaves_too(tmp_path):
    report = exporting.export_wiki(tmp_path / "out")
    check(tmp_path / "out")
    assert (report.pages, report.commits) == (0, 1)


def test_two_pages_that_stood_at_one_path_by_their_dates_both_keep_their_texts(tmp_path):
    """An import brings old texts to a path where another page stood until it was renamed here."""
    first = make_page(path="Adam", text="First\n", at=AT + timedelta(days=1))
    editing.rename(first, "Eve", by=None, now=AT + timedelta(days=9))
    make_page(path="Adam", text="Second\n", at=AT + timedelta(days=2))

    exporting.export_wiki(tmp_path / "out")

    found = files(tmp_path / "out")
    assert (found["Eve.md"], found["Adam.md"]) == (b"First\n", b"Second\n")
    check(tmp_path / "out")


@pytest.mark.parametrize(
    ("base", "target"),
    [
        (b"", b"abc"),
        (b"abc" * 40_000, b"abc" * 40_000 + b"d"),
        (b"x" * 300 + b"old" + b"y" * 70_000, b"x" * 300 + b"new and longer" * 20 + b"y" * 70_000),
        (b"same", b"same"),
        (b"aaaa", b"aa"),
    ],
)
def test_a_difference_makes_the_one_text_out_of_the_other(base, target):
    assert b"".join(apply_delta(base, packs.difference(base, target))) == target


def test_packs_are_joined_into_one_that_holds_each_object_once(tmp_path):
    made = []
    for n in range(3):
        pack = packs.Pack(tmp_path)
        for version in range(20):
            pack.add(packs.BLOB, b"line\n" * 50 + b"%d %d\n" % (n, version), like="page")
        pack.add(packs.BLOB, b"in all of them")
        made.append(pack.close())

    one = packs.joined(made, tmp_path)

    with ReadPack(str(one.with_suffix("")), object_format=DEFAULT_OBJECT_FORMAT) as read:
        read.check()
        assert len(read) == 61


def test_texts_are_not_all_in_memory(tmp_path):
    page = make_page(path="Long", text="x\n", at=AT)
    Revision.objects.bulk_create(
        Revision(
            page=page,
            number=number,
            base_number=number - 1,
            text=f"{number:05} " * 20_000,
            at=AT + timedelta(minutes=number),
        )
        for number in range(2, 502)
    )
    Page.objects.filter(pk=page.pk).update(head=Revision.objects.order_by("-number").first())
    tracemalloc.start()
    report = exporting.export_wiki(tmp_path / "out", is_bare=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.revisions == 501
    assert peak < 40e6  # the texts are 60 MB
