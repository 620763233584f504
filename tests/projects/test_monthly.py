"""What advisors hear once a month."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from members.ledger.sending import sweep
from members.models import Notification, Term
from projects.models import Initiative, Role
from tests.factories import make_club, make_member, make_term, make_user
from tests.factories.projects import make_initiative, make_update

pytestmark = pytest.mark.django_db

FIRST = datetime(
    2026, 11, 1, 9, 0, tzinfo=ZoneInfo("America/Los_Angeles")
)  # the night before, clocks went back
MINUTE = timedelta(minutes=1)


@pytest.fixture
def team():
    make_club()
    term = make_term(starts_on=date(2026, 8, 31))
    lead = make_member(term=term, name="Lena Lead")
    initiative = make_initiative(name="Gauges", lead=lead)
    initiative.advisor = make_user(name="Ada", email="ada@lab.example")
    Role.objects.create(initiative=initiative, term=term, person=initiative.advisor, kind=Role.Kind.ADVISOR)
    initiative.roles.update(term=term)
    Term.objects.exclude(pk=term.pk).delete()  # those that the factories made by themselves
    wrote = {"initiative": initiative, "author": lead}
    make_update(**wrote, done="Too *early*.", created_at=FIRST - timedelta(days=33))
    make_update(
        **wrote, done="Cleaned the **labels**.", next="Train.", blocked="waits for a key",
        created_at=FIRST - timedelta(days=9),
    )  # fmt: skip
    return initiative


def sent(now):
    mail.outbox.clear()
    sweep(now)
    return [(message.to[0], message.subject) for message in mail.outbox]


def test_an_advisor_hears_on_the_first_at_nine_what_the_team_wrote_in_the_month_before(team):
    assert sent(FIRST - MINUTE) == []
    assert sent(FIRST) == [("ada@lab.example", "Gauges in October: 1 update")]
    [message] = mail.outbox
    [(html, _)] = message.alternatives
    for words in (message.body, html):
        assert "labels" in words
        assert "Train." in words
        assert "early" not in words
        assert "waits for a key" not in words
        assert f"http://localhost:8000{team.get_absolute_url()}" in words
        assert "Lena Lead" in words
    assert "<strong" in html
    assert sent(FIRST + timedelta(days=1)) == sent(FIRST + timedelta(days=20)) == []


@pytest.mark.parametrize("change", ["left", "paused", "contributor", "silent", "switched off"])
def test_nobody_hears_of_a_team_that_they_do_not_advise_or_that_wrote_nothing(team, change):
    if change == "left":
        team.roles.filter(kind=Role.Kind.ADVISOR).delete()
    elif change == "paused":
        Initiative.objects.update(state=Initiative.State.PAUSED)
    elif change == "contributor":
        team.roles.filter(kind=Role.Kind.ADVISOR).update(kind=Role.Kind.CONTRIBUTOR)
    elif change == "silent":
        team.updates.filter(created_at__gt=FIRST - timedelta(days=30)).delete()
    else:
        team.advisor.preferences.create(kind="advisor-monthly", is_wanted=False, changed_at=FIRST)
    assert sent(FIRST) == []


def test_whoever_stops_to_advise_before_it_goes_gets_nothing_and_the_ledger_says_why(team):
    from members.ledger import sending

    sending.tick(FIRST)
    team.roles.filter(kind=Role.Kind.ADVISOR).delete()
    assert sent(FIRST) == []
    assert Notification.objects.get().reason == "not an advisor any more, or nothing was written"


def test_after_three_days_without_a_sender_it_is_too_late(team):
    assert sent(FIRST + timedelta(days=3)) == []
    assert not Notification.objects.exists()
