"""The housekeeping of every minute."""

import sys
from datetime import timedelta
from types import ModuleType

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from events.models import Registration
from members.models import MailEvent
from mlclub import chores, gather
from mlclub.portal import tasks
from tests.factories import make_event, make_registration, make_user

NOW = timezone.now()


def test_a_mistake_in_one_chore_keeps_none_of_the_others(caplog):
    done = []

    def broken(now):
        raise ValueError("a mistake")

    assert chores.do(NOW, done.append, broken, done.append) == 1
    assert done == [NOW, NOW]
    [said] = caplog.records
    assert "broken" in said.getMessage()
    assert said.exc_info[0] is ValueError


@pytest.mark.django_db(transaction=True)
def test_a_broken_statement_of_one_chore_leaves_the_connection_to_the_next():
    seen = []

    def broken(now):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense")

    def looks(now):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            seen.append(cursor.fetchone())

    assert chores.do(NOW, broken, looks) == 1
    assert seen == [(1,)]


@pytest.fixture
def an_app_that_breaks(settings):
    """An app below all others, whose chores go wrong."""

    def tick(now):
        raise DatabaseError("a mistake of an app")

    module = ModuleType("gathered_of_a_test")
    module.tick = tick
    module.__spec__ = sys.modules[__name__].__spec__
    sys.modules[module.__name__] = module
    settings.GATHER = [module.__name__, *settings.GATHER]
    gather.modules.cache_clear()
    yield
    gather.modules.cache_clear()
    del sys.modules[module.__name__]


@pytest.mark.django_db
def test_an_app_that_breaks_keeps_no_other_app_from_its_chores(an_app_that_breaks):
    """Old reports of the mail provider are forgotten by the members' app, notes at a sign-up by the events' app."""
    long_ago = NOW - MailEvent.KEPT - timedelta(days=1)
    MailEvent.objects.create(event_id="a", address="a@club.example", kind="bounced", at=long_ago)
    event = make_event(starts_at=NOW - timedelta(days=40), ends_at=NOW - timedelta(days=40, hours=-1))
    make_registration(event=event, user=make_user(), note="no nuts", created_at=NOW - timedelta(days=50))
    tasks.tick()
    assert not MailEvent.objects.exists()
    assert Registration.objects.get().note == ""
