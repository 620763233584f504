"""Before an office ends its holder is asked to write down what the next person must know."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from members import offices
from members.ledger.sending import sweep
from members.models import Notification, Office, OfficeTerm
from tests.factories import make_club, make_member, make_term
from tests.factories.wiki import make_page

pytestmark = pytest.mark.django_db

ENDS = date(2026, 12, 18)
NINE = datetime(2026, 11, 27, 9, 0, tzinfo=ZoneInfo("America/Los_Angeles"))  # three weeks before
DAY = timedelta(days=1)


@pytest.fixture
def term():
    make_club()
    make_term(starts_on=date(2026, 8, 31))
    offices.seed()
    return OfficeTerm.objects.create(
        person=make_member(name="Olga", email="olga@club.example"), office=Office.objects.get(slug="president"),
        starts_on=date(2026, 8, 31), ends_on=ENDS,
    )  # fmt: skip


def asked(now):
    """The subjects of what goes at `now` and has to do with handing over."""
    mail.outbox.clear()
    sweep(now)
    return [
        message.subject for message in mail.outbox if "office-handover" in message.extra_headers["List-Id"]
    ]


def test_it_is_asked_for_three_weeks_two_and_one_before_the_last_day(term):
    assert asked(NINE - timedelta(minutes=1)) == []
    subject = f"{term.office}: your office ends on 18 December"
    for days in (0, 7, 14):
        assert asked(NINE + days * DAY) == [subject]
        assert asked(NINE + (days + 1) * DAY) == []
    body = mail.outbox or asked(NINE + 20 * DAY)
    assert body == []


def test_it_says_who_comes_next_and_leads_to_the_page_with_its_headings(client, term):
    OfficeTerm.objects.create(
        person=make_member(name="Nora"), office=term.office, starts_on=ENDS + DAY, ends_on=ENDS + 200 * DAY
    )
    asked(NINE)
    [message] = mail.outbox
    assert "then it is Nora." in message.body
    path = "/wiki/new/?template=handover"
    assert path in message.body
    client.force_login(make_member())
    assert "The year at a glance" in client.get(path).content.decode()


def test_nobody_is_asked_who_holds_the_office_on(term):
    OfficeTerm.objects.create(
        person=term.person, office=term.office, starts_on=ENDS + DAY, ends_on=ENDS + 200 * DAY
    )
    assert asked(NINE) == []
    assert Notification.objects.get(kind="office-handover").reason == "the office is held on"


def test_whoever_has_written_it_is_left_alone(term):
    assert asked(NINE) != []
    make_page(path="Offices/Handover of the president", author=make_member(), at=NINE)  # somebody else's
    assert asked(NINE + 7 * DAY) != []
    make_page(path="Offices/Handover 2026", author=term.person, at=NINE + 8 * DAY)
    assert asked(NINE + 14 * DAY) == []


def test_an_office_that_lasts_longer_after_all_is_not_handed_over(term):
    from members.ledger import sending

    sending.tick(NINE)
    OfficeTerm.objects.update(ends_on=ENDS + 100 * DAY)
    assert asked(NINE) == []
    assert Notification.objects.get(kind="office-handover").reason == "the office ends on another day"


def test_after_an_outage_one_asking_comes_and_not_three(term):
    assert len(asked(NINE + 15 * DAY)) == 1
