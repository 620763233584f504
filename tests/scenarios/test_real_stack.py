"""The portal as it runs: gunicorn, a Celery worker and beat beside PostgreSQL, a Redis that can be taken away, and
a mail server on this machine. Whatever dies, what was promised arrives."""

import json
import os
import signal
import subprocess
import time
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.utils import timezone

from bench.drills._http import OwnRedis, Visitor
from events.models import Registration
from members.models import Club, Notification
from mlclub.supervisor import engines, portal
from mlclub.supervisor.children import Family, clean_environment, tail
from tests.factories import make_club, make_event, make_member
from tests.members.ledger_tools import mail_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PASSWORD = "salt and low water"
#: The worker looks at the ledger when it is woken, and every 30 seconds in any case.
WITHIN_A_MINUTE = 60


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"within {seconds} s: {what()}"
        time.sleep(0.1)


def sign_in(visitor, person):
    page = "/accounts/login/"
    return visitor.post(page, page, login=person.email, password=PASSWORD)


def register(person, event):
    return person.browser.post(event.get_absolute_url(), f"/events/{event.pk}/register/")


class Stack:
    """Web, worker and beat, started as `make run` starts them, on the database of the tests."""

    def __init__(self, folder, sink, smtp_port):
        self.family, self.sink, self.redis = Family(folder), sink, OwnRedis()
        self.port = engines.free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        name = connection.settings_dict
        self.env = clean_environment() | {
            "DATABASE_URL": f"postgres://{name['USER']}:{name['PASSWORD']}@{name['HOST']}:{name['PORT']}/{name['NAME']}",
            "REDIS_URL": self.redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "SITE_URL": f"http://localhost:{self.port}",
            "MEDIA_ROOT": str(folder / "media"),
            "PRODUCTION": "0",
            "DEMO": "0",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self):
        self.redis.start()
        portal.start_web(self.family, self.env, [f"127.0.0.1:{self.port}"], self.port)
        portal.start_celery(self.family, self.env)
        wait_for(
            lambda: "ready." in (self.family.folder / "worker.log").read_text(),
            60,
            lambda: self.log("worker"),
        )

    def child(self, name):
        return next(child for child in self.family.children if child.name == name)

    def log(self, name):
        return tail(self.family.folder / f"{name}.log", 25)

    def kill_worker_and_beat(self):
        """SIGKILL to the worker; the supervisor then ends what stood beside it."""
        worker, beat = self.child("worker"), self.child("beat")
        os.killpg(worker.process.pid, signal.SIGKILL)
        beat.process.terminate()
        for child in (worker, beat):
            child.process.wait(20)
            self.family.forget(child)

    def stop(self):
        self.family.stop()
        self.redis.stop()

    def mails_to(self, person):
        return [message["Subject"] for to, message in self.sink.messages if to == person.email]

    def wait_for_mail(self, person, count=1, seconds=WITHIN_A_MINUTE):
        def explained():
            rows = Notification.objects.filter(person=person).values_list("kind", "status", "reason")
            return (
                f"{self.mails_to(person)} of {count}; {list(rows)}\n{self.log('worker')}\n{self.log('beat')}"
            )

        wait_for(lambda: len(self.mails_to(person)) >= count, seconds, explained)


@pytest.fixture
def stack(tmp_path):
    with mail_server() as (sink, smtp_port):
        make_club()
        running = Stack(tmp_path, sink, smtp_port)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def make_person():
    """A member with a password and a confirmed address."""
    hasher = PBKDF2PasswordHasher()  # the tests' own quick one is unknown to the web server
    person = make_member()
    person.password = hasher.encode(PASSWORD, hasher.salt())
    person.save()
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


@pytest.fixture
def person(stack):
    """Somebody, and their browser, signed in."""
    person = make_person()
    visitor = Visitor(stack.base)
    assert sign_in(visitor, person) == 302
    person.browser = visitor
    return person


def in_a_week():
    return timezone.now() + timedelta(days=7)


def test_a_mail_comes_within_a_minute_also_when_the_worker_is_killed_or_its_queue_is_wiped(stack, person):
    # A worker that comes up looks at the ledger at once; beat would come 30 seconds later.
    looked = Club.objects.exclude(last_tick_at=None)
    wait_for(looked.exists, 15, lambda: stack.log("worker"))
    event = make_event(title="Tide tables", starts_at=in_a_week())
    assert [register(person, event) for _ in range(2)] == [302, 302]
    stack.wait_for_mail(person)
    assert stack.mails_to(person) == ["You are going to Tide tables"]
    assert "You are going" in person.browser.open(event.get_absolute_url())[1]

    # Its queue is wiped before it has read it.
    worker = stack.child("worker").process.pid
    os.killpg(worker, signal.SIGSTOP)
    try:
        assert register(person, make_event(title="After the flood", starts_at=in_a_week())) == 302
        stack.redis.client().flushall()
    finally:
        os.killpg(worker, signal.SIGCONT)
    assert person.browser.open("/home/")[0] == 200, "sessions stand in the database"
    stack.wait_for_mail(person, 2)
    assert stack.mails_to(person)[1:] == ["You are going to After the flood"]

    # It is killed in the middle of six mails.
    events = [make_event(starts_at=in_a_week()) for _ in range(6)]
    stack.sink.slow = 0.5
    try:
        for event in events:
            assert register(person, event) == 302
        stack.wait_for_mail(person, 3)
        stack.kill_worker_and_beat()
    finally:
        stack.sink.slow = 0.0
    rows = Notification.objects.filter(person=person, kind="event-registered")
    assert rows.exclude(status="sent").exists(), "it was killed too late to prove anything"

    portal.start_celery(stack.family, stack.env)
    later = make_event(title="The next evening", starts_at=in_a_week())
    assert register(person, later) == 302
    wait_for(
        lambda: "You are going to The next evening" in stack.mails_to(person),
        WITHIN_A_MINUTE,
        lambda: stack.log("worker"),
    )
    # What the dead worker held is free when its lease has run out; here the clock says so.
    done = subprocess.run(
        [*MANAGE, "notify", "--once", f"--now={(timezone.now() + timedelta(minutes=3)).isoformat()}"],
        env=stack.env, cwd=portal.ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(rows.values_list("status", flat=True)) == {"sent"}
    arrived = [message["Message-ID"] for to, message in stack.sink.messages if to == person.email]
    assert set(arrived) == set(rows.values_list("message_id", flat=True))
    assert len(arrived) <= len(events) + 4, "at most the one on its way goes twice, under the same id"


MANAGE = [portal.sys.executable, "manage.py"]


def test_redis_may_go_and_come_back_empty(stack, person):
    event = make_event(title="Without Redis", starts_at=in_a_week())
    # One that is full answers a ping and counts nothing.
    stack.redis.client().config_set("maxmemory", 1)
    assert person.browser.open("/home/")[0] == 200
    assert sign_in(Visitor(stack.base), make_person()) == 503
    stack.redis.stop()

    pages = ["/home/", "/events/", event.get_absolute_url(), "/wiki/", "/search/?q=tide", "/settings/sent/"]
    assert {page: person.browser.open(page)[0] for page in pages} == dict.fromkeys(pages, 200)
    assert Visitor(stack.base).open("/")[0] == 200
    began = time.monotonic()
    assert register(person, event) == 302
    assert time.monotonic() - began < 10
    assert Registration.objects.live().filter(event=event, user=person).count() == 1
    assert sign_in(Visitor(stack.base), make_person()) == 503, (
        "nobody counts failed sign-ins, so none are tried"
    )
    status, body = Visitor(stack.base).open("/healthz/ready/")
    assert (status, json.loads(body)["parts"]["redis"]["ok"]) == (503, False)

    stack.redis.start()
    stack.wait_for_mail(person, seconds=90)
    assert stack.mails_to(person) == ["You are going to Without Redis"]
    assert [child.name for child in stack.family.children if child.process.poll() is not None] == []
    assert sign_in(Visitor(stack.base), make_person()) == 302
    assert json.loads(Visitor(stack.base).open("/healthz/ready/")[1])["parts"]["redis"]["ok"]
