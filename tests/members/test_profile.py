from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from members import gathered
from members.models import Topic
from tests.factories import make_alumnus, make_club, make_member, make_term, make_user

pytestmark = pytest.mark.django_db
EDIT, PRIVACY = "/people/me/", "/settings/privacy/"


@pytest.fixture(autouse=True)
def club(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    make_club()
    make_term()


def said(**more):
    return {
        "name": "Ada Kestrel",
        "pronouns": "she/her",
        "about": "Optics.",
        "expertise": "Diffusion,  optics , diffusion",
        "study": "Physics",
        "graduates_on": "2027-06-01",
        "website": "kestrel.example",
        "contact": "room 12",
        "term-learn": "Robots; optics",
        "term-give": "",
        "term-hours_a_week": "3",
        **more,
    }


def picture():
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (40, 40), "navy").save(file, "PNG")
    return SimpleUploadedFile("me.png", file.getvalue(), "image/png")


def test_a_member_says_who_they_are_and_what_they_learn_and_give(client):
    person = make_member()
    Topic.objects.create(name="Optics", slug="optics")
    client.force_login(person)
    assert client.post(EDIT, said())["Location"] == person.get_absolute_url()
    person.refresh_from_db()
    membership = person.memberships.get()
    assert (person.name, person.website, person.graduates_on) == (
        "Ada Kestrel",
        "https://kestrel.example",
        date(2027, 6, 1),
    )
    assert [topic.name for topic in person.expertise.all()] == ["Diffusion", "Optics"]
    assert [topic.name for topic in membership.learn.all()] == ["Optics", "Robots"]
    assert (list(membership.give.all()), membership.hours_a_week) == ([], 3)


def test_wrong_input_is_kept_and_named_and_nothing_is_saved(client):
    person = make_member(name="Ada")
    client.force_login(person)
    page = client.post(EDIT, said(name="", website="no", **{"term-hours_a_week": "900"}))
    text = page.content.decode()
    assert page.status_code == 422
    assert "Physics" in text
    assert "at most 60" in text
    person.refresh_from_db()
    assert (person.name, person.study) == ("Ada", "")


@pytest.mark.parametrize("topics", ["!!!", "x" * 61, ", ".join(f"topic {n}" for n in range(21))])
def test_topics_that_are_none_are_refused(client, topics):
    client.force_login(make_member())
    assert "expertise" in client.post(EDIT, said(expertise=topics)).context["form"].errors
    assert not Topic.objects.exists()


def test_an_alumnus_has_a_profile_but_no_term_to_fill_in(client):
    client.force_login(make_alumnus())
    assert client.get(EDIT).context["term_form"] is None


def test_fields_that_are_not_on_the_form_cannot_be_set(client):
    person = make_user()
    client.force_login(person)
    client.post(
        EDIT, said(is_superuser="on", is_staff="on", email="x@x.example", handle="root", is_active="")
    )
    person.refresh_from_db()
    assert (person.is_superuser, person.is_staff, person.is_active) == (False, False, True)
    assert person.email != "x@x.example"
    assert person.handle != "root"


def test_a_picture_is_seen_by_members_and_by_nobody_else(client):
    person = make_member()
    client.force_login(person)
    client.post(EDIT, said(avatar=picture()))
    person.refresh_from_db()
    address = reverse("members:avatar", args=[person.handle])
    assert person.avatar_url.startswith(address)
    client.force_login(make_member())
    answer = client.get(address)
    assert (answer.status_code, answer["X-Content-Type-Options"]) == (200, "nosniff")
    client.force_login(make_user())
    assert client.get(address).status_code == 404
    client.logout()
    assert client.get(address).status_code == 302
    client.force_login(person)
    client.post(EDIT, said(removes_avatar="on"))
    assert client.get(address).status_code == 404


def test_a_file_that_is_no_picture_is_refused(client):
    person = make_member()
    client.force_login(person)
    for name, body in [("a.svg", b"<svg onload=alert(1)>"), ("a.png", b"<html>")]:
        page = client.post(EDIT, said(avatar=SimpleUploadedFile(name, body, "image/png")))
        assert "avatar" in page.context["form"].errors
    person.refresh_from_db()
    assert not person.avatar


def test_each_field_has_the_audience_its_person_chose(client):
    person = make_member()
    client.force_login(person)
    choices = {f"see_{field}": "nobody" for field in person.CHOSEN_FIELDS} | {"see_email": "members"}
    assert client.post(PRIVACY, choices).status_code == 302
    person.refresh_from_db()
    assert (person.audience_of("email"), person.audience_of("study")) == ("members", "nobody")
    assert (person.is_listed, person.shows_registrations) == (False, False)
    assert client.post(PRIVACY, {**choices, "see_email": "everyone"}).status_code == 422


def test_home_asks_once_what_a_member_wants_from_the_term(client):
    person = make_member()

    def asks():
        from django.utils import timezone

        return [card.title for card in gathered.home(person, timezone.now())]

    assert asks() == ["Say what you want to learn and give this term"]
    client.force_login(person)
    client.post(EDIT, said())
    assert asks() == []
