"""What leaves the library comes back into an empty one as it was, and leaves that one again by the same commits."""

from __future__ import annotations

import hashlib
import io
import random
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from mlclub import uploads
from tests.factories import (
    make_list,
    make_member,
    make_page,
    make_paper,
    make_post,
    make_revision,
    make_topic,
)
from tests.wiki.repositories import ADA, BO, Work
from wiki import citing, editing, exporting, importing, pictures, posts
from wiki.models import (
    Attachment,
    BibEntry,
    ImportedAuthor,
    Page,
    Paper,
    Passage,
    Placement,
    Post,
    PostRevision,
    ReadingList,
    ReadingTopic,
    Redirect,
    Revision,
)
from wiki.paper_merging import merge

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 18, 30, 0, 123456, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


def jpeg():
    pixels = random.Random(4).randbytes(64 * 64 * 3)
    content = io.BytesIO()
    Image.frombytes("RGB", (64, 64), pixels).save(content, "JPEG", quality=70)
    return content.getvalue()


def everything():
    """The library in a form that can be compared, without keys and without who claimed what."""
    return {
        "pages": list(
            Page.objects.order_by("path").values_list(
                "path",
                "title",
                "is_public",
                "review_by",
                "checked_at",
                "owner__handle",
                "content_at",
                "plain_text",
            )
        ),
        "trash": {page.path: page.trashed_at for page in Page.objects.trashed()},
        "revisions": [
            (
                row.page.path,
                row.number,
                row.base_number,
                row.text,
                row.summary,
                row.source,
                row.byline,
                row.at,
                row.added,
                row.removed,
            )
            for row in Revision.objects.select_related("page", "author").order_by("page__path", "number")
        ],
        "passages": list(
            Passage.objects.order_by("at", "pk").values_list("page__path", "before", "after", "at", "summary")
        ),
        "redirects": dict(Redirect.objects.values_list("path", "page__path")),
        "pictures": [
            (row.path, row.sha256, row.file.open().read(), sorted(row.pages.values_list("path", flat=True)))
            for row in Attachment.objects.order_by("path", "sha256")
        ],
        "papers": list(
            Paper.objects.order_by("title").values_list(
                "title",
                "authors_text",
                "year",
                "venue",
                "arxiv_id",
                "doi",
                "url",
                "abstract",
                "is_untitled",
            )
        ),
        "known by": [
            (
                paper.title,
                paper.key,
                paper.short_name,
                sorted(row.key for row in paper.other_keys.all()),
                [(row.arxiv_id, row.doi, row.url, row.said, row.merged_at) for row in paper.former.all()],
            )
            for paper in Paper.objects.order_by("title")
        ],
        "keys": list(
            BibEntry.objects.order_by("bibliography", "key").values_list(
                "bibliography", "key", "paper__title"
            )
        ),
        "lists": list(
            ReadingList.objects.order_by("slug").values_list(
                "title", "slug", "description", "visibility", "created_at"
            )
        ),
        "topics": list(
            ReadingTopic.objects.order_by("list", "position", "title").values_list(
                "list__slug", "parent__title", "title", "position"
            )
        ),
        "posts": [
            (
                post.title,
                post.slug,
                post.text,
                post.excerpt,
                post.state,
                post.published_at,
                post.publish_at,
                post.created_at,
                post.content_at,
                [author.name for author in post.credits()],
                [paper.title for paper in post.papers.all()],
                post.cover.sha256 if post.cover else None,
                post.cover_alt,
                [address.path for address in post.old_addresses.all()],
                post.state_at,
                post.approved_number,
            )
            for post in Post.objects.order_by("slug")
        ],
        "post versions": [
            (
                row.post.slug,
                row.number,
                row.base_number,
                row.title,
                row.excerpt,
                row.text,
                row.summary,
                row.source,
                row.byline,
                row.at,
            )
            for row in PostRevision.objects.select_related("post", "author").order_by("post__slug", "number")
        ],
        "placements": list(
            Placement.objects.order_by("list__slug", "topic__title", "position").values_list(
                "list__slug",
                "topic__title",
                "paper__title",
                "relevance",
                "note",
                "position",
                "is_automatic",
                "is_for_members",
                "added_at",
            )
        ),
    }


def forget():
    """Empty the library; the people stay."""
    Page.objects.update(head=None)
    Post.objects.update(state="draft", publish_at=None, head=None)
    for model in (
        PostRevision,
        Post,
        Placement,
        ReadingTopic,
        ReadingList,
        BibEntry,
        Paper,
        Attachment,
        Revision,
        Page,
        ImportedAuthor,
    ):
        model.objects.all().delete()


def fill():
    """A library in which something of everything has happened."""
    ada, bo = make_member(name="Ada Quill"), make_member(name="Bo Marsh")
    shown = pictures.keep(uploads.image(ContentFile(jpeg())), now=AT, by=ada)
    named = pictures.keep(uploads.image(ContentFile(jpeg())), now=AT, by=ada, path="img/plot.jpg")
    adam = make_page(path="Basics/Adam", text="# Adam\n\nSteps of $x^2$.\n", author=ada, at=AT)
    home = make_page(path="Home", text="[[Adam]] and [[Old name]]\n", author=None, at=AT + AN_HOUR)
    made = make_page(
        path="Old name",
        text=f"![]({shown.get_absolute_url()}) ![](img/plot.jpg) @vaswani\r\n  trailing  \n\n",
        author=bo,
        at=AT + 2 * AN_HOUR,
    )
    assert named.sha256 == shown.sha256
    make_revision(
        page=adam, text="# Adam\n\nSteps of $x^3$.\n", author=bo, at=AT + 3 * AN_HOUR, summary="A power more"
    )
    # Two saved within one second, the later page first in the order of keys.
    make_revision(page=made, text="Two\n", author=bo, at=AT + 4 * AN_HOUR, summary="Source: web")
    make_revision(
        page=home, text="[[Adam]]\n", author=ada, at=AT + 4 * AN_HOUR + timedelta(milliseconds=5), summary=""
    )
    editing.save(
        adam,
        "# Adam!\n\nSteps of $x^2$.\n",
        base=1,
        author=ada,
        now=AT + 5 * AN_HOUR,
        summary="From an older version",
    )
    adam.refresh_from_db()
    editing.revert(adam, adam.revisions.get(number=1), base=3, author=ada, now=AT + 6 * AN_HOUR)
    editing.rename(made, "Basics/New name", by=ada, now=AT + 7 * AN_HOUR)
    gone = make_page(path="Gone", text="Once\n", author=ada, at=AT + 8 * AN_HOUR)
    editing.trash(gone, by=bo, now=AT + 9 * AN_HOUR)
    back = make_page(path="Back", text="Here\n", author=ada, at=AT + 9 * AN_HOUR)
    editing.trash(back, by=bo, now=AT + 10 * AN_HOUR)
    editing.restore(back, by=bo, now=AT + 11 * AN_HOUR)
    make_page(path=".git/hooks", text="No hook\n", author=ada, at=AT + 12 * AN_HOUR)
    Page.objects.filter(path="Home").update(
        is_public=True, review_by=date(2026, 9, 1), checked_at=AT + 20 * AN_HOUR, owner=bo
    )

    cited = make_paper(
        title="Attention Is All You Need",
        authors_text="Vaswani, Ashish and Shazeer, Noam",
        arxiv_id="1706.03762",
        year=2017,
        bibtex="@inproceedings{vaswani,\n  title = {Attention Is {A}ll You Need},\n  author = {Vaswani, Ashish and Shazeer, Noam},\n"
        "  year = 2017,\n  pages = {1--11},\n  eprint = {1706.03762v5}, archivePrefix = {arXiv}\n}",
    )
    BibEntry.objects.create(key="vaswani", bibliography="refs/main.bib", paper=cited)
    odd = make_paper(
        title=r"The $\ell_1$ norm & {braces}: 100% of #1_x -- a \ b",
        authors_text="Łukasz Ünal and 李明",
        year=None,
        doi="10.1000/odd_(1)",
        url="https://papers.example/a_b?c=d&e=%20f",
        venue='Journal of "Odd" Things',
        abstract="Two\nlines with {one brace.",
    )
    stub = make_paper(title="arXiv:2006.11239", authors_text="", arxiv_id="2006.11239", is_untitled=True)
    reading = make_list(
        title="Start here",
        papers=[cited],
        description="Read *these*.\n\nThen others.",
        visibility="public",
        curators=[ada],
    )
    topic = make_topic(reading_list=reading, title="Norms: and [other] things")
    Placement.objects.create(
        list=reading,
        topic=topic,
        paper=odd,
        relevance=3,
        note='Why: "because"',
        position=7,
        added_by=bo,
        added_at=AT,
    )
    Placement.objects.create(
        list=reading, topic=topic, paper=stub, is_for_members=True, position=9, added_at=AT
    )
    Placement.objects.create(
        list=reading, topic=topic, paper=cited, is_automatic=True, position=8, added_at=AT
    )
    twin = make_paper(title="Attention is all you need", url="https://papers.example/attention")
    Paper.objects.filter(pk=cited.pk).update(short_name="Transformer")
    merge(twin, into=cited, by=ada, now=AT + 3 * AN_HOUR)
    cited.refresh_from_db()
    citing.rename(cited, "transformer", by=ada, now=AT + 4 * AN_HOUR)
    read = make_post(
        title="How we read: a paper",
        text="\n\nTwo empty lines before, @vaswani, and an end without one",
        excerpt="First\n\nsecond: paragraph",
        authors=[bo, ada],
        state="published",
        at=AT,
        cover=shown,
        cover_alt="Noise",
    )
    make_post(title="Not yet", authors=[ada], state="scheduled", at=AT, publish_at=AT + timedelta(days=900))
    posts.move(Post.objects.get(title="Not yet"), "later", now=AT)
    post_save(
        read, "How we read", "Two lines, @vaswani\n", base=1, author=ada, now=AT + 2 * AN_HOUR, summary=""
    )
    post_save(
        read,
        "How we read: a paper",
        "Two lines, @vaswani\n\nand a third",
        base=1,
        author=bo,
        now=AT + 3 * AN_HOUR,
        summary="The old title",
    )
    Post.objects.filter(pk=read.pk).update(approved_number=2)


def post_save(post, title, text, *, base, **more):
    """A version as somebody left it, whatever stood there in between."""
    post.refresh_from_db()
    words = posts.Words(title, "Short", text)
    posts.append(post, words, number=post.head.number + 1, base=base, **more)


def take(folder, **options):
    return importing.import_wiki(Path(folder), now=timezone.now(), **options)


def test_a_library_that_left_comes_back_as_it_was_and_leaves_again_by_the_same_commits(tmp_path):
    fill()
    before = everything()
    first = exporting.export_wiki(tmp_path / "first", everything=True)
    forget()

    report = take(tmp_path / "first")

    after = everything()
    for part in before:
        assert after[part] == before[part], part
    assert report.warnings == []
    second = exporting.export_wiki(tmp_path / "second", everything=True)
    assert second.head == first.head


def test_a_second_import_of_an_export_changes_nothing(tmp_path):
    fill()
    exporting.export_wiki(tmp_path / "out", everything=True, is_bare=True)
    forget()
    take(tmp_path / "out")
    before = everything()

    again = take(tmp_path / "out")

    assert everything() == before
    assert (again.created, again.updated, again.revisions, again.lists, again.has_dropped) == (
        0,
        0,
        0,
        0,
        False,
    )


def test_an_export_comes_into_the_library_it_is_of_without_a_change(tmp_path):
    fill()
    before = everything()
    exporting.export_wiki(tmp_path / "out", everything=True)
    report = take(tmp_path / "out")
    assert everything() == before
    assert not report.has_dropped


def test_the_files_alone_of_an_export_come_in_too(tmp_path):
    fill()
    exporting.export_wiki(tmp_path / "out")
    texts = dict(Page.objects.filter(trashed_at=None).values_list("path", "head__text"))
    papers = everything()["papers"]
    forget()

    report = take(tmp_path / "out", with_history=False)

    assert dict(Page.objects.values_list("path", "head__text")) == texts
    assert everything()["papers"] == papers
    assert (report.lists, report.has_dropped) == (1, False)


def test_a_post_that_got_words_since_the_last_import_gets_its_new_versions(tmp_path):
    ada = make_member(name="Ada Quill")
    post = make_post(title="Growing", text="One\n", authors=[ada], state="published", at=AT)
    make_post(title="Quiet", authors=[ada], state="published", at=AT)
    exporting.export_wiki(tmp_path / "first", everything=True)
    post_save(post, "Growing", "One\n\nTwo\n", base=1, author=ada, now=AT + AN_HOUR, summary="More")
    exporting.export_wiki(tmp_path / "second", everything=True)
    before = everything()
    forget()
    take(tmp_path / "first")
    assert [row[1:3] for row in everything()["post versions"]] == [(1, 0), (1, 0)]

    report = take(tmp_path / "second")

    after = everything()
    assert after["post versions"] == before["post versions"]
    assert [post[2] for post in after["posts"]] == [post[2] for post in before["posts"]]
    assert (report.updated, report.revisions, report.has_dropped) == (1, 1, False)


def test_a_post_that_was_edited_here_since_the_last_import_is_left_alone_and_reported(tmp_path):
    ada = make_member(name="Ada Quill")
    post = make_post(title="Growing", text="One\n", authors=[ada], state="published", at=AT)
    exporting.export_wiki(tmp_path / "first", everything=True)
    post_save(post, "Growing", "Theirs\n", base=1, author=ada, now=AT + AN_HOUR, summary="More")
    exporting.export_wiki(tmp_path / "second", everything=True)
    forget()
    take(tmp_path / "first")
    post_save(Post.objects.get(), "Growing", "Ours\n", base=1, author=ada, now=AT + AN_HOUR, summary="Here")

    report = take(tmp_path / "second")

    assert Post.objects.get().text == "Ours\n"
    assert report.has_dropped
    assert "Edited here since the last import" in report.warnings[0]


def test_an_author_of_a_post_who_is_not_here_is_named_by_its_versions(tmp_path):
    ada, away = make_member(name="Ada Quill"), make_member(name="Somebody Away")
    post = make_post(title="Together", authors=[ada, away], state="published", at=AT)
    post_save(post, "Together", "Now\n", base=1, author=away, now=AT + AN_HOUR)
    exporting.export_wiki(tmp_path / "out", everything=True)
    forget()
    type(away).objects.filter(pk=away.pk).update(handle="another-handle", name="Another")

    take(tmp_path / "out")

    assert PostRevision.objects.get(number=2).byline == "Somebody Away"
    assert PostRevision.objects.get(number=2).author is None


def test_what_a_key_means_here_it_goes_on_to_mean(tmp_path):
    cited = make_paper(title="One work", authors_text="Ada Quill", year=2020)
    citing.rename(cited, "one", by=None, now=AT)
    exporting.export_wiki(tmp_path / "out")
    forget()
    other = make_paper(title="Another work", key="quill2020one")

    report = take(tmp_path / "out")

    assert citing.papers_for(["quill2020one", "one"]) == {
        "quill2020one": other,
        "one": Paper.objects.get(title="One work"),
    }
    assert report.has_dropped
    assert "means another paper here" in report.warnings[0]


def test_others_history_goes_in_and_out_and_in_with_its_renames_and_authors(tmp_path):
    work = Work(tmp_path / "wiki")
    work.commit(
        {"Old.md": "A text that is long enough to be known again.\n", "Home.md": "[[Old]]\n"}, message="Begin"
    )
    work.move("Old.md", "Basics/New.md", by=BO, message="Tidy up")
    work.commit({"Home.md": None, "Other.md": "Other\n"}, by=ADA, message="Away with it")
    take(work.folder)
    before = everything()
    first = exporting.export_wiki(tmp_path / "first", everything=True)
    forget()

    take(tmp_path / "first")

    assert everything() == before
    assert [(row["before"], row["after"]) for row in Passage.objects.values("before", "after")] == [
        ("Old", "Basics/New"),
        ("Home", ""),
    ]
    assert set(Revision.objects.values_list("author_name", flat=True)) == {"Ada Example"}
    assert all(row.email.endswith("@members.invalid") for row in ImportedAuthor.objects.all())
    assert exporting.export_wiki(tmp_path / "second", everything=True).head == first.head


def test_a_picture_with_something_hidden_in_it_is_made_anew_or_left_out(tmp_path):
    work = Work(tmp_path / "wiki")
    hidden = jpeg() + b"<script>alert(1)</script>"
    work.commit(
        {
            ".library.json": '{"format": 1, "pages": {}}',
            f"files/{hashlib.sha256(hidden).hexdigest()}.jpg": hidden,
            "img/a.jpg": hidden,
            "Home.md": "![](img/a.jpg)\n",
        }
    )

    report = take(work.folder)

    assert [row.path for row in Attachment.objects.all()] == ["img/a.jpg"]
    assert b"script" not in Attachment.objects.get().file.open().read()
    assert report.has_dropped


def test_a_thousand_versions_leave_and_come_back_within_ten_seconds(tmp_path):
    writers = [make_member(name=f"Writer {n}") for n in range(5)]
    for number in range(50):
        make_page(
            path=f"Area {number % 4}/Page {number}", text=f"# Page {number}\n", author=writers[0], at=AT
        )
    Revision.objects.bulk_create(
        Revision(
            page=page,
            number=number,
            base_number=number - 1,
            text=f"# {page.title}\n\n"
            + "".join(f"Line {line} of $x^{line}$.\n" for line in range(number * 3)),
            author=writers[number % 5],
            at=AT + timedelta(minutes=number, seconds=page.pk % 60),
        )
        for page in Page.objects.all()
        for number in range(2, 21)
    )
    for page in Page.objects.all():
        page.head = page.revisions.order_by("-number").first()
        editing.keep_in_step(page, editing.anatomy(page.text, folder=page.folder))
    before = everything()["revisions"]
    began = time.process_time()

    report = exporting.export_wiki(tmp_path / "out", everything=True, is_bare=True)
    forget()
    taken = take(tmp_path / "out")

    assert time.process_time() - began < 10
    assert (report.revisions, taken.revisions) == (1000, 1000)
    assert [row[:4] for row in everything()["revisions"]] == [row[:4] for row in before]
