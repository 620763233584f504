"""The way to a page, as a picture and a list; learning paths; marks that are one's own."""

import itertools
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import erasure
from tests.factories import make_alumnus, make_member, make_officer, make_page
from wiki import drawing, gathered, learning, requiring
from wiki.models import (
    KnownPage,
    LearningFollow,
    LearningPath,
    LearningStep,
    Requirement,
    RequirementProposal,
)

pytestmark = pytest.mark.django_db


def chain(*names):
    """Pages of which each requires the one before it."""
    pages = [make_page(path=name, text="Words.\n") for name in names]
    for earlier, later in itertools.pairwise(pages):
        requiring.add(later, earlier, by=None, now=timezone.now())
    return pages


def url(name, page):
    return reverse(f"wiki:{name}", args=[page.path])


def test_a_page_names_what_is_read_first_and_what_it_leads_to(client):
    a, b, c = chain("Gradient", "Momentum", "Adam")
    reader = make_member()
    requiring.mark(a, person=reader, now=timezone.now(), known=True)
    client.force_login(reader)

    body = client.get(b.get_absolute_url()).content.decode()

    assert "Read first" in body
    assert 'class="vh">known: </span><a href="/wiki/Gradient/">Gradient</a>' in body
    assert body.index("Leads to") < body.index(">Adam</a>")
    assert "known" not in client.get(c.get_absolute_url()).content.decode().partition("Read first")[2][:200]


def test_a_stranger_reads_first_only_what_is_public(client):
    _a, b = chain("Secret", "Open")
    type(b).objects.filter(pk=b.pk).update(is_public=True)
    body = client.get(b.get_absolute_url()).content.decode()
    assert "Secret" not in body
    assert "Read first" not in body


def test_the_way_is_drawn_and_told(client):
    reader = make_member()
    a, b, c = chain("Gradient", "Gradient descent & more", "Adam")
    client.force_login(reader)

    body = client.get(url("page_requires", c)).content.decode()

    svg = body[
        body.index('<svg class="drawing natural needs"') : body.index(
            "</svg>", body.index("drawing natural needs")
        )
        + 6
    ]
    tree = ElementTree.fromstring(svg)
    assert [link.get("href") for link in tree.iter("a")] == [page.get_absolute_url() for page in (a, b, c)]
    assert int(tree.get("width")) <= 328
    assert "style=" not in svg
    assert "2 pages before it" in body
    assert body.index("Read Gradient</a>") > 0


def test_an_arrow_that_two_others_say_is_not_drawn_and_no_box_stands_on_another():
    reader = make_member()
    a, _b, c = chain("A", "B", "C")
    requiring.add(c, a, by=None, now=timezone.now())
    for number in range(5):
        requiring.add(c, make_page(path=f"Other {number}"), by=None, now=timezone.now())
    picture = drawing.drawn(requiring.surroundings(c, reader))
    boxes = [(node.x, node.y) for node in picture.nodes]
    assert len(picture.arrows) == 7
    assert len(boxes) == len(set(boxes)) == 8
    assert all(0 <= x <= picture.width - picture.box for x, _ in boxes)


def test_a_member_adds_and_takes_back_what_is_read_first(client):
    reader = make_member()
    a, b = make_page(path="Basics/Gradient"), make_page(path="Basics/Adam")
    client.force_login(reader)

    answer = client.post(url("requirement_create", b), {"required": "gradient", "note": "the first part"})

    assert answer.url == url("page_requires", b)
    row = Requirement.objects.get()
    assert (row.required, row.note, row.added_by) == (a, "the first part", reader)
    for typed, said in (
        ("Gradiant", "Do you mean “Basics/Gradient”?"),
        ("", "This is needed"),
        ("Adam", "cannot require itself"),
    ):
        refused = client.post(url("requirement_create", b), {"required": typed})
        assert (refused.status_code, said in refused.content.decode()) == (422, True)
    refused = client.post(url("requirement_create", a), {"required": "Adam", "note": "kept words"})
    assert "That closes a circle: Gradient needs Adam, which needs Gradient." in refused.content.decode()
    assert "kept words" in refused.content.decode()
    client.post(reverse("wiki:requirement_remove", args=[b.path, row.pk]))
    assert not Requirement.objects.exists()


def test_whoever_looks_after_a_page_decides_what_its_sentences_ask_for(client):
    owner, other = make_member(), make_member()
    make_page(path="Gradient", author=owner)
    page = make_page(path="Adam", text="Make sure you understand [[Gradient]] first.\n", author=owner)
    proposal = RequirementProposal.objects.get()
    decide = reverse("wiki:proposal_decide", args=[proposal.pk])
    client.force_login(other)
    assert b"Read it first<" not in client.get(reverse("wiki:proposal_list")).content
    assert client.post(decide, {"answer": "yes"}).status_code == 403

    client.force_login(owner)
    assert "Does that count?" in client.get(page.get_absolute_url()).content.decode()
    assert b"Read it first<" in client.get(reverse("wiki:proposal_list")).content
    client.post(decide, {"answer": "yes"})
    client.post(decide, {"answer": "no"})

    assert Requirement.objects.count() == 1
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == ("accepted", owner)


def test_a_mark_is_ones_own_is_copied_and_goes_with_its_person(client):
    reader, page = make_member(), make_page(path="Gradient")
    path = learning.create(title="Begin", for_whom="All", by=make_member(), now=timezone.now())
    client.force_login(reader)
    client.post(url("page_known", page), {"known": "1"})
    client.post(reverse("wiki:learning_path_follow", args=[path.slug]), {"follow": "1"})

    data = gathered.personal_data(reader)
    assert [row["page"] for row in data["wiki_pages_known"]] == ["Gradient"]
    assert data["learning_paths_followed"] == ["Begin"]
    client.force_login(make_member())
    assert "Not yet after all" not in client.get(page.get_absolute_url()).content.decode()
    erasure.erase(reader, by=make_officer())
    assert not KnownPage.objects.exists()
    assert not LearningFollow.objects.exists()


# ── Paths ──


def test_a_path_over_the_way_to_a_page_begins_with_what_needs_nothing(client):
    reader = make_member()
    *_, _last = chain("Gradient", "Momentum", "Adam")
    client.force_login(reader)
    new = reverse("wiki:learning_path_create") + "?to=Adam"
    assert "The way to Adam" in client.get(new).content.decode()
    data = {"title": "To Adam", "for_whom": "Whoever trains a network."}

    first, second = client.post(new, data), client.post(new, data)

    assert first.url == second.url
    path = LearningPath.objects.get()
    assert [step.page.title for step in path.steps.all()] == ["Gradient", "Momentum", "Adam"]
    assert client.post(new, {"title": "", "for_whom": ""}).status_code == 422


def test_steps_are_added_moved_and_taken_off_and_progress_is_the_readers(client):
    keeper, reader = make_member(), make_member()
    pages = [make_page(path=name) for name in ("A", "B", "C")]
    path = learning.create(title="Begin", for_whom="All", by=keeper, now=timezone.now())
    client.force_login(keeper)
    add = reverse("wiki:learning_step_create", args=[path.slug])
    for name in ("A", "B", "C", "B"):
        assert client.post(add, {"page": name}).status_code == 302
    assert client.post(add, {"page": "Nowhere"}).status_code == 422
    last = path.steps.get(page=pages[2])
    client.post(reverse("wiki:learning_step_move", args=[path.slug, last.pk]), {"to": "up"})
    client.post(reverse("wiki:learning_step_remove", args=[path.slug, path.steps.get(page=pages[0]).pk]))
    assert [step.page.title for step in path.steps.all()] == ["C", "B"]

    client.force_login(reader)
    client.post(url("page_known", pages[2]), {"known": "1", "next": f"path:{path.slug}"})
    body = client.get(path.get_absolute_url()).content.decode()
    assert "you know 1" in body
    assert "Read B</a>" in body
    assert client.post(add, {"page": "A"}).status_code == 403


def test_a_path_whose_keeper_left_is_anybodys_and_then_theirs(client):
    path = learning.create(title="Begin", for_whom="All", by=make_alumnus(), now=timezone.now())
    heir = make_member()
    client.force_login(heir)
    edit = reverse("wiki:learning_path_edit", args=[path.slug])
    assert client.post(edit, {"title": "Begin here", "for_whom": "All"}).status_code == 302
    path.refresh_from_db()
    assert (path.title, path.keeper) == ("Begin here", heir)
    client.force_login(make_member())
    assert client.get(edit).status_code == 403
    client.force_login(heir)
    client.post(edit, {"delete": "1"})
    assert not LearningPath.objects.exists()


@pytest.mark.parametrize("name", ["list", "path", "requires", "graph", "page"])
def test_no_page_asks_more_of_ten_times_as_much(client, name):
    reader = make_member()
    last = make_page(path="Last")
    path = learning.create(title="Path", for_whom="All", by=reader, now=timezone.now())
    client.force_login(reader)
    where = {
        "list": reverse("wiki:learning_path_list"),
        "path": path.get_absolute_url(),
        "requires": url("page_requires", last),
        "graph": reverse("wiki:page_graph"),
        "page": last.get_absolute_url(),
    }[name]
    costs = []
    for size in (1, 10):
        for number in range(size):
            page = make_page(path=f"P{size} {number}")
            LearningStep.objects.create(path=path, page=page, position=size + number)
            other = learning.create(
                title=f"Path {size} {number}", for_whom="All", by=reader, now=timezone.now()
            )
            learning.add_step(other, page)
            Requirement.objects.create(page=last, required=page)
        client.get(where)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(where).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1] <= 15
