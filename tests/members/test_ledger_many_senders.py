"""Real connections, real processes: what two beats, two senders, a killed one and a dead Redis do to the ledger."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections
from django.utils import timezone

from members.ledger import Category, Due, at, holding, tell, tell_many
from members.ledger.sending import LEASE, sweep
from members.models import Notification, ProblemReport
from members.notifications import ProblemReported
from tests.factories import make_club, make_event, make_member, make_registration, make_term, make_user
from tests.members.ledger_tools import NOON, mail_server, make_kind

pytestmark = [pytest.mark.django_db(transaction=True)]
Status = Notification.Status
ROOT = Path(__file__).parent.parent.parent


def at_once(*functions):
    """Run the functions at the same moment, each with a connection of its own; returns what they returned."""
    barrier, answers, problems = threading.Barrier(len(functions)), [None] * len(functions), []

    def run(position, function):
        try:
            barrier.wait(10)
            answers[position] = function()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    return answers


@pytest.mark.race
@pytest.mark.usefixtures("own_kinds")
def test_two_beats_and_two_senders_at_once_send_one_mail_each(smtp):
    make_club()
    people = [make_user() for _ in range(60)]
    start = NOON + timedelta(hours=24)

    def due(now):
        return [
            Due(person, about="events.event:1", slot=at(start), due_at=NOON, expires_at=start)
            for person in people
        ]

    make_kind("reminder", category=Category.REMINDER, due=due)
    with mail_server() as (sink, port):
        smtp(port)
        for _ in range(3):
            at_once(*[lambda: sweep(NOON)] * 4)
    assert sorted(sink.recipients) == sorted(person.email for person in people)
    assert Notification.objects.filter(status=Status.SENT).count() == len(people)


@pytest.mark.race
@pytest.mark.usefixtures("own_kinds")
def test_four_senders_at_once_send_everybody_their_reminders_in_one_mail(smtp):
    """Three reminders for each of 70 people, more than one batch takes: a third of them an hour ahead."""
    make_club()
    people = [make_user() for _ in range(70)]

    def falling_due(hours):
        due_at = NOON + timedelta(hours=hours)
        end = due_at + timedelta(hours=24)
        return lambda now: [
            Due(person, slot=at(due_at), due_at=due_at, expires_at=end) for person in people if due_at <= now
        ]

    for slug, hours in [("event", 0), ("homework", 0), ("slot", 1)]:
        make_kind(slug, category=Category.REMINDER, due=falling_due(hours))
    with mail_server() as (sink, port):
        smtp(port)
        for _ in range(3):
            at_once(*[lambda: sweep(NOON)] * 4)
    assert sorted(sink.recipients) == sorted(person.email for person in people)
    rows = Notification.objects.filter(status=Status.SENT)
    assert rows.count() == 3 * len(people)
    assert set(rows.values_list("merged_as", flat=True)) == set(sink.ids)


@pytest.mark.race
@pytest.mark.usefixtures("own_kinds")
def test_while_one_is_being_sent_nobody_sends_another_part_of_it(smtp):
    """The server is slow; meanwhile a second sender looks, again and again."""
    make_club()
    person = make_user()
    for slug in ("event", "homework"):
        due = Due(person, slot=at(NOON), due_at=NOON, expires_at=NOON + timedelta(hours=24))
        make_kind(slug, category=Category.REMINDER, due=lambda now, due=due: [due])
    with mail_server(slow=1.0) as (sink, port):
        smtp(port)
        at_once(*[lambda: [sweep(NOON) for _ in range(5)]] * 2)
    assert len(sink.messages) == 1
    assert Notification.objects.filter(status=Status.SENT).count() == 2


@pytest.mark.race
@pytest.mark.usefixtures("own_kinds")
def test_two_who_tell_the_same_at_once_write_one_row():
    news, person = make_kind(), make_user()
    answers = at_once(*[lambda: tell(news, person, slot="x", now=NOON)] * 8)
    assert sorted(answers) == [False] * 7 + [True]
    assert Notification.objects.count() == 1


@pytest.mark.usefixtures("own_kinds")
def test_no_transaction_is_open_while_the_mail_server_is_spoken_to(smtp):
    """Otherwise one slow server would hold locks and snapshots for minutes."""
    tell(make_kind(), make_user(), now=NOON)
    seen = []
    with mail_server(slow=0.6) as (_, port):
        smtp(port)
        sender = threading.Thread(target=lambda: (sweep(NOON), connections.close_all()))
        sender.start()
        time.sleep(0.4)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND state LIKE 'idle in transaction%%'"
            )
            seen = cursor.fetchall()
        status = Notification.objects.get().status
        sender.join()
    assert (seen, status) == ([], Status.SENDING)
    assert Notification.objects.get().status == Status.SENT


def report_with(count):
    """A real kind, which other processes know too: a reported problem and `count` officers to hear of it."""
    report = ProblemReport.objects.create(text="The search finds nothing.", created_at=timezone.now())
    people = [make_member() for _ in range(count)]
    for person in people:
        tell(ProblemReported, person, about=report)
    return people


def sender_process(port, *options):
    """Another process that sends what is due."""
    name = connection.settings_dict
    return subprocess.Popen(
        [sys.executable, "manage.py", "notify", "--once", *options],
        cwd=ROOT,
        env={
            **os.environ,
            "DEBUG": "1",
            "DATABASE_URL": f"postgres://{name['USER']}:{name['PASSWORD']}@{name['HOST']}:{name['PORT']}/{name['NAME']}",
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        },
        stdout=subprocess.DEVNULL,
    )


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_sender_that_is_killed_on_the_way_loses_nothing(smtp):
    make_club()
    people = report_with(6)
    reports = Notification.objects.filter(kind="problem-reported")
    with mail_server(slow=0.3) as (sink, port):
        smtp(port)
        sender = sender_process(port)
        wait_for(lambda: len(sink.messages) >= 2)
        wait_for(lambda: reports.filter(status=Status.SENDING).exclude(begun_at=None).exists())
        sender.kill()
        sender.wait()
        held = reports.filter(status=Status.SENDING)
        assert held.exists()
        sweep(timezone.now())
        assert held.exists()  # nobody takes a row whose lease still runs
        sink.slow = 0
        sweep(timezone.now() + LEASE + timedelta(seconds=1))
    assert reports.exclude(status=Status.SENT).count() == 0
    assert set(sink.recipients) == {person.email for person in people}
    # At most the one that was on the way went twice, and under the same Message-ID.
    ids = list(reports.values_list("message_id", flat=True))
    sent = [found for found in sink.ids if found in ids]
    assert set(sent) == set(ids)
    assert len(sent) <= len(people) + 1


@pytest.mark.slow
def test_a_sender_killed_between_two_merged_mails_doubles_one_at_most_and_under_its_id(smtp):
    """Real reminders of two events, an hour apart, to six people; the sender is killed while it sends."""
    make_club()
    people = [make_member() for _ in range(6)]
    for hours in (24, 25):
        event = make_event(starts_at=NOON + timedelta(hours=hours))
        for person in people:
            make_registration(event=event, user=person, created_at=NOON - timedelta(days=1))
    reminders = Notification.objects.filter(kind="event-reminder")
    with mail_server(slow=0.3) as (sink, port):
        smtp(port)
        sender = sender_process(port, "--now", NOON.isoformat())
        wait_for(lambda: len(sink.messages) >= 2)
        wait_for(lambda: reminders.filter(status=Status.SENDING).exclude(begun_at=None).exists())
        sender.kill()
        sender.wait()
        sink.slow = 0
        sweep(NOON + LEASE + timedelta(minutes=1))
    assert list(reminders.exclude(status=Status.SENT)) == []
    assert reminders.count() == 12
    assert set(sink.recipients) == {person.email for person in people}
    assert len(set(sink.ids)) == len(people)
    assert len(sink.ids) <= len(people) + 1


@pytest.mark.slow
def test_a_sender_killed_among_digests_leaves_one_unknown_at_most_and_none_twice(smtp):
    """A digest is written down together with the beginning of the next one: no two may be open at once."""
    make_club()
    sunday = datetime(2026, 11, 22, 19, 5, tzinfo=ZoneInfo("America/Los_Angeles"))
    term = make_term(starts_on=date(2026, 9, 7))
    people = [make_member(term=term) for _ in range(8)]
    make_event(
        starts_at=sunday + timedelta(days=2), title="Soup", hosts=people
    )  # everybody has something to do
    digests = Notification.objects.filter(kind="weekly-digest")
    open_ones = digests.filter(status=Status.SENDING).exclude(begun_at=None)
    with mail_server(slow=0.3) as (sink, port):
        smtp(port)
        sender = sender_process(port, "--now", sunday.isoformat())
        wait_for(lambda: open_ones.exists())
        most = 0
        while len(sink.messages) < 4:
            most = max(most, open_ones.count())
            time.sleep(0.01)
        sender.kill()
        sender.wait()
        assert most == 1
        assert digests.filter(status=Status.SENT).count() >= 3
        sink.slow = 0
        sweep(sunday + LEASE + timedelta(minutes=1))
    states = Counter(digests.values_list("status", flat=True))
    assert states in ({Status.SENT: 7, Status.UNKNOWN: 1}, {Status.SENT: 8})
    assert len(sink.recipients) == len(set(sink.recipients)) >= 7


@pytest.mark.parametrize(
    ("category", "begun", "state"),
    [
        (Category.REMINDER, True, Status.SENT),
        (Category.TRANSACTIONAL, True, Status.SENT),
        (Category.DIGEST, True, Status.UNKNOWN),
        (Category.DIGEST, False, Status.SENT),
    ],
)
@pytest.mark.usefixtures("own_kinds")
def test_a_lease_that_ran_out_on_the_way_sends_a_reminder_again_and_a_digest_never(category, begun, state):
    from django.core import mail

    tell(make_kind(category=category), make_user(), now=NOON)
    Notification.objects.update(
        status=Status.SENDING, claim="6f2c1c9e-0000-4000-8000-000000000000",
        lease_until=NOON + LEASE, begun_at=NOON if begun else None,
    )  # fmt: skip
    sweep(NOON + LEASE - timedelta(seconds=5))
    assert Notification.objects.get().status == Status.SENDING
    sweep(NOON + LEASE + timedelta(seconds=1))
    row = Notification.objects.get()
    assert row.status == state
    assert [message.extra_headers["Message-ID"] for message in mail.outbox] == (
        [row.message_id] if state == Status.SENT else []
    )


@pytest.mark.usefixtures("own_kinds")
def test_what_was_interrupted_twice_is_left_for_an_officer():
    tell(make_kind(), make_user(), now=NOON)
    Notification.objects.update(
        status=Status.SENDING, lease_until=NOON, begun_at=NOON, interruptions=1,
        claim="6f2c1c9e-0000-4000-8000-000000000000",
    )  # fmt: skip
    sweep(NOON + timedelta(seconds=1))
    assert Notification.objects.get().status == Status.UNKNOWN


# ── Redis


@pytest.mark.usefixtures("own_kinds")
def test_without_redis_acts_and_pages_still_work_and_the_next_look_sends(client, settings):
    from django.core import mail

    from mlclub.celery import app

    dead = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": dead}}
    before = app.conf.broker_url
    app.conf.broker_url = dead
    try:
        make_club()
        person = make_member()
        client.force_login(person)
        began = time.monotonic()
        assert tell(make_kind(), person) is True
        assert time.monotonic() - began < 5
        assert client.get("/settings/sent/").status_code == 200
        sweep(timezone.now())
        assert len(mail.outbox) == 1
    finally:
        app.conf.broker_url = before


@pytest.mark.usefixtures("own_kinds")
def test_five_hundred_told_in_one_transaction_wake_the_sender_once(monkeypatch):
    from django.db import transaction

    from mlclub import celery

    news, people, woken = make_kind(), [make_user() for _ in range(5)], []
    monkeypatch.setattr(celery.app, "send_task", lambda name, **options: woken.append(name))
    with transaction.atomic():
        for person in people:
            with transaction.atomic():
                tell(news, person)
        tell_many(news, [Due(person, slot="again") for person in people])
    assert woken == ["members.tasks.sweep_ledger"]


# ── The hold


@pytest.mark.usefixtures("own_kinds")
def test_after_a_restore_what_was_due_before_waits_for_an_officer():
    from django.core import mail
    from django.core.management import call_command

    make_club()
    news, officer = make_kind(), make_user()
    for slot in ("a", "b", "c"):
        tell(news, make_user(), slot=slot, now=timezone.now() - timedelta(hours=2))
    call_command("hold_mail", "--reason", "restored from Tuesday")
    now = timezone.now()
    tell(news, officer, slot="after", now=now)
    sweep(now + timedelta(minutes=1))
    assert [message.to for message in mail.outbox] == [[officer.email]]

    one = Notification.objects.filter(slot="a")
    assert holding.drop(one, now=now, by=officer) == 1
    assert holding.let_out(Notification.objects.filter(slot="b"), now=now, by=officer) == 1
    sweep(now + timedelta(minutes=1))
    states = dict(Notification.objects.values_list("slot", "status"))
    assert states == {"a": Status.SKIPPED, "b": Status.SENT, "c": Status.PENDING, "after": Status.SENT}

    call_command("hold_mail", "--release")
    sweep(now + timedelta(minutes=1))
    assert Notification.objects.get(slot="c").status == Status.SENT
    assert holding.held_since() is None


@pytest.mark.usefixtures("own_kinds")
def test_a_sweep_ends_after_its_time_and_says_that_more_waits(smtp):
    tell_many(make_kind(), [Due(make_user()) for _ in range(120)], now=NOON)
    with mail_server(slow=0.002) as (sink, port):
        smtp(port)
        done = sweep(NOON, budget=0.05)
        assert done.is_finished is False
        assert 0 < len(sink.messages) < 120
        assert sweep(NOON).is_finished is True
    assert len(set(sink.ids)) == len(sink.messages) == 120
