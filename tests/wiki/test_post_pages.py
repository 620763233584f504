"""The blog's pages: for readers, for those who write, for the editor."""

import html
import io
import re
import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from members.models import Notification, Topic
from tests.factories import (
    make_alumnus,
    make_member,
    make_officer,
    make_paper,
    make_post,
    make_reader_note,
    make_user,
)
from wiki.models import Attachment, BibEntry, ImportedAuthor, Post, PostAddress, PostAuthor, ReaderNote

pytestmark = pytest.mark.django_db


def at(name, post, **more):
    return reverse(f"wiki:{name}", kwargs={"slug": post.slug, **more})


def words_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def png():
    held = io.BytesIO()
    Image.new("RGB", (8, 4), "teal").save(held, "PNG")
    return SimpleUploadedFile("../evil.html", held.getvalue(), content_type="text/html")


# ── Readers ──


def test_anybody_reads_what_is_out_and_finds_it_by_topic_author_and_year(client):
    topic = Topic.objects.create(name="Diffusion", slug="diffusion")
    ada, bo = make_member(name="Ada Quill"), make_member(name="Bo Marsh")
    first = make_post(
        title="Noise first",
        authors=[ada, bo],
        state="published",
        published_at=datetime(2024, 5, 5, 12, tzinfo=ZoneInfo("UTC")),
    )
    first.topics.add(topic)
    make_post(title="Another thing", authors=[bo], state="published")
    make_post(title="Not out", authors=[ada])

    def titles(query=""):
        answer = client.get(reverse("wiki:post_list") + query)
        return {title for title in ("Noise first", "Another thing", "Not out") if title in words_of(answer)}

    assert titles() == {"Noise first", "Another thing"}
    assert titles("?topic=diffusion") == {"Noise first"}
    assert titles("?author=Ada+Quill") == {"Noise first"}
    assert titles("?author=Bo+Marsh") == {"Noise first", "Another thing"}
    assert titles("?year=2024") == {"Noise first"}
    assert titles("?year=20x4&topic=nothing") == set()


def test_a_post_says_who_wrote_it_and_what_it_shows_when_it_is_shared(client, settings):
    settings.SITE_URL = "https://club.example"
    author = make_member(name="Ada Quill")
    post = make_post(
        title='Noise "first" & last',
        excerpt="Why noise helps.",
        text="# Noise\n\nIt helps[^1].\n\n[^1]: A footnote.\n",
        authors=[author],
        state="published",
    )

    page = client.get(at("post_detail", post)).content.decode()

    assert '<meta property="og:url" content="https://club.example/blog/noise-first-last/">' in page
    assert '<meta property="og:title" content="Noise &quot;first&quot; &amp; last">' in page
    assert '<meta property="og:description" content="Why noise helps.">' in page
    assert "A footnote." in page
    assert "Ada Quill" in page
    assert author.get_absolute_url() not in page  # the directory is the members'
    client.force_login(make_alumnus())
    assert author.get_absolute_url() in client.get(at("post_detail", post)).content.decode()


def test_a_post_cites_papers_and_their_pages_know_of_it(client):
    paper = make_paper(title="Attention is all you need", year=2017)
    BibEntry.objects.create(key="vaswani2017", bibliography="x.bib", paper=paper)
    post = make_post(title="On attention", text="As @vaswani2017 say.\n", state="published")
    make_post(title="A draft on attention", text="As @vaswani2017 say.\n")

    assert "References" in words_of(client.get(at("post_detail", post)))
    client.force_login(make_member())
    page = words_of(client.get(paper.get_absolute_url()))
    assert "On attention in the blog" in page
    assert "A draft on attention" not in page


def test_a_post_can_be_cited_by_others(client, settings):
    settings.SITE_URL = "https://club.example"
    post = make_post(
        title="50% of noise",
        authors=[make_member(name="Ada Quill"), make_member(name="Bo Marsh")],
        state="published",
        published_at=datetime(2024, 5, 5, 12, tzinfo=ZoneInfo("UTC")),
    )

    page = html.unescape(client.get(at("post_detail", post)).content.decode())

    assert "@misc{quill2024noise," in page
    assert "author = {Ada Quill and Bo Marsh}" in page
    assert r"title = {{50\% of noise}}" in page
    assert "Ada Quill and Bo Marsh. “50% of noise.”" in page


def test_a_picture_of_a_published_post_is_seen_by_anybody_and_of_a_draft_not(client):
    author = make_member()
    post = make_post(authors=[author])
    client.force_login(author)
    client.post(
        at("post_settings", post),
        {"slug": post.slug, "picture": png(), "cover_alt": "A plot", "topics": "Diffusion, new topic"},
    )
    post.refresh_from_db()
    picture = post.cover.get_absolute_url()
    assert set(post.topics.values_list("name", flat=True)) == {"Diffusion", "new topic"}

    assert Client().get(picture).status_code == 404
    Post.objects.filter(pk=post.pk).update(state="published", published_at=timezone.now())
    assert Client().get(picture).status_code == 200
    assert 'content="http' in Client().get(at("post_detail", post)).content.decode()


def test_a_cover_without_a_word_on_what_it_shows_is_asked_for_one(client):
    author = make_member()
    post = make_post(authors=[author])
    client.force_login(author)

    answer = client.post(at("post_settings", post), {"slug": post.slug, "picture": png(), "cover_alt": ""})

    assert answer.status_code == 422
    assert "Say what the picture shows" in words_of(answer)
    assert Attachment.objects.count() == 0


def test_old_addresses_lead_to_the_post(client):
    post = make_post(title="Noise first", state="published")
    PostAddress.objects.create(path="2020/02/05/Noise_First", post=post)
    PostAddress.objects.create(path="noise", post=post)

    for old in ("/blog/2020/2/5/Noise_First/", "/blog/2020/02/05/noise_first/", "/blog/noise/"):
        answer = client.get(old)
        assert (answer.status_code, answer["Location"]) == (301, "/blog/noise-first/")
    assert client.get("/blog/2020/02/05/never/").status_code == 404


def test_a_withdrawn_post_says_so_to_its_readers_and_one_that_never_was_out_says_nothing(client):
    out = make_post(title="Was out", state="withdrawn")
    never = make_post(title="Never out", state="withdrawn", published_at=None)

    assert client.get(at("post_detail", out)).status_code == 410
    assert "Was out" not in words_of(client.get(at("post_detail", out)))
    assert client.get(at("post_detail", never)).status_code == 404


# ── Writing ──


def test_a_member_writes_a_post_and_asks_the_editor_to_read_it(client):
    editor = make_officer(slug="library", name="Edda Editor")
    client.force_login(make_member(name="Ada Quill"))

    answer = client.post(
        reverse("wiki:post_create"),
        {"title": " Noise  first ", "text": "It $helps$.", "do": "ask"},
        follow=True,
    )

    post = Post.objects.get()
    assert answer.redirect_chain == [("/blog/noise-first/", 302)]
    assert (post.title, post.state, post.text) == ("Noise first", "review", "It $helps$.\n")
    assert "Waits for the editor" in words_of(answer)
    assert Notification.objects.get(kind="post-review-asked").person == editor


def test_a_preview_saves_nothing_and_a_post_without_words_is_not_sent_to_the_editor(client):
    client.force_login(make_member())
    url = reverse("wiki:post_create")

    preview = client.post(url, {"title": "Noise", "text": "**bold**", "preview": "1"})
    assert b"<strong>bold</strong>" in preview.content
    empty = client.post(url, {"title": "Noise", "text": "", "do": "ask"})
    assert empty.status_code == 422
    assert "Write the text first" in words_of(empty)
    nameless = client.post(url, {"title": "", "text": "Words that are kept"})
    assert nameless.status_code == 422
    assert "Words that are kept" in words_of(nameless)
    assert Post.objects.count() == 0


@pytest.mark.parametrize("is_new", [True, False])
def test_without_a_script_a_picture_comes_to_the_end_of_the_text(client, is_new):
    ada = make_member()
    post = make_post(title="Noise", text="Words.\n", authors=[ada])
    client.force_login(ada)
    url = reverse("wiki:post_create") if is_new else at("post_edit", post)
    data = {"title": "Noise", "text": "Words, more.", "base": 1, "attach": "1", "shows": "A [tide]"}

    answer = client.post(url, {**data, "picture": png()})
    assert answer.status_code == 200
    picture = Attachment.objects.get().get_absolute_url()
    assert answer.context["form"]["text"].value() == f"Words, more.\n\n![A tide]({picture})\n"
    bad = client.post(url, {**data, "picture": SimpleUploadedFile("x.png", b"<script>")})
    assert bad.status_code == 422
    assert bad.context["form"]["text"].value() == "Words, more."
    assert Post.objects.get().text == "Words.\n"


def test_of_two_authors_who_change_the_same_words_the_second_sees_both(client):
    ada, bo = make_member(name="Ada Quill"), make_member()
    post = make_post(title="Noise", text="One line.\n", authors=[ada, bo])
    client.force_login(ada)
    client.post(at("post_edit", post), {"title": "Noise", "text": "Her line.", "base": 1})
    client.force_login(bo)

    answer = client.post(at("post_edit", post), {"title": "Noise", "text": "His line.", "base": 1})

    assert answer.status_code == 409
    page = words_of(answer)
    assert "Her line." in page
    assert "His line." in page
    again = client.post(
        at("post_edit", post), {"title": "Noise", "text": "Both lines.", "base": 2, "is_draft": "True"}
    )
    assert again.status_code == 302
    post.refresh_from_db()
    assert post.text == "Both lines.\n"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_browsers_that_save_different_lines_at_once_both_stand():
    ada, bo = make_member(), make_member()
    post = make_post(title="Noise", text="First.\n\nMiddle.\n\nLast.\n", authors=[ada, bo])
    barrier, met = threading.Barrier(2), []

    def save(person, text):
        try:
            browser = Client()
            browser.force_login(person)
            barrier.wait(timeout=60)
            met.append(
                browser.post(at("post_edit", post), {"title": "Noise", "text": text, "base": 1}).status_code
            )
        finally:
            connection.close()

    threads = [
        threading.Thread(target=save, args=[ada, "First, changed.\n\nMiddle.\n\nLast.\n"]),
        threading.Thread(target=save, args=[bo, "First.\n\nMiddle.\n\nLast, changed.\n"]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    post.refresh_from_db()
    assert met == [302, 302]
    assert post.text == "First, changed.\n\nMiddle.\n\nLast, changed.\n"


def test_an_author_who_is_added_may_edit_and_the_order_is_theirs_to_choose(client):
    ada, bo = make_member(name="Ada Quill"), make_member(name="Bo Marsh")
    post = make_post(authors=[ada])
    client.force_login(bo)
    assert client.get(at("post_edit", post)).status_code == 404
    client.force_login(ada)
    assert "Nobody here is called" in words_of(
        client.post(at("post_author_add", post), {"people": "Nobody Known"})
    )
    client.post(at("post_author_add", post), {"people": "Bo Marsh"})
    second = PostAuthor.objects.get(user=bo)
    client.post(at("post_author_move", post, pk=second.pk), {"to": "up"})

    assert [author.name for author in Post.objects.get().credits()] == ["Bo Marsh", "Ada Quill"]
    client.force_login(bo)
    assert client.get(at("post_edit", post)).status_code == 200
    assert client.post(at("post_author_move", post, pk=second.pk), {"to": "out"})["Location"] == "/blog/desk/"


def test_an_author_cannot_take_back_what_is_out_but_the_editor_can(client):
    author = make_member()
    post = make_post(authors=[author], state="published")
    client.force_login(author)
    client.post(at("post_withdraw", post), {"note": ""})
    post.refresh_from_db()
    assert post.state == "published"

    client.force_login(make_officer(slug="library"))
    client.post(at("post_withdraw", post), {"note": "A name that should not be there."})
    post.refresh_from_db()
    assert post.state == "withdrawn"
    client.post(at("post_take_up", post))
    post.refresh_from_db()
    assert post.state == "draft"


# ── The editor ──


def test_the_editor_sees_what_waits_schedules_it_and_is_told_of_a_wrong_hour(client):
    author = make_member(name="Ada Quill")
    post = make_post(title="Noise", authors=[author], state="review")
    client.force_login(make_officer(slug="library"))
    desk = words_of(client.get(reverse("wiki:post_desk")))
    assert "Waits for the editor 1" in desk
    assert "Ada Quill" in desk

    late = client.post(at("post_decide", post), {"do": "schedule", "publish_at": "2020-01-01T09:00"})
    assert late.status_code == 422
    assert "That time has passed" in words_of(late)
    silent = client.post(at("post_decide", post), {"do": "return", "note": " "})
    assert silent.status_code == 422
    soon = (timezone.localtime() + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
    client.post(at("post_decide", post), {"do": "schedule", "publish_at": f"{soon:%Y-%m-%dT%H:%M}"})

    post.refresh_from_db()
    assert (post.state, post.publish_at) == ("scheduled", soon)
    assert "Comes out by itself 1" in words_of(client.get(reverse("wiki:post_desk")))


def test_the_editor_gives_a_post_back_and_the_author_reads_why(client):
    author = make_member()
    post = make_post(authors=[author], state="review")
    client.force_login(make_officer(slug="library"))
    client.post(at("post_decide", post), {"do": "return", "note": "One more plot."})
    client.force_login(author)

    assert "One more plot." in words_of(client.get(at("post_detail", post)))
    assert Notification.objects.get(kind="post-returned").person == author


def test_the_desk_of_a_member_holds_their_own_posts(client):
    author = make_member()
    make_post(title="Mine", authors=[author])
    make_post(title="Another's")
    client.force_login(author)

    page = words_of(client.get(reverse("wiki:post_desk")))
    assert "Mine" in page
    assert "Another's" not in page


def test_a_member_cannot_decide(client):
    author = make_member()
    post = make_post(authors=[author], state="review")
    client.force_login(author)

    assert client.post(at("post_decide", post), {"do": "publish"}).status_code == 403
    post.refresh_from_db()
    assert post.state == "review"


# ── Notes ──


def test_a_reader_writes_to_the_authors_and_only_they_and_the_editor_read_it(client):
    author, reader = make_member(), make_member(name="Rae Reader")
    post = make_post(authors=[author], state="published")
    client.force_login(reader)
    empty = client.post(at("post_note", post), {"text": " "})
    assert empty.status_code == 422
    client.post(at("post_note", post), {"text": "I should try it on audio.", "wants_to_work": "on"})
    note = ReaderNote.objects.get()
    assert client.get(at("post_notes", post)).status_code == 403

    client.force_login(author)
    page = words_of(client.get(at("post_notes", post)))
    assert "Rae Reader" in page
    assert "I should try it on audio." in page
    client.post(reverse("wiki:note_answer", args=[note.pk]))
    note.refresh_from_db()
    assert note.answered_by == author
    client.force_login(make_member())
    assert client.post(reverse("wiki:note_answer", args=[note.pk])).status_code == 404


def test_a_stranger_and_an_alumnus_cannot_write_to_the_authors(client):
    post = make_post(state="published")
    assert "Write to the authors" not in words_of(client.get(at("post_detail", post)))
    client.force_login(make_alumnus())
    assert "Write to the authors" not in words_of(client.get(at("post_detail", post)))
    assert client.post(at("post_note", post), {"text": "Hello"}).status_code == 404


def test_somebody_who_wrote_before_gets_the_credit_with_the_verified_address(client):
    from wiki import authors

    post = make_post(state="published", title="From before")
    known = ImportedAuthor.objects.create(name="Old Name", email="old@club.example")
    PostAuthor.objects.filter(post=post).delete()
    PostAuthor.objects.create(post=post, imported_author=known)
    assert "Old Name" in words_of(client.get(at("post_detail", post)))

    person = make_user(name="New Name")
    authors.claim(person, "old@club.example")

    page = words_of(client.get(at("post_detail", post)))
    assert "New Name" in page
    assert "Old Name" not in page


# ── Cost ──


@pytest.mark.parametrize("size", [1, 12])
def test_pages_of_the_blog_cost_the_same_for_any_number_of_posts(client, size, django_assert_max_num_queries):
    topics = [Topic.objects.create(name=f"T{n}", slug=f"t{n}") for n in range(3)]
    editor = make_officer(slug="library")
    people = [make_member() for _ in range(3)]
    for number in range(size):
        post = make_post(title=f"Out {number}", authors=people, state="published")
        post.topics.set(topics)
        make_reader_note(post=post, author=people[0])
        make_post(title=f"Waits {number}", authors=people, state="review")
    for number in range(size):
        make_reader_note(post=post, author=people[number % 3], text=f"Note {number}")
    client.force_login(editor)
    for url in (
        reverse("wiki:post_list"),
        reverse("wiki:post_desk"),
        at("post_detail", post),
        at("post_notes", post),
        at("post_settings", post),
        at("post_edit", post),
    ):
        client.get(url)
        with django_assert_max_num_queries(15):
            assert client.get(url).status_code == 200


def test_the_librarian_says_in_the_admin_whose_account_an_author_from_before_is(client):
    post = make_post(state="published", title="From before")
    known = ImportedAuthor.objects.create(name="Old Name", email="old@club.example")
    PostAuthor.objects.filter(post=post).delete()
    PostAuthor.objects.create(post=post, imported_author=known)
    person = make_member(name="New Name")
    client.force_login(make_officer(slug="library"))
    url = reverse("admin:wiki_importedauthor_change", args=[known.pk])
    assert "old@club.example" not in client.get(url).content.decode()

    client.post(url, {"user": person.pk})

    assert [author.name for author in Post.objects.get().credits()] == ["New Name"]


def test_an_author_without_an_account_may_be_taken_out_of_a_post_that_has_another(client):
    ada = make_member(name="Ada Quill")
    post = make_post(authors=[ada])
    old = PostAuthor.objects.create(
        post=post, imported_author=ImportedAuthor.objects.create(name="Old Name"), position=2
    )
    client.force_login(ada)
    client.post(at("post_author_move", post, pk=old.pk), {"to": "out"})
    assert [author.name for author in Post.objects.get().credits()] == ["Ada Quill"]
