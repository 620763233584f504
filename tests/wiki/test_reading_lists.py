import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from mlclub.portal import finding
from mlclub.refusal import Refused
from tests.factories import make_list, make_member, make_paper, make_topic, make_user
from wiki import lists
from wiki.models import Paper, Placement, ReadingList

pytestmark = pytest.mark.django_db


def place(reading_list, paper, **more):
    return lists.place(reading_list, paper, by=None, now=timezone.now(), **more)


def titles(client, reading_list):
    return client.get(reading_list.get_absolute_url()).content.decode()


def test_a_member_begins_a_list_and_adds_a_paper_by_its_number(client):
    member = make_member()
    client.force_login(member)
    client.post(reverse("wiki:reading_list_create"), {"title": "Diffusion", "visibility": "members"})
    made = ReadingList.objects.get()
    assert (made.slug, list(made.curators.all())) == ("diffusion", [member])
    answer = client.post(
        reverse("wiki:placement_create", args=["diffusion"]),
        {
            "reference": "https://arxiv.org/abs/2006.11239v2",
            "title": "Denoising diffusion",
            "relevance": "3",
            "note": "The one to begin with.",
        },
        follow=True,
    )
    body = answer.content.decode()
    assert "Denoising diffusion stands in the list." in body
    assert "Start here" in body
    assert "The one to begin with." in body
    assert Paper.objects.get().arxiv_id == "2006.11239"


def test_a_paper_without_a_link_is_kept(client):
    client.force_login(make_member())
    made = make_list()
    client.post(reverse("wiki:placement_create", args=[made.slug]), {"title": "A thesis from 1974"})
    assert "no link yet" in titles(client, made)


def test_what_was_typed_stays_when_it_is_no_paper(client):
    client.force_login(make_member())
    made = make_list()
    answer = client.post(
        reverse("wiki:placement_create", args=[made.slug]), {"reference": "somewhere", "note": "Kept words"}
    )
    assert answer.status_code == 422
    assert "That is no arXiv number, no DOI and no address." in answer.content.decode()
    assert "Kept words" in answer.content.decode()


def test_the_same_paper_stands_under_two_topics_and_once_under_each():
    made, paper = make_list(), make_paper()
    first, second = make_topic(reading_list=made), make_topic(reading_list=made)
    for topic in (first, second, first):
        place(made, paper, topic=topic)
    assert Placement.objects.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Placement.objects.create(list=made, topic=first, paper=paper)
    with pytest.raises(IntegrityError), transaction.atomic():
        [Placement.objects.create(list=made, topic=None, paper=paper) for _ in range(2)]


def test_a_relevance_beyond_three_is_refused_in_words():
    placed = place(make_list(), make_paper())
    placed.relevance = 4
    with pytest.raises(ValidationError):
        placed.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        placed.save()


def test_papers_move_up_and_down_within_their_topic():
    made = make_list(papers=[make_paper(title=name) for name in "ABC"])
    placed = {row.paper.title: row for row in Placement.objects.select_related("paper", "list")}
    assert lists.move(placed["C"], up=True)
    assert not lists.move(placed["A"], up=True)
    assert [row.paper.title for row in made.placements.select_related("paper")] == ["A", "C", "B"]


def test_a_topic_that_goes_leaves_its_papers_where_it_stood():
    made, paper, other = make_list(), make_paper(title="Both"), make_paper(title="One")
    above = make_topic(reading_list=made, title="Above")
    below = make_topic(reading_list=made, title="Below", parent=above)
    child = make_topic(reading_list=made, title="Child", parent=below)
    place(made, paper, topic=above)
    for each in (paper, other):
        place(made, each, topic=below)
    lists.remove_topic(below)
    assert sorted(made.placements.values_list("topic__title", "paper__title")) == [
        ("Above", "Both"),
        ("Above", "One"),
    ]
    child.refresh_from_db()
    assert child.parent == above


def test_topics_do_not_stand_deeper_than_four():
    made, topic = make_list(), None
    for n in range(4):
        topic = lists.add_topic(made, f"T{n}", parent=topic)
    with pytest.raises(Refused):
        lists.add_topic(made, "Too deep", parent=topic)


def test_topics_are_drawn_depth_first(client):
    made = make_list()
    basics = lists.add_topic(made, "Basics")
    lists.add_topic(made, "Advanced")
    lists.add_topic(made, "Gradients", parent=basics)
    client.force_login(make_member())
    body = titles(client, made)
    assert body.index("Basics") < body.index("Gradients") < body.index("Advanced")


def test_what_is_read_where_only_members_are_is_in_no_public_list(client):
    made = make_list(visibility="public", papers=[make_paper(title="Open words")])
    place(made, make_paper(title="Hidden words"), is_automatic=True, is_for_members=True)
    body = titles(client, made)
    assert "Open words" in body
    assert "Hidden words" not in body
    assert "1 paper" in client.get(reverse("wiki:reading_list_list")).content.decode()
    client.force_login(make_user())
    assert "Hidden words" not in titles(client, made)
    client.force_login(make_member())
    assert "Hidden words" in titles(client, made)


def test_a_members_list_is_no_strangers(client):
    made = make_list(title="Inner list")
    assert client.get(made.get_absolute_url()).status_code == 404
    assert "Inner list" not in client.get(reverse("wiki:reading_list_list")).content.decode()


def test_what_came_by_itself_goes_with_its_talk_unless_somebody_wrote_to_it():
    made, kept, gone = make_list(), make_paper(title="Kept"), make_paper(title="Gone")
    place(made, gone, is_automatic=True)
    row = place(made, kept, is_automatic=True)
    row.note = "Worth it."
    row.save()
    assert (lists.take_back(made, gone), lists.take_back(made, kept)) == (1, 0)


def test_papers_and_lists_are_found_in_the_one_search_box(client):
    make_list(title="Diffusion models")
    make_paper(title="Denoising diffusion probabilistic models", arxiv_id="2006.11239")
    client.force_login(make_member())
    body = client.get(reverse("portal:search"), {"q": "diffusion"}).content.decode()
    assert "Reading list" in body
    assert "Denoising" in body


@pytest.mark.parametrize(
    "typed",
    [
        "2006.11239",
        "arXiv:2006.11239v2",
        "https://arxiv.org/abs/2006.11239",
        "10.1145/Deep.77",
        "https://doi.org/10.1145/deep.77",
    ],
)
def test_a_paper_is_found_by_its_number_first_of_all(client, typed):
    known = {"doi": "10.1145/deep.77"} if "10." in typed else {"arxiv_id": "2006.11239"}
    paper = make_paper(title="Denoising diffusion", **known)
    make_paper(title="A longer paper on arXiv 2006 11239 and 10 1145 deep 77")
    assert finding.answer(typed, make_member(), timezone.now()).shown[0].url == paper.get_absolute_url()
    assert not any(hit.kind == "Paper" for hit in finding.answer(typed, make_user(), timezone.now()).hits)


@pytest.mark.parametrize("typed", ["2006.11238", "10.1145/deep.7", "https://arxiv.org/abs/2006.1123"])
def test_a_number_that_nobody_has_finds_no_other_paper(typed):
    make_paper(title="Denoising diffusion", arxiv_id="2006.11239")
    assert finding.answer(typed, make_member(), timezone.now()).hits == []


def test_a_stranger_searches_no_papers(client):
    make_list(title="Diffusion inner")
    make_list(title="Diffusion outer", visibility="public")
    make_paper(title="Denoising diffusion probabilistic models")
    body = client.get(reverse("portal:search"), {"q": "diffusion"}).content.decode()
    assert "Diffusion outer" in body
    assert "Diffusion inner" not in body
    assert "Denoising" not in body


def test_somebody_types_what_could_not_be_looked_up(client):
    paper = make_paper(title="arXiv:2006.11239", arxiv_id="2006.11239", is_untitled=True, authors_text="")
    client.force_login(make_member())
    assert "could not be looked up" in client.get(paper.get_absolute_url()).content.decode()
    client.post(reverse("wiki:paper_edit", args=[paper.pk]), {"title": "Denoising diffusion"})
    paper.refresh_from_db()
    assert (paper.title, paper.is_untitled) == ("Denoising diffusion", False)
    answer = client.post(reverse("wiki:paper_edit", args=[paper.pk]), {"title": "", "venue": "Kept"})
    assert answer.status_code == 422
    assert "Denoising diffusion" in answer.content.decode()


@pytest.mark.parametrize("size", [1, 5])
def test_a_list_and_the_papers_cost_the_same_for_any_number(client, size, django_assert_max_num_queries):
    made = make_list(papers=[make_paper(title=f"P{n}") for n in range(size)])
    topic = lists.add_topic(made, "T")
    for paper in Paper.objects.all():
        place(made, paper, topic=topic)
    keeper = make_member()
    made.curators.add(keeper)
    client.force_login(keeper)
    client.get(made.get_absolute_url())
    with django_assert_max_num_queries(10):
        client.get(made.get_absolute_url())
    with django_assert_max_num_queries(9):
        client.get(reverse("wiki:paper_list"), {"all": "1"})
    with django_assert_max_num_queries(9):
        client.get(reverse("wiki:reading_list_list"))
    with django_assert_max_num_queries(15):
        client.get(paper.get_absolute_url())


def test_a_list_that_nobody_keeps_is_adopted_in_one_step_by_the_first_who_asks(client):
    made, gone = make_list(title="Ropes"), make_user()
    made.curators.add(gone)
    first, second = make_member(), make_member()
    client.force_login(first)
    assert "nobody keeps it" in client.get(reverse("wiki:reading_list_list")).content.decode()
    assert "Keep it in order" in titles(client, made)
    adopt = reverse("wiki:reading_list_adopt", args=[made.slug])
    for _ in range(2):
        assert "You keep Ropes now." in client.post(adopt, follow=True).content.decode()
    assert set(made.curators.all()) == {gone, first}
    assert "nobody keeps it" not in client.get(reverse("wiki:reading_list_list")).content.decode()

    client.force_login(second)
    assert "Keep it in order" not in titles(client, made)
    assert "Ropes is kept by somebody. Ask them." in client.post(adopt, follow=True).content.decode()
    assert second not in made.curators.all()


def test_a_list_leaves_as_markdown_as_far_as_one_may_see_it(client):
    keeper = make_member(name="Ada Quill", handle="adaq")
    made = make_list(title="Ropes", visibility="public")
    made.curators.add(keeper)
    topic = lists.add_topic(made, "Knots")
    place(made, make_paper(title="Open [words]", year=2001), topic=topic, relevance=3, note="First.")
    place(made, make_paper(title="Hidden words"), is_for_members=True)
    address = reverse("wiki:reading_list_markdown", args=[made.slug])
    answer = client.get(address)
    body = answer.content.decode()
    assert answer["Content-Disposition"] == f'attachment; filename="{made.slug}.md"'
    assert "## Knots\n\n- " in body
    assert "Open \\[words\\]" in body
    assert "note: First." in body
    assert "Hidden words" not in body
    assert "adaq" not in body
    client.force_login(keeper)
    body = client.get(address).content.decode()
    assert "Hidden words" in body
    assert "adaq" in body
