"""Signing up on the event's page, and what hosts settle about it."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import questions, registrations
from events.models import Event, NoShowRule, Registration, RegistrationWindow, SignUpAnswer, SignUpQuestion
from events.registrations import Answer
from mlclub.refusal import Refused
from tests.factories import (
    make_attendance,
    make_club,
    make_draw_event,
    make_event,
    make_member,
    make_missed,
    make_officer,
    make_question,
    make_rule,
    make_series,
    make_user,
    make_window,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def club():
    return make_club()


def address(name, event, *more):
    return reverse(f"events:{name}", args=[event.pk, *more])


def read(client, event):
    return client.get(event.get_absolute_url()).content.decode()


# ── Questions ──


def asking_event(**fields):
    event = make_event(**fields)
    return event, {
        "size": make_question(event=event, text="Size?", kind="choice", choices=["S", "M"], is_required=True),
        "topics": make_question(
            event=event, text="Topics?", kind="choices", choices=["RL", "CV", "=NLP"], position=1
        ),
        "years": make_question(event=event, text="Years?", kind="number", position=2),
        "first": make_question(event=event, text="First time?", kind="yes_no", position=3),
        "more": make_question(event=event, text="More?", kind="long", position=4),
    }


def typed(asked, **values):
    return {f"q{asked[name].pk}": value for name, value in values.items()}


def test_answers_of_every_type_are_kept_with_the_registration(client):
    event, asked = asking_event()
    member = make_member()
    client.force_login(member)
    data = typed(asked, size="M", topics=["RL", "=NLP"], years="3", first="no", more="Two\nlines")
    client.post(address("event_register", event), {"part": "seat", **data})
    answers = SignUpAnswer.objects.filter(registration__user=member).order_by("question__position")
    assert [answer.value for answer in answers] == ["M", ["RL", "=NLP"], 3, False, "Two\nlines"]
    assert [answer.words for answer in answers][:4] == ["M", "RL, =NLP", "3", "No"]


def test_what_must_be_answered_is_said_beside_the_field_and_what_was_typed_is_kept(client):
    event, asked = asking_event()
    client.force_login(make_member())
    page = client.post(
        address("event_register", event), {"part": "seat", **typed(asked, size="XXL", years="7")}
    )
    assert page.status_code == 422
    assert "One thing to mend" in page.content.decode()
    assert 'value="7"' in page.content.decode()
    assert not Registration.objects.exists()


def test_a_button_of_a_list_leads_to_the_page_where_something_is_asked(client):
    event, _ = asking_event()
    client.force_login(make_member())
    page = client.get(reverse("events:event_list")).content.decode()
    assert f'action="{address("event_register", event)}"' not in page
    answer = client.post(address("event_register", event), {"next": "/home/"})
    assert answer["Location"] == f"{event.get_absolute_url()}#seat"
    assert not Registration.objects.exists()


def test_a_process_too_refuses_somebody_who_did_not_answer():
    event, asked = asking_event()
    assert registrations.register(event, make_user()).answer == Answer.ASKS
    assert registrations.register(event, make_user(), answers={asked["size"].pk: "S"}).answer == Answer.GOING


def test_people_answer_anew_until_sign_up_closes(client):
    event, asked = asking_event(registration_closes_at=timezone.now() + timedelta(hours=1))
    member = make_member()
    mine = registrations.register(event, member, answers={asked["size"].pk: "S"}).registration
    client.force_login(member)
    assert "What you told the hosts" in read(client, event)
    client.post(address("event_register", event), {"change_note": "1", **typed(asked, size="M")})
    assert mine.answers.get().value == "M"
    with pytest.raises(Refused, match="closed"):
        questions.change(mine, {asked["size"].pk: "S"}, now=event.registration_closes_at)


def test_answers_survive_that_a_question_is_worded_anew_or_taken_away(client):
    event, asked = asking_event(hosts=[host := make_member()])
    registrations.register(event, make_user(), answers={asked["size"].pk: "S"})
    client.force_login(host)
    client.post(
        reverse("events:question_edit", args=[asked["size"].pk]),
        {"text": "Which T-shirt?", "kind": "choice", "choices": "Small\nLarge", "is_required": "on"},
    )
    client.post(address("sign_up_edit", event), {"drop": asked["size"].pk})
    client.post(address("sign_up_edit", event), {"drop": asked["more"].pk})
    asked["size"].refresh_from_db()
    assert (asked["size"].text, asked["size"].retired_at is not None) == ("Which T-shirt?", True)
    assert not SignUpQuestion.objects.filter(pk=asked["more"].pk).exists()
    answer = SignUpAnswer.objects.get()
    assert (answer.asked, answer.words) == ("Size?", "S")
    assert "Size?" in client.get(address("event_people", event)).content.decode()


def test_a_series_asks_at_each_of_its_dates_before_what_the_date_asks():
    series = make_series(times=2)
    first, second = series.events.order_by("starts_at")
    make_question(event=first, text="Only here?", position=0)
    make_question(series=series, text="Everywhere?", position=5)
    assert [each.text for each in questions.asked_at(first)] == ["Everywhere?", "Only here?"]
    assert [each.text for each in questions.asked_at(second)] == ["Everywhere?"]


def test_the_list_for_hosts_holds_answers_no_formula_and_no_note(client):
    event, asked = asking_event(hosts=[host := make_member()], asks_note=True)
    person = make_user(name="=cmd|' /C calc'!A0")
    registrations.register(
        event, person, note="canary-nuts", answers={asked["size"].pk: "S", asked["topics"].pk: ["=NLP"]}
    )
    client.force_login(host)
    text = client.post(address("people_export", event)).content.decode()
    head, row = csv.reader(io.StringIO(text))
    cells = dict(zip(head, row, strict=True))
    assert (cells["name"], cells["Size?"], cells["Topics?"]) == ("'=cmd|' /C calc'!A0", "S", "'=NLP")
    assert "canary-nuts" not in text
    assert "mail address" not in cells, "hosts write to people through the portal"
    client.force_login(make_officer(slug="events"))
    assert person.email in client.post(address("people_export", event)).content.decode()
    client.force_login(make_member())
    assert client.post(address("people_export", event)).status_code == 403


# ── The button ──


def test_before_it_opens_the_same_button_stands_there_and_says_when(client):
    opens_at = timezone.now() + timedelta(hours=30)
    event = make_event(registration_opens_at=opens_at, asks_note=True)
    client.force_login(make_member())
    before = read(client, event)
    Event.objects.filter(pk=event.pk).update(registration_opens_at=timezone.now() - timedelta(minutes=1))
    after = read(client, event)

    def down_to_the_button(page):
        panel = page[page.index('id="seat"') :]
        return (
            panel[: panel.index("</button>")]
            .replace(' disabled aria-describedby="opens"', "")
            .replace(" disabled", "")
        )

    def without_token(text):
        return re.sub(r'value="\w{64}"', "", text)

    assert without_token(down_to_the_button(before)) == without_token(down_to_the_button(after))
    assert "Sign-up opens to you on" in before
    assert "Sign-up opens" not in after


def test_the_page_says_that_it_opens_earlier_for_you(client):
    event = make_event(registration_opens_at=timezone.now() + timedelta(hours=48))
    make_window(event=event, group="members", hours=12)
    client.force_login(make_member())
    assert "To everybody it opens on" in read(client, event)
    client.force_login(make_user())
    assert "To everybody it opens on" not in read(client, event)


def test_whoever_goes_behind_reads_why_and_until_when_and_nobody_else_does(client):
    make_rule(missed=1)
    person, host = make_member(name="Vera Green"), make_member()
    missed = make_missed(person, title="Board games")
    event = make_event(capacity=4, hosts=[host])
    client.force_login(person)
    assert "You had a seat at Board games" in read(client, event)
    for other in (host, make_officer()):
        client.force_login(other)
        assert "You had a seat at" not in read(client, event)
    assert missed.pk


@pytest.mark.parametrize("size", [1, 5])
def test_the_page_costs_the_same_for_any_number_of_questions_and_windows(
    client, size, django_assert_max_num_queries
):
    event = make_event(registration_opens_at=timezone.now() + timedelta(hours=48), capacity=5)
    make_rule()
    for n in range(size):
        make_question(event=event, text=f"Question {n}?")
        make_window(event=event, group="members", hours=n + 1)
    client.force_login(make_member())
    client.get(event.get_absolute_url())
    with django_assert_max_num_queries(20):
        client.get(event.get_absolute_url())


# ── The draw ──


def test_the_page_of_a_draw_takes_one_in_and_out(client):
    event = make_draw_event(seats=2)
    client.force_login(make_member())
    client.get(event.get_absolute_url())
    client.post(address("event_register", event), {"part": "seat"})
    ticket = Registration.objects.get().ticket
    page = read(client, event)
    assert "You are in the draw" in page
    assert ticket in page
    before = client.get(address("event_draw", event)).content.decode()
    assert event.draw.commitment in before
    assert event.draw.seed not in before
    client.post(address("event_leave", event), {"part": "seat"})
    assert not Registration.objects.live().exists()


def test_a_host_switches_the_draw_on_and_draws(client):
    event = make_event(capacity=1, hosts=[host := make_member()])
    client.force_login(host)
    client.post(address("sign_up_edit", event), {"draw": "on"})
    assert not Event.objects.get(pk=event.pk).uses_draw, "it needs an end of sign-up"
    Event.objects.filter(pk=event.pk).update(registration_closes_at=timezone.now() + timedelta(hours=1))
    client.post(address("sign_up_edit", event), {"draw": "on"})
    people = [make_user() for _ in range(3)]
    for person in people:
        registrations.register(event, person)
    client.post(address("sign_up_edit", event), {"draw_now": "1"})
    assert Event.objects.get(pk=event.pk).drawn_at is None, "not before sign-up has closed"
    Event.objects.filter(pk=event.pk).update(registration_closes_at=timezone.now())
    client.post(address("sign_up_edit", event), {"draw_now": "1"})
    event.refresh_from_db()
    assert event.drawn_at
    page = client.get(address("event_draw", event)).content.decode()
    assert event.draw.seed in page


# ── What hosts settle and do ──


def test_hosts_ask_order_and_open_earlier_and_others_may_not(client):
    host = make_member()
    event = make_event(hosts=[host])
    page = address("sign_up_edit", event)
    client.force_login(host)
    bad = client.post(page, {"ask": "1", "q-text": "Size?", "q-kind": "choice", "q-choices": "S"})
    assert bad.status_code == 422
    assert "Give at least two choices" in bad.content.decode()
    client.post(page, {"ask": "1", "q-text": "Size?", "q-kind": "choice", "q-choices": "S\nM\nS"})
    client.post(page, {"ask": "1", "q-text": "Why?", "q-kind": "text"})
    second = SignUpQuestion.objects.get(text="Why?")
    client.post(page, {"up": second.pk})
    assert [(each.text, each.choices) for each in questions.asked_at(event)] == [
        ("Why?", []),
        ("Size?", ["S", "M"]),
    ]
    client.post(page, {"open": "1", "w-group": "new_members", "w-hours": "48"})
    window = RegistrationWindow.objects.get()
    assert (window.event, window.earlier_by) == (event, timedelta(hours=48))
    assert "2 days earlier" in client.get(page).content.decode()
    client.post(page, {"shut": window.pk})
    assert not RegistrationWindow.objects.exists()
    client.force_login(make_member())
    assert client.get(page).status_code == 403


def test_a_series_has_a_rule_of_its_own(client):
    host = make_member()
    series = make_series(hosts=[host])
    client.force_login(host)
    page = reverse("events:series_sign_up", args=[series.slug])
    assert client.get(page).status_code == 200
    client.post(
        page, {"rule": "1", "r-is_on": "on", "r-missed": "2", "r-weeks": "6", "r-consequence": "confirm"}
    )
    rule = NoShowRule.objects.get()
    assert (rule.series, rule.missed, rule.is_on) == (series, 2, True)
    client.post(page, {"days": "1", "o-days": "3"})
    series.refresh_from_db()
    assert series.opens_before == timedelta(days=3)


def test_a_host_adds_somebody_by_hand_and_moves_somebody_up(client):
    event = make_event(
        capacity=1, hosts=[host := make_member()], registration_opens_at=timezone.now() + timedelta(days=1)
    )
    client.force_login(host)
    people = [make_user(name=f"Number {n}") for n in range(4)]
    for person in people:
        client.post(address("people_add", event), {"person": person.email})
    assert Registration.objects.live().count() == 4
    bad = client.post(address("people_add", event), {"name": "Only a name"})
    assert bad.status_code == 422
    last = Registration.objects.get(user=people[3])
    client.post(address("people_move_up", event, last.pk), {"reason": "Brings the beamer"})
    order = Registration.objects.live().in_order().values_list("user", flat=True)
    assert list(order) == [people[n].pk for n in (0, 3, 1, 2)]


def test_hosts_see_who_left_when_and_why_and_close_the_door_list(client):
    now = timezone.now()
    event = make_event(starts_at=now - timedelta(hours=4), hosts=[host := make_member()])
    person = make_user(name="Vera Green")
    earlier = now - timedelta(days=2)
    row = registrations.register(event, person, now=earlier).registration
    stays = registrations.register(event, make_user(), now=earlier).registration
    registrations.cancel(row, reason="ill that week", now=earlier)
    make_attendance(event=event, user=make_user())
    client.force_login(host)
    page = client.get(address("event_people", event)).content.decode()
    assert "ill that week" in page
    assert "themselves" in page
    client.post(address("door_list", event))
    assert Event.objects.get(pk=event.pk).door_list_at
    assert "Excuse" in client.get(address("event_people", event)).content.decode()
    client.post(address("people_excuse", event, stays.pk))
    stays.refresh_from_db()
    assert stays.excused_at


def test_too_late_to_give_it_back_one_tells_the_hosts(client):
    person = make_member()
    event = make_event(hosts=[make_member()], cancel_until=timezone.now() + timedelta(hours=1))
    registrations.register(event, person)
    Event.objects.filter(pk=event.pk).update(cancel_until=timezone.now())
    client.force_login(person)
    assert "Tell the hosts" in read(client, event)
    client.post(address("event_leave", event), {"tell": "1", "reason": "ill"})
    assert Registration.objects.get().said_no_at
    assert "You told the hosts on" in read(client, event)
