"""Looking after pages: every reason with the step that mends it, departures, and on how many people the library hangs."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import Membership
from mlclub.refusal import Refused
from tests.factories import make_alumnus, make_member, make_officer, make_page, make_term
from wiki import care, editing, gathered, knowing, learning, pictures, requiring, tasks
from wiki.models import CareRequest, LibraryFigure, OwnerChange, Page

pytestmark = pytest.mark.django_db

LONG = "Words that say enough about it. " * 12 + "\n"


def reasons(path, reader, **filters):
    now = timezone.now()
    rows = list(care.queue(reader, now=now, **filters).select_related("owner", "head"))
    care.explain(rows, reader, now=now)
    return next(
        ({reason.key: reason for reason in reversed(row.reasons)} for row in rows if row.path == path), {}
    )


def test_every_reason_is_said_in_words_with_the_step_that_mends_it():
    reader = make_member()
    now = timezone.now()
    home = make_page(path="RL/Home", text=LONG + "[[Policy gradients]]\n", owner=reader)
    make_page(path="RL/Policy gradients", text=LONG, owner=reader)
    make_page(
        path="RL/PPO",
        text="See [[Policy gradent]] and [[Never heard of it]].\n\n![[plot.png]]\n",
        at=now - timedelta(days=500),
        owner=make_alumnus(name="Ada Gone"),
    )

    found = reasons("RL/PPO", reader)

    assert [(key, [fix.kind or fix.url for fix in reason.fixes]) for key, reason in found.items()][::-1] == [
        ("stale", ["check"]),
        ("broken", ["link", "/wiki/new/?path=RL/Policy%20gradent"]),
        ("picture", []),
        ("unkept", ["adopt"]),
        ("orphan", ["parent"]),
        ("short", []),
    ]
    assert found["unkept"].words == "Ada Gone has left and looked after it."
    assert found["orphan"].fixes[0].label == f"Link it from “{home.title}”"
    assert found["picture"].words == "Its picture “plot.png” is not here."
    assert "beginning" in found["short"].words
    assert "Nobody has looked it over since" in found["stale"].words


def test_a_check_that_is_due_is_another_reason_than_age():
    reader = make_member()
    make_page(path="Young", text=LONG, owner=reader, review_by=date.today() - timedelta(days=3))
    found = reasons("Young", reader)
    assert "A check was due on" in found["overdue"].words
    assert "stale" not in found
    assert reasons("Young", reader, why="short") == {}


def test_a_page_in_order_is_not_in_the_queue():
    reader = make_member()
    make_page(path="Fine", text=LONG, owner=reader)
    make_page(path="Other", text=LONG + "[[Fine]]\n", owner=reader)
    assert not care.queue(reader, now=timezone.now()).filter(path="Fine").exists()


def test_what_is_asked_for_most_comes_first():
    reader = make_member()
    make_page(path="Quiet", text=LONG)
    wanted = make_page(path="Much wanted", text=LONG)
    for number in range(3):
        other = make_page(path=f"Other {number}", text=LONG, owner=reader)
        requiring.add(other, wanted, by=None, now=timezone.now())

    rows = list(care.queue(reader, now=timezone.now(), why="unkept"))

    assert [(row.title, row.demand) for row in rows] == [("Much wanted", 10), ("Quiet", 1)]


def test_a_link_is_led_to_the_page_that_was_meant():
    reader = make_member()
    meant = make_page(path="Basics/Policy gradients", text=LONG)
    page = make_page(
        path="PPO", text="See [[Policy gradent|these]], [[ Policy gradent#proof ]] and [[Other]].\n"
    )

    reason = reasons("PPO", reader)["broken"]
    assert dict(reason.fixes[0].fields) == {"name": "Policy gradent", "to": str(meant.pk)}
    care.lead_link(page, "Policy gradent", meant, by=reader, now=timezone.now())

    page.refresh_from_db()
    assert page.text == "See [[Policy gradients|these]], [[Policy gradients#proof ]] and [[Other]].\n"
    assert page.head.author == reader
    with pytest.raises(Refused, match="no such link"):
        care.lead_link(page, "Policy gradent", meant, by=reader, now=timezone.now())


def test_a_name_that_means_two_pages_is_written_with_its_folder():
    reader = make_member()
    make_page(path="A/Home", text=LONG)
    meant = make_page(path="B/Notes", text=LONG)
    make_page(path="A/Notes", text=LONG)
    page = make_page(path="A/PPO", text="[[Note s]]\n")
    care.lead_link(page, "Note s", meant, by=reader, now=timezone.now())
    page.refresh_from_db()
    assert page.text == "[[B/Notes]]\n"
    assert page.links.get().target == meant


def test_a_parent_gets_a_line_that_leads_to_the_page():
    reader = make_member()
    home = make_page(path="RL/Home", text="Begin:\n\n* [[A]]\n")
    other = make_page(path="Plain", text="Words.\n")
    page = make_page(path="RL/PPO", text=LONG)

    care.link_from(page, home, by=reader, now=timezone.now())
    care.link_from(page, other, by=reader, now=timezone.now())

    home.refresh_from_db()
    other.refresh_from_db()
    assert home.text == "Begin:\n\n* [[A]]\n* [[PPO]]\n"
    assert other.text == "Words.\n\n- [[PPO]]\n"
    assert "orphan" not in reasons("RL/PPO", reader)
    with pytest.raises(Refused, match="already"):
        care.link_from(page, home, by=reader, now=timezone.now())


def test_a_missing_picture_is_known_and_put_in_where_one_of_its_name_is_here(picture):
    reader = make_member()
    page = make_page(path="RL/PPO", text="![[old/plot.png|height=250px]] and ![A curve](old/plot.png)\n")
    assert page.dead_pictures == "old/plot.png"
    kept = pictures.keep(picture, now=timezone.now(), by=reader, path="RL/plot.png")

    reason = reasons("RL/PPO", reader)["picture"]
    care.put_picture(
        page, name="old/plot.png", address=reason.fixes[0].fields[1][1], by=reader, now=timezone.now()
    )

    page.refresh_from_db()
    assert page.text == f"![plot]({kept.get_absolute_url()}) and ![A curve]({kept.get_absolute_url()})\n"
    assert page.dead_pictures == ""


@pytest.fixture
def picture():
    import io

    from django.core.files.base import ContentFile
    from PIL import Image

    held = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(held, "PNG")
    return ContentFile(held.getvalue(), name="plot.png")


def test_a_check_says_who_and_when_and_when_next_and_answers_who_was_asked():
    reader, writer = make_member(), make_member()
    now = timezone.now()
    page = make_page(path="Old", text=LONG, author=writer, at=now - timedelta(days=500))
    assert [person.pk for person in care.ask(page, by=reader, now=now)] == [writer.pk]
    assert care.ask(page, by=reader, now=now) == []

    care.check_off(page, by=reader, now=now)

    page.refresh_from_db()
    assert (page.checked_by, page.checked_at, page.review_by) == (
        reader,
        now,
        (now + timedelta(days=365)).date(),
    )
    assert not care.open_requests().exists()
    assert CareRequest.objects.get().ended_at == now


def test_only_writers_who_are_still_here_are_asked_and_a_change_answers():
    reader, gone, here = make_member(), make_alumnus(), make_member()
    page = make_page(path="Old", text=LONG, author=gone)
    editing.save(page, LONG + "x\n", base=1, author=here, now=timezone.now())

    assert care.ask(page, by=reader, now=timezone.now()) == [here]
    assert care.open_requests().count() == 1
    editing.save(page, LONG + "y\n", base=2, author=reader, now=timezone.now())
    assert care.open_requests().count() == 0


def test_whoever_leaves_the_club_leaves_pages_to_adopt_and_officers_are_told_once():
    owner, heir = make_member(), make_member()
    page = make_page(path="Theirs", text=LONG, owner=owner)
    now = timezone.now()
    assert care.notice_departures(now) == 0
    assert not page.is_adoptable()

    Membership.objects.filter(person=owner).update(status="alumnus")
    assert care.notice_departures(now) == 1
    assert care.notice_departures(now) == 0

    page = Page.objects.get(pk=page.pk)
    assert care.adopt(page, by=heir, now=now)
    assert not care.adopt(Page.objects.get(pk=page.pk), by=owner, now=now)
    assert list(OwnerChange.objects.order_by("pk").values_list("kind", "person")) == [
        ("left", owner.pk),
        ("adopted", heir.pk),
    ]


def test_nobody_loses_their_pages_because_a_term_has_begun():
    past = make_term(starts_on=date.today() - timedelta(days=200))
    owner = make_member(term=past)
    make_term()
    page = make_page(path="Theirs", text=LONG, owner=owner)
    assert not page.is_adoptable()


# ── On how many people it hangs ──


def test_people_leave_the_most_needed_first_until_half_is_unknown():
    weights = {1: 4, 2: 1, 3: 1, 4: 1, 5: 1}
    assert knowing.must_leave(weights, {1: {10}, 2: {10}, 3: {11}, 4: {12}, 5: {13}}) == 1
    assert knowing.must_leave(weights, {1: {10, 11}, 2: {11}, 3: {12}, 4: {13}, 5: {14}}) == 2
    assert knowing.must_leave(weights, {2: {10}, 3: {11}}) == 0
    assert knowing.must_leave({}, {}) == 0


def test_whoever_looks_after_a_page_checked_it_or_wrote_a_fifth_of_it_knows_it():
    owner, checker, writer, comma, gone = (
        make_member(),
        make_member(),
        make_member(),
        make_member(),
        make_alumnus(),
    )
    page = make_page(path="A", text=LONG, author=writer, owner=owner, checked_by=checker)
    editing.save(page, LONG + ".\n", base=1, author=comma, now=timezone.now())
    make_page(path="B", text=LONG, author=gone, owner=gone)

    weights, knowers = knowing.known_by(date.today())

    assert {Page.objects.get(pk=pk).path: people for pk, people in knowers.items()} == {
        "A": {owner.pk, checker.pk, writer.pk},
        "B": set(),
    }
    assert set(weights.values()) == {1}


def test_the_figure_is_kept_once_a_day(django_assert_max_num_queries):
    writer = make_member()
    make_page(path="A", text=LONG, author=writer)
    now = timezone.now()
    with django_assert_max_num_queries(8):
        assert knowing.keep(now)
    assert not knowing.keep(now)
    figure = LibraryFigure.objects.get()
    assert (figure.pages, figure.known_permille, figure.leave_for_half, figure.people) == (1, 1000, 1, 1)
    assert knowing.latest(now) == figure


def test_an_empty_library_hangs_on_nobody():
    assert not knowing.keep(timezone.now())
    assert knowing.latest(timezone.now()) is None


# ── The pages ──


def post(client, view, page, **data):
    return client.post(reverse(f"wiki:{view}", args=[page.path]), data)


def test_the_queue_says_why_and_its_buttons_mend(client):
    reader = make_member()
    meant = make_page(path="Policy gradients", text=LONG + "[[Old]]\n", owner=reader)
    page = make_page(path="Old", text=LONG + "[[Policy gradent]]\n", at=timezone.now() - timedelta(days=500))
    client.force_login(reader)

    body = client.get(reverse("wiki:page_care")).content.decode()

    assert "Nobody has looked it over since" in body
    assert "Lead it to “Policy gradients”" in body
    came = {"from": "care", "query": "why=stale&page=1"}
    answer = post(client, "page_mend", page, kind="link", name="Policy gradent", to=meant.pk, **came)
    assert answer.url == "/wiki/care/?why=stale&page=1"
    post(client, "page_adopt", page, **came)
    post(client, "page_check", page, **came)
    page.refresh_from_db()
    assert (page.owner, page.checked_by, page.links.get().target) == (reader, reader, meant)
    assert not care.queue(reader, now=timezone.now()).filter(pk=page.pk).exists()


def test_a_step_that_came_too_late_says_so_and_changes_nothing(client):
    reader = make_member()
    page, other = make_page(path="A", text=LONG), make_page(path="B", text=LONG)
    client.force_login(reader)
    answer = client.post(
        reverse("wiki:page_mend", args=["A"]),
        {"kind": "link", "name": "Nothing", "to": other.pk},
        follow=True,
    )
    assert "no such link any more" in answer.content.decode()
    assert page.revisions.count() == 1
    for bad in ({"kind": "link", "to": "999999"}, {"kind": "link", "to": "x"}, {"kind": "boom"}, {}):
        assert post(client, "page_mend", page, **bad).status_code == 404
    assert "“A” cannot" not in answer.content.decode()


def test_the_queue_is_filtered_and_bad_filters_are_none(client):
    reader = make_member()
    make_page(path="RL/Short one", text="x\n", owner=reader)
    make_page(path="CV/Lonely one", text=LONG, owner=reader)
    client.force_login(make_member())
    where = reverse("wiki:page_care")

    assert b"Lonely one" not in client.get(where, {"why": "short"}).content
    assert b"Short one" not in client.get(where, {"area": "CV"}).content
    assert b"Everything here is cared for" in client.get(where, {"mine": "1"}).content
    for bad in ({"why": "x"}, {"area": "Nowhere"}, {"page": "x"}, {"page": "99"}):
        assert client.get(where, bad).status_code == 200


def test_alumni_read_the_queue_and_mend_nothing(client):
    page = make_page(path="Old", text=LONG)
    client.force_login(make_alumnus())
    assert b"Look after it" not in client.get(reverse("wiki:page_care")).content
    for name in ("page_mend", "page_ask", "page_adopt", "page_check"):
        assert post(client, name, page, kind="link").status_code == 404


def test_who_left_stands_first_with_their_pages_to_adopt(client):
    gone, here, reader = make_alumnus(name="Ada Gone"), make_member(name="Bo Here"), make_member()
    make_page(path="Theirs", text=LONG, owner=gone)
    make_page(path="His", text=LONG, owner=here)
    client.force_login(reader)
    body = client.get(reverse("wiki:page_keepers")).content.decode()
    assert body.index("Ada Gone") < body.index("Bo Here")
    assert body.count("Look after it") == 1


@pytest.mark.parametrize("name", ["wiki:page_care", "wiki:page_keepers", "wiki:proposal_list"])
def test_the_pages_of_care_ask_no_more_of_ten_times_as_much(client, name):
    reader = make_member()
    make_page(path="Area/Home", text=LONG, owner=reader)
    client.force_login(reader)
    costs = []
    for size in (2, 18):
        for number in range(size):
            writer = make_member()
            make_page(path=f"Needed {size} {number}", text=LONG, owner=reader)
            make_page(
                path=f"Area/P{size} {number}",
                text=f"Requires: [[Needed {size} {number}]]\n\n[[Neded {size} {number}]] ![[x{number}.png]]\n",
                author=writer,
                owner=writer,
            )
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(name)).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1] <= 15


# ── Home, the desk, weekly mails ──


def test_home_names_what_i_was_asked_about_and_the_next_step_of_my_path(django_assert_max_num_queries):
    me, other = make_member(), make_member()
    now = timezone.now()
    asked = make_page(path="Asked", text=LONG, author=me, owner=other, at=now - timedelta(days=90))
    care.ask(asked, by=other, now=now)
    steps = [make_page(path=f"Step {at}", text=LONG, at=now - timedelta(days=90)) for at in range(3)]
    path = learning.create(title="Begin", for_whom="New members", by=other, now=now)
    for step in steps:
        learning.add_step(path, step)
    learning.follow(path, person=me, now=now, on=True)
    requiring.mark(steps[0], person=me, now=now, known=True)
    me.standing  # noqa: B018

    with django_assert_max_num_queries(2):
        cards = gathered.home(me, now)

    assert [(card.title, card.meta[0]) for card in cards] == [
        ("Asked", "you were asked to look it over"),
        ("Next on “Begin”: Step 1", "your learning path"),
    ]


def test_the_weekly_mail_tells_owners_and_whoever_was_asked():
    owner, asked, fine = make_member(), make_member(), make_member()
    now = timezone.now()
    for name in ("A", "B"):
        make_page(path=name, text=LONG, owner=owner, author=asked, at=now - timedelta(days=500))
    care.ask(Page.objects.get(path="A"), by=owner, now=now)

    told = gathered.digest([owner, asked, fine], now + timedelta(days=1), now + timedelta(days=8))

    assert [item.text for item in told[owner.pk]] == ["Your 2 pages want a look"]
    assert [item.text for item in told[asked.pk]] == ["You were asked to look over A"]
    assert fine.pk not in told


def test_officers_read_once_who_left_pages_behind():
    owner, librarian, other = (
        make_alumnus(name="Ada Gone"),
        make_officer(slug="library"),
        make_officer(slug="events"),
    )
    make_page(path="Theirs", text=LONG, owner=owner)
    now = timezone.now()
    care.notice_departures(now)
    soon = now + timedelta(hours=6)

    told = gathered.officer_digest([librarian, other], soon, soon + timedelta(days=7))
    later = gathered.officer_digest([librarian], soon + timedelta(days=7), soon + timedelta(days=14))

    assert list(told) == [librarian.pk]
    assert told[librarian.pk][0].detail == "Ada Gone has left 1 page to adopt"
    assert not told[librarian.pk][0].is_filler
    assert later[librarian.pk][0].detail == ""
    assert later[librarian.pk][0].is_filler


def test_the_desk_says_when_half_of_the_library_hangs_on_few(django_assert_max_num_queries):
    writer, officer = make_member(), make_officer(slug="library")
    make_page(path="A", text=LONG, author=writer)
    knowing.keep(timezone.now())
    officer.has_perm("wiki.trash_page")
    with django_assert_max_num_queries(3):
        items = gathered.desk(officer, timezone.now())
    assert "1 person gone, and nobody knows half of the wiki" in [item.title for item in items]


def test_once_a_day_the_clock_counts_who_knows_what_and_notices_who_left():
    make_page(path="A", text=LONG, owner=make_alumnus())
    assert knowing.is_due(timezone.now())
    tasks.tend()
    tasks.tend()
    assert not knowing.is_due(timezone.now())
    assert (LibraryFigure.objects.count(), OwnerChange.objects.count()) == (1, 1)
