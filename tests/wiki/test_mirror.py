"""Members clone the library with plain git, from an address of their own that can be replaced and switched off."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone
from dulwich.repo import Repo

from members.erasure import erase
from mlclub import tokens
from mlclub.middleware import RedactTokens
from tests.factories import make_alumnus, make_member, make_officer, make_page, make_post, make_revision
from wiki import editing, gathered, mirror, posts
from wiki.models import ImportedAuthor, Mirror, MirrorKey, Page, Post, Revision

AT = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
#: Past three in the morning, wherever the club is.
NIGHT = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)
A_DAY = timedelta(days=1)

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="There is no git here.")


def git(*words, folder=None):
    where = ["-C", str(folder)] if folder else []
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", *where, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def address(server, user):
    token = mirror.renew(user, timezone.now())
    return server.url + reverse("wiki:mirror_file", args=[token, "HEAD"]).removesuffix("/HEAD")


def below(token, path):
    return reverse("wiki:mirror_file", args=[token, path])


def token_in(body):
    return re.search(r"/wiki/mirror/([\w-]{40,})\.git ", body)[1]


def ask(client, token, path="info/refs"):
    return client.get(below(token, path))


def kept():
    _, files = default_storage.listdir(mirror.PLACE)
    return sorted(name for name in files if name.endswith((".pack", ".idx")))


@needs_git
@pytest.mark.django_db(transaction=True)
def test_a_clone_shows_the_history_with_its_authors_and_a_pull_brings_what_is_new(live_server, tmp_path):
    ada, bo = make_member(name="Ada Example"), make_member(name="Bo Marsh")
    page = make_page(path="Basics/Adam", text="One\n", author=ada, at=AT)
    make_revision(page=page, text="One\nTwo\n", author=bo, at=AT + A_DAY, summary="More of it")
    assert mirror.build(NIGHT)
    url = address(live_server, ada)

    git("clone", url, str(tmp_path / "clone"))

    log = git("log", "--reverse", "--format=%an|%ae|%aI|%s", folder=tmp_path / "clone").splitlines()
    assert log[:2] == [
        f"Ada Example|{ada.handle}@members.invalid|2026-03-02T18:30:00+00:00|Wrote Basics/Adam",
        f"Bo Marsh|{bo.handle}@members.invalid|2026-03-03T18:30:00+00:00|More of it",
    ]
    assert (tmp_path / "clone/Basics/Adam.md").read_bytes() == b"One\nTwo\n"
    git("fsck", "--full", "--strict", folder=tmp_path / "clone")

    make_revision(page=page, text="Three\n", author=ada, at=NIGHT + timedelta(hours=2))
    assert mirror.build(NIGHT + A_DAY)
    git("pull", "--ff-only", folder=tmp_path / "clone")
    assert (tmp_path / "clone/Basics/Adam.md").read_bytes() == b"Three\n"
    assert len(Mirror.current().packs) == 2
    git("clone", url, str(tmp_path / "again"))
    git("fsck", "--full", "--strict", folder=tmp_path / "again")


@needs_git
@pytest.mark.django_db(transaction=True)
def test_a_clone_that_began_before_the_history_was_written_anew_still_ends_well(live_server, tmp_path):
    ada = make_member(name="Ada Example")
    page = make_page(path="Adam", text="One\n", author=ada, at=AT)
    make_page(path="Eve", text="Her\n", author=ada, at=AT + A_DAY)
    mirror.build(NIGHT)
    url = address(live_server, ada)
    before = Mirror.current().head
    editing.trash(page, by=ada, now=NIGHT)
    mirror.build(NIGHT + A_DAY)

    # What a clone does that has read where the history stood, and now fetches it.
    git("init", "--bare", str(tmp_path / "late"))
    subprocess.run(
        ["git", "-C", str(tmp_path / "late"), "http-fetch", "-a", before, url + "/"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert "Wrote Adam" in git("log", "--format=%s", before, folder=tmp_path / "late")
    # One that begins now gets nothing of it.
    git("clone", "--bare", url, str(tmp_path / "now"))
    assert "Adam" not in git("log", "--all", "--format=%s", folder=tmp_path / "now")
    assert subprocess.run(
        ["git", "-C", str(tmp_path / "now"), "cat-file", "-e", before], check=False, capture_output=True
    ).returncode

    mirror.keep(NIGHT + A_DAY + mirror.GRACE)
    assert kept() == sorted(
        name
        for each in Mirror.current().packs
        for name in (each["name"], each["name"].replace(".pack", ".idx"))
    )


@pytest.mark.django_db
def test_a_night_in_which_nothing_was_written_changes_nothing(client):
    make_page(path="Adam", at=AT)
    mirror.build(NIGHT)
    before, files = Mirror.current(), kept()
    mirror.build(NIGHT + A_DAY)
    after = Mirror.current()
    assert (after.head, after.packs, after.changed_at, kept()) == (
        before.head,
        before.packs,
        before.changed_at,
        files,
    )
    assert after.built_at == NIGHT + A_DAY


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["erased", "claimed", "renamed", "trashed", "imported"])
def test_the_history_is_written_anew_when_the_past_changed(what):
    ada = make_member(name="Ada Example")
    old = ImportedAuthor.objects.create(name="Old hand", email="old@elsewhere.example")
    page = make_page(path="Adam", author=ada, at=AT)
    other = make_page(path="Other", at=AT + timedelta(hours=1))
    Revision.objects.filter(page=other).update(imported_author=old, author_name="Old hand")
    mirror.build(NIGHT)
    before = Mirror.current()

    if what == "erased":
        erase(ada, by=make_officer())
    elif what == "claimed":
        Revision.objects.filter(page=other).update(author=make_member())
    elif what == "renamed":
        ada.name = "Ada Marsh"
        ada.save()
    elif what == "trashed":
        editing.trash(page, by=ada, now=NIGHT)
    else:
        make_page(path="From long ago", at=AT - A_DAY)
    mirror.build(NIGHT + A_DAY)

    after = Mirror.current()
    assert after.head != before.head
    assert len(after.packs) == 1
    assert after.packs != before.packs
    assert [each["name"] for each in after.retired] == [each["name"] for each in before.packs]


@pytest.mark.django_db
def test_a_post_joins_the_history_as_it_comes_out_and_goes_on_under_its_address_of_today():
    ada = make_member(name="Ada Example")
    make_page(path="Home", text="One\n", author=ada, at=AT)
    post = make_post(title="A word", text="A draft\n", authors=[ada], at=AT)
    assert mirror.build(NIGHT)
    heads = [Mirror.current().head]

    def night(number):
        assert mirror.build(NIGHT + number * A_DAY)
        found = Mirror.current()
        goes_on = heads[-1] in {sha.decode() for sha in _ancestors(found)}
        heads.append(found.head)
        return goes_on

    Post.objects.filter(pk=post.pk).update(state="published", published_at=NIGHT + timedelta(hours=1))
    assert night(1)
    words = posts.Words("A word", "", "Mended\n")
    posts.append(post, words, number=2, base=1, author=ada, now=NIGHT + A_DAY + timedelta(hours=1))
    assert night(2)
    posts.move(post, "another-word", now=NIGHT + 2 * A_DAY)
    assert night(3)
    posts.append(post, words, number=3, base=2, author=ada, now=NIGHT + 3 * A_DAY + timedelta(hours=1))
    assert night(4)
    with _cloned(Mirror.current()) as repo:
        tree = repo[repo.head()].tree
        found = [entry.path.decode() for entry in repo.object_store.iter_tree_contents(tree)]
    assert found == [".library.json", "Home.md", "posts/2026-03-04-another-word.md"]
    Post.objects.filter(pk=post.pk).update(state="withdrawn")
    assert not night(5)


@contextmanager
def _cloned(found):
    """The repository as git finds it behind the mirror."""
    with tempfile.TemporaryDirectory() as folder, Repo.init_bare(folder) as repo:
        for each in found.packs:
            for name in (each["name"], each["name"].replace(".pack", ".idx")):
                with default_storage.open(mirror.PLACE + name) as file:
                    Path(folder, "objects", "pack", name).write_bytes(file.read())
        repo.refs[b"refs/heads/main"] = found.head.encode()
        repo.refs.set_symbolic_ref(b"HEAD", b"refs/heads/main")
        yield repo


def _ancestors(found):
    with _cloned(found) as repo:
        return {entry.commit.id for entry in repo.get_walker()}


@pytest.mark.django_db
def test_many_nights_are_joined_into_one_pack_and_the_history_goes_on():
    page = make_page(path="Adam", text="0\n", at=AT)
    mirror.build(NIGHT)
    heads = {Mirror.current().head}
    for n in range(1, mirror.MOST_PACKS + 2):
        make_revision(page=page, text=f"{n}\n", at=NIGHT + n * A_DAY - timedelta(hours=2))
        mirror.build(NIGHT + n * A_DAY)
        heads.add(Mirror.current().head)
    row = Mirror.current()
    assert len(row.packs) == 2
    assert len(heads) == mirror.MOST_PACKS + 2
    assert row.commits == 2 + mirror.MOST_PACKS + 1


@pytest.mark.django_db
def test_packs_that_are_gone_from_the_storage_are_made_again():
    make_page(path="Adam", at=AT)
    mirror.build(NIGHT)
    for name in kept():
        default_storage.delete(mirror.PLACE + name)
    make_page(path="Eve", at=NIGHT + timedelta(hours=1))
    mirror.build(NIGHT + A_DAY)
    assert kept()
    assert len(Mirror.current().packs) == 1


@pytest.mark.django_db
def test_what_a_worker_left_that_died_at_it_is_swept_away():
    make_page(path="Adam", at=AT)
    default_storage.save(f"{mirror.PLACE}pack-of-a-dead-one.pack", ContentFile(b"PACK"))
    mirror.build(NIGHT)
    first = Mirror.current().mark["state"]
    make_page(path="Eve", at=NIGHT + timedelta(hours=1))
    mirror.build(NIGHT + A_DAY)
    row = Mirror.current()
    _, found = default_storage.listdir(mirror.PLACE)
    assert sorted(found) == sorted([*kept(), row.mark["state"]])
    assert first not in found
    assert len(kept()) == 4


@pytest.mark.django_db
def test_what_was_saved_a_moment_ago_waits_for_the_next_night():
    make_page(path="Adam", at=AT)
    make_page(path="Just now", at=NIGHT - timedelta(minutes=1))
    mirror.build(NIGHT)
    first = Mirror.current().commits
    mirror.build(NIGHT + A_DAY)
    assert Mirror.current().commits == first + 1
    assert len(Mirror.current().packs) == 2


@pytest.mark.django_db
def test_it_is_due_once_a_night_in_the_zone_of_the_club_and_at_once_when_there_is_none():
    row = Mirror.current()
    assert mirror.is_due(row, NIGHT)
    mirror.build(NIGHT)
    row.refresh_from_db()
    assert not mirror.is_due(row, NIGHT + timedelta(hours=1))
    assert mirror.is_due(row, NIGHT + A_DAY)
    assert mirror.last_night(NIGHT) <= NIGHT < mirror.last_night(NIGHT) + A_DAY


@pytest.mark.django_db
def test_while_one_worker_builds_no_other_does():
    make_page(path="Adam", at=AT)
    Mirror.current()
    Mirror.objects.update(lease_until=NIGHT + timedelta(minutes=5))
    assert not mirror.build(NIGHT)
    assert not mirror.is_due(Mirror.current(), NIGHT)
    # One that died is not waited for.
    assert mirror.build(NIGHT + timedelta(minutes=6))


@pytest.mark.django_db
def test_a_mirror_that_cannot_be_built_or_is_behind_stands_on_the_desk(settings, tmp_path):
    librarian = make_officer(slug="library")
    make_page(path="Adam", at=AT, owner=librarian)
    (tmp_path / "not a folder").write_text("")
    settings.MEDIA_ROOT = str(tmp_path / "not a folder")
    assert not mirror.build(NIGHT)
    row = Mirror.current()
    assert row.problem
    assert row.lease_until is None
    assert not mirror.is_due(row, NIGHT + timedelta(minutes=1))
    assert mirror.is_due(row, NIGHT + mirror.AGAIN)
    titles = [item.title for item in gathered.desk(librarian, NIGHT)]
    assert "The mirror of the library is behind" in titles

    settings.MEDIA_ROOT = str(tmp_path / "media")
    assert mirror.build(NIGHT + mirror.AGAIN)
    later = NIGHT + timedelta(hours=10)
    assert "The mirror of the library is behind" not in [
        item.title for item in gathered.desk(librarian, later)
    ]
    much_later = NIGHT + timedelta(days=3)
    assert "The mirror of the library is behind" in [
        item.title for item in gathered.desk(librarian, much_later)
    ]


# ── Addresses ──


@pytest.mark.django_db
def test_an_address_is_shown_once_kept_as_a_hash_replaced_and_switched_off(client):
    make_page(path="Adam", at=AT)
    mirror.build(NIGHT)
    user = make_member()
    client.force_login(user)

    assert client.post(reverse("wiki:mirror_key_renew")).status_code == 302
    body = client.get(reverse("wiki:mirror_detail")).content.decode()
    token = token_in(body)
    assert "git clone http" in body
    assert token not in client.get(reverse("wiki:mirror_detail")).content.decode()
    assert not MirrorKey.objects.filter(token_hash=token).exists()
    assert ask(client, token).status_code == 200

    client.post(reverse("wiki:mirror_key_renew"))
    assert ask(client, token).status_code == 410
    again = token_in(client.get(reverse("wiki:mirror_detail")).content.decode())
    client.post(reverse("wiki:mirror_key_revoke"))
    assert ask(client, again).status_code == 410
    assert MirrorKey.objects.live().count() == 0


@pytest.mark.django_db
def test_whoever_no_longer_reads_the_library_gets_nothing(client):
    make_page(path="Adam", at=AT)
    mirror.build(NIGHT)
    alumnus, stranger = make_alumnus(), make_member()
    good, bad = mirror.renew(alumnus, timezone.now()), mirror.renew(stranger, timezone.now())
    stranger.memberships.all().delete()
    assert ask(client, good).status_code == 200
    assert ask(client, bad).status_code == 403
    stranger.is_active = False
    stranger.save()
    assert ask(client, bad).status_code == 403
    assert ask(client, "nobody-has-this-one").status_code == 404


@pytest.mark.django_db
def test_git_is_answered_in_its_own_types_and_only_what_it_needs(client):
    make_page(path="Adam", at=AT)
    mirror.build(NIGHT)
    token = mirror.renew(make_member(), timezone.now())
    row = Mirror.current()
    pack = row.packs[0]["name"]

    refs = client.get(below(token, "info/refs") + "?service=git-upload-pack")
    assert (refs.content.decode(), refs["Content-Type"]) == (
        f"{row.head}\trefs/heads/main\n",
        "text/plain; charset=utf-8",
    )
    assert refs["Cache-Control"] == "private, no-store"
    assert ask(client, token, "HEAD").content == b"ref: refs/heads/main\n"
    assert ask(client, token, "objects/info/packs").content.decode() == f"P {pack}\n\n"
    got = ask(client, token, f"objects/pack/{pack}")
    assert got["Content-Type"] == "application/x-git-packed-objects"
    assert "immutable" in got["Cache-Control"]
    assert (got["Referrer-Policy"], got["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert b"".join(got.streaming_content).startswith(b"PACK")
    for path in (
        "config",
        "objects/pack/pack-0000000000000000000000000000000000000000.pack",
        "objects/pack/../../secret.pack",
        f"objects/pack/{pack}.keep",
        f"{mirror.PLACE}{row.mark['state']}",
        row.mark["state"],
    ):
        assert ask(client, token, path).status_code == 404, path
    assert client.post(below(token, "git-upload-pack")).status_code == 405


@pytest.mark.django_db
def test_who_asks_too_often_waits(client, monkeypatch):
    monkeypatch.setattr("wiki.views.mirror.ASKED_A_MINUTE", 3)
    monkeypatch.setattr("wiki.views.mirror.GUESSES_A_MINUTE", 2)
    token = mirror.renew(make_member(), timezone.now())
    # A minute may turn over in between.
    assert 429 in [ask(client, token, "HEAD").status_code for _ in range(8)]
    assert 429 in [ask(client, "guess", "HEAD").status_code for _ in range(6)]


@pytest.mark.parametrize("path", ["HEAD", "objects/pack/x.pack"])
def test_no_log_holds_an_address(path):
    token = tokens.new()
    record = logging.makeLogRecord({"msg": "GET %s", "args": (f"/wiki/mirror/{token}.git/{path}",)})
    RedactTokens().filter(record)
    assert token not in record.getMessage()
    assert path in record.getMessage()


@pytest.mark.django_db
def test_the_page_says_how_old_and_how_large_the_mirror_is(client):
    client.force_login(make_member())
    assert "It has not been built yet" in client.get(reverse("wiki:mirror_detail")).content.decode()
    make_page(path="Adam", at=AT)
    mirror.build(timezone.now())
    body = client.get(reverse("wiki:mirror_detail")).content.decode()
    assert Mirror.current().head[:12] in body
    assert "The mirror is behind" not in body
    Mirror.objects.update(problem="OSError: the disk is full")
    assert "the disk is full" in client.get(reverse("wiki:mirror_detail")).content.decode()


@pytest.mark.django_db
def test_a_tick_wakes_a_worker_only_when_there_is_something_to_do(django_capture_on_commit_callbacks):
    make_page(path="Adam", at=AT)
    mirror.build(NIGHT)
    assert not mirror.wants_work(Mirror.current(), NIGHT + timedelta(minutes=1))
    assert mirror.wants_work(Mirror.current(), NIGHT + A_DAY)
    assert Page.objects.count() == 1
