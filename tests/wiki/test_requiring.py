"""What one reads before a page: no circle, whoever adds its last piece; proposals; private marks."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mlclub.refusal import Refused
from tests.events.test_races import all_at_once
from tests.factories import make_member, make_page
from wiki import editing, proposing, requiring
from wiki.models import KnownPage, Requirement, RequirementProposal

pytestmark = pytest.mark.django_db


def require(page, *needed):
    for each in needed:
        requiring.add(page, each, by=None, now=timezone.now())


def test_a_page_requires_another_once_with_the_newest_note():
    page, needed, by = make_page(path="Adam"), make_page(path="Momentum"), make_member()

    first = requiring.add(page, needed, by=by, now=timezone.now(), note="the moving average")
    again = requiring.add(page, needed, by=by, now=timezone.now(), note="only the idea")

    assert first.pk == again.pk
    assert list(Requirement.objects.values_list("page__title", "required__title", "note", "added_by")) == [
        ("Adam", "Momentum", "only the idea", by.pk)
    ]


def test_a_circle_is_refused_and_named():
    a, b, c = (make_page(path=name) for name in ("A", "B", "C"))
    require(a, b)
    require(b, c)

    with pytest.raises(Refused, match=r"That closes a circle: C needs A, which needs B, which needs C\."):
        requiring.add(c, a, by=None, now=timezone.now())
    with pytest.raises(Refused, match="itself"):
        requiring.add(a, a, by=None, now=timezone.now())
    assert Requirement.objects.count() == 2


def test_the_database_refuses_a_circle_that_no_code_of_ours_saw():
    a, b = make_page(path="A"), make_page(path="B")
    require(a, b)
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.create(page=b, required=a)
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.create(page=a, required=a)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_two_who_add_the_two_halves_of_a_circle_at_once_one_is_refused():
    pages = [make_page(path=f"P{number}") for number in range(6)]
    refused = []

    def add(page, needed):
        try:
            requiring.add(page, needed, by=None, now=timezone.now())
        except Refused as said:
            refused.append(str(said))

    for one, other in zip(pages[::2], pages[1::2], strict=True):
        all_at_once(
            [lambda one=one, other=other: add(one, other), lambda one=one, other=other: add(other, one)]
        )

    assert len(refused) == 3
    assert all("That closes a circle" in said for said in refused)
    assert Requirement.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_a_proposal_that_two_accept_at_once_is_accepted_once():
    page = make_page(path="Adam", text="x\n")
    needed = make_page(path="Momentum")
    proposal = RequirementProposal.objects.create(page=page, required=needed, sentence="Read it first.")
    people, won = [make_member(), make_member()], []

    def decide(person):
        won.append(requiring.decide(proposal, accept=True, by=person, now=timezone.now()))

    all_at_once([lambda person=person: decide(person) for person in people])

    assert sorted(won) == [False, True]
    assert Requirement.objects.count() == 1


def test_the_way_to_a_page_goes_from_what_needs_nothing_and_knows_where_its_reader_is(
    django_assert_max_num_queries,
):
    reader = make_member()
    a, b, c, d, after = (make_page(path=name) for name in ("A", "B", "C", "D", "Later"))
    require(d, b, c)
    require(b, a)
    require(c, a)
    require(after, d)
    requiring.mark(a, person=reader, now=timezone.now(), known=True)
    reader.standing  # noqa: B018  (asked before the queries are counted)

    with django_assert_max_num_queries(3):
        found = requiring.surroundings(d, reader)

    assert [stop.page.title for stop in found.way] == ["A", "B", "C", "D"]
    assert [stop.page.title for stop in found.onward] == ["Later"]
    assert (found.known, found.next_stop.page.title) == (1, "B")


def test_what_lies_in_the_trash_is_on_no_way():
    reader = make_member()
    a, b = make_page(path="A"), make_page(path="B")
    require(b, a)
    editing.trash(a, by=reader, now=timezone.now())

    assert [stop.page.title for stop in requiring.surroundings(b, reader).way] == ["B"]
    assert requiring.beside(b, reader) == ([], [])


def test_a_page_of_which_nothing_is_said_is_its_own_way(client):
    reader = make_member()
    page, a, b = (make_page(path=name) for name in ("Alone", "A", "B"))
    require(b, a)

    found = requiring.surroundings(page, reader)

    assert ([stop.page for stop in found.way], found.onward, found.edges) == ([page], [], [])
    client.force_login(reader)
    assert client.get(f"{page.get_absolute_url()}-/requires/").status_code == 200


def test_a_mark_is_set_once_and_taken_back():
    reader, page = make_member(), make_page()
    for _ in range(2):
        requiring.mark(page, person=reader, now=timezone.now(), known=True)
    assert KnownPage.objects.count() == 1
    requiring.mark(page, person=reader, now=timezone.now(), known=False)
    assert not KnownPage.objects.exists()


# ── Proposals ──


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("**CNN**. Make sure you understand [[neural network]] first.", ["neural network"]),
        ("Requirements: [[TRPO]], [[Advantage Function]]", ["TRPO", "Advantage Function"]),
        ("Needs first: [[A|the first one]], [[B#part]]", ["A", "B"]),
        ("You should understand [[ordinary least squares]] before reading this.", ["ordinary least squares"]),
        ("Before reading this article, you should know what a [[gradient]] is.", ["gradient"]),
        ("This page assumes that you know [[SVD]].", ["SVD"]),
        ("Read [[Attention]] first.", ["Attention"]),
        ("If you have not read [[MDP]], do.", ["MDP"]),
        ("It requires a basic knowledge of [[probability]].", ["probability"]),
        ("See [[Adam]] for more.", []),
        ("You do not need to know [[Adam]] for this.", []),
        ("Requirements: None. See [[Adam]].", []),
        ("```\nMake sure you understand [[Adam]] first.\n```", []),
        ("- [[LaTeX Tutorial]] (even if you're familiar with LaTeX)", []),
        ("[[Before]] reading is good.", []),
    ],
)
def test_sentences_that_ask_for_a_page_first_are_heard_and_others_are_not(text, names):
    assert [name for name, _ in proposing.asked_first(text)] == names


def test_a_saved_text_proposes_and_nothing_is_accepted_by_itself():
    make_page(path="Momentum")
    page = make_page(
        path="Adam", text="**Adam**. Make sure you understand [[Momentum]] and [[Nowhere]] first.\n"
    )

    proposal = RequirementProposal.objects.get()

    assert (str(proposal), proposal.sentence, proposal.state) == (
        "Adam requires Momentum?",
        "Make sure you understand Momentum and Nowhere first.",
        "open",
    )
    assert not Requirement.objects.exists()
    requiring.decide(proposal, accept=False, by=make_member(), now=timezone.now())
    editing.save(page, page.text + "\nMore.\n", base=1, author=None, now=timezone.now())
    assert RequirementProposal.objects.get().state == "rejected"


def test_a_proposal_that_would_close_a_circle_stays_open():
    a, b = make_page(path="A"), make_page(path="B", text="Requires: [[A]]\n")
    require(a, b)
    proposal = RequirementProposal.objects.get()

    with pytest.raises(Refused, match="circle"):
        requiring.decide(proposal, accept=True, by=make_member(), now=timezone.now())

    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_a_relation_made_by_hand_settles_its_proposal():
    a, by = make_page(path="A"), make_member()
    b = make_page(path="B", text="Requires: [[A]]\n")
    requiring.add(b, a, by=by, now=timezone.now())
    assert RequirementProposal.objects.get().state == "accepted"
    assert proposing.propose_for_all(now=timezone.now()) == 0
