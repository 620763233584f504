"""The short forms of the drills: the same code on a few rows."""

import pytest

from bench.drills import changes, clock, provider
from members.ledger import kinds

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def as_it_was(settings):
    """A drill points the portal at its own mail server and declares kinds of its own."""
    for name in (
        "EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS",
        "EMAIL_USE_SSL", "EMAIL_TIMEOUT", "MAIL_SERVER_FROM_CLUB",
    ):  # fmt: skip
        setattr(settings, name, getattr(settings, name))
    kinds.every()
    before = dict(kinds.REGISTRY)
    yield
    kinds.REGISTRY.clear()
    kinds.REGISTRY.update(before)


def test_each_answer_of_a_provider_has_its_consequence(monkeypatch):
    monkeypatch.setattr(provider, "MAILS", 2)
    monkeypatch.setattr(provider, "SLOW", 2.5)
    assert not provider.main()


def test_a_reminder_comes_once_at_its_hour_though_the_clocks_change(monkeypatch):
    monkeypatch.setattr(clock, "ZONES", ["Europe/Berlin"])
    monkeypatch.setattr(clock, "MOMENTS", 1)
    assert not clock.main()


def test_changes_at_random_tell_everybody_once_and_of_no_old_time(monkeypatch):
    monkeypatch.setattr(changes, "CHANGES", 20)
    assert not changes.main()
