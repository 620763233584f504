"""What every answer carries, what no page contains, and that looking changes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from django.conf import settings as site
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse

from mlclub.urls import urlpatterns as addresses_of_the_portal
from tests.access import addresses, doors, fixtures, table

world, in_the_world, ask = fixtures.world, fixtures.in_the_world, fixtures.ask

WHO = ["anonymous", "member", "president"]
#: Answers whose own policy is stricter than the site's: pictures and files are sandboxed.
FILES = {
    "events:material_file",
    "events:fair_logo",
    "events:speaker_photo",
    "members:organization_logo",
    "learn:module_deck",
    "members:avatar",
    "nmep:piece_download",
    "nmep:step_file",
    "nmep:part_starter",
    "nmep:piece_image",
    "wiki:attachment_file",
    "wiki:archive_download",
}
#: Caches may keep these: they are the same for everybody, or say themselves how long.
SHARED = {
    "events:public_feed",
    "events:series_feed",
    "members:club_logo",
    "members:organization_logo",
    "wiki:post_feed",
    "wiki:post_atom",
}
#: These write on a GET, and may: the page that a code opens remembers it in the session for the sign-in after it.
WRITES_ON_GET = {
    "events:code_check_in": ("django_session",),
    # Who took the whole library along is written down.
    "wiki:archive_download": ("members_auditentry",),
}
MOST_QUERIES, MOST_BYTES = 15, 60_000
#: Pages that ask every app for its part; the number does not grow with the club, only the desk's with its offerings.
MORE_QUERIES = {
    "portal:desk": 19,
    "portal:digest_preview": 51,
    "portal:digest_mine": 49,
}
#: A mail as it will be sent, styles in its tags: a document of its own, which may run and load nothing.
LETTERS = {"members:mail_preview_html", "members:announcement_html"}


class Smells(HTMLParser):
    """Scripts, styles and handlers that stand in the page itself, and anything from elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "style" or (
            tag == "script" and "src" not in given and given.get("type") != "application/json"
        ):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if (
                name == "style"
                or name.startswith("on")
                or (value or "").strip().lower().startswith("javascript:")
            ):
                self.found.append(f"<{tag} {name}={value!r}>")
        loads = tag == "link" and given.get("rel") not in ("canonical", "alternate")
        source = given.get("src") or (given.get("href") if loads else "") or ""
        if re.match(r"(https?:)?//", source):
            self.found.append(f"<{tag}> from {source}")


def policy_of(response):
    parts = [part.strip().split() for part in response.headers["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts if part}


def faults_of(response, *, name, is_private):
    """What is wrong with the head of an answer."""
    found, headers = [], response.headers
    policy = policy_of(response) if "Content-Security-Policy" in headers else {}
    of_styles = ("style-src",) if name in LETTERS else ()
    everything = {value for key, values in policy.items() if key not in of_styles for value in values}
    if everything & {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "data:"}:
        found.append(f"a policy with holes: {policy}")
    if name in FILES and response.status_code == 200:
        if "sandbox" not in policy:
            found.append(f"a file without a sandbox: {policy}")
    elif [policy.get(key) for key in ("frame-ancestors", "base-uri", "object-src")] != [["'none'"]] * 3:
        found.append(f"an incomplete policy: {policy}")
    if headers.get("X-Content-Type-Options") != "nosniff":
        found.append("no nosniff")
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        found.append(f"Referrer-Policy {headers.get('Referrer-Policy')}")
    if headers.get("Cross-Origin-Opener-Policy") != "same-origin":
        found.append("no Cross-Origin-Opener-Policy")
    kept = headers.get("Cache-Control", "")
    if is_private and name not in SHARED and "private" not in kept:
        found.append(f"a private answer that caches may keep: {kept!r}")
    html = response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming
    if html:
        if is_private and response.status_code == 200 and "no-store" not in kept and "no-cache" not in kept:
            found.append(f"a private page that browsers may keep: {kept!r}")
        smells = Smells(response.content.decode()).found
        if name in LETTERS:
            smells = [each for each in smells if each != "<style>" and " style=" not in each]
        found += smells
        if len(response.content) > MOST_BYTES:
            found.append(f"{len(response.content)} bytes")
    return found


@pytest.mark.parametrize("visitor", WHO)
def test_every_page_is_strict_light_and_changes_nothing(world, visitor):
    wrong, seen = [], 0
    for name, cases in table.TABLE.items():
        for case in cases:
            if case.get is doors.NO:
                continue
            url = reverse(name, kwargs=case.kwargs(world))  # which may make the link that opens it
            with CaptureQueriesContext(connection) as queries:
                response = ask(world, visitor, "get", url)
            seen += 1
            found = faults_of(response, name=name, is_private=visitor != "anonymous")
            asked = [query["sql"] for query in queries if query["sql"].startswith(("SELECT", "WITH"))]
            allowed = WRITES_ON_GET.get(name, ())
            written = [
                query["sql"]
                for query in queries
                if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
                and not any(each in query["sql"] for each in allowed)
            ]
            asked = [
                sql for sql in asked if 'FROM "members_club"' not in sql
            ]  # kept by the cache, which is empty here
            if len(asked) > MORE_QUERIES.get(name, MOST_QUERIES):
                found.append(f"{len(asked)} queries")
            found += [f"writes: {sql[:90]}" for sql in written]
            wrong += [f"{name} ({case.about}): {fault}" for fault in found]
    assert wrong == [], "\n".join(wrong)
    assert seen > 80


#: What a machine or a mail program may post without our token: a signature or a secret stands for it.
WITHOUT_TOKEN = {
    "members:unsubscribe",
    # A magic link: its pages send no referrer, so that browsers call their origin null; the link itself is the token.
    "events:abstract_detail",
    "events:co_host_detail",
    "events:company_detail",
    "events:company_edit",
    "events:company_list",
    "events:company_resume",
    "events:company_withdraw",
    "events:guest_decline",
    "events:guest_detail",
    "events:guest_slides",
    "events:seat_detail",
    # Asks for a new link by mail, the same answer for every address, a few an hour.
    "members:link_renew",
}
#: Sets a cookie of one's own and nothing else, so that cached public pages may carry its form.
HARMLESS = {"theme_set"}


def test_nothing_is_changed_without_the_token_of_the_form(world):
    open_doors = []
    for name, cases in table.TABLE.items():
        for case in cases:
            if case.post is doors.NO or case.post is doors.NOBODY:
                continue
            visitor = "president" if "president" in case.post.who else next(iter(sorted(case.post.who)), None)
            if visitor is None:
                continue
            client = Client(enforce_csrf_checks=True)
            client.cookies.update(world.clients[visitor])
            url = reverse(name, kwargs=case.kwargs(world))
            if client.post(url, case.data).status_code != 403:
                open_doors.append(name)
    assert set(open_doors) <= WITHOUT_TOKEN | HARMLESS


@pytest.mark.parametrize(
    "name",
    [
        each.name
        for each in addresses.every()
        if each.name in table.PUBLIC_PAGES and each.name.startswith("account")
    ],
)
def test_the_account_pages_ask_for_the_token_too(name):
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse(name), {}).status_code in (403, 405)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_page_takes_a_method_that_no_form_sends(world, method):
    taken = []
    for name, cases in table.TABLE.items():
        url = reverse(name, kwargs=cases[0].kwargs(world))
        if doors.met(ask(world, "president", method, url)) == doors.IN:
            taken.append(name)
    assert taken == []


# ── Errors ──


def break_down(request):
    raise RuntimeError("canary-trace")


def refuse(request):
    raise PermissionDenied


def answer(request):
    return HttpResponse("fine")


urlpatterns = [*addresses_of_the_portal, path("break/", break_down), path("refuse/", refuse)]


@pytest.mark.parametrize(("address", "status"), [("/break/", 500), ("/refuse/", 403), ("/not/here/", 404)])
@pytest.mark.parametrize("visitor", WHO)
def test_errors_are_as_strict_and_tell_nothing(world, settings, visitor, address, status):
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    client.cookies.update(world.clients[visitor])
    response = client.get(address)
    if visitor == "anonymous" and status != 404:
        assert response.headers["Location"].startswith(reverse("account_login"))
        return
    assert response.status_code == status
    assert faults_of(response, name="", is_private=visitor != "anonymous") == []
    assert b"canary-trace" not in response.content
    assert b"Traceback" not in response.content


def test_files_of_the_site_are_as_strict(client):
    response = client.get("/static/favicon.svg") if (site.BASE_DIR / "static/favicon.svg").exists() else None
    for file in ("css/tokens.css", "vendor/htmx.min.js"):
        response = client.get(f"/static/{file}")
        assert response.status_code == 200
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert (
            "Content-Security-Policy" not in response.headers
            or "unsafe" not in response.headers["Content-Security-Policy"]
        )


def test_a_private_file_has_no_address_of_its_own(world, client):
    for name in (
        world.submission.piece.file.name,
        world.public_event.material.file.name,
        world.picture.file.name,
    ):
        assert client.get(f"{site.MEDIA_URL}{name}").status_code == 404


# ── Production ──

IN_PRODUCTION = {
    "PRODUCTION": "true",
    "SECRET_KEY": "k" * 50,
    "SITE_URL": "https://portal.club.example",
    "ALLOWED_HOSTS": "portal.club.example",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "SECURE_SSL_REDIRECT": "true",
}
ASK_IN_PRODUCTION = """
import json, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
client = Client(headers={"host": "portal.club.example"})
names = ["SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE",
         "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH"]
secure = client.get("/healthz/live/", secure=True)
plain = client.get("/home/")
forged = Client(headers={"host": "evil.example"}).get("/healthz/live/", secure=True)
print(json.dumps({
    "settings": {name: getattr(settings, name) for name in names},
    "headers": dict(secure.headers), "status": secure.status_code,
    "plain": [plain.status_code, plain.headers.get("Location")],
    "forged": forged.status_code,
}))
"""


def test_in_production_everything_goes_over_tls_and_cookies_stay_at_home():
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DJANGO", "MLCLUB"))
    }
    environment |= IN_PRODUCTION | {"DJANGO_SETTINGS_MODULE": "mlclub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", ASK_IN_PRODUCTION],
        env=environment,
        cwd=site.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["settings"] == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "CSRF_COOKIE_SECURE": True,
        "CSRF_COOKIE_HTTPONLY": True,
        # what the prefix asks for: no domain, and the whole site
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_PATH": "/",
    }
    assert told["status"] == 200
    assert "max-age=63072000" in told["headers"]["Strict-Transport-Security"]
    assert told["plain"] == [301, "https://portal.club.example/home/"]
    assert told["forged"] == 400
