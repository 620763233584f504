"""Search by meaning: what it finds, whom it tells nothing, and that without it nothing is missing."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlclub.portal import finding
from mlclub.search import meaning
from tests.factories import make_event, make_member, make_page, make_revision, make_user
from tests.factories.members import make_club, make_term
from tests.factories.posts import make_post
from tests.factories.projects import make_initiative
from tests.factories.wiki import make_paper
from wiki import editing, gathered, meanings, tasks
from wiki.models import Meaning, Page

WITHOUT_EXTRA = "the extra “meaning” is not installed: no wheel of it for this machine"
installed = pytest.mark.skipif(not meaning.is_installed(), reason=WITHOUT_EXTRA)
pytestmark = pytest.mark.django_db

NOBODY = AnonymousUser()


@pytest.fixture(autouse=True)
def club():
    make_club()
    return make_term()


@pytest.fixture
def on(settings):
    """The extra asked for, where this server has pgvector."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
        if cursor.fetchone() is None:
            pytest.skip("this PostgreSQL has no extension “vector”")
    settings.MEANING = True


def answer(query, user, **more):
    return finding.answer(query, user, timezone.now(), **more)


def close(query, user, **more):
    return [hit.title for hit, is_close in answer(query, user, **more).rows if is_close]


@pytest.fixture
def library():
    make_page(
        path="Handbook/Booking a room", text="Reserve it two weeks before at the desk of the building.\n"
    )
    make_page(path="Basics/Gradient descent", text="Walk downhill along the slope of the loss.\n")
    make_page(path="Guides/Reading a paper", text="Read the abstract and the figures first.\n")


# ── What it finds ──


@installed
def test_what_says_the_same_in_other_words_is_shown_and_marked(client, on, library):
    meanings.keep()
    member = make_member()
    assert answer("lecture hall for a meeting", member).hits == []
    assert close("lecture hall for a meeting", member)[0] == "Booking a room"
    client.force_login(member)
    body = client.get(reverse("portal:search"), {"q": "lecture hall for a meeting"}).content.decode()
    assert "Close in meaning" in body
    assert "Reserve it two weeks before" in body
    assert "Nothing has these words. This is close in meaning." in body
    assert f"{reverse('wiki:page_create')}?path=" in body, "a page that is missing can still be begun"


@installed
def test_where_words_find_enough_nothing_is_added_and_nothing_moves(on, library):
    for number in range(finding.LITTLE):
        make_page(path=f"Rooms/Room {number}", text="A room to meet in.\n")
    before = [hit.url for hit in answer("room", make_member()).shown]
    meanings.keep()
    after = answer("room", make_member())
    assert [hit.url for hit in after.shown] == before
    assert after.close == []


@installed
def test_what_has_all_the_words_stands_above_what_is_close(on, library):
    make_page(path="Notes/Hall", text="The lecture hall is cold.\n")
    meanings.keep()
    rows = answer("lecture hall", make_member()).rows
    assert [(hit.title, is_close) for hit, is_close in rows[:2]] == [
        ("Hall", False),
        ("Booking a room", True),
    ]


@installed
def test_of_what_has_some_of_the_words_the_best_stays_first_and_nothing_is_lost_or_told_twice(on, library):
    for number in range(6):
        make_page(path=f"Notes/Hall {number}", text="The hall is cold.\n")
    meanings.keep()
    found = answer("hall for a gathering", make_member())
    rows = [hit.url for hit, _ in found.rows]
    assert found.some
    assert rows[0] == found.shown[0].url
    assert len(rows) == len(set(rows))
    assert {hit.url for hit in found.shown} <= set(rows)


@installed
@pytest.mark.parametrize(
    "query", ['"lecture hall"', "hall -cold", "", "!!!", "\x00", "' OR 1=1 --", "%s", "a" * 5000]
)
def test_quotes_and_minus_ask_for_the_words_and_no_query_is_an_error(client, on, library, query):
    meanings.keep()
    client.force_login(make_member())
    assert client.get(reverse("portal:search"), {"q": query}).status_code == 200
    if '"' in query or " -" in query:
        assert answer(query, make_member()).close == []


@installed
def test_papers_posts_events_and_projects_are_found_too_and_one_kind_alone_where_asked(on):
    make_paper(title="Deep residual networks", abstract="Pictures are told apart by very deep networks.")
    make_post(title="Telling birds apart", state="published", text="Photographs seen by a network.")
    make_event(
        title="Computer vision evening", visibility="members", summary="Telling what a photograph shows."
    )
    make_initiative(name="Bird watch", description="Recognising species in photographs.")
    meanings.keep()
    member = make_member()
    asked = "images"
    kinds = {hit.kind for hit, is_close in answer(asked, member).rows if is_close}
    assert {"Paper", "Post", "Event", "Project"} <= kinds
    assert {hit.kind for hit in answer(asked, member, kind="Event").close} == {"Event"}


@installed
def test_many_events_leave_room_for_the_pages_of_the_wiki(on):
    for number in range(8):
        make_event(
            title=f"Vision evening {number}", visibility="members", summary="Photographs and pictures."
        )
    make_page(path="CV/Photographs", text="What a camera sees, and how it is told apart.\n")
    meanings.keep()
    member = make_member()
    kinds = [hit.kind for hit in answer("images", member).close]
    assert sorted(kinds) == ["Event", "Event", "Wiki"]
    assert len(answer("images", member, kind="Event").close) == finding.CLOSE_ONES


@installed
def test_a_series_takes_one_row_with_its_newest_evening(on):
    for days in (-20, -10, 10):
        make_event(
            title="Computer vision evening",
            visibility="members",
            summary="Telling what a photograph shows.",
            starts_at=timezone.now() + timedelta(days=days),
        )
    meanings.keep()
    member = make_member()
    assert close("image recognition", member) == ["Computer vision evening"]


# ── Who is told what ──


@installed
def test_what_somebody_may_not_see_is_close_to_nothing(on):
    make_page(path="Plans/Zeppelin", text="We hire an airship for the showcase.\n")
    editing.trash(make_page(path="Old/Airship", text="A balloon that flies.\n"), by=None, now=timezone.now())
    make_post(title="Draft about balloons", state="draft", text="Hot air and how it flies.")
    make_event(title="Balloon ride", visibility="invited", summary="Flying with hot air.")
    make_initiative(name="Airship team", visibility="team", description="We build a flying balloon.")
    make_page(path="Guides/Flying", text="Aircraft and how they fly.\n", is_public=True)
    meanings.keep()
    asked = "hot-air balloons and other flying machines"
    for stranger in (NOBODY, make_user()):
        assert set(close(asked, stranger)) <= {"Flying"}
    assert set(close(asked, make_member())) <= {"Zeppelin", "Flying"}
    assert "Zeppelin" in close("hire an aircraft", make_member())


@installed
def test_a_stranger_finds_what_is_public_behind_any_number_of_closer_pages(on, monkeypatch):
    monkeypatch.setattr(meanings, "NEAREST", 3)
    for number in range(6):
        make_page(path=f"Plans/Balloon {number}", text="Flying balloons.\n")
    make_page(path="Guides/Flying", text="Aircraft and how they fly.\n", is_public=True)
    meanings.keep()
    assert close("airships", NOBODY) == ["Flying"]


@installed
def test_a_term_leaves_out_what_is_of_another(on, club):
    old = make_term(name="Long ago", slug="long-ago", starts_on=club.starts_on - timedelta(days=400))
    make_event(title="Balloon ride", visibility="members", summary="Flying with hot air.", term=club)
    meanings.keep()
    member = make_member()
    assert close("airships and aircraft", member, term=club) == ["Balloon ride"]
    assert close("airships and aircraft", member, term=old) == []


# ── Keeping it up ──


@installed
def test_a_second_run_reads_nothing_and_a_changed_page_alone_is_read_again(on, library):
    assert meanings.keep() == (3, True)
    assert meanings.keep() == (0, True)
    before = dict(Meaning.objects.values_list("key", "vector"))
    page = Page.objects.get(title="Gradient descent")
    make_revision(page=page, text="Ask a guest speaker to visit.\n")
    assert meanings.keep() == (1, True)
    after = dict(Meaning.objects.values_list("key", "vector"))
    assert [key for key in after if after[key] != before[key]] == [page.pk]


@installed
def test_a_run_that_is_cut_short_goes_on_where_it_was_and_is_off_until_the_end(on, library, monkeypatch):
    monkeypatch.setattr(meanings, "A_BATCH", 1)
    assert meanings.keep(seconds=0.000001) == (1, False)
    assert not meanings.is_on()
    assert meanings.what_is_missing() == ["Not every text has its vector yet."]
    assert meanings.keep() == (2, True)
    cache.clear()
    assert meanings.is_on()
    assert meanings.what_is_missing() == []


@installed
def test_what_is_gone_for_good_leaves_no_vector(on, library):
    meanings.keep()
    make_paper(title="Soon gone").delete()
    Meaning.objects.create(subject="wiki.page", key=10**9, digest="", vector=[0.0] * meaning.DIMENSIONS)
    meanings.keep()
    assert set(Meaning.objects.values_list("key", flat=True)) == set(
        Page.objects.values_list("pk", flat=True)
    )


@installed
def test_the_clock_reads_what_is_new_and_the_command_says_how_it_stands(on, library):
    now = timezone.now()
    assert meanings.is_due(now)
    assert not meanings.is_due(now), "one asker in five minutes"
    tasks.keep_meanings()
    assert Meaning.objects.count() == 3
    out = StringIO()
    call_command("keep_meanings", stdout=out)
    assert out.getvalue().splitlines() == ["0 texts read.", "Search by meaning is on."]


@installed
def test_the_page_takes_no_more_than_fifteen_questions_with_it(client, on, library):
    meanings.keep()
    client.force_login(make_member())
    for query in ("lecture hall for a meeting", "gradient hall", "nothing of the sort"):
        client.get(reverse("portal:search"), {"q": query})
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("portal:search"), {"q": query})
        assert len(captured) <= 15, (query, len(captured))


@installed
def test_the_model_asks_no_network_and_none_of_the_packages_own_code():
    program = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event.startswith('socket.') and event != 'socket.__new__': sys.exit(f'network: {event} {args}')\n"
        "sys.addaudithook(watch)\n"
        "from mlclub.search import meaning\n"
        "assert abs(sum(n * n for n in meaning.vector_of('Gradient', 'downhill')) - 1) < 1e-5\n"
        "assert not {'wordllama', 'requests', 'huggingface_hub'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@installed
def test_texts_without_words_are_close_to_nothing():
    assert not any(meaning.vector_of("", ""))
    assert meaning.vector_of("Gradient", " ") == meaning.vector_of("Gradient")


# ── Without it ──


def test_it_is_off_unless_it_is_asked_for(client, settings, library):
    assert settings.MEANING is False
    member = make_member()
    client.force_login(member)
    with CaptureQueriesContext(connection) as captured:
        body = client.get(reverse("portal:search"), {"q": "lecture hall for a meeting"}).content.decode()
    assert "Nothing found" in body
    assert not [query for query in captured if "meaning" in query["sql"]]
    assert not meanings.is_due(timezone.now())
    tasks.keep_meanings()
    gathered.tick(timezone.now())
    assert not Meaning.objects.exists()
    with pytest.raises(CommandError, match="MEANING=1 is not set"):
        call_command("keep_meanings")


def test_asked_for_without_the_package_the_portal_works_and_says_what_is_missing(
    client, settings, library, monkeypatch
):
    settings.MEANING = True
    monkeypatch.setattr(meaning, "_files", lambda: None)
    client.force_login(make_member())
    assert client.get(reverse("portal:search"), {"q": "lecture hall"}).status_code == 200
    assert not meanings.is_on()
    tasks.keep_meanings()
    with pytest.raises(CommandError, match="uv sync --extra meaning"):
        call_command("keep_meanings")


@installed
def test_asked_for_without_the_extension_the_portal_works_and_says_what_is_missing(
    client, settings, library, caplog
):
    settings.MEANING = True
    caplog.set_level(logging.WARNING)
    with connection.cursor() as cursor:
        # As on a server whose owner lets the portal create nothing.
        cursor.execute(
            "DROP EXTENSION IF EXISTS vector CASCADE; CREATE ROLE plain; GRANT ALL ON SCHEMA public TO plain"
        )
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain; SET ROLE plain; SAVEPOINT before")
    assert meanings.catch_up(), "there is nothing it could do later"
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO before")
    assert "Search by meaning stays off" in caplog.text
    client.force_login(make_member())
    assert client.get(reverse("portal:search"), {"q": "lecture hall"}).status_code == 200
    assert meanings.what_is_missing() == ["Not every text has its vector yet."]
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def test_no_process_loads_the_model_before_somebody_asks():
    program = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'mlclub.settings'; os.environ['DEBUG'] = '1'\n"
        "import django; django.setup()\n"
        "import mlclub.urls, mlclub.celery\n"
        "print(sorted({'numpy', 'tokenizers', 'safetensors', 'wordllama'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
