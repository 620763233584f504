"""One box over everything, and what it never tells whom."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from events.models import Material
from mlclub.portal import finding
from projects.models import Role
from tests.factories import make_event, make_member, make_officer, make_page, make_revision, make_user
from tests.factories.events import make_material, make_talk
from tests.factories.library import make_module
from tests.factories.members import make_club, make_term
from tests.factories.nmep import make_assignment, make_offering
from tests.factories.posts import make_post
from tests.factories.projects import make_initiative
from tests.factories.speakers import make_visit
from tests.factories.wiki import make_paper
from wiki import editing, gathered, vocabulary
from wiki.models import ReadingList, Word

pytestmark = pytest.mark.django_db

NOBODY = AnonymousUser()


@pytest.fixture(autouse=True)
def club():
    make_club()
    return make_term()


def answer(query, user, **more):
    return finding.answer(query, user, timezone.now(), **more)


def titles(query, user, **more):
    return [hit.title for hit in answer(query, user, **more).shown]


def suggested(query, user):
    return [hit.title for _, hits in finding.suggestions(query, user, timezone.now()) for hit in hits]


@pytest.fixture
def everything():
    """One of each kind, all with the same word."""
    make_page(path="Basics/Estuary models", text="How a river meets the sea.\n")
    make_paper(title="Estuary networks")
    make_post(title="A week at the estuary", state="published")
    make_event(title="Estuary evening", visibility="members")
    recorded = make_event(
        title="Estuary lecture", visibility="members", starts_at=timezone.now() - timedelta(days=9)
    )
    make_material(event=recorded, kind=Material.Kind.RECORDING, title="The film")
    make_member(name="Esther Estuary")
    make_initiative(name="Estuary gauges")
    make_module("Estuaries for beginners")
    ReadingList.objects.create(title="Estuary reading")
    make_assignment(offering=make_offering(), title="Estuary forecast")
    make_visit(state="invited", title="The estuary from above")


KINDS = {
    "Wiki",
    "Paper",
    "Post",
    "Event",
    "Recording",
    "Person",
    "Project",
    "Module",
    "Reading list",
    "Assignment",
}


def test_one_box_finds_every_kind_of_thing(everything):
    assert set(answer("estuary", make_member()).kinds) == KINDS
    assert set(answer("estuary", make_officer(slug="events")).kinds) == KINDS | {"Speaker"}


def test_a_search_takes_as_many_questions_for_everything_as_for_nothing(client, everything):
    client.force_login(make_member())
    address = reverse("portal:search")
    for query, most in {
        "estuary": 15,
        "estuery": 15,
        "nothing of the sort": 15,
        '"no such phrase"': 15,
    }.items():
        client.get(address, {"q": query})
        with CaptureQueriesContext(connection) as captured:
            client.get(address, {"q": query})
        assert len(captured) <= most, (query, len(captured))


def test_one_kind_alone_is_shown_and_counted(client, everything):
    client.force_login(make_member())
    body = client.get(reverse("portal:search"), {"q": "estuary", "kind": "Paper"}).content.decode()
    assert "Estuary networks" in body
    assert "Estuary gauges" not in body
    assert "?q=estuary&amp;kind=Wiki" in body


def test_a_term_leaves_out_what_is_of_another(client, club):
    old = make_term(
        name="Long ago",
        slug="long-ago",
        starts_on=club.starts_on - timedelta(days=400),
    )
    make_page(
        path="Estuary then",
        at=timezone.now() - timedelta(days=(timezone.localdate() - old.starts_on).days - 20),
    )
    make_page(path="Estuary now", at=timezone.now() - timedelta(minutes=1))
    then = make_initiative(name="Estuary gauges")
    Role.objects.create(initiative=then, term=old, person=make_member(), kind="lead")
    make_module("Estuaries for beginners")
    member = make_member()
    assert set(titles("estuary", member, term=old)) == {"Estuary then", "Estuary gauges"}
    assert titles("estuary", member, term=club) == ["Estuary now"]
    client.force_login(member)
    body = client.get(reverse("portal:search"), {"q": "estuary", "term": "long-ago"}).content.decode()
    assert "Estuary then" in body
    assert "Estuary now" not in body
    assert client.get(reverse("portal:search"), {"q": "estuary", "term": "nonsense"}).status_code == 200


def test_an_event_is_found_by_the_title_of_a_talk_and_who_gave_it():
    event = make_event(title="General meeting")
    make_talk(event=event, title="Why estuaries silt up", speaker_names="Ottoline Marsh")
    assert titles("silt", NOBODY) == ["General meeting"]
    assert titles("ottoline", NOBODY) == ["General meeting"]


def test_a_minus_leaves_out_every_form_of_the_word():
    make_page(path="Walking", text="Estuaries are walked along.\n")
    make_page(path="Sailing", text="Estuaries are sailed.\n")
    assert titles("estuaries -walk", make_member()) == ["Sailing"]
    assert titles('estuaries -"walked along"', make_member()) == ["Sailing"]
    assert titles("-walk", make_member()) == []


def test_a_phrase_finds_the_words_beside_each_other_alone():
    make_page(path="A", text="The gradient of the descent.\n")
    make_page(path="B", text="A gradient descent.\n")
    assert titles('"gradient descent"', make_member()) == ["B"]


# ── Typing errors ──


def test_what_was_typed_is_one_click_away_and_is_then_left_as_it_is(client):
    make_page(path="Basics/Gradient descent", text="Downhill.\n")
    client.force_login(make_member())
    body = client.get(reverse("portal:search"), {"q": "gradeint descent"}).content.decode()
    assert "Showing results for <em>gradient descent</em>" in body
    assert "?q=gradeint+descent&amp;exact=1" in body
    exact = client.get(reverse("portal:search"), {"q": "gradeint", "exact": "1"}).content.decode()
    assert "Showing results" not in exact
    assert "Nothing found" in exact


def test_names_of_people_and_events_are_put_right_too():
    make_event(title="Hydrology evening")
    make_member(name="Nadia Quillfeather")
    vocabulary.count_others()
    assert answer("hydrolgy", NOBODY).query == "hydrology"
    assert answer("quilfeather", make_member()).query == "quillfeather"
    assert answer("quilfeather", NOBODY).hits == []


def test_a_word_is_never_put_right_to_one_that_the_reader_does_not_see():
    make_page(path="Plans/Zeppelin", text="A zeppelin for the showcase.\n")
    make_page(path="Guides/Join", text="Walk with us.\n", is_public=True)
    for stranger in (NOBODY, make_user()):
        found = answer("zepelin", stranger)
        assert (found.query, found.typed, found.hits) == ("zepelin", "", [])
    assert answer("zepelin", make_member()).query == "zeppelin"


def test_another_form_of_a_public_word_is_not_told_either():
    make_page(path="Plans/Move", text="It was relocated.\n")
    make_page(path="Guides/Join", text="We relocate every year.\n", is_public=True)
    found = answer("relocatd", NOBODY)
    assert "relocated" not in (found.query, *found.shown)
    assert found.query in ("relocate", "relocatd")


def test_words_of_what_was_thrown_away_or_written_over_are_forgotten():
    page = make_page(path="Plans/Zeppelin", text="A zeppelin for the showcase.\n")
    make_revision(page=page, text="A balloon for the showcase.\n")
    assert not Word.objects.in_use().filter(word__in=["for", "showcase"]).exclude(total=1).exists()
    editing.rename(page, "Plans/Balloon", by=None, now=timezone.now())
    assert not Word.objects.in_use().filter(word="zeppelin").exists()
    page.refresh_from_db()
    editing.trash(page, by=None, now=timezone.now())
    assert not Word.objects.in_use().filter(word__in=["balloon", "showcase"]).exists()
    assert gathered.respellings("baloon") == []
    page.refresh_from_db()
    editing.restore(page, by=None, now=timezone.now())
    assert gathered.respellings("baloon") == ["balloon"]


def test_counting_afresh_comes_to_the_same():
    page = make_page(path="Plans/Zeppelin", text="A zeppelin for the showcase.\n")
    make_revision(page=page, text="A balloon for the showcase.\n")
    before = dict(Word.objects.filter(uses__gt=0).values_list("word", "uses"))
    vocabulary.count_all()
    assert dict(Word.objects.filter(uses__gt=0).values_list("word", "uses")) == before


# ── What is private ──

SECRET = "zeppelin"


@pytest.fixture
def secrets(club):
    """Things that only some people may see, all with one word that stands nowhere else."""
    owner = make_member(name="Owner")
    make_page(path=f"Plans/{SECRET}", text=f"A {SECRET}.\n")
    editing.trash(make_page(path=f"Old/{SECRET}", text=f"A {SECRET}.\n"), by=None, now=timezone.now())
    make_post(title=f"Draft of the {SECRET}", state="draft")
    make_event(title=f"{SECRET} by invitation", visibility="invited")
    make_event(title=f"{SECRET} for members", visibility="members")
    make_initiative(name=f"{SECRET} of a team", visibility="team", lead=owner)
    make_initiative(name=f"{SECRET} of members", visibility="members", lead=owner)
    make_module(f"{SECRET} for insiders")
    make_paper(title=f"{SECRET} networks")
    ReadingList.objects.create(title=f"{SECRET} reading", visibility="members")
    make_assignment(offering=make_offering(), title=f"{SECRET} forecast")
    make_member(name=f"Hidden {SECRET}", is_listed=False)
    make_visit(state="invited", title=f"{SECRET} rides")
    hidden = make_event(title="Open evening", starts_at=timezone.now() - timedelta(days=2))
    make_material(event=hidden, kind=Material.Kind.RECORDING, title="Members' film")
    vocabulary.count_all()
    return owner


def told(client, user):
    """Everything that the search says to somebody about the secret: results, counts, suggestions, corrections."""
    client.logout()
    if user.is_authenticated:
        client.force_login(user)
    said = ""
    for query in (SECRET, "zepelin", "zeppelin -nothing", f'"{SECRET} networks"', f"{SECRET} evening"):
        for more in ({}, {"kind": "Wiki"}, {"exact": "1"}):
            body = client.get(reverse("portal:search"), {"q": query, **more}).content.decode()
            body = re.sub(
                r'href="(\?|/wiki/new/)[^"]*"',
                "",
                body[body.index("</form>", body.index("<h1>")) : body.index("</main>")],
            )
            said += body.replace(escape(query), "…")
    for beginning in ("ze", "zep", "zeppelin", "hidden ze"):
        said += client.get(reverse("portal:search_suggest"), {"q": beginning}).content.decode()
    return said.lower()


def test_a_stranger_is_told_nothing_of_what_is_private(client, secrets):
    for stranger in (NOBODY, make_user()):
        assert SECRET not in told(client, stranger)
        assert answer(SECRET, stranger).kinds == {}
        assert titles("open evening", stranger) == ["Open evening"]
        assert answer("open evening", stranger).kinds == {"Event": 1}, "the recording is for members"


def test_a_member_is_told_of_what_members_may_see_and_of_no_more(client, secrets):
    member = make_member()
    said = told(client, member)
    assert f"{SECRET} for members" in said
    for hidden in (
        "by invitation",
        "of a team",
        f"hidden {SECRET}",
        f"draft of the {SECRET}",
        f"{SECRET} rides",
        "old ›",
    ):
        assert hidden not in said, hidden
    assert answer("open evening", member).kinds == {"Recording": 1}


def test_who_belongs_to_it_finds_it(secrets):
    assert f"{SECRET} of a team" in titles(SECRET, secrets)


def test_a_page_that_is_not_public_is_no_backlink_and_stands_in_no_suggestion_for_strangers(client):
    public = make_page(path="Guides/Join", text="Walk with us.\n", is_public=True)
    make_page(path="Plans/Zeppelin", text="See [[Join]].\n")
    assert "Zeppelin" not in client.get(public.get_absolute_url()).content.decode()
    assert suggested("zep", NOBODY) == []
    assert suggested("zep", make_member()) == ["Zeppelin"]


# ── Under the box ──


def test_the_list_under_the_box_is_short_grouped_and_found_by_beginnings(client, everything):
    member = make_member()
    client.force_login(member)
    body = client.get(reverse("portal:search_suggest"), {"q": "estu"}).content.decode()
    assert 1 < body.count('role="group"') <= body.count('role="option"') <= 8
    assert suggested("estuary mo", member)[0] == "Estuary models"
    assert client.get(reverse("portal:search_suggest"), {"q": "e"}).content.decode().strip() == ""


def test_the_list_under_the_box_takes_few_questions(client, everything):
    client.force_login(make_member())
    client.get(reverse("portal:search_suggest"), {"q": "estu"})
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse("portal:search_suggest"), {"q": "estu"})
    assert len(captured) <= 6


@pytest.mark.parametrize(
    "query",
    ["", "'", "''::", "a' | 'b", "%_", "\x00", "a" * 5000, "<b>", "\\", "c++", "gpt-4", "-", "( :* & !"],
)
def test_no_beginning_is_an_error(client, query):
    make_page(path="C++", text="Fast.\n", is_public=True)
    assert client.get(reverse("portal:search_suggest"), {"q": query}).status_code == 200
    assert client.get(reverse("portal:search"), {"q": query, "page": "9" * 18}).status_code == 200


def test_names_with_signs_are_suggested():
    make_page(path="Guides/C++", text="Fast.\n")
    make_page(path="NLP/GPT-4", text="Large.\n")
    assert suggested("c++", make_member()) == ["C++"]
    assert suggested("gpt-", make_member()) == ["GPT-4"]
    assert suggested("gpt4", make_member()) == ["GPT-4"]


# ── Nothing found ──


def test_an_empty_result_says_what_to_do(client):
    client.force_login(make_member())
    body = client.get(reverse("portal:search"), {"q": "zeppelin & sons"}).content.decode()
    assert f"{reverse('wiki:page_create')}?path=zeppelin%20%26%20sons" in body
    assert reverse("wiki:page_wanted") in body
    assert reverse("members:person_list") in body
    client.force_login(make_user())
    body = client.get(reverse("portal:search"), {"q": "zeppelin"}).content.decode()
    assert reverse("wiki:page_create") not in body
    assert reverse("events:event_list") in body


def test_a_long_list_has_pages(client):
    for number in range(25):
        make_page(path=f"Estuary {number}", text="Mud.\n")
    client.force_login(make_member())
    address = reverse("portal:search")
    first = client.get(address, {"q": "estuary"}).content.decode()
    second = client.get(address, {"q": "estuary", "page": "2"}).content.decode()
    assert first.count('class="row-title"') == 20
    assert second.count('class="row-title"') == 5
