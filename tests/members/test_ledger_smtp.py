import smtplib
import socket
from datetime import timedelta

import pytest

from members.ledger import Category, Due, kinds, sender, stopping, tell, tell_many, watching
from members.ledger.outcomes import Verdict, judge
from members.ledger.sending import sweep
from members.models import Notification, Suppression
from tests.factories import make_club, make_officer, make_user
from tests.members.ledger_tools import NOON, mail_server, make_kind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]
Status = Notification.Status


def told(count=1, **options):
    """`count` people who were told something at noon."""
    people = [make_user() for _ in range(count)]
    tell_many(make_kind(**options), [Due(person) for person in people], now=NOON)
    return people


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_batch_goes_over_one_connection_with_the_ids_of_its_rows(smtp):
    people = told(5)
    with mail_server() as (sink, port):
        smtp(port)
        sweep(NOON)
    assert sorted(sink.recipients) == sorted(person.email for person in people)
    assert sorted(sink.ids) == sorted(Notification.objects.values_list("message_id", flat=True))
    message = sink.messages[0][1]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_body("plain")
    assert message.get_body("html")


@pytest.mark.parametrize("answer", ["421 4.3.2 Going down", "451 4.7.1 Greylisted, come back later"])
def test_a_server_that_says_not_now_is_asked_again_after_1_5_15_60_and_240_minutes(smtp, answer):
    [person] = told()
    with mail_server(answers={person.email: answer}) as (sink, port):
        smtp(port)
        moment = NOON
        for minutes in (1, 5, 15, 60, 240):
            sweep(moment)
            row = Notification.objects.get()
            assert (row.status, row.reason) == (Status.FAILED, answer)
            waits = row.try_at - moment
            assert timedelta(minutes=minutes) <= waits < timedelta(minutes=minutes, seconds=10)
            sweep(row.try_at - timedelta(seconds=5))
            assert Notification.objects.get().attempts == row.attempts
            moment = row.try_at + timedelta(seconds=1)
        sweep(moment)
        row.refresh_from_db()
        assert (row.status, row.attempts) == (Status.DEAD, 6)
        assert not Suppression.objects.exists()

        del sink.answers[person.email]
        first_id = row.message_id
        from members.ledger import holding

        assert holding.send_again(Notification.objects.all(), now=moment, by=make_user()) == 1
        sweep(moment)
        assert sink.ids == [first_id]


@pytest.mark.parametrize(
    ("answer", "pauses"),
    [
        ("550 5.1.1 No such user", True),
        ("550 no such user", True),
        ("553 5.1.3 Bad address", True),
        ("550 5.7.1 Blocked as spam", False),
        ("552 5.2.2 Mailbox full", False),
        ("554 5.7.1 We do not like you", False),
    ],
)
def test_a_refused_recipient_is_dead_at_once_and_a_bad_address_is_paused(smtp, answer, pauses):
    refused, fine = told(2)
    with mail_server(answers={refused.email: answer}) as (sink, port):
        smtp(port)
        sweep(NOON)
    row = Notification.objects.get(person=refused)
    assert (row.status, row.reason, row.attempts) == (Status.DEAD, answer, 1)
    assert stopping.paused([refused.email]) == ({refused.email} if pauses else set())
    assert sink.recipients == [fine.email]  # nobody waits behind the refused one


def test_a_mail_whose_content_is_refused_is_dead_and_one_that_is_put_off_is_not(smtp):
    refused, later = told(2)
    answers = {refused.email: "554 5.6.0 Not this", later.email: "452 4.3.1 Disk full"}
    with mail_server(at_data=answers) as (_, port):
        smtp(port)
        sweep(NOON)
    assert Notification.objects.get(person=refused).status == Status.DEAD
    assert Notification.objects.get(person=later).status == Status.FAILED


def test_a_mail_server_that_is_down_costs_no_message_a_try(smtp):
    told(3)
    smtp(free_port())
    done = sweep(NOON)
    assert "ConnectionRefusedError" in done.problems[0]
    assert list(Notification.objects.values_list("status", "attempts")) == [(Status.FAILED, 0)] * 3
    with mail_server() as (sink, port):
        smtp(port)
        sweep(NOON + timedelta(minutes=2))
    assert len(sink.messages) == 3


@pytest.mark.parametrize(
    ("category", "first", "second"),
    [
        (Category.REMINDER, Status.FAILED, Status.UNKNOWN),
        (Category.TRANSACTIONAL, Status.FAILED, Status.UNKNOWN),
        (Category.DIGEST, Status.UNKNOWN, Status.UNKNOWN),
    ],
)
def test_silence_after_the_text_was_handed_over_sends_once_more_but_never_a_digest(
    smtp, settings, category, first, second
):
    told(category=category)
    with mail_server(slow=1.2) as (_, port):
        smtp(port)
        settings.EMAIL_TIMEOUT = 0.3
        sweep(NOON)
        assert Notification.objects.get().status == first
        sweep(NOON + timedelta(minutes=2))
        assert Notification.objects.get().status == second


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew():
    """The server hangs up before the text: nothing went, so nothing is in doubt."""
    failure = judge(smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), reached_data=False)
    assert (failure.verdict, failure.loses_connection) == (Verdict.RETRY, True)


def test_a_server_that_takes_two_mails_a_connection_gets_them_all(smtp):
    people = told(5)
    with mail_server() as (sink, port):
        smtp(port)
        carried = []

        async def handle_MAIL(server, session, envelope, address, options):
            session.count = getattr(session, "count", 0) + 1
            if session.count > 2:
                return "421 4.7.0 Too many messages on this connection"
            carried.append(address)
            envelope.mail_from = address
            return "250 OK"

        sink.handle_MAIL = handle_MAIL
        sweep(NOON)
    assert sorted(sink.recipients) == sorted(person.email for person in people)


def test_an_address_with_a_line_break_is_never_written():
    from django.core import mail

    tell(make_kind(), None, address="a@club.example\nBcc: b@club.example", now=NOON)
    sweep(NOON)
    assert Notification.objects.get().status == Status.DEAD
    assert mail.outbox == []


# ── The server that the first-run page was told


def test_the_club_s_own_mail_server_is_used_and_its_password_is_not_readable(settings):
    from members import mailserver

    club = make_club()
    told()
    with mail_server() as (sink, port):
        mailserver.save(
            club, host="127.0.0.1", port=port, user="portal", password="tide pool", security="none",
            sender="club@club.example",
        )  # fmt: skip
        club.refresh_from_db()
        assert "tide pool" not in str(club.mail_server)
        assert mailserver.connection().password == "tide pool"

        mailserver.save(club, host="127.0.0.1", port=port, security="none", sender="club@club.example")
        assert mailserver.test(club, "officer@club.example") == ""
        sweep(NOON)
        assert sink.recipients[0] == "officer@club.example"
        assert "club@club.example" in sink.messages[1][1]["From"]

        settings.MAIL_SERVER_FROM_CLUB = False  # EMAIL_URL is set: the environment wins
        assert not isinstance(mailserver.connection(), mailserver.EmailBackend)


def test_a_mail_server_that_does_not_answer_is_told_in_words():
    from members import mailserver

    club = make_club()
    mailserver.save(club, host="127.0.0.1", port=free_port(), security="none")
    assert mailserver.test(club, "officer@club.example").startswith("ConnectionRefusedError")


# ── A server that refuses the portal itself, and one that is slow


def test_a_server_that_refuses_the_portal_stops_all_mail_and_tells_the_desk_until_it_is_mended(smtp):
    club = make_club()
    people = told(3)
    with mail_server() as (sink, port):
        smtp(port)
        refuses = True

        async def handle_MAIL(server, session, envelope, address, options):
            if refuses:
                return "530 5.7.0 Authentication required"
            envelope.mail_from = address
            return "250 OK"

        sink.handle_MAIL = handle_MAIL
        done = sweep(NOON)
        assert "530 5.7.0" in done.problems[0]
        assert set(Notification.objects.values_list("status", "attempts")) == {(Status.PENDING, 0)}
        club.refresh_from_db()
        assert "530 5.7.0 Authentication required" in club.mail_problem
        officer = make_officer(slug="webmaster")
        assert "The mail server refuses the portal" in [item.title for item in watching.desk_items(officer)]

        refuses = False
        sweep(NOON + timedelta(minutes=1))
        assert sink.messages == []  # it knocks every five minutes
        sweep(NOON + timedelta(minutes=6))
        assert sorted(sink.recipients) == sorted(person.email for person in people)
        club.refresh_from_db()
        assert club.mail_problem == ""


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (421, Verdict.RETRY), (450, Verdict.RETRY), (451, Verdict.RETRY), (452, Verdict.RETRY),
        (550, Verdict.DEAD), (552, Verdict.DEAD), (554, Verdict.DEAD), (535, Verdict.REFUSED), (530, Verdict.REFUSED),
    ],
)  # fmt: skip
def test_each_code_has_its_consequence(code, verdict):
    assert judge(smtplib.SMTPDataError(code, b"says the server")).verdict is verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(450, Verdict.RETRY), (552, Verdict.DEAD), (550, Verdict.REFUSED), (553, Verdict.REFUSED)],
)
def test_a_sender_that_is_refused_is_no_fault_of_the_mail(code, verdict):
    assert judge(smtplib.SMTPSenderRefused(code, b"who are you", "a@b.example")).verdict is verdict


def test_somebody_who_waits_is_not_kept_behind_digests_on_a_slow_server(smtp, monkeypatch):
    monkeypatch.setattr(sender, "SLOW", 0.1)
    make_kind("digest", category=Category.DIGEST)
    urgent = make_kind("code", category=Category.TRANSACTIONAL)
    waits = make_user()
    readers = [make_user() for _ in range(4)]
    tell_many(type(kinds.find("digest")), [Due(person) for person in readers], now=NOON)
    with mail_server(slow=0.2) as (sink, port):
        smtp(port)
        sent = []
        original = sender.Sender.hand_over

        def hand_over(self, mail):
            answer = original(self, mail)
            sent.append(mail.to[0])
            if len(sent) == 1:
                tell(urgent, waits, now=NOON)
            return answer

        monkeypatch.setattr(sender.Sender, "hand_over", hand_over)
        sweep(NOON)
    assert sink.recipients[1] == waits.email
    assert len(sink.recipients) == 5
