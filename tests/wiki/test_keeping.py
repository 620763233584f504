"""A page is kept ready, and never shown as it was before, or to whom it is not for."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import Membership
from tests.factories import (
    make_alumnus,
    make_club,
    make_member,
    make_officer,
    make_page,
    make_paper,
    make_revision,
    make_suggestion,
    make_user,
)
from wiki import editing, keeping, requiring
from wiki.models import BibEntry, LibraryChange, Page

pytestmark = pytest.mark.django_db

PATH = "Basics/Momentum"
#: What is asked anew at each look: who is there, what they have marked, and what state the library is in.
ONES_OWN = {"django_session", "members_user", "members_membership", "members_term", "members_officeterm"}
ONES_OWN |= {"wiki_knownpage", "wiki_librarychange"}


def address(path=PATH):
    return reverse("wiki:page_detail", args=[path])


def look(client, path=PATH):
    return client.get(address(path)).content.decode()


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def again(client, path=PATH):
    """The same page asked for as a browser does that has kept the last answer."""
    before = client.get(address(path))
    return client.get(address(path), headers={"if-none-match": before.headers["ETag"]})


@pytest.fixture
def ada():
    return make_member(name="Ada Quill")


@pytest.fixture
def page(ada):
    page = make_page(path=PATH, text="It rolls on. See [[Nesterov]].\n", author=ada, owner=ada)
    make_page(path="Basics/Slope", text="Goes with [[Momentum]].\n", author=ada, owner=ada)
    return page


def test_a_page_that_somebody_has_looked_at_takes_five_queries(page, django_assert_max_num_queries):
    one, other = signed_in(make_member()), signed_in(make_member())
    look(one)
    with django_assert_max_num_queries(5):
        assert "It rolls on." in look(other)


# ── What changes shows at once ──


def edit(page, ada):
    make_revision(page=page, text="It comes to rest.\n", author=ada)


def write_what_it_wants(page, ada):
    make_page(path="Basics/Nesterov")


def throw_away_what_leads_here(page, ada):
    editing.trash(Page.objects.get(path="Basics/Slope"), by=ada, now=timezone.now())


def rename_a_neighbour(page, ada):
    editing.rename(Page.objects.get(path="Basics/Slope"), "Basics/Incline", by=ada, now=timezone.now())


def give_it_to_somebody(page, ada):
    Page.objects.filter(pk=page.pk).update(owner=make_member(name="Bo Marsh"))


def change_a_name(page, ada):
    ada.name = "Ada Newname"
    ada.save()


def leave(page, ada):
    Membership.objects.filter(person=ada).update(status=Membership.Status.LEFT)


def let_a_check_fall_due(page, ada):
    Page.objects.filter(pk=page.pk).update(review_by=timezone.now().date() - timedelta(days=9))


def suggest(page, ada):
    make_suggestion(page=page, author=make_member())


def require(page, ada):
    requiring.add(page, make_page(path="Sums/Vectors"), by=ada, now=timezone.now())


def lead_on(page, ada):
    requiring.add(make_page(path="Sums/Adam"), page, by=ada, now=timezone.now())


def open_it(page, ada):
    Page.objects.filter(pk=page.pk).update(is_public=True)


@pytest.mark.parametrize(
    ("change", "gone", "come"),
    [
        (edit, "It rolls on.", "It comes to rest."),
        (write_what_it_wants, "wikilink missing", 'href="/wiki/Basics/Nesterov/"'),
        (throw_away_what_leads_here, "Pages that lead here", "It rolls on."),
        (rename_a_neighbour, "/wiki/Basics/Slope/", "/wiki/Basics/Incline/"),
        (give_it_to_somebody, 'Owner <a href="/people/ada', "Bo Marsh"),
        (change_a_name, "Ada Quill", "Ada Newname"),
        (leave, "Owner <a", "Look after it"),
        (let_a_check_fall_due, "", "A check was due"),
        (suggest, "", "1 suggestion waits"),
        (require, "What is read first", "/wiki/Sums/Vectors/"),
        (lead_on, "What is read first", "/wiki/Sums/Adam/"),
        (open_it, "", "anyone may read this"),
    ],
)
def test_a_change_shows_at_the_next_look(page, ada, change, gone, come):
    reader = signed_in(make_member())
    look(reader)
    kept = reader.get(address())
    before = kept.content.decode()
    change(page, ada)

    answer = reader.get(address(), headers={"if-none-match": kept.headers["ETag"]})

    after = answer.content.decode()
    assert answer.status_code == 200
    assert come not in before or gone
    if gone:
        assert gone in before
        assert gone not in after
    assert come in after


def test_a_page_that_moves_and_one_from_the_trash_are_gone_at_once(page, ada):
    reader = signed_in(make_member())
    look(reader)
    editing.rename(page, "Basics/Inertia", by=ada, now=timezone.now())
    assert reader.get(address()).status_code == 301
    assert "It rolls on." in look(reader, "Basics/Inertia")

    editing.trash(Page.objects.get(pk=page.pk), by=ada, now=timezone.now())
    assert reader.get(address("Basics/Inertia")).status_code == 404


def test_what_a_page_is_made_of_is_what_the_database_watches(page, ada):
    paper = make_paper(title="Adam")
    BibEntry.objects.create(paper=paper, key="adam", bibliography="")
    make_revision(page=page, text="[[Slope]] @adam [[x.png]] ![](y.png)\n", author=ada)
    requiring.add(page, make_page(path="Sums/Vectors"), by=ada, now=timezone.now())
    reader = signed_in(make_member())
    with CaptureQueriesContext(connection) as first:
        look(reader)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'wiki_library_changed'")
        watched = {table for (table,) in cursor.fetchall()}

    read = {
        table
        for query in first
        for table in re.findall(r'(?:FROM|JOIN) "?([a-z_]+)"?', query["sql"])
        if query["sql"].startswith("SELECT")
    }

    assert {"wiki_revision", "wiki_bibentry", "wiki_attachment", "wiki_redirect"} <= read
    assert read - {"members_club"} <= watched | (ONES_OWN - {"members_user"})


def test_of_a_page_every_column_is_watched_that_is_shown():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_trigger JOIN pg_attribute ON attrelid = tgrelid AND attnum = ANY(tgattr)"
            " WHERE tgname = 'wiki_library_changed' AND tgrelid = 'wiki_page'::regclass"
        )
        watched = {column for (column,) in cursor.fetchall()}
    columns = {field.column for field in Page._meta.concrete_fields if not field.generated}
    assert columns - watched == {"id", "created_at", "trashed_by_id", "seen"}


def test_that_it_was_opened_changes_the_page_of_whoever_looks_after_it_alone(page, ada):
    owner, reader = signed_in(ada), signed_in(make_member())
    marks = [(look(each), each.get(address()).headers["ETag"])[1] for each in (owner, reader)]
    state = keeping.state_of_library()

    Page.objects.filter(pk=page.pk).update(seen=7)

    assert keeping.state_of_library() == state
    assert "opened 7 times" in owner.get(address(), headers={"if-none-match": marks[0]}).content.decode()
    assert reader.get(address(), headers={"if-none-match": marks[1]}).status_code == 304


# ── Whose it is ──


@pytest.mark.parametrize("is_member", [False, True])
def test_a_page_that_is_closed_is_shown_to_no_outsider_again(page, is_member):
    Page.objects.filter(pk=page.pk).update(is_public=True)
    outsider = signed_in(make_user()) if is_member else Client()
    assert "It rolls on." in look(outsider)
    assert "It rolls on." in look(outsider)
    mark = outsider.get(address()).headers["ETag"]

    Page.objects.filter(pk=page.pk).update(is_public=False)

    for headers in ({}, {"if-none-match": mark}):
        answer = outsider.get(address(), headers=headers)
        assert answer.status_code == (404 if is_member else 302)
        assert b"It rolls on." not in answer.content


def test_a_neighbour_that_is_closed_leaves_the_column_of_an_outsider(page):
    Page.objects.update(is_public=True)
    outsider = Client()
    assert "Slope" in look(outsider)

    Page.objects.filter(path="Basics/Slope").update(is_public=False)

    assert "Slope" not in look(outsider)


def test_each_sees_what_is_theirs_whoever_looked_before(page, ada):
    Page.objects.filter(pk=page.pk).update(is_public=True)
    make_suggestion(page=page, author=make_member())
    people = {
        "owner": signed_in(ada),
        "librarian": signed_in(make_officer(slug="library")),
        "member": signed_in(make_member()),
        "alumnus": signed_in(make_alumnus()),
        "account": signed_in(make_user()),
        "anonymous": Client(),
    }

    def seen(client):
        shown = look(client)
        words = [
            "/-/edit/",
            "/-/settings/",
            "suggestions/?page_path",
            "Ada Quill",
            "/-/suggest/",
            "I know it",
        ]
        return [word for word in words if word in shown.replace("Ada Quill: your menu", "")]

    alone = {who: seen(client) for who, client in people.items()}
    for who in reversed(people):
        assert seen(people[who]) == alone[who]

    assert alone["owner"] == ["/-/edit/", "suggestions/?page_path", "Ada Quill", "I know it"]
    assert alone["librarian"] == [
        "/-/edit/",
        "/-/settings/",
        "suggestions/?page_path",
        "Ada Quill",
        "I know it",
    ]
    assert alone["member"] == ["/-/edit/", "Ada Quill", "I know it"]
    assert alone["alumnus"] == ["Ada Quill", "/-/suggest/", "I know it"]
    assert alone["account"] == ["/-/suggest/"]
    assert alone["anonymous"] == []


def test_the_marks_and_the_tokens_of_one_member_are_not_anothers(page, ada):
    needed = make_page(path="Sums/Vectors")
    requiring.add(page, needed, by=ada, now=timezone.now())
    knows, asks = make_member(), make_member()
    requiring.mark(needed, person=knows, now=timezone.now(), known=True)
    requiring.mark(page, person=knows, now=timezone.now(), known=True)
    first, second = signed_in(knows), signed_in(asks)

    shown, other = look(first), look(second)

    assert "known: " in shown
    assert "Not yet after all" in shown
    assert "known: " not in other
    assert "I know it" in other
    tokens = [set(re.findall(r'csrfmiddlewaretoken" value="(\w+)"', html)) for html in (shown, other)]
    assert all(tokens)
    assert not tokens[0] & tokens[1]


def test_a_page_that_needs_care_is_cared_for_by_the_button_of_whoever_looks(page):
    """Its buttons are kept, the form with the token that they send is the visitor's own."""
    Page.objects.filter(pk=page.pk).update(owner=None)
    look(signed_in(make_member()))
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(who := make_member())
    shown = look(careful)
    form = re.search(r'<form id="care" method="post" hidden>(.*?)</form>', shown, re.DOTALL).group(1)
    token = re.search(r'value="(\w+)"', form).group(1)
    action = re.search(r'form="care"\s+formaction="([^"]+adopt[^"]*)"', shown).group(1)

    assert careful.post(action, {"csrfmiddlewaretoken": token}).status_code == 302

    assert Page.objects.get(pk=page.pk).owner == who


# ── Unchanged ──


def test_an_unchanged_page_is_not_sent_again(page, django_assert_max_num_queries):
    reader = signed_in(make_member())
    look(reader)
    kept = reader.get(address())
    assert kept.headers["Cache-Control"] == "private, no-cache"
    zipped = Client(headers={"accept-encoding": "gzip"})
    zipped.cookies = reader.cookies

    with django_assert_max_num_queries(5):
        answer = reader.get(address(), headers={"if-none-match": kept.headers["ETag"]})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    weak = zipped.get(address()).headers["ETag"]
    assert weak.startswith("W/")
    assert zipped.get(address(), headers={"if-none-match": weak}).status_code == 304


@pytest.mark.parametrize("what", ["name", "mark", "mark before", "theme", "token", "standing", "club"])
def test_what_is_ones_own_on_a_page_is_part_of_its_mark(page, what):
    club = make_club()
    needed = make_page(path="Sums/Vectors")
    requiring.add(page, needed, by=None, now=timezone.now())
    person = make_member()
    reader = signed_in(person)
    look(reader)
    assert again(reader).status_code == 304
    mark = reader.get(address()).headers["ETag"]

    if what == "name":
        type(person).objects.filter(pk=person.pk).update(name="Somebody Else")
    elif what == "mark":
        requiring.mark(page, person=person, now=timezone.now(), known=True)
    elif what == "mark before":
        requiring.mark(needed, person=person, now=timezone.now(), known=True)
    elif what == "theme":
        reader.cookies["theme"] = "dark"
    elif what == "token":
        reader.cookies["csrf"] = "x" * 32
    elif what == "standing":
        Membership.objects.filter(person=person).update(status=Membership.Status.ON_BREAK)
    elif what == "club":
        club.short_name = "Another"
        club.save()

    assert reader.get(address(), headers={"if-none-match": mark}).status_code == 200


def test_a_message_is_shown_though_the_page_is_unchanged(page):
    reader = signed_in(make_member())
    look(reader)
    mark = reader.get(address()).headers["ETag"]
    reader.post(reverse("wiki:page_check", args=[PATH]))
    make_revision(page=page, text="x\n")

    shown = reader.get(address(), headers={"if-none-match": mark})

    assert shown.status_code == 200
    assert 'class="messages"' in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]


def test_an_officers_page_is_always_sent_whole(page):
    """Its menus come from apps that the library does not know."""
    officer = signed_in(make_officer())
    look(officer)
    assert "no-store" in officer.get(address()).headers["Cache-Control"]


def test_whoever_signs_out_leaves_no_page_in_the_browser(page):
    reader = signed_in(make_member())
    assert "Clear-Site-Data" not in reader.get(address()).headers
    assert reader.post(reverse("account_logout")).headers["Clear-Site-Data"] == '"cache"'


# ── The state ──


def test_many_notes_become_one_and_mean_the_same(page):
    before = keeping.state_of_library()
    LibraryChange.objects.bulk_create(LibraryChange(mark=2**62 - 1 - n) for n in range(keeping.NOTES))
    state = keeping.state_of_library()
    assert state != before

    keeping.fold()
    keeping.fold()

    assert keeping.state_of_library() == state
    assert LibraryChange.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_nobody_is_shown_less_than_was_saved_before_they_asked():
    """One writes, the clock folds, four read as fast as they can, each with what their browser has kept."""
    author = make_member()
    page = make_page(path=PATH, text="Version 0.\n", author=author)
    readers = [signed_in(make_member()) for _ in range(4)]
    for reader in readers:
        look(reader)
    saved, done, wrong, looks, unchanged = [0], threading.Event(), [], [0], [0]

    def write():
        for number in range(1, 26):
            make_revision(page=page, text=f"Version {number}.\n", author=author)
            saved[0] = number
            LibraryChange.objects.bulk_create(LibraryChange(mark=n) for n in range(keeping.NOTES))
            keeping.fold()
        done.set()

    def read(client):
        kept, mark = "", ""
        while not done.is_set():
            least = saved[0]
            answer = client.get(address(), headers={"if-none-match": mark} if mark else {})
            if answer.status_code == 304:
                unchanged[0] += 1
            else:
                kept, mark = answer.content.decode(), answer.headers["ETag"]
            looks[0] += 1
            shown = int(re.search(r"Version (\d+)\.", kept).group(1))
            if shown < least:
                wrong.append((shown, least))

    def run(job, *args):
        try:
            job(*args)
        except Exception as problem:
            wrong.append(problem)
        finally:
            done.set() if job is write else None
            connection.close()

    threads = [
        threading.Thread(target=run, args=args) for args in [(write,), *((read, each) for each in readers)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert wrong == []
    assert looks[0] > 25
    assert "Version 25." in look(readers[0])
