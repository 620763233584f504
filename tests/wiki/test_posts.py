"""A post on its way from an idea to its readers."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from members.models import Notification
from mlclub.refusal import Refused
from tests.factories import make_member, make_officer, make_post, make_user
from wiki import posts, publishing
from wiki.models import Post, PostAddress, PostRevision, ReaderNote, ReviewNote
from wiki.posts import Words

pytestmark = pytest.mark.django_db


def told(kind):
    return set(Notification.objects.filter(kind=kind).values_list("person__name", flat=True))


def test_an_idea_becomes_a_draft_is_looked_over_and_comes_out():
    now = timezone.now()
    author, editor = make_member(name="Ada Author"), make_officer(slug="library", name="Edda Editor")
    post = posts.start(Words("Why we plot losses", text="Because.\n"), author=author, now=now, is_idea=True)

    assert publishing.begin(post, now=now)
    assert publishing.ask_review(post, by=author, now=now, note="Is the end too short?")
    assert told("post-review-asked") == {"Edda Editor"}
    assert publishing.give_back(post, "One more plot, please.", by=editor, now=now)
    assert told("post-returned") == {"Ada Author"}
    assert publishing.ask_review(post, by=author, now=now + timedelta(hours=1))
    assert publishing.publish(post, by=editor, now=now + timedelta(hours=2))
    assert told("post-published") == {"Ada Author"}

    post.refresh_from_db()
    assert (post.state, post.published_at, post.published_by, post.slug) == (
        "published",
        now + timedelta(hours=2),
        editor,
        "why-we-plot-losses",
    )
    assert list(ReviewNote.objects.values_list("author__name", "text", "state")) == [
        ("Ada Author", "Is the end too short?", "review"),
        ("Edda Editor", "One more plot, please.", "draft"),
    ]


def test_a_second_click_tells_nobody_a_second_time():
    now = timezone.now()
    make_officer(slug="library")
    post = make_post()
    author = post.credits()[0].user

    assert publishing.ask_review(post, by=author, now=now)
    assert not publishing.ask_review(post, by=author, now=now)
    assert Notification.objects.filter(kind="post-review-asked").count() == 1


def test_a_post_without_words_waits_for_them():
    post = make_post(text="")

    with pytest.raises(Refused, match="no words"):
        publishing.ask_review(post, by=post.credits()[0].user, now=timezone.now())
    post.refresh_from_db()
    assert post.state == "draft"


def test_what_has_gone_on_meanwhile_is_said():
    now = timezone.now()
    editor = make_officer(slug="library")
    post = make_post(state="review")
    publishing.withdraw(post, by=editor, now=now)

    with pytest.raises(Refused, match="withdrawn by now"):
        publishing.publish(post, by=editor, now=now)


def test_nobody_schedules_a_post_for_yesterday():
    now = timezone.now()
    with pytest.raises(Refused, match="has passed"):
        publishing.schedule(make_post(), now - timedelta(days=1), by=make_officer(slug="library"), now=now)


def test_a_post_given_back_on_its_way_out_does_not_come_out():
    now = timezone.now()
    editor = make_officer(slug="library")
    post = make_post(state="review")
    publishing.schedule(post, now + timedelta(hours=1), by=editor, now=now)
    publishing.give_back(post, "The numbers are last year's.", by=editor, now=now)

    assert publishing.publish_due(now + timedelta(hours=2)) == 0
    post.refresh_from_db()
    assert (post.state, post.publish_at) == ("draft", None)


def test_a_scheduled_post_comes_out_at_its_hour_and_not_before():
    now = timezone.now()
    author = make_member(name="Ada Author")
    post = make_post(authors=[author], state="review")
    publishing.schedule(post, now + timedelta(hours=1), by=make_officer(slug="library"), now=now)

    assert publishing.publish_due(now + timedelta(minutes=59)) == 0
    assert publishing.publish_due(now + timedelta(hours=1)) == 1
    assert publishing.publish_due(now + timedelta(hours=1)) == 0
    post.refresh_from_db()
    assert (post.state, post.published_at) == ("published", now + timedelta(hours=1))
    assert told("post-published") == {"Ada Author"}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_each_scheduled_post_is_let_out_by_one():
    now = timezone.now()
    rows = [make_post(state="scheduled", publish_at=now - timedelta(minutes=5)) for _ in range(5)]
    barrier, out, wrong = threading.Barrier(8), [], []

    def work():
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            out.append(publishing.publish_due(now))
        except Exception as problem:
            wrong.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert wrong == []
    assert sum(out) == len(rows)
    assert Post.objects.published().count() == len(rows)
    assert Notification.objects.filter(kind="post-published").count() == len(rows)


def test_what_was_out_keeps_its_day_when_it_comes_out_again():
    now = timezone.now()
    editor = make_officer(slug="library")
    post = make_post(state="published", published_at=now - timedelta(days=9))
    publishing.withdraw(post, by=editor, now=now)
    publishing.take_up(post, by=editor, now=now)
    publishing.publish(post, by=editor, now=now)

    post.refresh_from_db()
    assert post.published_at == now - timedelta(days=9)


def test_two_authors_who_write_at_once_both_stand():
    now = timezone.now()
    first, second = make_member(), make_member()
    post = make_post(title="A title", text="One line.\n\nAnother line.\n", authors=[first, second])

    posts.save(
        post, Words("A title", "", "One line, changed.\n\nAnother line.\n"), base=1, author=first, now=now
    )
    saved = posts.save(
        post, Words("A better title", "", "One line.\n\nAnother line!\n"), base=1, author=second, now=now
    )

    assert [revision.author for revision in saved.merged_with] == [first]
    post.refresh_from_db()
    assert (post.title, post.text) == ("A better title", "One line, changed.\n\nAnother line!\n")


def test_authors_who_changed_the_same_words_are_asked_and_nothing_is_lost():
    now = timezone.now()
    first, second = make_member(), make_member()
    post = make_post(title="A title", text="One line.\n", authors=[first, second])
    posts.save(post, Words("Her title", "", "Her line.\n"), base=1, author=first, now=now)

    with pytest.raises(posts.Conflict) as met:
        posts.save(post, Words("His title", "", "His line.\n"), base=1, author=second, now=now)

    assert met.value.head.title == "Her title"
    assert met.value.draft.title == "His title"
    assert "Her line." in met.value.draft.text
    assert "His line." in met.value.draft.text
    assert PostRevision.objects.filter(post=post).count() == 2


def test_a_post_that_moves_is_found_at_its_old_address_and_nobody_takes_it():
    now = timezone.now()
    post, other = make_post(title="First name", state="published"), make_post(title="Other")
    posts.move(post, "second-name", now=now)

    assert list(PostAddress.objects.values_list("path", "post")) == [("first-name", post.pk)]
    with pytest.raises(Refused, match="once"):
        posts.move(other, "first-name", now=now)
    with pytest.raises(Refused, match="already"):
        posts.move(other, "desk", now=now)
    posts.move(post, "first-name", now=now)
    assert list(PostAddress.objects.values_list("path", flat=True)) == ["second-name"]


def test_a_post_is_always_somebodys():
    post = make_post(authors=[make_member(name="Ada"), make_member(name="Bo")])
    first, second = post.credits()

    posts.move_author(post, second, up=True)
    assert [author.name for author in Post.objects.get(pk=post.pk).credits()] == ["Bo", "Ada"]
    posts.remove_author(post, first)
    with pytest.raises(Refused, match="needs an author"):
        posts.remove_author(post, second)


def test_a_reader_writes_to_the_authors_ten_times_a_day_at_most():
    now = timezone.now()
    author, reader = make_member(name="Ada Author"), make_member()
    post = make_post(authors=[author], state="published")
    note = publishing.write_note(post, "I tried it.", by=reader, now=now)

    assert publishing.write_note(post, "I tried it.", by=reader, now=now) == note
    assert told("post-reader-wrote") == {"Ada Author"}
    for number in range(9):
        publishing.write_note(post, f"Note {number}", by=reader, now=now)
    with pytest.raises(Refused, match="tomorrow"):
        publishing.write_note(post, "One more", by=reader, now=now)
    assert ReaderNote.objects.count() == 10


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"state": "scheduled"}, "scheduled_post_has_its_time"),
        ({"publish_at": timezone.now()}, "scheduled_post_has_its_time"),
        ({"state": "published"}, "published_post_has_its_day"),
    ],
)
def test_the_database_refuses_half_a_state(fields, constraint):
    post = make_post()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Post.objects.filter(pk=post.pk).update(**fields)


@pytest.mark.parametrize(
    ("state", "seen_by"),
    [
        ("idea", {"author", "editor"}),
        ("draft", {"author", "editor"}),
        ("review", {"author", "editor"}),
        ("scheduled", {"author", "editor"}),
        ("published", {"author", "editor", "member", "account"}),
        ("withdrawn", {"author", "editor"}),
    ],
)
def test_somebody_elses_unpublished_post_is_nobodys_business(state, seen_by):
    people = {
        "author": make_member(),
        "editor": make_officer(slug="library"),
        "member": make_member(),
        "account": make_user(),
    }
    make_post(authors=[people["author"]], state=state)

    seen = {name for name, person in people.items() if Post.objects.visible_to(person).exists()}
    assert seen == seen_by
