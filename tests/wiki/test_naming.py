"""What a text says that its page is also called."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import timezone

from mlclub import search as kernel
from tests.factories import make_member, make_page, make_revision
from wiki import editing, naming, search
from wiki.models import Page


def names(title, text):
    return naming.names_of(title, naming.defined(text, text.replace("*", "").replace("#", "")))


@pytest.mark.parametrize(
    ("title", "text", "also"),
    [
        (
            "Maximum likelihood",
            "We call it maximum likelihood estimation (MLE), and use it daily.",
            ["maximum likelihood estimation", "MLE"],
        ),
        (
            "Maximum likelihood",
            "**Maximum likelihood estimation** chooses the parameters.",
            ["Maximum likelihood estimation"],
        ),
        ("PPO", "# PPO\n\nProximal Policy Optimization (PPO) clips.", ["Proximal Policy Optimization"]),
        ("SAC", "SAC (Soft Actor-Critic) is off-policy.", ["Soft Actor-Critic"]),
        (
            "Splitting a budget",
            "The **area under the curve** (AUC) says how well.",
            ["area under the curve", "AUC"],
        ),
    ],
)
def test_a_phrase_about_the_page_and_its_letters_are_names_of_it(title, text, also):
    assert names(title, text) == also


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Adam", "It is faster than stochastic gradient descent (SGD) at first."),
        ("Adam", "**Warning**: read this first. **Do not** copy it (NOW)."),
        ("Maximum likelihood", "It is used often (see page 3), by everybody (OK)."),
        ("Maximum likelihood", ""),
        ("Adam", "**" * 400 + "(((((AB)" * 400),
    ],
)
def test_what_is_about_something_else_is_no_name_of_the_page(title, text):
    assert names(title, text) == []


@pytest.mark.django_db
def test_the_letters_that_a_text_gives_find_its_page_first():
    make_page(path="Notes/Talks", text="Somebody spoke about MLE, and MLE again.\n")
    page = make_page(
        path="Basics/Maximum likelihood", text="Maximum likelihood estimation (MLE) chooses what fits.\n"
    )

    def found():
        return [
            hit.title
            for hit in kernel.look(search.findable(make_member(), timezone.now())[:1], "mle", limit=5).hits
        ]

    assert found()[0] == "Maximum likelihood"
    make_revision(page=page, text="Choose what fits.\n")
    assert found() == ["Talks"]


@pytest.mark.django_db
def test_a_page_that_was_written_before_gets_its_names_when_all_pages_are_read_again():
    page = make_page(path="Basics/Maximum likelihood", text="Maximum likelihood estimation (MLE) fits.\n")
    Page.objects.update(names="an old name")

    call_command("tend_wiki")

    page.refresh_from_db()
    assert page.names.splitlines()[0] == "an old name"
    assert {"MLE", "mle"} & set(page.names.splitlines())


@pytest.mark.django_db
def test_a_page_that_moves_keeps_the_names_that_its_text_gives():
    page = make_page(path="Basics/Maximum likelihood", text="Maximum likelihood estimation (MLE) fits.\n")

    editing.rename(page, "Statistics/Maximum likelihood", by=None, now=timezone.now())

    page.refresh_from_db()
    assert "MLE" in page.names.splitlines()
