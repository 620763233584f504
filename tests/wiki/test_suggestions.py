import html
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from members.models import Notification
from mlclub.refusal import Refused
from tests.factories import (
    make_alumnus,
    make_member,
    make_officer,
    make_page,
    make_revision,
    make_suggestion,
    make_user,
)
from wiki import editing, gathered, suggesting
from wiki.models import Revision, Suggestion

pytestmark = pytest.mark.django_db

THREE = "One teh.\n\nA.\n\nB.\n\nC.\n\nD.\n\nTwo teh.\n\nE.\n\nF.\n\nG.\n\nH.\n\nThree teh.\n"
MENDED = THREE.replace("teh", "the")


def suggest(client, page, text, **more):
    return client.post(
        reverse("wiki:page_suggest", args=[page.path]), {"text": text, "base": 1, **more}, follow=True
    )


def act(client, suggestion, what, **data):
    data = {"version": suggestion.version, **data}
    return client.post(reverse(f"wiki:suggestion_{what}", args=[suggestion.pk]), data, follow=True)


def sent():
    call_command("notify", "--once")
    return [(message.to[0], message.subject) for message in mail.outbox]


def test_a_newcomer_suggests_an_edit_of_a_public_page_and_its_owner_is_told_once(client):
    owner, newcomer = make_member(), make_user(name="Nia Newcomer")
    page = make_page(path="Adam", text="A optimiser.\n", owner=owner, is_public=True)
    client.force_login(newcomer)
    assert "Suggest an edit" in client.get(page.get_absolute_url()).content.decode()

    answer = suggest(client, page, "An optimiser.", summary="Grammar")
    suggest(client, page, "An optimiser.", summary="Grammar")

    assert "Somebody who looks after the page decides" in answer.content.decode()
    row = Suggestion.objects.get()
    assert (row.text, row.base_number, row.author, row.state) == ("An optimiser.\n", 1, newcomer, "waiting")
    page.refresh_from_db()
    assert page.text == "A optimiser.\n"
    assert sent() == [(owner.email, "Nia Newcomer suggests a change to Adam")]


def test_where_nobody_looks_after_a_page_the_librarian_is_told():
    librarian, member = make_officer(slug="library"), make_member()
    make_suggestion(page=make_page(owner=None), author=member)
    mine = make_page(path="Mine", owner=member)
    make_suggestion(page=mine, author=member)

    assert (
        list(Notification.objects.filter(kind="wiki-suggestion").values_list("person", flat=True))
        == [librarian.pk] * 2
    )


def test_what_waits_is_changed_by_its_author_and_nobody_decides_about_what_they_did_not_see(client):
    owner, author = make_member(), make_alumnus()
    page = make_page(path="Adam", text="A optimiser.\n", owner=owner)
    first = make_suggestion(page=page, author=author, text="An optimiser.\n")
    client.force_login(author)
    assert "still waits" in client.get(reverse("wiki:page_suggest", args=["Adam"])).content.decode()
    suggest(client, page, "The optimiser.")
    assert Suggestion.objects.count() == 1

    client.force_login(owner)
    answer = act(client, first, "accept")

    assert "has changed this suggestion since you opened it" in answer.content.decode()
    assert Revision.objects.count() == 1


def test_an_accepted_suggestion_is_a_revision_that_credits_who_suggested_it_and_says_who_took_it(client):
    owner, author = make_member(name="Ona Owner"), make_user(name="Nia Newcomer")
    page = make_page(path="Adam", text="A optimiser.\n", owner=owner, is_public=True)
    suggestion = make_suggestion(page=page, author=author, text="An optimiser.\n", summary="Grammar")
    client.force_login(owner)
    body = client.get(suggestion.get_absolute_url()).content.decode()
    assert "<del>A</del><ins>An</ins> optimiser." in body

    act(client, suggestion, "accept")

    page.refresh_from_db()
    assert (page.text, page.head.author, page.head.summary, page.head.source) == (
        "An optimiser.\n",
        author,
        "Grammar",
        "suggest",
    )
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.settled_by, suggestion.revision) == ("accepted", owner, page.head)
    assert "taken in by Ona Owner" in client.get(reverse("wiki:page_history", args=["Adam"])).content.decode()
    assert (author.email, "Adam has your change") in sent()


def test_a_reviewer_takes_some_changes_and_leaves_others(client):
    owner, author = make_member(), make_alumnus()
    page = make_page(path="Adam", text=THREE, owner=owner)
    suggestion = make_suggestion(page=page, author=author, text=MENDED)
    client.force_login(owner)
    assert client.get(suggestion.get_absolute_url()).content.decode().count('name="hunk"') == 3

    answer = act(client, suggestion, "accept", some="1")
    assert "Choose at least one change" in answer.content.decode()
    act(client, suggestion, "accept", some="1", hunk=["0", "2", "99", "x"])

    page.refresh_from_db()
    assert page.text == MENDED.replace("Two the", "Two teh")
    assert Suggestion.objects.get().state == "partly"


def test_a_suggestion_is_brought_together_with_what_came_meanwhile(client):
    owner, author = make_member(), make_alumnus()
    page = make_page(path="Adam", text="A mean of teh gradients and of their sqares.\n", owner=owner)
    suggestion = make_suggestion(
        page=page, author=author, text="A mean of teh gradients and of their squares.\n"
    )
    make_revision(page=page, text="A mean of the gradients and of their sqares.\n", author=owner)
    client.force_login(owner)
    assert "The page has changed since" in client.get(suggestion.get_absolute_url()).content.decode()

    act(client, suggestion, "accept")

    page.refresh_from_db()
    assert (page.text, page.head.author) == ("A mean of the gradients and of their squares.\n", author)


def test_where_the_page_has_changed_at_the_same_words_the_reviewer_settles_it_and_the_credit_stays(client):
    owner, author = make_member(), make_alumnus()
    page = make_page(path="Adam", text="The rate is 0.1.\n", owner=owner)
    suggestion = make_suggestion(page=page, author=author, text="The rate is 0.01.\n")
    make_revision(page=page, text="The rate is 0.001.\n", author=owner)
    client.force_login(owner)

    answer = act(client, suggestion, "accept")

    draft = "<<<<<<< yours\nThe rate is 0.01.\n=======\nThe rate is 0.001.\n>>>>>>> theirs\n"
    assert answer.status_code == 409
    assert draft in html.unescape(answer.content.decode())
    assert act(client, suggestion, "settle", **{"as-text": draft, "as-base": 2}).status_code == 422
    assert Suggestion.objects.get().state == "waiting"
    act(client, suggestion, "settle", **{"as-text": "The rate is 0.01, or less.\n", "as-base": 2})
    page.refresh_from_db()
    assert (page.text, page.head.author) == ("The rate is 0.01, or less.\n", author)
    assert Suggestion.objects.get().state == "partly"


def test_a_reviewer_says_why_not_and_the_author_reads_it_and_keeps_the_text(client):
    owner, author = make_member(name="Ona Owner"), make_alumnus()
    page = make_page(path="Adam", owner=owner)
    suggestion = make_suggestion(page=page, author=author, text="My long words.\n")
    client.force_login(owner)
    assert act(client, suggestion, "reject", reason=" ").status_code == 422
    act(client, suggestion, "reject", reason="That is in Momentum already.")

    assert (author.email, "Your suggestion for Adam") in sent()
    assert "That is in Momentum already." in mail.outbox[-1].body
    client.force_login(author)
    body = client.get(suggestion.get_absolute_url()).content.decode()
    assert "That is in Momentum already." in body
    assert "My long words." in body
    suggest(client, page, "Shorter.")
    assert Suggestion.objects.waiting().count() == 1


def test_an_author_takes_a_suggestion_back_and_the_reviewer_hears_so(client):
    owner, author = make_member(), make_alumnus()
    page = make_page(path="Adam", owner=owner)
    suggestion = make_suggestion(page=page, author=author)
    client.force_login(author)
    act(client, suggestion, "withdraw")
    assert "settled already" in act(client, suggestion, "withdraw").content.decode()
    assert sent() == []

    client.force_login(owner)
    assert "taken this suggestion back" in act(client, suggestion, "accept").content.decode()


def test_nobody_decides_about_their_own_suggestion_and_other_members_do_not_see_it(client):
    owner, other = make_member(), make_member()
    page = make_page(path="Adam", owner=owner)
    own = make_suggestion(page=page, author=owner)
    client.force_login(owner)
    assert act(client, own, "accept").status_code == 404
    client.force_login(other)
    assert client.get(own.get_absolute_url()).status_code == 404
    assert own.get_absolute_url() not in client.get(reverse("wiki:suggestion_list")).content.decode()
    assert "1 suggestion waits" in client.get(page.get_absolute_url()).content.decode()
    client.force_login(make_officer(slug="library"))
    act(client, own, "accept")
    assert Suggestion.objects.get().state == "accepted"


def test_a_suggestion_for_a_page_that_closed_shows_its_text_to_no_outsider(client):
    newcomer = make_user()
    page = make_page(path="Adam", text="Inner words.\n", is_public=True)
    suggestion = make_suggestion(page=page, author=newcomer)
    page.is_public = False
    page.save(update_fields=["is_public"])
    client.force_login(newcomer)

    assert client.get(suggestion.get_absolute_url()).status_code == 404
    assert client.get(reverse("wiki:page_suggest", args=["Adam"])).status_code == 404
    assert "Adam" not in client.get(reverse("wiki:suggestion_list")).content.decode()


@pytest.mark.parametrize("base", ["", "7", "-1", "²", "99999999999999999999"])
def test_a_suggestion_that_began_nowhere_is_kept_on_the_form(client, base):
    page = make_page(path="Adam")
    client.force_login(make_alumnus())
    answer = client.post(reverse("wiki:page_suggest", args=["Adam"]), {"text": "Mine", "base": base})
    assert answer.status_code == 422
    assert "Mine" in answer.content.decode()
    assert not Suggestion.objects.exists()
    assert page.revisions.count() == 1


def test_a_suggestion_that_changes_nothing_and_the_twenty_first_are_refused():
    author, now = make_alumnus(), timezone.now()
    page = make_page(text="Same.\n")
    with pytest.raises(Refused, match="Nothing is changed"):
        suggesting.suggest(page, "Same.\n", base=1, author=author, now=now)
    for _ in range(suggesting.MOST_WAITING):
        make_suggestion(page=make_page(), author=author)
    with pytest.raises(Refused, match="are waiting"):
        make_suggestion(page=make_page(), author=author)


def test_a_preview_of_a_suggestion_saves_nothing_and_marks_what_would_change(client):
    make_page(path="Adam", text="A optimiser.\n")
    client.force_login(make_alumnus())
    data = {"text": "**An** optimiser.", "base": 1, "preview": "1"}
    body = client.post(reverse("wiki:page_suggest", args=["Adam"]), data).content.decode()
    assert "<strong>An</strong> optimiser." in body
    assert "<del>A</del>" in body
    assert not Suggestion.objects.exists()


def test_home_and_the_desk_say_that_a_suggestion_waits():
    owner, now = make_member(), timezone.now()
    page = make_page(path="Adam", owner=owner, author=owner)
    make_suggestion(page=page, author=make_alumnus())

    card = gathered.home(owner, now)[0]
    assert (card.title, card.meta, card.action) == (
        "Adam",
        ("your wiki page", "a suggestion waits"),
        "Look at it",
    )
    items = {item.title: item.count for item in gathered.desk(make_officer(slug="library"), now)}
    assert items["Suggestions for wiki pages"] == 1


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_costs_the_same_for_any_number_of_suggestions(client, size, django_assert_max_num_queries):
    librarian, author = make_officer(slug="library"), make_alumnus()
    for _ in range(size):
        make_suggestion(page=make_page(), author=author, at=timezone.now() - timedelta(days=1))
    client.force_login(librarian)
    client.get(reverse("wiki:suggestion_list"))
    with django_assert_max_num_queries(12):
        assert client.get(reverse("wiki:suggestion_list")).content.decode().count("row-title") == size


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_the_same_moment_one_decides_and_the_other_is_told():
    reviewers = [make_officer(slug="library"), make_officer(slug="president")]
    suggestion = make_suggestion(page=make_page(owner=None), author=make_alumnus())
    outcomes, start = [], threading.Barrier(2)

    def decide(person, act):
        start.wait()
        try:
            act(suggestion, by=person)
            outcomes.append("settled")
        except Refused as problem:
            outcomes.append(str(problem))
        finally:
            connection.close()

    acts = [
        lambda row, by: suggesting.accept(row, version=1, by=by, now=timezone.now()),
        lambda row, by: suggesting.reject(row, version=1, reason="No.", by=by, now=timezone.now()),
    ]
    threads = [threading.Thread(target=decide, args=pair) for pair in zip(reviewers, acts, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == sorted(["settled", suggesting.DECIDED])
    assert Notification.objects.filter(kind="wiki-suggestion-settled").count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one_suggestion():
    author, page = make_alumnus(), make_page(owner=make_member())
    start = threading.Barrier(2)

    def click():
        start.wait()
        try:
            suggesting.suggest(page, "Mine.\n", base=1, author=author, now=timezone.now())
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Suggestion.objects.get().version == 1


def test_accepting_what_the_page_already_says_settles_it_without_a_revision():
    owner = make_member()
    page = make_page(text="A optimiser.\n", owner=owner)
    suggestion = make_suggestion(page=page, author=make_alumnus(), text="An optimiser.\n")
    editing.save(page, "An optimiser.\n", base=1, author=owner, now=timezone.now())
    settled = suggesting.accept(suggestion, version=1, by=owner, now=timezone.now())
    assert (settled.state, settled.revision) == ("accepted", None)
    assert page.revisions.count() == 2
