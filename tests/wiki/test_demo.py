import random
from datetime import date

import pytest
from django.utils import timezone

from members import demo as members_demo
from mlclub.portal import finding
from tests.factories.members import make_club
from wiki import demo
from wiki.models import (
    Citing,
    Link,
    Page,
    Paper,
    PaperNote,
    Placement,
    ReadingList,
    ReadingTopic,
    ReadMark,
    Revision,
)

pytestmark = pytest.mark.django_db


def seeded():
    _, _, people = members_demo.seed(date.today(), random.Random(2022))
    demo.seed(people, timezone.now(), random.Random(2022))


def test_the_demo_library_is_as_large_and_as_neglected_as_planned():
    seeded()

    pages = Page.objects.with_care(date.today())
    areas = [page.area for page in pages]
    assert {area: areas.count(area) for area in sorted(set(areas))} == {
        "Basics": 30,
        "CV": 8,
        "Guides": 8,
        "NLP": 16,
        "Officer handbook": 10,
        "RL": 14,
    }
    assert Revision.objects.count() == 420
    assert Revision.objects.values("author").distinct().count() == 31
    assert pages.filter(is_stale=True).count() == 12
    assert pages.filter(has_broken_links=True).count() == 3
    assert sorted(pages.filter(is_orphan=True).values_list("path", flat=True)) == [
        "Guides/Reproducing a result",
        "NLP/Evaluation of generated text",
        "Officer handbook/Handover of the education office",
        "RL/Exploration",
    ]
    assert not Page.objects.filter(head=None).exists()


def test_every_formula_of_the_demo_library_is_shown_and_every_link_but_three_leads_somewhere():
    seeded()

    from wiki.rendering import anatomy

    assert [path for path, text in demo.texts().items() if anatomy(text).formulas_failed] == []
    assert sum(anatomy(text).formulas for text in demo.texts().values()) > 100
    assert set(Link.objects.filter(target=None).values_list("name", flat=True)) == {
        "Bandits in practice",
        "Emergency papers",
        "House style of the wiki",
    }


def test_nobody_wrote_before_they_joined_and_nothing_is_of_tomorrow():
    seeded()

    for revision in Revision.objects.select_related("author"):
        assert revision.at <= timezone.now()
        assert any(
            membership.term.starts_on <= revision.at.date()
            for membership in revision.author.memberships.all()
        )


def test_the_last_version_of_a_page_is_its_text():
    seeded()

    for page in Page.objects.select_related("head"):
        assert page.text == demo.texts()[page.path]
        assert page.head.number == page.revisions.count()


def test_the_demo_has_ninety_six_papers_under_topics_some_of_them_read_and_noted():
    seeded()

    assert (Paper.objects.count(), ReadingList.objects.count()) == (96, 6)
    assert ReadingTopic.objects.exclude(parent=None).count() >= 6
    twice = [
        paper for paper in Paper.objects.all() if paper.placements.values("list").distinct().count() == 2
    ]
    assert sorted(paper.key for paper in twice) == ["he2015deep", "henderson2017deep"]
    assert Placement.objects.count() == 98
    assert set(Placement.objects.values_list("relevance", flat=True)) == {None, 0, 1, 2, 3}
    # Stubs: one is known by its number alone, others have no address to be read at.
    assert [paper.arxiv_id for paper in Paper.objects.filter(is_untitled=True)] == ["2303.08774"]
    assert 3 <= sum(not paper.address for paper in Paper.objects.all()) <= 8
    assert list(ReadingList.objects.filter(curators=None).values_list("title", flat=True)) == [
        "Can we trust it?"
    ]
    assert ReadMark.objects.values("person").distinct().count() == 24
    assert ReadMark.objects.filter(state="read").count() > 60
    assert PaperNote.objects.count() == 12
    for row in [*Paper.objects.filter(is_untitled=False), *Placement.objects.all(), *PaperNote.objects.all()]:
        row.full_clean()


def test_pages_of_the_demo_cite_papers_and_one_key_is_wanted():
    seeded()

    assert Citing.objects.filter(paper__isnull=False).values("page").distinct().count() >= 9
    assert list(Citing.objects.filter(paper=None).values_list("key", flat=True)) == ["sutton1988learning"]


#: What people type, and the page they mean: twenty.
QUERIES = {
    "gradient descent": "Gradient descent",
    "learning rate": "Learning rate schedules",
    "batch norm": "Batch normalisation",
    "dropout": "Dropout",
    "adam optimizer": "Adam",
    "overfitting": "Regularisation",
    "pca": "Principal component analysis",
    "svd": "Singular value decomposition",
    "kl": "KL divergence",
    "mle": "Maximum likelihood",
    "attention": "Attention",
    "transformers": "Transformer",
    "lora": "LoRA",
    "temperature top-p": "Sampling from a language model",
    "ppo clip": "PPO",
    "replay buffer": "DQN",
    "bellman": "Bellman equation",
    "book a room": "Booking a room",
    "how to read a paper": "Reading a paper",
    "git": "Git in one evening",
}
#: Two more that fewer people ask.
RARER = {"gpu cluster": "Using the cluster", "loss is nan": "Debugging a training run"}
#: One slip of the finger each.
TYPING_ERRORS = {
    "backpropogation": "Backpropagation",
    "gradeint descent": "Gradient descent",
    "momentm": "Momentum",
    "dropuot": "Dropout",
    "regularistion": "Regularisation",
    "transfromer": "Transformer",
    "atention": "Attention",
    "liklihood": "Maximum likelihood",
    "belman equation": "Bellman equation",
    "normalisaton": "Batch normalisation",
    "embeddding": "Word embeddings",
    "convolutoin": "Convolution",
}
KEYWORDS = {
    "entropy": "Entropy",
    "softmax": "Softmax",
    "convolution": "Convolution",
    "tokenisation": "Tokenisation",
    "policy gradients": "Policy gradients",
    "weight decay": "Weight decay",
    "cross validation": "Cross-validation",
    "residual": "Residual networks",
    "exploration": "Exploration",
    "logistic regression": "Logistic regression",
}
ACRONYMS = {
    "pca": "Principal component analysis",
    "svd": "Singular value decomposition",
    "RAG": "Retrieval-augmented generation",
    "PPO": "PPO",
    "dqn": "DQN",
    "MDP": "Markov decision process",
    "kl": "KL divergence",
    "sgd": "Stochastic gradient descent",
}


@pytest.fixture
def reader():
    make_club()
    people = members_demo.seed(date.today(), random.Random(2022))[2]
    demo.seed(people, timezone.now(), random.Random(2022))
    return people.cast["member"]


def first_pages(query, reader):
    """The pages of the wiki among what the search page shows first, as a reader sees it."""
    return [hit.title for hit in finding.answer(query, reader, timezone.now()).shown if hit.kind == "Wiki"]


def missed(queries, reader, *, within):
    return {
        query: first_pages(query, reader)[:3]
        for query, title in queries.items()
        if title not in first_pages(query, reader)[:within]
    }


def test_what_people_type_finds_the_page_they_mean_first(reader):
    wrong = missed(QUERIES, reader, within=1)
    assert len(wrong) <= 0.2 * len(QUERIES), wrong
    assert missed(RARER, reader, within=3) == {}


def test_typing_errors_keywords_and_acronyms_find_their_page_among_the_first_three(reader):
    assert (len(TYPING_ERRORS), len(KEYWORDS), len(ACRONYMS)) == (12, 10, 8)
    assert missed(TYPING_ERRORS, reader, within=3) == {}
    assert missed(KEYWORDS, reader, within=3) == {}
    assert missed(ACRONYMS, reader, within=3) == {}


def test_the_demo_blog_has_eighteen_posts_out_two_in_review_and_two_drafts():
    from collections import Counter

    from wiki import post_demo
    from wiki.models import Post, ReaderNote

    _, _, people = members_demo.seed(date.today(), random.Random(2022))
    now = timezone.now()
    post_demo.seed(people, now, random.Random(2022))

    assert Counter(Post.objects.values_list("state", flat=True)) == {"published": 18, "review": 2, "draft": 2}
    assert not Post.objects.filter(published_at__gt=now).exists()
    assert not Post.objects.filter(authors=None).exists()
    assert Post.objects.filter(state="published", excerpt="").count() == 0
    assert ReaderNote.objects.count() == 2
    for title, _, words in post_demo.texts():
        from wiki.rendering import anatomy

        assert anatomy(words.text).formulas_failed == 0, title
