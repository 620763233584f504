import itertools
import re
import socket
import threading
from datetime import date, timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core import signing
from django.core.management import call_command
from django.db import connection
from django.test import Client

from members import first_run, term_systems
from members.models import AuditEntry, Club, Membership, Office, OfficeTerm, Term, User
from tests.factories import make_club, make_officer, make_term

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(capsys):
    call_command("first_run_address")
    address = re.search(r"(/first-run/\S+/)", capsys.readouterr().out)[1]
    assert len(address) > 40
    return address


def filled(**more):
    return {
        "club-name": "Harbour Learning Club",
        "club-short_name": "Harbour",
        "club-time_zone": "Europe/Berlin",
        "club-programme_name": "First steps",
        "term-term_system": "quarter",
        "mail-port": "587",
        "mail-security": "starttls",
        "officer-name": "Ines Founder",
        "officer-email": "Ines@club.example",
        "officer-password": "a long quiet river",
        **more,
    }


def test_looking_at_the_page_changes_nothing(client, page):
    for _ in range(2):
        assert client.get(page).status_code == 200
    assert not (Club.objects.exists())
    assert not (User.objects.exists())
    assert not (Term.objects.exists())


def test_the_page_makes_the_club_its_term_and_a_president_who_goes_on_to_the_second_factor(client, page):
    answer = client.post(page, filled())
    assert answer["Location"] == "/accounts/2fa/"
    club, term, president = Club.objects.get(), Term.objects.get(), User.objects.get()
    assert (club.name, club.time_zone, club.programme_name, club.term_system) == (
        "Harbour Learning Club", "Europe/Berlin", "First steps", "quarter",
    )  # fmt: skip
    assert club.set_up_at is not None
    usual = term_systems.proposed("quarter", date.today())
    assert (term.name, term.slug, term.starts_on, term.ends_on) == (
        usual.name, usual.slug, usual.starts_on, usual.ends_on,
    )  # fmt: skip
    held = OfficeTerm.objects.get(office__slug="president")
    assert (held.person, held.office.slug, held.ends_on) == (
        president,
        "president",
        term.ends_on + timedelta(weeks=4),
    )
    assert Office.objects.count() == 7
    assert Membership.objects.get().person == president
    assert president.has_perm("members.change_user")
    assert client.get("/people/")["Location"] == "/accounts/2fa/"
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200, "no password is asked for again"
    assert AuditEntry.objects.get(action="club-set-up").actor == president


def test_the_address_works_once_and_a_forged_or_old_one_never(client, page):
    assert client.get("/first-run/forged/").status_code == 404
    other = signing.dumps("first-run", salt="something else")
    assert client.post(f"/first-run/{other}/", filled()).status_code == 404
    client.post(page, filled())
    stranger = Client()
    assert stranger.get(page).status_code == 410
    assert stranger.post(page, filled(**{"officer-email": "evil@club.example"})).status_code == 410
    assert User.objects.count() == 1


def test_a_club_that_came_otherwise_cannot_be_set_up_again(client, page, capsys):
    make_club()
    make_term()
    make_officer()
    assert client.post(page, filled()).status_code == 410
    call_command("first_run_address")
    assert "/first-run/" not in capsys.readouterr().out


def test_wrong_input_is_named_and_kept_and_nothing_is_made(client, page):
    wrong = {
        "club-name": "",
        "club-time_zone": "Mars/Base",
        "term-starts_on": "2026-09-01",
        "term-ends_on": "2026-08-01",
        "officer-email": "nobody",
        "officer-password": "short",
    }
    answer = client.post(page, filled(**wrong))
    said = answer.content.decode()
    assert answer.status_code == 422
    for words in ("Harbour", "This is needed", "The last day must come after the first", "too short"):
        assert words in said, words
    assert not (Club.objects.exists())
    assert not (User.objects.exists())


def test_the_term_may_be_given_in_ones_own_words(client, page):
    client.post(
        page,
        filled(
            **{
                "term-name": "Michaelmas",
                "term-slug": "mt26",
                "term-starts_on": "2026-10-04",
                "term-ends_on": "2026-12-05",
            }
        ),
    )
    term = Term.objects.get()
    assert (term.name, term.slug, term.starts_on) == ("Michaelmas", "mt26", date(2026, 10, 4))


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Sink:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


def test_a_test_mail_goes_through_the_server_on_the_form_and_keeps_nothing(client, page):
    sink, port = Sink(), free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        given = filled(
            **{"mail-host": "127.0.0.1", "mail-port": str(port), "mail-security": "none", "test_mail": "1"}
        )
        answer = client.post(page, given)
    finally:
        controller.stop()
    assert "took the test mail" in answer.content.decode()
    assert [recipients for recipients, _ in sink.taken] == [["ines@club.example"]]
    assert "Harbour Learning Club" in sink.taken[0][1]
    assert not (Club.objects.exists())
    assert not (User.objects.exists())


def test_a_mail_server_that_is_not_there_says_so(client, page):
    answer = client.post(
        page,
        filled(**{"mail-host": "127.0.0.1", "mail-port": "1", "mail-security": "none", "test_mail": "1"}),
    )
    assert "No test mail was sent" in answer.content.decode()
    assert not Club.objects.exists()


def test_the_mail_servers_password_is_not_readable_in_the_database(client, page):
    client.post(
        page, filled(**{"mail-host": "smtp.club.example", "mail-user": "u", "mail-password": "seasick-whale"})
    )
    kept = Club.objects.get().mail_server
    assert kept["host"] == "smtp.club.example"
    assert "seasick-whale" not in str(kept)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_club(page):
    """Real connections: the second waits for the first and finds the club there."""
    ready, answers = threading.Barrier(2), []

    def click(number):
        try:
            ready.wait()
            answers.append(Client().post(page, filled(**{"officer-email": f"o{number}@club.example"})))
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["Location"] for answer in answers) == ["/accounts/2fa/", "/accounts/login/"]
    assert (
        Club.objects.count(),
        User.objects.count(),
        OfficeTerm.objects.filter(office__slug="president").count(),
        Term.objects.count(),
    ) == (
        1,
        1,
        1,
        1,
    )


@pytest.mark.parametrize("system", ["semester", "trimester", "quarter"])
def test_a_year_of_every_system_has_terms_that_do_not_overlap(system):
    for year in range(2024, 2036):
        terms = term_systems.terms_of(system, year) + term_systems.terms_of(system, year + 1)[:1]
        for one, following in itertools.pairwise(terms):
            assert one.starts_on.weekday() == 0
            assert one.starts_on < one.ends_on < following.starts_on


def test_the_term_that_is_proposed_still_lasts_a_while():
    fall = term_systems.proposed("semester", date(2026, 10, 1))
    assert (fall.name, fall.slug) == ("Fall 2026", "fa26")
    assert term_systems.proposed("semester", date(2026, 12, 10)).slug == "sp27"
    assert timedelta(weeks=4) == first_run.OVERLAP
