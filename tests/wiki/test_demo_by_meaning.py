"""How well the demo's library is found by meaning, and that what people type by words is found as well as without."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from mlclub.portal import finding
from mlclub.search import meaning
from tests.wiki import test_demo
from tests.wiki.test_demo import reader  # noqa: F401  a fixture
from tests.wiki.test_meanings import WITHOUT_EXTRA, on  # noqa: F401
from wiki import meanings

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not meaning.is_installed(), reason=WITHOUT_EXTRA),
]

#: Questions of which the page holds no word but the small ones. They were written before anybody had looked what comes.
IN_OTHER_WORDS = {
    "reserve a lecture hall": "Booking a room",
    "where can we hold our next gathering": "Booking a room",
    "email an outside guest researcher": "Inviting a speaker",
    "complaint about someone's behaviour": "When something goes wrong",
    "tips for my successor as teaching lead": "Handover of the education office",
    "version control basics": "Git in one evening",
    "remote server for computation": "Using the cluster",
    "my network is not converging": "Debugging a training run",
    "understand scientific articles quickly": "Reading a paper",
    "how to study a research publication": "Reading a paper",
    "public speaking advice": "Giving a paper talk",
    "replicate an experiment from the literature": "Reproducing a result",
    "randomly switching off neurons": "Dropout",
    "penalty against overfitting": "Regularisation",
    "what values should parameters begin with": "Weight initialisation",
    "break strings into subunits": "Tokenisation",
    "which inputs should the decoder focus on": "Attention",
    "making a dataset bigger artificially": "Data augmentation",
    "locate things in images": "Object detection",
    "compress many features into a few": "Principal component analysis",
    "shrinking the stride over time": "Learning rate schedules",
    "precision and recall of a classifier": "Evaluation metrics",
    "how good are predictions": "Evaluation metrics",
    "underfitting compared with overfitting": "Bias and variance",
    "skip connections in very deep architectures": "Residual networks",
    "contribute an article to our encyclopedia": "Writing a wiki page",
    "author documentation": "Writing a wiki page",
    "make generated prose less repetitive": "Sampling from a language model",
    "bidirectional encoder pretrained by masking": "BERT",
}


def shares_a_word(query, title):
    """Whether the page has a word of the question, in any form."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM wiki_page, unnest(tsvector_to_array(to_tsvector('english', %s))) AS stem "
            "WHERE title = %s AND search @@ quote_literal(stem)::tsquery)",
            [query, title],
        )
        return cursor.fetchone()[0]


def first_rows(query, person, within):
    """The pages of the wiki among the first rows that the search page shows."""
    rows = finding.answer(query, person, timezone.now()).rows[:within]
    return [hit.title for hit, _ in rows if hit.kind == "Wiki"]


def found(queries, person, within):
    return {query for query, title in queries.items() if title in first_rows(query, person, within)}


def test_of_29_questions_in_other_words_14_find_their_page_among_the_first_five_and_none_without(reader, on):  # noqa: F811
    assert not [query for query, title in IN_OTHER_WORDS.items() if shares_a_word(query, title)]
    assert found(IN_OTHER_WORDS, reader, 5) == set()
    meanings.keep()
    cache.clear()
    assert len(found(IN_OTHER_WORDS, reader, 5)) > 13, found(IN_OTHER_WORDS, reader, 5)


def test_what_people_type_is_found_at_least_as_well_with_it(reader, on):  # noqa: F811
    sets = [
        (test_demo.QUERIES, 1),
        (test_demo.RARER, 3),
        (test_demo.TYPING_ERRORS, 3),
        (test_demo.KEYWORDS, 3),
        (test_demo.ACRONYMS, 3),
    ]
    without = [found(queries, reader, within) for queries, within in sets]
    meanings.keep()
    cache.clear()
    with_it = [found(queries, reader, within) for queries, within in sets]
    assert [before - after for before, after in zip(without, with_it, strict=True)] == [set()] * len(sets)
    assert len(with_it[0]) >= 16
    assert [len(queries) - len(there) for (queries, _), there in zip(sets[2:], with_it[2:], strict=True)] == [
        0,
        0,
        0,
    ]
