import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.access.world import png
from tests.factories import make_member, make_page, make_user
from wiki import starters
from wiki.models import Attachment, Link, Page, Revision

pytestmark = pytest.mark.django_db

CREATE = "/wiki/new/"


def complete(client, typed, path=""):
    answer = client.get(reverse("wiki:page_complete"), {"q": typed, "path": path})
    return [row["insert"] for row in json.loads(answer.content)["found"]]


def test_whoever_writes_a_page_that_is_much_like_another_is_asked_once_and_may_go_on(client):
    make_page(path="Basics/Gradient descent")
    client.force_login(make_member())
    typed = {"path": "Optimisers/Gradient descents", "text": "My words"}

    asked = client.post(CREATE, typed)

    body = asked.content.decode()
    assert asked.status_code == 422
    assert "Is there already a page on this?" in body
    assert "/wiki/Basics/Gradient%20descent/" in body
    assert "My words" in body
    assert Page.objects.count() == 1
    assert '<input type="hidden" name="seen" value="Optimisers/Gradient descents">' in body
    assert client.post(CREATE, {**typed, "seen": "Optimisers/Gradient descents"}).status_code == 302


def test_while_the_name_is_typed_likely_pages_are_shown_by_their_other_names_too(client):
    make_page(path="Basics/Maximum likelihood estimation", text="# MLE in short\n\nWords.\n")
    make_page(path="_Sidebar", text="Maximum likelihood\n")
    client.force_login(make_member())
    form = client.get(CREATE).content.decode()
    assert 'hx-get="/wiki/new/similar/"' in form

    for typed in ("Maximum likelihod", "MLE in short"):
        body = client.get(reverse("wiki:page_similar"), {"path": typed}).content.decode()
        assert "Maximum likelihood estimation" in body
        assert "Sidebar" not in body


@pytest.mark.parametrize(
    ("typed", "path", "found"),
    [
        ("gra", "", ["Gradient descent"]),
        ("Descent", "Basics/Adam", ["Gradient descent"]),
        ("descents", "", ["Gradient descent"]),
        ("Basics/Ad", "", ["Adam"]),
        ("adam", "Basics/x", ["Adam", "People/Adam"]),
        ("adam", "People/x", ["Basics/Adam", "Adam"]),
        ("", "", []),
        ("zzz", "", []),
        ("%", "", []),
        ("\x00", "", []),
    ],
)
def test_two_brackets_offer_the_shortest_name_that_leads_to_the_page(client, typed, path, found):
    make_page(path="Basics/Gradient descent")
    make_page(path="Basics/Adam")
    make_page(path="People/Adam")
    client.force_login(make_member())
    assert complete(client, typed, path) == found


def test_completion_offers_no_page_that_its_reader_may_not_see(client):
    make_page(path="Inner secrets")
    make_page(path="Inner life", is_public=True)
    client.force_login(make_user())
    assert complete(client, "inner") == ["Inner life"]


def test_completion_costs_the_same_for_one_page_and_for_many(client, django_assert_max_num_queries):
    for number in range(12):
        make_page(path=f"Basics/Adam {number}")
    client.force_login(make_member())
    complete(client, "adam")
    with django_assert_max_num_queries(9):
        assert len(complete(client, "adam")) == 8


def test_a_template_is_made_the_clubs_own_by_writing_a_page(client):
    client.force_login(make_member())
    form = client.get(CREATE, {"template": "meeting-notes"}).content.decode()
    assert "## Decided" in form
    assert "path=_Templates/Meeting%20notes" in form
    client.post(CREATE, {"path": "_Templates/Meeting notes", "text": "Who wrote this: [[…]]"})
    client.post(CREATE, {"path": "_Templates/Reading report", "text": "What we read:"})

    form = client.get(CREATE, {"template": "meeting-notes"}).content.decode()
    own = client.get(CREATE, {"template": "Reading report"}).content.decode()

    assert "Who wrote this: [[…]]\n</textarea>" in form
    assert "What we read:\n</textarea>" in own
    assert "/wiki/_Templates/Reading%20report/-/edit/" in own
    assert [starter.name for starter in starters.offered(Page.objects.all())] == [
        "Blank page",
        "Concept",
        "Guide",
        "Meeting notes",
        "Handover",
        "Reading report",
    ]
    assert not Link.objects.exists()


@pytest.mark.parametrize("which", ["edit", "create", "suggest"])
def test_without_a_script_a_picture_comes_to_the_end_of_the_text_and_nothing_is_saved(client, which):
    make_page(path="Adam", text="Words.\n")
    client.force_login(make_member())
    url = CREATE if which == "create" else reverse(f"wiki:page_{which}", args=["Adam"])
    data = {"path": "Eve", "text": "Words, more.", "base": 1, "attach": "1", "shows": "A [tide]"}

    none = client.post(url, data)
    answer = client.post(url, {**data, "picture": SimpleUploadedFile("tide.png", png())})

    assert none.status_code == 422
    assert "Words, more." in none.content.decode()
    kept = Attachment.objects.get()
    assert answer.status_code == 200
    assert f"Words, more.\n\n![A tide]({kept.get_absolute_url()})\n</textarea>" in answer.content.decode()
    assert Revision.objects.count() == 1


def test_what_is_no_picture_is_said_beside_its_field(client):
    make_page(path="Adam")
    client.force_login(make_member())
    data = {"text": "Mine", "base": 1, "attach": "1", "picture": SimpleUploadedFile("x.png", b"<script>")}
    answer = client.post(reverse("wiki:page_edit", args=["Adam"]), data)
    assert answer.status_code == 422
    assert "Mine" in answer.content.decode()
    assert not Attachment.objects.exists()


def test_suggestions_in_criticmarkup_still_show_in_pages(client):
    page = make_page(path="Adam", text="A {++good++} {--bad--} word.\n")
    client.force_login(make_member())
    body = client.get(page.get_absolute_url()).content.decode()
    assert '<ins class="critic">good</ins>' in body
    assert '<del class="critic">bad</del>' in body
