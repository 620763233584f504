"""Against a server of ours on 127.0.0.1, which is allowed by name; everything else inside is not asked."""

import ipaddress
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import override_settings
from django.utils import timezone

from nmep import link_checks, tasks
from nmep.link_checks import State
from nmep.models import Module, ModuleLink
from tests.factories.library import make_module
from tests.nmep.test_races import at_once

pytestmark = pytest.mark.django_db


class Site(BaseHTTPRequestHandler):
    """/200, /404 … answer with that status; /slow sends a byte now and then."""

    asked: list[tuple[str, str]] = []

    def do_HEAD(self):
        self.asked.append(("HEAD", self.path))
        if self.path == "/slow":
            try:
                for _ in range(40):
                    self.wfile.write(b"H")
                    self.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                return
            return
        self.send_response(int(self.path[1:4]))
        if self.path.startswith("/302"):
            self.send_header("Location", "/200?redirected")
        self.end_headers()

    def do_GET(self):
        self.asked.append(("GET", self.path))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Site.asked = []
    yield server
    server.shutdown()
    server.server_close()


def place(server):
    return server.server_address[0], server.server_address[1]


def address(server, path):
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


def check(server, now=None, **options):
    return link_checks.check(now or timezone.now(), allowed=[place(server)], pause=0, **options)


@pytest.mark.parametrize(
    ("path", "state", "problem"),
    [
        ("/200", State.WORKS, ""),
        ("/302", State.WORKS, ""),
        ("/404", State.BROKEN, "no such page (404)"),
        ("/410", State.BROKEN, "no such page (410)"),
        ("/500", State.BROKEN, "it fails (500)"),
        ("/403", State.UNKNOWN, "it does not answer programs (403)"),
        ("/405", State.UNKNOWN, "it does not answer programs (405)"),
    ],
)
def test_a_link_is_asked_once_by_head_and_no_redirect_is_followed(site, path, state, problem):
    answer = link_checks.follow(address(site, path), allowed=[place(site)])
    assert (answer.state, answer.problem) == (state, problem)
    assert Site.asked == [("HEAD", path)]


def test_a_server_that_drips_is_left_after_the_time(site):
    began = time.monotonic()
    answer = link_checks.follow(address(site, "/slow"), allowed=[place(site)], seconds=0.5)
    assert answer.state == State.UNREACHED
    assert time.monotonic() - began < 2


def test_what_is_inside_is_not_asked(site):
    port = site.server_address[1]
    for url in (
        address(site, "/200"),
        f"http://localhost:{port}/200",
        f"http://[::ffff:127.0.0.1]:{port}/200",
        f"http://2130706433:{port}/200",
        f"http://0x7f.1:{port}/200",
    ):
        answer = link_checks.follow(url, allowed=[])
        assert answer.state in (State.UNKNOWN, State.UNREACHED), url
    assert Site.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_private_loopback_link_local_and_wrapped_addresses_are_not_public(text):
    assert not link_checks.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_addresses_of_the_world_are_public(text):
    assert link_checks.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://93.184.216.34/x",
        "file:///etc/passwd",
        "gopher://93.184.216.34/",
        "http://93.184.216.34:6379/",
        "https://93.184.216.34:80/",
        "http://user:secret@93.184.216.34/",
        "http:///nothing",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1%25eth0]/",
    ],
)
def test_other_schemes_ports_and_names_are_not_followed(url):
    began = time.monotonic()
    answer = link_checks.follow(url)
    assert answer.state in (State.UNKNOWN, State.BROKEN, State.UNREACHED)
    assert answer.problem
    assert time.monotonic() - began < 1


def test_an_address_that_is_none_is_broken():
    assert link_checks.follow("http://[::1").state == State.BROKEN
    assert link_checks.follow("http://club.example:port/").state == State.BROKEN


def test_a_broken_link_is_known_since_when_and_forgotten_when_it_is_mended(site):
    module = make_module(
        is_public=True, overview=f"[Gone]({address(site, '/404')})", deck_url=address(site, "/200")
    )
    first = timezone.now()
    assert check(site, first) == 2
    broken = ModuleLink.objects.broken().get()
    assert (broken.url, broken.broken_since, broken.problem) == (
        address(site, "/404"),
        first,
        "no such page (404)",
    )
    assert check(site, first + timedelta(days=6)) == 0
    assert check(site, first + timedelta(days=7)) == 2
    broken.refresh_from_db()
    assert (broken.broken_since, broken.checked_at) == (first, first + timedelta(days=7))
    Module.objects.filter(pk=module.pk).update(overview=f"[Back]({address(site, '/200?new')})")
    assert check(site, first + timedelta(days=8)) == 1
    assert ModuleLink.objects.broken().count() == 0
    assert sorted(ModuleLink.objects.values_list("url", flat=True)) == sorted(
        [address(site, "/200"), address(site, "/200?new")]
    )


def test_only_what_is_public_is_followed_and_solutions_never(site):
    make_module(overview=address(site, "/200"))
    open_module = make_module(
        is_public=True, after=address(site, "/200?after"), solutions=address(site, "/200?solutions")
    )
    check(site)
    assert Site.asked == [("HEAD", "/200?after")]
    Module.objects.filter(pk=open_module.pk).update(is_public=False)
    check(site)
    assert ModuleLink.objects.count() == 0


def test_the_same_link_in_two_modules_is_asked_once_and_hosts_get_a_pause(site):
    for path in ("/200", "/200", "/200?b"):
        make_module(is_public=True, deck_url=address(site, path))
    waited = []
    link_checks.check(timezone.now(), allowed=[place(site)], pause=7, wait=waited.append)
    assert Site.asked == [("HEAD", "/200"), ("HEAD", "/200?b")]
    assert waited == [7]
    assert ModuleLink.objects.filter(checked_at__isnull=False).count() == 3


def test_when_nobody_answers_anywhere_it_is_our_own_line(site):
    for n in range(3):
        make_module(is_public=True, deck_url=f"http://nowhere{n}.invalid/slides")
    now = timezone.now()
    assert check(site, now) == 0
    assert ModuleLink.objects.broken().count() == 0
    make_module(is_public=True, deck_url=address(site, "/200"))
    assert check(site, now + timedelta(hours=2)) == 4
    assert ModuleLink.objects.broken().count() == 3


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_ask_each_link_once(site):
    for n in range(6):
        make_module(is_public=True, deck_url=address(site, f"/200?{n}"))
    now = timezone.now()
    link_checks.note_links()
    answers = at_once(lambda: check(site, now), lambda: check(site, now))
    assert sum(answers) == 6
    assert sorted(Site.asked) == [("HEAD", f"/200?{n}") for n in range(6)]


def test_the_demo_club_follows_nothing():
    make_module(is_public=True, deck_url="https://files.club.example/deck.pdf")
    with override_settings(DEMO=True):
        tasks.check_links()
    assert ModuleLink.objects.count() == 0
