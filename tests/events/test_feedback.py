from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from events import feedback
from events.models import FeedbackAnswer, FeedbackForm, FeedbackGiven
from members.models import AuditEntry
from mlclub.refusal import Refused
from tests.factories import make_attendance, make_event, make_member, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
GOOD = {"clarity": 4, "idea": 3, "result": 2}


@pytest.fixture(autouse=True)
def _nobody_counted_before():
    cache.clear()


def make_form(**fields):
    event = make_event(starts_at=NOW - timedelta(minutes=20))
    return feedback.ask(event, "Grid worlds", feedback.TALK, **fields)


def give(form, person=None, *, keep="", ratings=GOOD, token=""):
    return feedback.give(form, ratings=ratings, texts={"keep": keep}, now=NOW, person=person, token=token)


def test_a_guest_answers_on_the_phone_without_an_account_and_once(client):
    form = make_form()
    page = client.get(form.get_absolute_url())
    assert "How clear was it?" in page.content.decode()
    answers = {**GOOD, "keep": "<script>alert(1)</script>", "next": ""}
    for _ in range(2):
        assert "Thank you" in client.post(form.get_absolute_url(), answers).content.decode()
    assert FeedbackAnswer.objects.get().texts == {"keep": "<script>alert(1)</script>"}
    assert FeedbackGiven.objects.get().person is None


def test_what_was_typed_stays_where_something_is_missing(client):
    form = make_form()
    page = client.post(form.get_absolute_url(), {"clarity": 4, "keep": "The plot."})
    assert page.status_code == 422
    assert "Choose a number from 1 to 4." in page.content.decode()
    assert "The plot." in page.content.decode()
    assert client.post(form.get_absolute_url(), {**GOOD, "clarity": 9}).status_code == 422
    assert client.post(form.get_absolute_url(), {**GOOD, "keep": "x" * 401}).status_code == 422
    assert not FeedbackAnswer.objects.exists()


def test_a_member_is_counted_as_themselves_on_any_device(client):
    form, member = make_form(), make_member()
    client.force_login(member)
    client.post(form.get_absolute_url(), GOOD)
    client.cookies.clear()
    client.force_login(member)
    assert "Thank you" in client.get(form.get_absolute_url()).content.decode()
    assert FeedbackAnswer.objects.count() == 1


def test_a_whole_room_behind_one_address_may_answer_and_a_script_may_not(client):
    form = make_form()
    codes = []
    for _ in range(61):
        client.cookies.clear()
        codes.append(client.post(form.get_absolute_url(), GOOD).status_code)
    assert (codes[:60], codes[60]) == ([200] * 60, 429)
    assert FeedbackAnswer.objects.count() == 60


def test_nothing_is_shown_to_anybody_below_four_answers():
    form = make_form()
    for n in range(3):
        give(form, make_member(), keep=f"Sentence {n}")
    assert feedback.results(form, now=NOW, with_hidden=True) == feedback.Results(3)
    with pytest.raises(feedback.TooFew):
        feedback.release(form, by=make_member(), now=NOW)
    give(form, make_member(), keep="Sentence 3", ratings={**GOOD, "clarity": 1})
    told = feedback.results(form, now=NOW)
    assert (told.n, told.ratings[0].counts, told.ratings[0].mean) == (4, (1, 0, 0, 3), 3.25)
    assert [row.text for row in told.sentences[0][1]] == [f"Sentence {n}" for n in range(4)]


def test_whoever_watches_cannot_work_out_a_single_answer_from_the_sums():
    """Four stand there, the fifth and sixth change nothing, with the seventh all three join; the rest at the end."""
    form, seen = make_form(), []
    for n in range(9):
        give(form, make_member(), keep=f"Sentence {n}", ratings={**GOOD, "clarity": 1 if n == 4 else 4})
        told = feedback.results(form, now=NOW, with_hidden=True)
        seen.append((told.n, told.ratings[0].counts if told.is_shown else None))
    four, seven = (4, (0, 0, 0, 4)), (7, (1, 0, 0, 6))
    assert seen == [(1, None), (2, None), (3, None), four, four, four, seven, seven, seven]
    assert len(told.sentences[0][1]) == 7
    assert not told.is_final
    told = feedback.results(form, now=form.closes_at)
    assert (told.n, told.ratings[0].counts, told.is_final) == (9, (1, 0, 0, 8), True)


def test_a_release_before_the_end_counts_the_last_ratings_and_keeps_unread_sentences_out():
    form, lead = make_form(), make_member()
    for n in range(6):
        give(form, make_member(), keep=f"Sentence {n}")
    read = {row.text for row in feedback.results(form, now=NOW, with_hidden=True).sentences[0][1]}
    assert len(read) == 4
    feedback.release(form, by=lead, now=NOW)
    told = feedback.results(FeedbackForm.objects.get(), now=NOW)
    assert told.n == 6
    assert {row.text for row in told.sentences[0][1]} == read


def test_the_database_itself_cannot_say_who_answered_what():
    """No key, no time, no serial number, and neither the row's transaction nor its place tells the order."""
    form = make_form()
    people = [make_member() for _ in range(9)]
    for n, person in enumerate(people):
        give(form, person, keep=f"{n}")
    columns = {field.name for field in FeedbackAnswer._meta.get_fields()}
    assert columns == {"id", "form", "ratings", "texts", "hidden", "is_counted"}
    assert {field.name for field in FeedbackGiven._meta.get_fields()} == {"id", "form", "person", "device"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT texts->>'keep', xmin::text FROM events_feedbackanswer ORDER BY ctid")
        rows = cursor.fetchall()
        cursor.execute("SELECT id, xmin::text FROM events_feedbackgiven ORDER BY ctid")
        given = cursor.fetchall()
    order = [row[0] for row in rows]
    assert len({row[1] for row in [*rows, *given]}) == 1
    assert [row[0] for row in given] == sorted((row[0] for row in given), key=lambda key: key.int)
    assert order == [
        row.texts["keep"] for row in sorted(FeedbackAnswer.objects.all(), key=lambda row: row.pk.int)
    ]


def test_a_device_is_another_one_for_another_form():
    one, two = make_form(), make_form()
    give(one, token="abc")
    give(two, token="abc")
    assert len(set(FeedbackGiven.objects.values_list("device", flat=True))) == 2
    with pytest.raises(Refused, match="cookies"):
        give(one)


def test_those_it_is_about_and_those_too_early_or_late_are_turned_away(client):
    speaker = make_member()
    form = make_form(about=[speaker])
    with pytest.raises(Refused, match="your own work"):
        give(form, speaker)
    FeedbackForm.objects.update(open_for=timedelta(seconds=1))
    form.refresh_from_db()
    event = form.event
    for starts_at, words in [(NOW + timedelta(days=1), "not open yet"), (NOW - timedelta(days=2), "closed")]:
        event.starts_at, event.ends_at = starts_at, starts_at + timedelta(hours=1)
        event.save()
        with pytest.raises(Refused, match=words):
            give(form, make_member())
        assert words in client.get(form.get_absolute_url()).content.decode()
    assert client.get("/f/nothing/").status_code == 404


def test_a_sentence_is_taken_out_and_the_trail_knows_who_did_but_not_what_it_said():
    form, lead = make_form(), make_member()
    for n in range(4):
        give(form, make_member(), keep="Unkind" if n == 2 else f"Kind {n}")
    row = next(row for row in FeedbackAnswer.objects.all() if row.texts["keep"] == "Unkind")
    assert feedback.hide(form, row.pk, "keep", by=lead) is True
    assert [each.text for each in feedback.results(form, now=NOW).sentences[0][1]] == [
        "Kind 0",
        "Kind 1",
        "Kind 3",
    ]
    assert len(feedback.results(form, now=NOW, with_hidden=True).sentences[0][1]) == 4
    entry = AuditEntry.objects.get(action="feedback-hidden")
    assert (entry.actor, entry.after) == (lead, {"question": "keep"})
    assert feedback.release(form, by=lead, now=NOW) is True
    assert feedback.release(form, by=lead, now=NOW) is False
    assert feedback.hide(form, row.pk, "keep", by=lead, is_hidden=False) is False
    with pytest.raises(Refused, match="closed"):
        give(FeedbackForm.objects.get(), make_member())


def test_a_pulse_opens_to_whoever_was_checked_in_and_to_nobody_else(client):
    event = make_event(starts_at=NOW - timedelta(hours=3))
    form = feedback.ask(event, "Week 5", feedback.PULSE, audience="attendees", opens="end")
    here, elsewhere = make_member(), make_member()
    make_attendance(event=event, user=here)
    assert client.get(form.get_absolute_url()).url.startswith("/accounts/login/")
    client.force_login(elsewhere)
    assert client.get(form.get_absolute_url()).status_code == 404
    client.force_login(make_user())
    assert client.post(form.get_absolute_url(), {"followed": 3}).status_code == 404
    client.force_login(here)
    assert "Thank you" in client.post(form.get_absolute_url(), {"followed": 3}).content.decode()
    assert FeedbackAnswer.objects.count() == 1
