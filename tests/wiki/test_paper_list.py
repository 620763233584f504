"""Papers we have read: found again by topic, term, presenter and one's own mark."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import presenting, slots
from events.models import Event
from tests.factories import make_list, make_member, make_paper, make_rota, make_term, slots_of
from wiki import lists, marks

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def read(paper, by, *, days):
    """Somebody presented it so many days ago."""
    slot = slots_of(make_rota())[0]
    slots.claim(slot, by, now=NOW)
    presenting.choose(slot, paper, by=by, now=NOW)
    at = NOW - timedelta(days=days)
    Event.objects.filter(pk=slot.event_id).update(starts_at=at, ends_at=at + timedelta(hours=1))
    return slot.event


def shown(client, **asked):
    """The titles that the page shows, in its order."""
    answer = client.get(reverse("wiki:paper_list"), asked)
    assert answer.status_code == 200
    return [paper.title for paper in answer.context["papers"]]


@pytest.fixture
def three(client):
    ada, bo = make_member(name="Ada Quill"), make_member(name="Bo Marsh")
    old, mid, new = (
        make_paper(title=title, year=year) for title, year in (("B", 2001), ("A", 2020), ("C", 2010))
    )
    events = [read(old, ada, days=200), read(mid, ada, days=20), read(new, bo, days=3)]
    client.force_login(bo)
    return ada, bo, (old, mid, new), events


def test_what_was_read_last_comes_first_unless_one_asks_for_another_order(client, three):
    assert shown(client) == ["C", "A", "B"]
    assert shown(client, sort="title") == ["A", "B", "C"]
    assert shown(client, sort="year") == ["A", "C", "B"]
    assert shown(client, all="1", sort="year") == ["A", "C", "B"]


def test_papers_are_chosen_by_presenter_and_term(client, three):
    ada, bo, _, events = three
    term = make_term(name="Long ago", slug="long-ago", starts_on=NOW.date() - timedelta(days=300))
    Event.objects.filter(pk=events[0].pk).update(term=term)
    assert shown(client, presenter=ada.pk) == ["A", "B"]
    assert shown(client, presenter=bo.pk) == ["C"]
    assert shown(client, term="long-ago") == ["B"]
    assert shown(client, term="long-ago", presenter=bo.pk) == []


def test_a_topic_stands_also_for_what_is_below_it(client, three):
    _, _, (old, mid, new), _ = three
    made = make_list()
    above = lists.add_topic(made, "Above")
    below = lists.add_topic(made, "Below", parent=above)
    for paper, topic in ((old, above), (mid, below), (new, None)):
        lists.place(made, paper, topic=topic, by=None, now=NOW)
    assert shown(client, topic=f"topic-{above.pk}") == ["A", "B"]
    assert shown(client, topic=f"topic-{below.pk}") == ["A"]
    assert shown(client, topic=f"list-{made.pk}") == ["C", "A", "B"]


def test_my_own_mark_chooses_and_nobody_elses_does(client, three):
    ada, bo, (old, mid, _), _ = three
    marks.mark(old, bo, "read", shows_name=False, now=NOW)
    marks.mark(mid, ada, "read", shows_name=True, now=NOW)
    assert shown(client, mark="read") == ["B"]
    assert shown(client, mark="none") == ["C", "A"]
    assert shown(client, mark="read", all="1") == ["B"]


@pytest.mark.parametrize(
    "asked", [{"topic": "topic-0"}, {"term": "never"}, {"presenter": "nobody"}, {"mark": "x"}, {"sort": "--"}]
)
def test_a_choice_that_there_is_not_says_so_and_shows_the_rest(client, three, asked):
    answer = client.get(reverse("wiki:paper_list"), asked)
    assert '<p class="error"' in answer.content.decode()
    assert len(answer.context["papers"]) == 3


def test_a_paper_is_found_by_its_number_here_too(client):
    make_paper(title="Denoising", arxiv_id="2006.11239")
    make_paper(title="Another")
    client.force_login(make_member())
    assert shown(client, all="1", q="arXiv:2006.11239") == ["Denoising"]


@pytest.mark.parametrize("size", [1, 5])
def test_the_page_costs_the_same_for_any_number(client, size, django_assert_max_num_queries):
    ada = make_member()
    made = make_list()
    for number in range(size):
        paper = make_paper(title=f"Denoising {number}")
        read(paper, ada, days=number + 1)
        lists.place(made, paper, topic=lists.add_topic(made, f"T{number}"), by=None, now=NOW)
    client.force_login(ada)
    shown(client)
    with django_assert_max_num_queries(15):
        assert (
            len(shown(client, q="denoising", topic=f"list-{made.pk}", presenter=ada.pk, mark="none")) == size
        )


def test_of_a_paper_that_is_read_again_and_again_the_last_three_times_are_told(client):
    ada, paper = make_member(), make_paper()
    for number in range(5):
        read(paper, ada, days=10 * number + 1)
    client.force_login(ada)
    body = client.get(reverse("wiki:paper_list")).content.decode()
    assert body.count("read together on") == 3
    assert "and 2 times before that" in body
