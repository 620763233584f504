import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlclub.refusal import Refused
from tests.factories import make_member, make_officer, make_page, make_user
from wiki import editing, moving
from wiki.models import Link, Move, Page, Redirect

pytestmark = pytest.mark.django_db


def pages():
    return sorted(Page.objects.values_list("path", flat=True))


def move(before, after, by=None):
    return moving.move_branch(before, after, mark=moving.plan(before, after).mark, by=by, now=timezone.now())


def address(path):
    return reverse("wiki:branch_move", args=[path])


def test_a_folder_moves_with_its_pages_and_no_link_breaks(client):
    make_page(path="Basics/Home", text="Home\n")
    make_page(path="Basics/Adam", text="[[SGD]] and [[Deep/Nets]]\n")
    make_page(path="Basics/SGD", text="[[Adam]]\n")
    make_page(path="Basics/Deep/Nets", text="[[../Adam]]\n")
    make_page(path="CV/Home", text="[[Basics/Adam]], [[Basics]] and [[Nets]]\n")
    before = {(link.source_id, link.name): link.target_id for link in Link.objects.all()}
    assert None not in before.values()
    client.force_login(make_member())
    shown = client.get(address("Basics"), {"to": "Learning/Start"}).content.decode()
    assert "Learning/Start/Deep/Nets" in shown
    assert "3 links from other pages lead here" in shown
    assert pages()[0] == "Basics/Adam"

    mark = moving.plan("Basics", "Learning/Start").mark
    answer = client.post(address("Basics"), {"to": "Learning/Start", "mark": mark}, follow=True)

    assert "4 pages are moved." in answer.content.decode()
    assert pages() == [
        "CV/Home",
        "Learning/Start/Adam",
        "Learning/Start/Deep/Nets",
        "Learning/Start/Home",
        "Learning/Start/SGD",
    ]
    assert {(link.source_id, link.name): link.target_id for link in Link.objects.all()} == before
    for path in ("Adam", "Deep/Nets", "SGD", "Home"):
        assert client.get(f"/wiki/Basics/{path}/").url == f"/wiki/Learning/Start/{path}/"
    assert b'href="/wiki/Learning/Start/Adam/"' in client.get("/wiki/CV/Home/").content


def test_a_move_is_undone_in_one_step_from_the_message_and_the_redirects_are_mended(client):
    make_page(path="Basics/Adam", text="[[SGD]]\n")
    make_page(path="Basics/SGD")
    other = make_page(path="Old/SGD")
    editing.rename(other, "Elsewhere/Descent", by=None, now=timezone.now())  # leaves Old/SGD as a redirect
    client.force_login(make_member())
    mark = moving.plan("Basics", "Old").mark
    answer = client.post(address("Basics"), {"to": "Old", "mark": mark}, follow=True).content.decode()
    assert client.get("/wiki/Old/SGD/").status_code == 200
    moved = Move.objects.get(is_branch=True)
    assert f'action="{moved.undo_url}"' in answer

    client.post(moved.undo_url)
    again = client.post(moved.undo_url, follow=True)

    assert "undone already" in again.content.decode()
    assert pages() == ["Basics/Adam", "Basics/SGD", "Elsewhere/Descent"]
    assert client.get("/wiki/Basics/SGD/").status_code == 200
    assert client.get("/wiki/Old/SGD/").url == "/wiki/Elsewhere/Descent/"
    assert client.get("/wiki/Old/Adam/").url == "/wiki/Basics/Adam/"
    assert Link.objects.get(name="SGD").target.path == "Basics/SGD"


def test_the_move_of_one_page_is_undone_from_its_history(client):
    page = make_page(path="A")
    client.force_login(make_member())
    answer = client.post(reverse("wiki:page_rename", args=["A"]), {"path": "B"}, follow=True).content.decode()
    undo = Move.objects.get().undo_url
    assert f'action="{undo}"' in answer
    assert f'action="{undo}"' in client.get(reverse("wiki:page_history", args=["B"])).content.decode()

    answer = client.post(undo, follow=True)

    assert answer.redirect_chain[-1][0] == "/wiki/A/"
    page.refresh_from_db()
    assert page.path == "A"
    assert client.get("/wiki/B/").url == "/wiki/A/"


def test_a_move_is_not_undone_over_a_later_one_or_onto_another_page():
    page = make_page(path="A")
    first = editing.rename(page, "B", by=None, now=timezone.now())
    second = editing.rename(page, "C", by=None, now=timezone.now())
    with pytest.raises(Refused, match="moved again since, to “C”"):
        moving.undo(first, by=None, now=timezone.now())
    assert moving.undo(second, by=None, now=timezone.now())
    make_page(path="A", text="Another\n")
    with pytest.raises(Refused, match="already a page at “A”"):
        moving.undo(first, by=None, now=timezone.now())
    assert pages() == ["A", "B"]


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("CV", "There is already a page at “CV/adam”"),
        ("NLP", "“NLP/Adam” is in the trash"),
        ("Basics/Inner", "cannot go into itself"),
        ("files", "taken by the portal itself"),
        ("a/b/c/d/e/f/g/h", "levels"),
        ("Basics", "there already"),
        ("", "This is needed"),
        ("a[b]", "cannot hold"),
        ("x" * 197, "cannot be: Keep the name under"),
    ],
)
def test_a_move_that_cannot_be_is_explained_and_nothing_moves(client, to, sentence):
    make_page(path="Basics/Adam")
    make_page(path="Basics/SGD")
    make_page(path="CV/adam")
    editing.trash(make_page(path="NLP/Adam"), by=None, now=timezone.now())
    there = pages()
    client.force_login(make_member())

    for answer in (
        client.get(address("Basics"), {"to": to}),
        client.post(address("Basics"), {"to": to, "mark": "x"}),
    ):
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert pages() == there


def test_what_is_moved_is_what_was_looked_at(client):
    make_page(path="Basics/Adam")
    client.force_login(make_member())
    mark = moving.plan("Basics", "Start").mark
    make_page(path="Basics/New")

    answer = client.post(address("Basics"), {"to": "Start", "mark": mark})

    assert "have changed since you looked" in answer.content.decode()
    assert pages() == ["Basics/Adam", "Basics/New"]


def test_a_folder_moves_up_into_the_one_above_it_and_its_case_can_change():
    for path in ("A/B/x", "A/B/B/x", "A/y"):
        make_page(path=path)
    move("A/B", "A")
    assert pages() == ["A/B/x", "A/x", "A/y"]
    move("A", "a")
    assert pages() == ["a/B/x", "a/x", "a/y"]
    assert not Redirect.objects.filter(path__startswith="A/x").exists()


def test_what_lies_in_the_trash_goes_along_and_comes_back_in_the_new_folder():
    make_page(path="Basics/Adam")
    thrown = make_page(path="Basics/Old")
    editing.trash(thrown, by=None, now=timezone.now())
    move("Basics", "Start")
    thrown.refresh_from_db()
    editing.restore(thrown, by=None, now=timezone.now())
    assert pages() == ["Start/Adam", "Start/Old"]


def test_moving_many_pages_costs_as_many_queries_as_moving_few():
    def cost(folder, size):
        for number in range(size):
            make_page(path=f"{folder}/{number}", text=f"[[{(number + 1) % size}]]\n")
        mark = moving.plan(folder, f"{folder} moved").mark
        with CaptureQueriesContext(
            connection,
        ) as asked:
            moved = moving.move_branch(folder, f"{folder} moved", mark=mark, by=None, now=timezone.now())
        with CaptureQueriesContext(connection) as undone:
            moving.undo(moved, by=None, now=timezone.now())
        return len(asked), len(undone)

    few, many = cost("Few", 2), cost("Many", 40)
    assert few == many
    assert max(many) <= 30


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_move_a_folder_at_the_same_moment_one_wins_and_one_is_told():
    make_page(path="Basics/Adam")
    make_page(path="Basics/SGD")
    marks = {to: moving.plan("Basics", to).mark for to in ("One", "Two")}
    outcomes, start = [], threading.Barrier(2)

    def act(to):
        start.wait()
        try:
            moving.move_branch("Basics", to, mark=marks[to], by=None, now=timezone.now())
            outcomes.append("moved")
        except Refused as problem:
            outcomes.append(str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[to]) for to in marks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert "moved" in outcomes
    assert "somebody may have moved them" in " ".join(outcomes)
    assert pages() in (["One/Adam", "One/SGD"], ["Two/Adam", "Two/SGD"])


def test_whoever_only_reads_moves_and_undoes_nothing(client):
    make_page(path="Basics/Adam")
    moved = move("Basics", "Start")
    client.force_login(make_user())
    assert client.get(address("Start")).status_code == 404
    assert client.post(moved.undo_url).status_code == 404
    assert client.get(moved.get_absolute_url()).status_code == 404
    client.force_login(make_officer(slug="library"))
    assert "Start/Adam" in client.get(moved.get_absolute_url()).content.decode()
