import html
import threading

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_member, make_officer, make_page, make_revision, make_user
from wiki import editing
from wiki.models import Link, Page, Revision, Word

pytestmark = pytest.mark.django_db


def edit(path):
    return reverse("wiki:page_edit", args=[path])


def test_a_member_mends_a_page_and_gets_the_credit(client):
    page = make_page(path="Basics/Adam", text="A optimiser.\n")
    member = make_member(name="Ada Example")
    client.force_login(member)

    answer = client.post(
        edit(page.path), {"text": "An optimiser.\r\n", "summary": "Grammar", "base": 1}, follow=True
    )

    page.refresh_from_db()
    assert answer.redirect_chain == [("/wiki/Basics/Adam/", 302)]
    assert (page.text, page.head.author, page.head.summary, page.head.base_number) == (
        "An optimiser.\n",
        member,
        "Grammar",
        1,
    )
    assert (page.head.added, page.head.removed) == (2, 1)
    assert b"Ada Example" in answer.content


def test_a_preview_shows_the_text_and_what_changed_and_saves_nothing(client):
    page = make_page(path="Basics/Adam", text="A optimiser.\n")
    client.force_login(make_member())

    answer = client.post(edit(page.path), {"text": "**An** optimiser.", "base": 1, "preview": "1"})

    assert answer.status_code == 200
    assert b"<strong>An</strong> optimiser." in answer.content
    assert b"**An** optimiser.</textarea>" in answer.content
    assert Revision.objects.count() == 1


def test_a_text_that_is_too_long_is_kept_on_the_form_with_a_word_on_what_to_do(client):
    page = make_page(path="Basics/Adam")
    client.force_login(make_member())

    answer = client.post(edit(page.path), {"text": "x" * 250_001, "base": 1})

    assert answer.status_code == 422
    assert b"Split it into several pages" in answer.content
    assert b"x" * 250_001 in answer.content


@pytest.mark.parametrize("base", ["", "-1", "many", "99999999999999999999"])
def test_a_nonsensical_base_is_refused(client, base):
    page = make_page(path="Basics/Adam")
    client.force_login(make_member())

    answer = client.post(edit(page.path), {"text": "Mine", "base": base})

    assert answer.status_code in {409, 422}
    assert Revision.objects.count() == 1


def test_two_people_mend_the_same_paragraph_and_both_changes_stand(client):
    page = make_page(path="Basics/Adam", text="Adam keeps a mean of teh gradients and of their sqares.\n")
    client.force_login(make_member())
    make_revision(
        page=page,
        text="Adam keeps a mean of the gradients and of their sqares.\n",
        author=make_member(name="Bo Example"),
    )

    answer = client.post(
        edit(page.path),
        {"text": "Adam keeps a mean of teh gradients and of their squares.\n", "base": 1},
        follow=True,
    )

    assert "together with what Bo Example changed meanwhile" in answer.content.decode()
    page.refresh_from_db()
    assert page.text == "Adam keeps a mean of the gradients and of their squares.\n"
    assert (page.head.number, page.head.base_number, page.head.source) == (3, 1, Revision.Source.MERGE)


def test_a_merged_save_clicked_twice_counts_once(client):
    page = make_page(path="Basics/Adam", text="One.\n\nTwo.\n\nThree.\n")
    client.force_login(make_member())
    make_revision(page=page, text="One!\n\nTwo.\n\nThree.\n", author=make_member())

    for _ in range(2):
        client.post(edit(page.path), {"text": "One.\n\nTwo.\n\nThree!\n", "base": 1})

    page.refresh_from_db()
    assert (page.text, page.head.number) == ("One!\n\nTwo.\n\nThree!\n", 3)


def test_where_two_people_changed_the_same_words_a_draft_shows_both_and_nothing_is_lost(client):
    page = make_page(path="Basics/Adam", text="The rate is 0.1.\n\nThe end.\n")
    client.force_login(make_member())
    make_revision(page=page, text="The rate is 0.001.\n\nThe end.\n", author=make_member(name="Bo Example"))

    answer = client.post(
        edit(page.path), {"text": "The rate is 0.01.\n\nThe very end.\n", "base": 1, "summary": "Me"}
    )

    body = html.unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "Bo Example saved while you were writing" in body
    draft = "<<<<<<< yours\nThe rate is 0.01.\n=======\nThe rate is 0.001.\n>>>>>>> theirs\n\nThe very end.\n"
    assert f"{draft}</textarea>" in body
    assert 'name="base" value="2"' in body
    page.refresh_from_db()
    assert page.text == "The rate is 0.001.\n\nThe end.\n"

    again = client.post(edit(page.path), {"text": draft, "base": 2, "is_draft": "True"})
    assert again.status_code == 422
    assert "Keep what is right and take those lines out." in again.content.decode()

    client.post(
        edit(page.path), {"text": "The rate is 0.001.\n\nThe very end.\n", "base": 2, "is_draft": "True"}
    )
    page.refresh_from_db()
    assert (page.text, page.head.number) == ("The rate is 0.001.\n\nThe very end.\n", 3)


def test_bringing_back_an_old_version_is_never_merged(client):
    page = make_page(path="Basics/Adam", text="One.\n\nTwo.\n")
    make_revision(page=page, text="One.\n\nTwo!\n", author=make_member())
    make_revision(page=page, text="One!\n\nTwo!\n", author=make_member())

    with pytest.raises(editing.Conflict):
        editing.revert(page, page.revisions.get(number=1), base=2, author=make_member(), now=timezone.now())


def test_a_double_click_saves_once_and_says_the_same(client):
    page = make_page(path="Basics/Adam")
    client.force_login(make_member())

    answers = [client.post(edit(page.path), {"text": "New", "base": 1}) for _ in range(2)]

    assert [(answer.status_code, answer.url) for answer in answers] == [(302, "/wiki/Basics/Adam/")] * 2
    assert Revision.objects.count() == 2


def test_a_double_click_is_no_conflict_even_when_somebody_else_came_between(client):
    page = make_page(path="Basics/Adam")
    client.force_login(make_member())
    client.post(edit(page.path), {"text": "New", "base": 1})
    make_revision(page=page, text="Newer\n", author=make_member())

    assert client.post(edit(page.path), {"text": "New", "base": 1}).status_code == 302
    assert Revision.objects.count() == 3


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_save_at_the_same_moment_one_wins_and_one_sees_the_conflict():
    page = make_page(path="Basics/Adam")
    people = [make_member(), make_member()]
    outcomes, start = [], threading.Barrier(2)

    def write(person):
        start.wait()
        try:
            editing.save(page, f"By {person.pk}\n", base=1, author=person, now=timezone.now())
            outcomes.append("saved")
        except editing.Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["conflict", "saved"]
    assert list(Revision.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_make_the_same_page_at_the_same_moment_one_wins():
    people = [make_member(), make_member()]
    outcomes, start = [], threading.Barrier(2)

    def write(person, path):
        start.wait()
        try:
            editing.create(path=path, text=f"By {person.pk}\n", author=person, now=timezone.now())
            outcomes.append("made")
        except editing.PathTaken:
            outcomes.append("taken")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=write, args=pair)
        for pair in zip(people, ["Basics/Adam", "basics/adam"], strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["made", "taken"]
    assert Page.objects.count() == 1


def test_a_red_link_leads_to_a_form_with_its_name_filled_in_and_turns_blue(client):
    make_page(path="Basics/Momentum", text="[[Nesterov]]\n")
    client.force_login(make_member())
    form = client.get("/wiki/new/?path=Basics/Nesterov&template=concept").content.decode()
    assert 'value="Basics/Nesterov"' in form
    assert "## The idea" in form

    client.post(reverse("wiki:page_create"), {"path": "Basics/Nesterov", "text": "Look ahead."})

    assert Link.objects.get(name="Nesterov").target == Page.objects.get(path="Basics/Nesterov")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("", "This is needed"),
        ("new", "taken by the portal itself"),
        ("Files/x", "taken by the portal itself"),
        ("a[b]", "cannot hold any of"),
        ("../etc", "cannot be"),
        ("Basics/-/edit", "cannot be"),
        ("/".join("abcdefghi"), "levels"),
        ("BASICS/adam", "already a page of this name"),
    ],
)
def test_a_name_that_cannot_be_is_explained_and_the_text_kept(client, path, sentence):
    make_page(path="Basics/Adam")
    client.force_login(make_member())

    answer = client.post(reverse("wiki:page_create"), {"path": path, "text": "My words"})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "My words" in answer.content.decode()
    assert Page.objects.count() == 1


def test_making_the_same_page_twice_by_a_double_click_leads_to_the_one_page(client):
    client.force_login(make_member())
    answers = [client.post(reverse("wiki:page_create"), {"path": "A", "text": "Words"}) for _ in range(2)]

    assert [answer.url for answer in answers] == ["/wiki/A/", "/wiki/A/"]
    assert Revision.objects.count() == 1


def test_a_moved_page_leaves_its_old_address_behind_and_breaks_no_link(client):
    target = make_page(path="Basics/SGD", text="[[Adam]]\n")
    make_page(path="Basics/Adam", text="[[SGD]]\n")
    client.force_login(make_member())

    client.post(reverse("wiki:page_rename", args=[target.path]), {"path": "Optimisers/Stochastic descent"})

    old = client.get("/wiki/Basics/SGD/")
    assert (old.status_code, old.url) == (301, "/wiki/Optimisers/Stochastic%20descent/")
    assert set(Link.objects.values_list("name", "target__path")) == {
        ("SGD", "Optimisers/Stochastic descent"),
        ("Adam", "Basics/Adam"),
    }
    assert b'href="/wiki/Optimisers/Stochastic%20descent/"' in client.get("/wiki/Basics/Adam/").content


def test_a_page_moved_twice_is_found_from_both_old_addresses_and_can_go_back(client):
    member = make_member()
    page = make_page(path="A")
    editing.rename(page, "B", by=member, now=timezone.now())
    editing.rename(page, "C", by=member, now=timezone.now())
    client.force_login(member)
    assert [client.get(f"/wiki/{path}/").url for path in "AB"] == ["/wiki/C/", "/wiki/C/"]

    editing.rename(page, "A", by=member, now=timezone.now())

    assert client.get("/wiki/A/").status_code == 200
    assert client.get("/wiki/B/").url == "/wiki/A/"


def test_a_page_cannot_be_moved_onto_another(client):
    page = make_page(path="A")
    make_page(path="B")
    client.force_login(make_member())

    answer = client.post(reverse("wiki:page_rename", args=["A"]), {"path": "b"})

    assert answer.status_code == 422
    page.refresh_from_db()
    assert page.path == "A"


def test_an_earlier_version_comes_back_as_a_new_one(client):
    page = make_page(path="A", text="Good\n")
    make_revision(page=page, text="Bad\n", author=make_member())
    member = make_member()
    client.force_login(member)

    client.post(reverse("wiki:page_revert", args=["A"]), {"number": "1", "base": "2"})

    page.refresh_from_db()
    assert (page.text, page.head.number, page.head.author, page.head.source) == (
        "Good\n",
        3,
        member,
        "revert",
    )


def test_bringing_a_version_back_over_a_newer_one_is_refused(client):
    page = make_page(path="A", text="One\n")
    make_revision(page=page, text="Two\n", author=make_member())
    make_revision(page=page, text="Three\n", author=make_member())
    client.force_login(make_member())

    client.post(reverse("wiki:page_revert", args=["A"]), {"number": "1", "base": "2"})

    page.refresh_from_db()
    assert page.text == "Three\n"


def test_only_librarians_throw_pages_away_and_take_them_back(client):
    make_page(path="A", text="Words\n")
    client.force_login(make_member())
    assert client.post(reverse("wiki:page_trash", args=["A"])).status_code == 403
    client.force_login(make_officer(slug="library"))

    client.post(reverse("wiki:page_trash", args=["A"]))
    assert client.get("/wiki/A/").status_code == 404
    assert b"/wiki/A/-/restore/" in client.get(reverse("wiki:page_trash_list")).content
    client.post(reverse("wiki:page_restore", args=["A"]))

    assert client.get("/wiki/A/").status_code == 200


def test_somebody_without_membership_writes_nothing(client):
    make_page(path="A")
    client.force_login(make_user())

    for url in [edit("A"), reverse("wiki:page_create"), reverse("wiki:page_rename", args=["A"])]:
        assert client.get(url).status_code == 404
        assert client.post(url, {"text": "x", "base": 1, "path": "B"}).status_code == 404
    assert Revision.objects.count() == 1


def test_saving_a_page_teaches_its_words():
    make_page(path="A", text="Backpropagation through time.\n")

    assert Word.objects.filter(word="backpropagation").exists()


def test_opening_a_page_to_everybody_needs_the_right_to(client):
    page = make_page(path="A")
    settings_url = reverse("wiki:page_settings", args=["A"])
    client.force_login(make_member())
    assert client.post(settings_url, {"is_public": "on"}).status_code == 403
    client.force_login(make_officer(slug="library"))
    client.post(settings_url, {"is_public": "on", "review_by": ""})

    page.refresh_from_db()
    assert page.is_public
