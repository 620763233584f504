import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from events import slots
from events.models import Claim, Event, SeriesFollow
from members.models import Break, Club
from mlclub.refusal import Refused
from projects import continuing, study_groups
from projects.models import Initiative, InitiativeLink, Role
from tests.factories import make_club, make_member, make_page, make_term, make_user
from tests.factories.projects import make_initiative

pytestmark = pytest.mark.django_db

BOOK = "Underactuated robotics"


def typed(**more):
    return {
        "source": BOOK,
        "chapters": "\n".join(f"Chapter {n}" for n in range(1, 13)),
        "first_on": (date.today() + timedelta(days=9)).isoformat(),
        "begins": "18:00",
        "minutes": "90",
        "chapters_a_date": "1",
        "interval_weeks": "1",
        **more,
    }


def start(client, member, **more):
    client.force_login(member)
    return client.post(reverse("projects:group_create"), typed(**more))


def past(group, days):
    """Let the group's first dates lie behind us."""
    back = timedelta(days=days)
    for event in Event.objects.filter(series=group.series):
        Event.objects.filter(pk=event.pk).update(
            starts_at=event.starts_at - back, ends_at=event.ends_at - back, original_starts_at=None
        )


def chapters(group):
    return list(group.series.rota.sheet.slots.select_related("event", "sheet").in_order())


def test_a_book_makes_chapters_slots_dates_and_a_reading_list_in_one_go(client):
    make_club()
    member = make_member(name="Ada Quill")
    assert start(client, member).status_code == 302
    group = Initiative.objects.get()
    assert (group.name, group.kind, group.state) == (BOOK, "study_group", "running")
    assert [(slot.title, slot.event_id is not None) for slot in chapters(group)] == [
        (f"Chapter {n}", True) for n in range(1, 13)
    ]
    assert group.series.rota.reading_list.title == BOOK
    assert group.roles.get().kind == Role.Kind.LEAD
    assert SeriesFollow.objects.get().person == member
    body = client.get(group.get_absolute_url()).content.decode()
    assert "0/12 chapters" in body
    assert "Ada Quill" in body


def test_several_chapters_a_date_share_it(client):
    make_club()
    start(client, make_member(), chapters="One\nTwo\n\nThree", chapters_a_date="2")
    group = Initiative.objects.get()
    assert [(slot.title, slot.after_minutes) for slot in chapters(group)] == [
        ("One", 0),
        ("Two", 45),
        ("Three", 0),
    ]
    assert Event.objects.count() == 2


def test_a_group_may_meet_in_a_break_and_outside_any_term(client):
    make_club()
    term = make_term()
    first = term.ends_on + timedelta(days=9)
    Break.objects.create(term=term, name="Holidays", starts_on=first, ends_on=first + timedelta(days=30))
    start(client, make_member(), first_on=first.isoformat(), chapters="One\nTwo", uses_breaks="on")
    days = [timezone.localtime(event.starts_at, Club.current().zone).date() for event in Event.objects.all()]
    assert days == [first, first + timedelta(days=7)]
    assert {event.term for event in Event.objects.all()} == {None}


def test_without_the_tick_breaks_are_left_out(client):
    make_club()
    term = make_term()
    first = date.today() + timedelta(days=3)
    Break.objects.create(term=term, name="Holidays", starts_on=first, ends_on=first + timedelta(days=3))
    start(client, make_member(), first_on=first.isoformat(), chapters="One")
    assert timezone.localtime(Event.objects.get().starts_at, Club.current().zone).date() == first + timedelta(
        days=7
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"chapters": " \n "}, "This is needed. Please fill it in."),
        ({"chapters": "x\n" * 61}, "A group has 60 at most."),
        ({"first_on": "someday"}, "Give a day as 2026-10-30."),
        ({"minutes": "5"}, "Give 15 or more."),
    ],
)
def test_what_cannot_be_planned_is_said_beside_the_field_and_nothing_is_made(client, said, told):
    answer = start(client, make_member(), **said)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert BOOK in answer.content.decode()
    assert not Initiative.objects.exists()
    assert not Event.objects.exists()


def test_a_second_click_finds_the_name_taken_and_makes_no_second_group(client):
    make_club()
    member = make_member()
    start(client, member)
    answer = start(client, member)
    assert answer.status_code == 422
    assert "already a project of this name" in answer.content.decode()
    assert Event.objects.count() == 12


def test_others_join_and_everybody_claims_a_chapter(client):
    make_club()
    start(client, make_member())
    group = Initiative.objects.get()
    new = make_member(name="New Face")
    client.force_login(new)
    for _ in range(2):
        client.post(reverse("projects:group_join", args=[group.slug]))
    assert group.roles.filter(person=new).count() == 1
    client.post(reverse("events:slot_claim", args=[chapters(group)[0].pk]))
    assert Claim.objects.held().get().person == new
    client.force_login(make_user())
    assert client.post(reverse("projects:group_join", args=[group.slug])).status_code == 404


def test_the_page_lists_people_by_name_with_turns_taken_and_no_rank(client):
    make_club()
    start(client, make_member(name="Zoe Lead"))
    group = Initiative.objects.get()
    for name in ("Bo Marsh", "Ada Quill"):
        study_groups.join(group, make_member(name=name), now=timezone.now())
    body = client.get(group.get_absolute_url()).content.decode()
    turns = body[body.index("Turns taken") :]
    assert turns.index("Ada Quill") < turns.index("Bo Marsh") < turns.index("Zoe Lead")
    assert "not yet" in turns


def test_whoever_leaves_gives_their_chapter_back_and_the_only_lead_stays(client):
    make_club()
    lead, other = make_member(), make_member()
    start(client, lead)
    group = Initiative.objects.get()
    study_groups.join(group, other, now=timezone.now())
    slots.claim(chapters(group)[3], other, now=timezone.now())
    assert study_groups.leave(group, other, now=timezone.now())
    assert not Claim.objects.held().exists()
    assert not SeriesFollow.objects.filter(person=other).exists()
    with pytest.raises(Refused, match="only lead"):
        study_groups.leave(group, lead, now=timezone.now())


def test_a_group_that_stops_after_three_weeks_says_so(client):
    make_club()
    lead = make_member()
    start(client, lead)
    group = Initiative.objects.get()
    for slot in chapters(group)[:3]:
        Claim.objects.create(slot=slot, person=lead)
    past(group, 26)
    client.post(reverse("projects:group_end", args=[group.slug]), {"why": "Exams came."})
    group.refresh_from_db()
    assert (group.state, group.outcome) == ("archived", "It ended after 3 of 12 chapters. Exams came.")
    assert Event.objects.filter(series=group.series, state="cancelled").count() == 9
    assert "3/12 chapters, then it stopped" in client.get(group.get_absolute_url()).content.decode()
    assert "stopped after 3 of 12 chapters" in client.get(reverse("projects:group_list")).content.decode()


def test_a_group_that_read_everything_is_done(client):
    make_club()
    lead = make_member()
    start(client, lead, chapters="One\nTwo")
    group = Initiative.objects.get()
    for slot in chapters(group):
        Claim.objects.create(slot=slot, person=lead)
    past(group, 40)
    study_groups.end(group, "Worth it.", by=lead, now=timezone.now())
    group.refresh_from_db()
    assert group.state == "done"


def test_a_capstone_goes_on_as_a_group_over_the_break_whose_chapters_are_papers(client):
    """Steps 5 and 6 of the story of a capstone that became a project."""
    make_club()
    team = [make_member() for _ in range(4)]
    capstone = make_initiative(name="RL for grid worlds", kind="capstone", lead=team[0], team=team[1:])
    group = continuing.go_on_as(
        capstone,
        kind="study_group",
        name="Language as a prior",
        direction="Language as a prior",
        people=team,
        by=team[0],
        now=timezone.now(),
    )
    assert InitiativeLink.objects.get().kind == "grew_into"
    client.force_login(team[0])
    page = client.get(group.get_absolute_url()).content.decode()
    assert reverse("projects:group_arrange", args=[group.slug]) in page
    papers = "\n".join(
        [f"Paper {n} arXiv:2006.1123{n}" for n in range(5)] + ["Sixth https://papers.example/6"]
    )
    break_ = make_term().ends_on + timedelta(days=9)
    client.post(
        reverse("projects:group_arrange", args=[group.slug]),
        typed(chapters=papers, first_on=break_.isoformat(), uses_breaks="on"),
    )
    group.refresh_from_db()
    assert group.series.follows.count() == 4
    assert Event.objects.filter(series=group.series, term=None).count() == 6
    listed = group.series.rota.reading_list.placements.select_related("paper")
    assert [row.paper.title for row in listed] == [f"Paper {n}" for n in range(5)] + ["Sixth"]
    with pytest.raises(Refused):
        study_groups.arrange(group, None, by=team[0], now=timezone.now())


def test_no_group_takes_the_address_of_the_list():
    assert make_initiative(name="Groups").slug == "groups-2"


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_and_a_group_cost_the_same_for_any_number(client, size, django_assert_max_num_queries):
    make_club()
    member = make_member()
    for n in range(size):
        start(client, member, source=f"Book {n}", chapters="\n".join(f"C{k}" for k in range(size)))
    group = Initiative.objects.first()
    for _ in range(size):
        study_groups.join(group, make_member(), now=timezone.now())
    make_page()
    for url in (reverse("projects:group_list"), group.get_absolute_url()):
        client.get(url)
        with django_assert_max_num_queries(15, info=url):
            client.get(url)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_six_who_claim_the_same_chapter_one_has_it(client):
    make_club()
    start(client, make_member())
    slot, people = chapters(Initiative.objects.get())[0], [make_member() for _ in range(6)]
    barrier, refused = threading.Barrier(6), []

    def run(person):
        try:
            barrier.wait()
            slots.claim(slot, person, now=timezone.now())
        except Refused as told:
            refused.append(str(told))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[person]) for person in people]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert Claim.objects.held().filter(slot=slot).count() == 1
    assert [told.partition(" was just taken.")[0] for told in refused] == ["Chapter 1"] * 5
