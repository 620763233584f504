from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction

from members.ledger import Category, Due, at, kinds, record_sent, stopping, tell, tell_many
from members.ledger.sending import sweep
from members.models import Club, Notification, Preference
from tests.factories import make_club, make_member, make_user
from tests.members.ledger_tools import NOON, make_kind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]
Status = Notification.Status


def only():
    return Notification.objects.get()


# ── Telling


def test_the_same_thing_is_told_once(django_capture_on_commit_callbacks):
    news, person = make_kind(), make_user()

    assert tell(news, person, about="events.event:7", slot="a", now=NOON) is True
    assert tell(news, person, about="events.event:7", slot="a", now=NOON) is False
    assert tell(news, person, about="events.event:7", slot="b", now=NOON) is True
    assert tell(news, None, address="Guest@Club.Example", slot="a", now=NOON) is True
    assert tell(news, None, address="guest@club.example", slot="a", now=NOON) is False
    assert Notification.objects.count() == 3


def test_a_message_is_lost_together_with_the_act_that_it_tells_of():
    news, person = make_kind(), make_user()

    @transaction.atomic
    def act():
        tell(news, person)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert not Notification.objects.exists()


def test_a_message_needs_exactly_one_recipient():
    news = make_kind()
    with pytest.raises(ValueError, match="one of the two"):
        tell(news, None)
    with pytest.raises(ValueError, match="one of the two"):
        tell(news, make_user(), address="guest@club.example")


def test_many_are_told_with_one_statement(django_assert_num_queries):
    news, people = make_kind(), [make_user() for _ in range(5)]
    with django_assert_num_queries(1):
        assert tell_many(news, [Due(person, slot="x") for person in people], now=NOON) == 5
    assert tell_many(news, [Due(person.pk, slot="x") for person in people], now=NOON) == 0


def test_a_slot_is_the_same_instant_in_every_zone():
    club = make_club()
    assert at(NOON) == at(NOON.astimezone(club.zone)) == "2026-11-18T20:00:00Z"
    assert at(NOON, "24h") == "2026-11-18T20:00:00Z 24h"


def test_two_kinds_of_one_name_are_refused():
    make_kind("news")
    with pytest.raises(Exception, match="Two kinds"):
        make_kind("news")


# ── What a mail carries


def test_a_mail_says_why_it_came_and_how_to_stop_it(settings):
    settings.SITE_URL = "https://portal.club.example"
    make_club(contact_email="board@club.example", name="Kelp Forest Club")
    person = make_user(name="Wren")
    tell(make_kind("news", label="Club news"), person, now=NOON)

    sweep(NOON)

    [sent] = mail.outbox
    row = only()
    link = stopping.link(stopping.token_of(row))
    assert (sent.to, sent.reply_to, sent.from_email) == (
        [person.email], ["board@club.example"], "Kelp Forest Club <portal@club.example>",
    )  # fmt: skip
    assert sent.extra_headers == {
        "Message-ID": row.message_id,
        "List-Id": "Club news <news.portal.club.example>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{link}>, <mailto:board@club.example?subject=unsubscribe%20news>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    [(html, kind_of_text)] = sent.alternatives
    assert kind_of_text == "text/html"
    for text in (sent.body, html):
        assert "Hello Wren" in text
        assert "You get this because the test says so" in text
        assert link in text
        assert "https://portal.club.example/settings/notifications/" in text
    assert (row.status, row.subject, row.sent_at is not None) == (Status.SENT, "News", True)


def test_a_kind_that_is_needed_offers_no_way_to_stop_it():
    tell(make_kind(is_required=True), make_user(), now=NOON)
    sweep(NOON)
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers
    assert "/u/" not in mail.outbox[0].body


def test_nothing_of_a_person_gets_into_the_headers():
    make_club(name="A club\r\nBcc: everyone@club.example")
    person = make_user(name="Wren\r\nBcc: everyone@club.example")
    news = make_kind(context=lambda row: {"subject_line": "Hello\r\nBcc: everyone@club.example\n\n<script>"})
    tell(news, person, now=NOON)

    sweep(NOON)

    raw = mail.outbox[0].message().as_bytes()
    head = raw.partition(b"\n\n")[0].decode()
    assert not [line for line in head.splitlines() if line.lower().startswith("bcc")]
    assert mail.outbox[0].recipients() == [person.email]
    assert "\n" not in only().subject


def test_files_go_along_under_harmless_names():
    news = make_kind(attachments=lambda row: [("a/b\r\nX: y.ics", b"BEGIN:VCALENDAR", "text/calendar")])
    tell(news, make_user(), now=NOON)
    sweep(NOON)
    [(name, content, mimetype)] = mail.outbox[0].attachments
    assert (name, mimetype) == ("a_b__X_ y.ics", "text/calendar")
    assert "BEGIN:VCALENDAR" in str(content)


# ── Just before it goes


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(False, "It was no longer needed."), ("The event was cancelled.", "The event was cancelled.")],
)
def test_what_is_no_longer_wanted_is_skipped_with_its_reason(answer, reason):
    tell(make_kind(still_wanted=lambda row, now: answer), make_user(), now=NOON)
    sweep(NOON)
    assert (only().status, only().reason, mail.outbox) == (Status.SKIPPED, reason, [])


def test_a_message_about_something_deleted_is_skipped():
    def gone(row):
        return {"club": Club.objects.get(pk=99)}

    tell(make_kind(context=gone), make_user(), now=NOON)
    sweep(NOON)
    assert (only().status, only().reason) == (Status.SKIPPED, "What it was about is no longer there.")


def test_a_kind_that_no_app_declares_any_more_is_skipped():
    tell(make_kind(), make_user(), now=NOON)
    kinds.REGISTRY.clear()
    sweep(NOON)
    assert (only().status, only().reason) == (Status.SKIPPED, "This kind of mail no longer exists.")


def test_what_comes_too_late_is_skipped():
    tell(make_kind(), make_user(), expires_at=NOON + timedelta(hours=1), now=NOON)
    sweep(NOON + timedelta(hours=1))
    assert (only().status, only().reason) == (Status.SKIPPED, "It would have come too late.")


@pytest.mark.parametrize("field", ["suspended_at", "erased_at"])
def test_a_closed_account_gets_nothing(field):
    tell(make_kind(), make_user(**{field: NOON}), now=NOON)
    sweep(NOON)
    assert (only().status, only().reason) == (Status.SKIPPED, "The account is closed or suspended.")


def test_what_a_person_switched_off_is_skipped_and_what_is_needed_is_not():
    news, codes, person = make_kind("news"), make_kind("codes", is_required=True), make_user()
    for declared in (news, codes):
        stopping.choose(kinds.find(declared.slug), person=person, is_wanted=False, now=NOON)
        tell(declared, person, now=NOON)
    sweep(NOON)
    states = dict(Notification.objects.values_list("kind", "status"))
    assert states == {"news": Status.SKIPPED, "codes": Status.SENT}


def test_what_is_off_by_default_goes_only_to_those_who_asked():
    news, asked, silent = make_kind(is_on=False), make_user(), make_user()
    stopping.choose(kinds.find("news"), person=asked, is_wanted=True, now=NOON)
    tell_many(news, [Due(asked), Due(silent)], now=NOON)
    sweep(NOON)
    assert [message.to for message in mail.outbox] == [[asked.email]]


def test_an_address_that_came_back_gets_only_what_somebody_waits_for():
    person = make_user()
    stopping.pause(person.email, "550 no such user", now=NOON)
    for category in Category:
        tell(make_kind(category.name.lower(), category=category), person, now=NOON)
    sweep(NOON)
    sent = Notification.objects.filter(status=Status.SENT).values_list("kind", flat=True)
    assert list(sent) == ["transactional"]
    stopping.lift(person.email, now=NOON, reason="it works")
    tell(make_kind("again", category=Category.DIGEST), person, now=NOON)
    sweep(NOON)
    assert Notification.objects.get(kind="again").status == Status.SENT


def test_a_mistake_in_one_message_stops_no_other():
    def breaks(row):
        raise RuntimeError("a mistake")

    tell(make_kind("broken", context=breaks), make_user(), now=NOON)
    tell(make_kind("fine"), make_user(), now=NOON)
    sweep(NOON)
    assert dict(Notification.objects.values_list("kind", "status")) == {
        "broken": Status.FAILED,
        "fine": Status.SENT,
    }
    broken = Notification.objects.get(kind="broken")
    for hours in range(1, 30):
        sweep(NOON + timedelta(hours=hours))
    broken.refresh_from_db()
    assert (broken.status, broken.attempts) == (Status.DEAD, 6)


def test_who_waits_is_served_before_digests():
    tell(make_kind("digest", category=Category.DIGEST), make_user(), now=NOON - timedelta(hours=1))
    tell(make_kind("moved"), make_user(), now=NOON)
    sweep(NOON)
    assert list(Notification.objects.order_by("sent_at").values_list("kind", flat=True)) == [
        "moved",
        "digest",
    ]


# ── What falls due by the clock


def reminder(start, people, *, offset=timedelta(hours=24)):
    """As an app writes it: who registered before the reminder was due, while the event has this start."""

    def due(now):
        if start["at"] - offset <= now < start["at"]:
            for person, registered_at in people:
                if registered_at <= start["at"] - offset:
                    yield Due(
                        person,
                        about="events.event:1",
                        slot=at(start["at"]),
                        due_at=start["at"] - offset,
                        expires_at=start["at"],
                    )

    def still_wanted(row, now):
        return True if row.slot == at(start["at"]) else "The event was moved."

    return make_kind("reminder", category=Category.REMINDER, due=due, still_wanted=still_wanted)


def test_a_reminder_goes_once_and_whoever_registers_later_gets_none():
    start, early, late = {"at": NOON + timedelta(hours=24)}, make_user(), make_user()
    people = [(early, NOON - timedelta(days=3))]
    reminder(start, people)
    sweep(NOON - timedelta(seconds=1))
    assert mail.outbox == []
    people.append((late, NOON + timedelta(hours=1)))
    for hours in (0, 1, 2, 23):
        sweep(NOON + timedelta(hours=hours))
    assert [message.to for message in mail.outbox] == [[early.email]]


def test_a_moved_event_reminds_anew_and_the_old_reminder_cannot_fire():
    start, person = {"at": NOON + timedelta(hours=24)}, make_user()
    reminder(start, [(person, NOON - timedelta(days=3))])
    from members.ledger.sending import tick

    tick(NOON)  # written, not sent yet
    start["at"] = NOON + timedelta(hours=72)
    sweep(NOON + timedelta(minutes=1))
    sweep(NOON + timedelta(hours=48))
    assert [(row.slot, row.status, row.reason) for row in Notification.objects.order_by("due_at")] == [
        (at(NOON + timedelta(hours=24)), Status.SKIPPED, "The event was moved."),
        (at(NOON + timedelta(hours=72)), Status.SENT, ""),
    ]


def test_three_days_asleep_send_no_stale_reminder():
    start = {"at": NOON + timedelta(hours=24)}
    reminder(start, [(make_user(), NOON - timedelta(days=3))])
    sweep(NOON + timedelta(days=3))
    assert not Notification.objects.exists()


def test_what_an_app_offers_too_early_or_too_late_is_not_written():
    person = make_user()
    make_kind(
        due=lambda now: [
            Due(person, slot="early", due_at=now + timedelta(seconds=1)),
            Due(person, slot="late", due_at=now - timedelta(days=1), expires_at=now),
        ]
    )
    sweep(NOON)
    assert not Notification.objects.exists()


def test_one_app_that_fails_does_not_keep_the_reminders_of_the_others():
    person = make_user()

    def fails(now):
        yield Due(person, slot="lost with the rest")
        raise RuntimeError("no")

    make_kind("a", due=fails)
    make_kind("b", due=lambda now: [Due(person)])
    done = sweep(NOON)
    assert list(Notification.objects.values_list("kind", flat=True)) == ["b"]
    assert done.problems == ["a: RuntimeError: no"]
    with pytest.raises(CommandError, match="RuntimeError: no"):
        call_command("notify", "--once", "--now", "2026-11-18T20:00Z")


def test_the_clock_is_looked_at_once_in_fifteen_seconds_however_often_the_ledger_is_poked():
    make_club()
    asked = []
    make_kind(due=lambda now: asked.append(now) or [])
    for seconds in (0, 5, 14, 16, 20, 40):
        sweep(NOON + timedelta(seconds=seconds), always_tick=False)
    assert [round((now - NOON).total_seconds()) for now in asked] == [0, 16, 40]
    sweep(NOON - timedelta(hours=2), always_tick=False)  # the machine's clock is set back
    assert len(asked) == 4
    assert Club.objects.get().last_tick_at < NOON


# ── Quiet hours


LA = "America/Los_Angeles"


@pytest.mark.parametrize(
    ("category", "local", "goes"),
    [
        (Category.DIGEST, "2026-11-18T21:59", None),
        (Category.DIGEST, "2026-11-18T22:00", "2026-11-19T08:00-08:00"),
        (Category.DIGEST, "2026-11-18T07:59", "2026-11-18T08:00-08:00"),
        (Category.DIGEST, "2026-11-18T08:00", None),
        # The night in which summer time ends is an hour longer, and the one in which it begins an hour shorter.
        (Category.DIGEST, "2026-10-31T23:00", "2026-11-01T08:00-08:00"),
        (Category.DIGEST, "2026-11-01T01:30", "2026-11-01T08:00-08:00"),
        (Category.DIGEST, "2027-03-14T03:30", "2027-03-14T08:00-07:00"),
        (Category.DIGEST, "2027-03-13T22:30", "2027-03-14T08:00-07:00"),
        (Category.TRANSACTIONAL, "2026-11-18T23:00", None),
        (Category.ANNOUNCEMENT, "2026-11-18T23:00", None),
    ],
)
def test_digests_wait_for_the_morning_in_the_clubs_zone(category, local, goes):
    club = make_club(time_zone=LA)
    now = datetime.fromisoformat(local).replace(tzinfo=club.zone)
    tell(make_kind(category=category), make_user(), now=now)
    sweep(now)
    if goes is None:
        assert only().status == Status.SENT
        return
    assert (only().status, only().try_at) == (Status.PENDING, datetime.fromisoformat(goes))
    sweep(datetime.fromisoformat(goes))
    assert (only().status, len(mail.outbox)) == (Status.SENT, 1)


@pytest.mark.parametrize(("ahead", "waits"), [(timedelta(hours=24), True), (timedelta(hours=6), False)])
def test_a_reminder_a_day_ahead_waits_for_the_morning_and_a_closer_one_does_not(ahead, waits):
    club = make_club(time_zone=LA)
    night = datetime(2026, 11, 18, 23, 0, tzinfo=club.zone)
    tell(make_kind(category=Category.REMINDER), make_user(), expires_at=night + ahead, now=night)
    sweep(night)
    assert only().status == (Status.PENDING if waits else Status.SENT)


def test_quiet_hours_never_make_a_message_come_too_late():
    club = make_club(time_zone=LA)
    night = datetime(2026, 11, 18, 23, 0, tzinfo=club.zone)
    tell(make_kind(category=Category.DIGEST), make_user(), expires_at=night + timedelta(hours=5), now=night)
    sweep(night)
    assert only().status == Status.SENT


# ── The command


def test_the_command_sends_without_celery_at_any_instant(capsys):
    make_club(time_zone=LA)
    start, person = {"at": datetime(2027, 3, 14, 20, 0, tzinfo=UTC)}, make_member()
    reminder(start, [(person, NOON)])
    call_command("notify", "--once", "--now", "2027-03-13T12:00")  # the club's wall time: 20:00 UTC
    assert [message.to for message in mail.outbox] == [[person.email]]
    assert capsys.readouterr().out.strip() == "1 fell due, 1 sent"
    call_command("notify", "--once", "--now", "2027-03-13T12:01")
    assert len(mail.outbox) == 1
    with pytest.raises(CommandError, match="is not an instant"):
        call_command("notify", "--once", "--now", "tomorrow")


def test_an_account_mail_leaves_its_kind_and_outcome_and_nothing_else():
    person = make_user()
    record_sent("account-login_code", person, now=NOON)
    record_sent("account-password_reset_code", "Stranger@Club.Example", "550 no", now=NOON)
    assert list(
        Notification.objects.order_by("pk").values_list(
            "person", "address", "kind", "status", "subject", "data"
        )
    ) == [
        (person.pk, None, "account-login_code", Status.SENT, "", {}),
        (None, "stranger@club.example", "account-password_reset_code", Status.DEAD, "", {}),
    ]
    sweep(NOON + timedelta(days=1))
    assert mail.outbox == []


def test_the_sender_asks_the_database_a_fixed_number_of_times_for_a_batch(django_assert_max_num_queries):
    news = make_kind()
    tell_many(news, [Due(make_user()) for _ in range(20)], now=NOON)
    # Two for each mail (begun, done): a sender that is killed may forget nothing that it sent.
    with django_assert_max_num_queries(2 * 20 + 25):
        sweep(NOON)
    assert Preference.objects.count() == 0
    assert len(mail.outbox) == 20
