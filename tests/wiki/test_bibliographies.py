"""`.bib` files in and out."""

import time

import pytest
from django.urls import reverse
from django.utils import timezone

from mlclub.refusal import Refused
from tests.factories import make_list, make_member, make_page, make_paper
from wiki import bibliographies, bibtex, lists
from wiki.models import Paper

pytestmark = pytest.mark.django_db
NOW = timezone.now()
FILE = r"""
@string{nips = "NeurIPS"}
@article{poe2009keels, title={Keels \& {K}nots}, author="Poe, Ed", journal = nips # " 9", year=2009, doi={10.5555/keel}}
@misc{open2020, title={Never closed
@misc{attention, title={Attention}, author={Ada Quill and Bo Marsh}, year=2018, url={https://a.example/}}
@misc{attention, title={Twice}}
@misc{nameless, year=2001}
"""


def test_a_preview_says_what_is_new_same_and_contradicting_and_takes_nothing(client):
    make_paper(title="Attention", year=2017)
    client.force_login(make_member())
    answer = client.post(reverse("wiki:bibliography_import"), {"text": FILE})
    body = answer.content.decode()

    assert answer.status_code == 200
    assert "1 new" in body
    assert "1 contradicting" in body
    assert "here “2017”, in the file “2018”" in body
    found = bibliographies.compare(FILE)
    assert [str(problem) for problem in found.problems] == [
        "line 4, open2020: A brace or a quote is never closed; left out.",
        "line 6, attention: This key stands in line 5 already; left out.",
        "line 7, nameless: It has no title; left out.",
    ]
    assert Paper.objects.count() == 1


@pytest.mark.parametrize(("chosen", "year"), [([], 2017), (["attention"], 2018)])
def test_nothing_is_overwritten_unless_somebody_says_so(client, chosen, year):
    paper = make_paper(title="Attention", year=2017)
    client.force_login(make_member())
    for _ in range(2):
        client.post(reverse("wiki:bibliography_import"), {"do": "take", "text": FILE, "take": chosen})
    paper.refresh_from_db()
    assert (paper.year, paper.url) == (year, "https://a.example/")
    new = Paper.objects.exclude(pk=paper.pk).get()
    assert (new.key, new.title, new.venue, new.doi) == (
        "poe2009keels",
        "Keels & Knots",
        "NeurIPS 9",
        "10.5555/keel",
    )


@pytest.mark.parametrize("size", [1, 5])
def test_a_file_of_papers_costs_the_same_for_any_number_of_them(client, size, django_assert_max_num_queries):
    papers = [make_paper(title=f"Paper {number}") for number in range(size)]
    kept = make_list()
    for paper in papers:
        lists.place(kept, paper, by=None, now=NOW)
    client.force_login(make_member())
    for address in (
        reverse("wiki:bibliography_all"),
        reverse("wiki:bibliography_list", args=[kept.slug]),
    ):
        client.get(address)
        with django_assert_max_num_queries(6):
            entries, _ = bibtex.read(client.get(address).content.decode())
        assert len(entries) == size


def test_what_leaves_comes_in_again_as_the_same(client):
    make_paper(title="100 % of $x_1$ & more", year=2001, arxiv_id="1901.00001", venue="Ropes")
    paper = make_paper(title="Attention", year=2017)
    kept = make_list()
    lists.place(kept, paper, by=None, now=NOW)
    make_page(path="Basics/Sails", text=f"See @{paper.key}.\n")
    client.force_login(make_member())
    whole = client.get(reverse("wiki:bibliography_all"))
    again = bibliographies.compare(whole.content.decode())

    assert whole["Content-Disposition"].startswith("attachment;")
    assert (len(again.same), again.new, again.contradicting, again.fuller, again.problems) == (
        2,
        [],
        [],
        [],
        [],
    )
    for address in (
        reverse("wiki:bibliography_list", args=[kept.slug]),
        "/wiki/Basics/Sails/-/citations.bib",
    ):
        entries, _ = bibtex.read(client.get(address).content.decode())
        assert [entry.key for entry in entries] == [paper.key]


def test_two_thousand_entries_come_in_at_once():
    text = "".join(f"@misc{{k{n}, title={{Number {n}}}, year=2001}}\n" for n in range(2000))
    started = time.process_time()
    assert bibliographies.take(text, chosen=(), by=make_member(), now=NOW).new == 2000
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "text",
    ["@a{x, y={" * 60_000, "@a{" * 100_000, "@string{a = a # a}\n" * 200 + "@a{k, title = a}", "@comment{" * 50_000, '@a{b, c="' * 50_000],
)  # fmt: skip
def test_a_hostile_file_takes_no_time(text):
    started = time.process_time()
    bibtex.read(text)
    assert time.process_time() - started < 3


def test_a_file_that_is_too_large_is_refused():
    with pytest.raises(Refused):
        bibliographies.compare("x" * (bibtex.LARGEST + 1))


def test_no_file_is_said_beside_the_field(client):
    client.force_login(make_member())
    answer = client.post(reverse("wiki:bibliography_import"), {})
    assert answer.status_code == 422
    assert "Choose a file or paste its text." in answer.content.decode()
