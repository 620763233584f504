"""A reader's note on a post becomes a project."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Notification
from projects import inspiring
from projects.models import Initiative, Inspiration, Role
from tests.factories import make_member, make_officer, make_post, make_reader_note, make_term
from tests.factories.projects import make_initiative

pytestmark = pytest.mark.django_db


def words_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def filled(**more):
    return {
        "name": "Noise in sound",
        "kind": "study_group",
        "face": "internal",
        "summary": "Reading up on sound.",
        "visibility": "members",
        "state": "proposed",
        **more,
    }


def test_an_author_makes_a_project_of_a_note_with_its_reader_in_the_team(client):
    term = make_term()
    author, reader = make_member(name="Ada Quill"), make_member(name="Rae Reader")
    post = make_post(title="Noise first", authors=[author], state="published")
    note = make_reader_note(post=post, author=reader, text="I should try it with sound.", wants_to_work=True)
    client.force_login(author)
    notes = client.get(reverse("wiki:post_notes", args=[post.slug]))
    url = reverse("projects:initiative_from_note", args=[note.pk])
    assert url in notes.content.decode()
    assert "I should try it with sound." in words_of(client.get(url))

    answer = client.post(url, filled(), follow=True)

    made = Initiative.objects.get()
    assert answer.redirect_chain == [(made.get_absolute_url(), 302)]
    assert "Inspired by Noise first" in words_of(answer)
    assert set(made.roles.values_list("person__name", "kind", "term")) == {
        ("Ada Quill", Role.Kind.LEAD, term.pk),
        ("Rae Reader", Role.Kind.CONTRIBUTOR, term.pk),
    }
    assert Notification.objects.get(kind="project-from-note").person == reader
    note.refresh_from_db()
    assert note.answered_by == author
    assert "Became Noise in sound" in words_of(client.get(reverse("wiki:post_notes", args=[post.slug])))
    assert "What it inspired Noise in sound" in words_of(client.get(post.get_absolute_url()))


def test_a_second_click_and_a_second_author_get_the_first_project(client):
    make_term()
    author = make_member()
    note = make_reader_note(post=make_post(authors=[author], state="published"))
    now = timezone.now()
    first = inspiring.begin(note, Initiative(name="One", kind="other", summary="One."), by=author, now=now)

    again = inspiring.begin(note, Initiative(name="Two", kind="other", summary="Two."), by=author, now=now)

    assert again == first
    assert Initiative.objects.count() == 1
    client.force_login(author)
    url = reverse("projects:initiative_from_note", args=[note.pk])
    assert client.get(url)["Location"] == first.initiative.get_absolute_url()


def test_bad_input_is_kept_and_makes_nothing(client):
    author = make_member()
    note = make_reader_note(post=make_post(authors=[author], state="published"))
    client.force_login(author)

    answer = client.post(
        reverse("projects:initiative_from_note", args=[note.pk]), filled(name="", summary="Kept words")
    )

    assert answer.status_code == 422
    assert "Kept words" in answer.content.decode()
    assert not Inspiration.objects.exists()


def test_the_reader_alone_cannot_make_the_authors_a_project_and_strangers_know_nothing(client):
    reader = make_member()
    note = make_reader_note(post=make_post(state="published"), author=reader)
    url = reverse("projects:initiative_from_note", args=[note.pk])
    for person, expected in ((reader, 403), (make_member(), 404), (make_officer(slug="projects"), 200)):
        client.force_login(person)
        assert client.get(url).status_code == expected


def test_a_private_project_is_named_to_nobody_who_may_not_see_it(client):
    author, other = make_member(), make_member()
    post = make_post(authors=[author, other], state="published")
    note = make_reader_note(post=post)
    project = make_initiative(name="Secret thing", visibility="team")
    Inspiration.objects.create(post=post, initiative=project, note=note)
    client.force_login(other)

    assert "Secret thing" not in words_of(client.get(reverse("wiki:post_notes", args=[post.slug])))
    assert "Secret thing" not in words_of(client.get(post.get_absolute_url()))
