import pytest
from django.utils import timezone

from mlclub import search as kernel
from tests.factories import make_member, make_page, make_user
from wiki import gathered, search, vocabulary
from wiki.models import Word

pytestmark = pytest.mark.django_db


def titles(query, user, limit=5):
    return [hit.title for hit in found(query, user, limit)]


def found(query, user, limit=5):
    """The library's answer as the search page gives it: every word, and where nothing has all of them, any."""
    pages = search.findable(user, timezone.now())[:1]
    every = kernel.look(pages, query, limit=limit)
    answer = every if every.hits else kernel.look(pages, query, limit=limit, how=kernel.any_word)
    return answer.with_excerpts(answer.hits)


def put_right(query):
    return (gathered.respellings(query) or [""])[0]


@pytest.fixture
def library():
    make_page(path="Basics/Gradient descent", text="# Gradient descent\n\nWalk downhill along the slope.\n")
    make_page(path="Basics/Momentum", text="Adds a memory to gradient descent, so valleys are crossed.\n")
    make_page(path="RL/Proximal Policy Optimization", text="Clip the ratio of policies.\n")
    make_page(path="NLP/GPT-4", text="A large language model.\n")
    make_page(path="Guides/C++", text="How to bind fast code.\n")
    make_page(path="Basics/Maximum likelihood estimation", text="Choose what makes the data likely.\n")


def test_the_page_of_that_name_comes_first(library):
    assert titles("gradient descent", make_member())[:2] == ["Gradient descent", "Momentum"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("ppo", "Proximal Policy Optimization"),
        ("MLE", "Maximum likelihood estimation"),
        ("GPT-4", "GPT-4"),
        ("gpt4", "GPT-4"),
        ("C++", "C++"),
        ("valley", "Momentum"),
        ('"memory to gradient"', "Momentum"),
        ("slopes", "Gradient descent"),
        ("momentum -clip", "Momentum"),
    ],
)
def test_acronyms_signs_stems_and_phrases_find_their_page(library, query, first):
    assert titles(query, make_member())[:1] == [first]


def test_where_no_page_has_all_words_those_with_some_are_shown(library):
    assert titles("valleys zeppelin", make_member()) == ["Momentum"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gradeint descent", "gradient descent"),
        ("momentm", "momentum"),
        ("liklihood", "likelihood"),
        ("Optimisation polcy", "Optimization policy"),
    ],
)
def test_typing_errors_are_put_right(library, typed, meant):
    assert put_right(typed).lower() == meant.lower()


def test_a_query_without_errors_is_left_alone(library):
    assert put_right("gradient descent") == ""


def test_strangers_learn_nothing_of_members_pages(library):
    make_page(path="Guides/Join", text="Come and walk with us.\n", is_public=True)
    assert titles("walk", make_user()) == ["Join"]


@pytest.mark.parametrize(
    "query", ["", "   ", "!!!", "' OR 1=1 --", "\x00", "a" * 5000, "((((", "\ue0f0x\ue0f1", ":*&|!<->"]
)
def test_no_query_is_an_error(library, query):
    assert isinstance(found(query, make_member()), list)
    assert isinstance(gathered.respellings(query), list)
    assert isinstance(
        kernel.look(
            search.findable(make_member(), timezone.now()), query, limit=5, how=kernel.beginning
        ).hits,
        list,
    )


def test_an_excerpt_is_escaped_before_it_is_marked():
    make_page(path="A", text="Say `<script>alert('walk')</script>` and walk \\<b> on.\n")

    [hit] = found("walk", make_member())

    assert "<mark>walk</mark>" in hit.headline
    assert "<script" not in hit.headline
    assert "<b>" not in hit.headline


def test_sentinels_in_a_text_mark_nothing():
    assert kernel.marked("a \ue0f0b<\ue0f1 \ue0f0c") == "a <mark>b&lt;</mark> c"
    assert kernel.highlighted("Gradient <descent>", "descent") == "Gradient &lt;<mark>descent</mark>&gt;"


def test_ranks_are_between_nothing_and_one(library):
    assert all(0 < hit.rank <= 1 for hit in found("gradient descent", make_member()))


@pytest.mark.parametrize("size", [1, 5])
def test_a_search_costs_the_same_for_any_number_of_pages(size, django_assert_max_num_queries):
    for number in range(size):
        make_page(path=f"Basics/Slope {number}", text="A slope.\n")
    member = make_member()
    assert member.standing.reads_members_area
    with django_assert_max_num_queries(2):
        assert len(found("slope", member, 10)) == size


def test_counting_the_words_afresh_counts_pages_not_mentions(library):
    vocabulary.count_all()

    assert Word.objects.get(word="gradient").uses == 2


def test_of_many_pages_with_a_common_word_the_one_called_by_it_is_found(monkeypatch):
    monkeypatch.setattr(kernel.sources, "CANDIDATES", 4)
    for number in range(12):
        make_page(path=f"Notes {number}", text="Batch, batch and batch again.\n")
    make_page(path="Batch size", text="How many examples at once.\n")

    assert titles("batch", make_member(), 1) == ["Batch size"]
