from datetime import timedelta

import pytest
from django.urls import reverse

from members.models import Membership, OfficeTerm, Topic, User
from mlclub import gather
from tests.factories import (
    make_alumnus,
    make_club,
    make_member,
    make_new_member,
    make_officer,
    make_term,
    make_user,
)
from tests.factories.finding import found as found_in

pytestmark = pytest.mark.django_db
LIST = "/people/"


@pytest.fixture(autouse=True)
def club():
    make_club()
    make_term()


def names(response):
    return [row["person"].name for row in response.context["rows"]]


def test_members_and_alumni_read_the_directory_and_others_do_not(client):
    for reader, status in [
        (make_member(), 200),
        (make_alumnus(), 200),
        (make_officer(), 200),
        (make_user(), 404),
    ]:
        client.force_login(reader)
        assert client.get(LIST).status_code == status
    client.logout()
    assert client.get(LIST).status_code == 302


def test_the_directory_shows_this_terms_people_officers_and_alumni_but_nobody_else(client):
    me = make_member(name="Me Myself")
    make_alumnus(name="Alum")
    make_user(name="No Member")
    make_member(name="Suspended", is_active=False)
    make_member(name="Left", status=Membership.Status.LEFT)
    make_member(name="Hidden", is_listed=False)
    past = make_term(starts_on=make_term().starts_on - timedelta(days=200))
    make_member(name="Faded", term=past)
    client.force_login(me)
    assert names(client.get(LIST)) == ["Alum", "Me Myself"]


def test_officers_find_whoever_does_not_want_to_be_listed(client):
    make_member(name="Hidden", is_listed=False)
    client.force_login(make_officer(name="Officer"))
    assert names(client.get(LIST)) == ["Hidden", "Officer"]


def test_people_are_found_by_name_without_accents_by_topic_and_by_field_of_study(client):
    thérèse = make_member(name="Thérèse Montalbán", study="Optics")
    vision = Topic.objects.create(name="Computer vision", slug="computer-vision")
    thérèse.expertise.add(vision)
    make_member(name="Somebody Else")
    client.force_login(make_member(name="Reader"))
    for words in ("therese", "MONTALBAN the", "computer", "optics vision"):
        assert names(client.get(LIST, {"q": words})) == ["Thérèse Montalbán"], words
    assert "Nobody by that name" in client.get(LIST, {"q": "zzz"}).content.decode()


def test_a_hidden_field_of_study_is_not_found_by_searching_for_it(client):
    make_member(name="Private", study="Optics", visibility={"study": "officers"})
    client.force_login(make_member(name="Reader"))
    assert names(client.get(LIST, {"q": "optics"})) == []
    client.force_login(make_officer(name="Officer"))
    assert names(client.get(LIST, {"q": "optics"})) == ["Private"]


def test_the_filters_find_helpers_learners_and_kinds(client):
    topic = Topic.objects.create(name="Diffusion", slug="diffusion")
    make_member(name="Helper").memberships.get().give.add(topic)
    make_new_member(name="Learner").memberships.get().learn.add(topic)
    make_alumnus(name="Alum")
    client.force_login(make_officer(name="Officer"))
    for asked, found in [
        ({"give": "diff"}, ["Helper"]),
        ({"learn": "diff"}, ["Learner"]),
        ({"who": "new"}, ["Learner"]),
        ({"who": "officers"}, ["Officer"]),
        ({"who": "alumni"}, ["Alum"]),
    ]:
        assert names(client.get(LIST, asked)) == found, asked


@pytest.mark.parametrize("size", [1, 5])
def test_the_directory_costs_the_same_for_any_number_of_people(client, size, django_assert_num_queries):
    topic = Topic.objects.create(name="Diffusion", slug="diffusion")
    reader = make_member()
    for _ in range(size):
        person = make_member()
        person.expertise.add(topic)
        person.memberships.get().give.add(topic)
    client.force_login(reader)
    client.get(LIST)
    with django_assert_num_queries(10):
        client.get(LIST)


@pytest.mark.parametrize("size", [1, 5])
def test_a_profile_costs_no_more_for_a_long_life_in_the_club(client, size, django_assert_max_num_queries):
    person = make_officer()
    for n in range(size):
        term = make_term(starts_on=make_term().starts_on - timedelta(days=150 * (n + 1)))
        Membership.objects.create(person=person, term=term).give.add(
            Topic.objects.create(name=f"T{n}", slug=f"t{n}")
        )
    client.force_login(make_member())
    client.get(person.get_absolute_url())
    with django_assert_max_num_queries(25):
        client.get(person.get_absolute_url())


def test_a_profile_shows_each_field_to_whom_its_person_chose(client):
    person = make_member(
        name="Ada Kestrel",
        email="ada@club.example",
        contact="room 12",
        study="Optics",
        visibility={"email": "members", "contact": "officers", "study": "nobody"},
    )

    def seen_by(viewer):
        client.force_login(viewer)
        page = client.get(person.get_absolute_url()).content.decode()
        return [fact for fact in ("ada@club.example", "room 12", "Optics") if fact in page]

    assert seen_by(make_member()) == ["ada@club.example"]
    assert seen_by(make_officer()) == ["ada@club.example", "room 12"]
    assert seen_by(person) == ["ada@club.example", "room 12", "Optics"]


def test_a_stranger_meets_a_404_at_a_profile_and_at_a_picture(client):
    person = make_member()
    client.force_login(make_user())
    assert client.get(person.get_absolute_url()).status_code == 404
    assert client.get(reverse("members:avatar", args=[person.handle])).status_code == 404


def test_a_person_without_membership_sees_their_own_page(client):
    person = make_user(name="Solo")
    client.force_login(person)
    page = client.get(person.get_absolute_url())
    assert (page.status_code, "Nothing about you yet" in page.content.decode()) == (200, True)


def test_hostile_markdown_in_a_profile_runs_nothing(client):
    person = make_member(about="<script>alert(1)</script><img src=x onerror=alert(1)>")
    client.force_login(make_member())
    page = client.get(person.get_absolute_url()).content.decode()
    assert "alert(1)</script>" not in page
    assert "onerror=" not in page


def test_somebody_called_me_does_not_take_the_address_of_ones_own_page():
    assert User.objects.free_handle("Me") == "me-2"


def test_search_finds_people_for_members_and_nothing_for_others():
    found = make_member(name="Nadia Quill")
    make_member(name="Hidden Quill", is_listed=False)
    from members import gathered

    assert [hit.url for hit in found_in(gathered, "quill", make_member())] == [found.get_absolute_url()]
    assert found_in(gathered, "quill", make_user()) == []


def test_contributions_of_every_app_stand_on_the_profile(client):
    person = make_member()
    client.force_login(person)
    page = client.get(person.get_absolute_url())
    assert page.context["contributions"] == sorted(
        gather.flat("contributions", person, person), key=lambda given: given.on, reverse=True
    )


def test_an_office_held_today_stands_on_the_profile(client):
    officer = make_officer(name="Officer")
    OfficeTerm.objects.filter(person=officer).update(starts_on=make_term().starts_on)
    client.force_login(make_member())
    assert "President" in client.get(officer.get_absolute_url()).content.decode()
