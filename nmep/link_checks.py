"""Following the links of public modules, each once a week: does somebody answer there?

Addresses are typed by people, so a link may name a place inside our own network. Nothing is asked of an address that
is not a public one: the name is resolved first, every answer is looked at, and the connection goes to the address that
was looked at. No redirect is followed.
"""

from __future__ import annotations

import html
import http.client
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Thread, Timer
from urllib.parse import SplitResult, quote, urlsplit

from django.db import transaction
from django.db.models import F

from mlclub.markdown import render
from nmep.models import Module, ModuleLink

SECONDS = 5.0
EVERY = timedelta(days=7)
#: How long a link that a worker took is left to it.
LEASE = timedelta(hours=1)
AT_MOST = 20
#: Between two questions to the same host.
PAUSE = 1.0
PORTS = {"http": 80, "https": 443}
NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: With so many hosts and none that answers, it is our own line that is broken.
HOSTS_THAT_CANNOT_ALL_BE_DOWN = 3
LINK = re.compile(r'href="(https?://[^"]+)"')

Place = tuple[str, int]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class State(StrEnum):
    WORKS = "works"
    BROKEN = "broken"
    #: Nobody answered at all; broken, unless nobody answers anywhere.
    UNREACHED = "unreached"
    #: It answers, but says nothing to a program; or we do not ask.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """What came of following a link."""

    state: State
    problem: str = ""


class _Unreached(Exception):
    """Nobody there; the message says in which way."""


class _Inside(Exception):
    """The address is not a public one."""


# ── One link ──


def follow(url: str, *, allowed: Collection[Place] = (), seconds: float = SECONDS) -> Answer:
    """Ask whether a link works, within `seconds`. `allowed` are (address, port) that may be asked although they are
    not public; only tests and a club with a server of its own inside need it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return Answer(State.BROKEN, "not an address")
    if parts.scheme not in PORTS or not host or parts.username is not None:
        return Answer(State.UNKNOWN, "not followed: only plain http and https addresses are")
    try:
        address = _public_address(host, port, allowed, seconds, parts.scheme)
        return _said(_asked(parts, host, address, port, seconds))
    except _Inside as problem:
        return Answer(State.UNKNOWN, str(problem))
    except _Unreached as problem:
        return Answer(State.UNREACHED, str(problem))


def is_public(address: Address) -> bool:
    """Whether anybody may reach `address`, also the one that an IPv6 address wraps."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if wrapped is None and address in NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _public_address(host: str, port: int, allowed: Collection[Place], seconds: float, scheme: str) -> str:
    """The first address of `host`. Raises `_Inside` if any of its addresses is not public, or the port is not the
    usual one of its scheme."""
    found = [ipaddress.ip_address(text) for text in _resolved(host, port, seconds)]
    if not found:
        raise _Unreached("no such host")
    if all((str(address), port) in allowed for address in found):
        return str(found[0])
    if port != PORTS[scheme]:
        raise _Inside(f"not followed: port {port} is not the usual one")
    if not all(is_public(address) for address in found):
        raise _Inside("not followed: it leads inside a network")
    return str(found[0])


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a host; the resolver has no clock of its own, so it is left alone when the time is over."""
    found: list[str] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        # A link-local address may carry the name of an interface behind a percent sign.
        found.extend(str(row[4][0]).partition("%")[0] for row in rows)

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return list(found)


def _asked(parts: SplitResult, host: str, address: str, port: int, seconds: float) -> int:
    """The status that a HEAD gets from exactly this address."""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        held = socket.create_connection((address, port), timeout=seconds)
    except OSError as problem:
        raise _Unreached("nobody answers") from problem
    # A server that sends a byte now and then would outlive the socket's own timeout.
    alarm = Timer(seconds, _hang_up, [held])
    alarm.daemon = True
    alarm.start()
    try:
        if parts.scheme == "https":
            held = ssl.create_default_context().wrap_socket(held, server_hostname=host)
        connection.sock = held
        connection.request(
            "HEAD", path + query, headers={"User-Agent": "module-link-check/1", "Connection": "close"}
        )
        return connection.getresponse().status
    except ssl.SSLCertVerificationError as problem:
        raise _Unreached("its certificate is not valid") from problem
    except (OSError, http.client.HTTPException, UnicodeError, ValueError) as problem:
        raise _Unreached(f"no answer within {seconds:g} seconds") from problem
    finally:
        alarm.cancel()
        connection.close()
        held.close()


def _hang_up(held: socket.socket) -> None:
    try:
        held.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _said(status: int) -> Answer:
    if status < 400:
        return Answer(State.WORKS)
    if status in (404, 410):
        return Answer(State.BROKEN, f"no such page ({status})")
    if status in (401, 403, 405, 406, 429, 501):
        return Answer(State.UNKNOWN, f"it does not answer programs ({status})")
    return Answer(State.BROKEN, f"it fails ({status})")


# ── All of them ──


def links_of(module: Module) -> set[str]:
    """The addresses in what visitors and members read of a module."""
    found = {module.deck_url} if module.deck_url else set()
    for text in (module.overview, module.outline, module.before, module.after):
        if "http" in text:
            found.update(html.unescape(url) for url in LINK.findall(render(text).html))
    return {url for url in found if len(url) <= 500}


@transaction.atomic
def note_links() -> None:
    """Keep a row for each link that stands in a public module, and for no other."""
    rows = list(ModuleLink.objects.select_for_update().values_list("pk", "module", "url"))
    modules = Module.objects.public().only("deck_url", "overview", "outline", "before", "after")
    wanted = {(module.pk, url) for module in modules for url in links_of(module)}
    ModuleLink.objects.filter(pk__in=[pk for pk, module, url in rows if (module, url) not in wanted]).delete()
    missing = wanted - {(module, url) for _, module, url in rows}
    ModuleLink.objects.bulk_create(
        [ModuleLink(module_id=module, url=url) for module, url in sorted(missing)], ignore_conflicts=True
    )


def check(
    now: datetime,
    *,
    allowed: Collection[Place] = (),
    pause: float = PAUSE,
    seconds: float = SECONDS,
    wait: Callable[[float], object] = time.sleep,
) -> int:
    """Follow the links that are due, a few at a time, and write down what came of it; returns how many. Two workers
    take different ones."""
    note_links()
    with transaction.atomic():
        due = ModuleLink.objects.due(now).order_by(F("next_check_at").asc(nulls_first=True), "url")
        taken = list(due.select_for_update(skip_locked=True)[:AT_MOST])
        ModuleLink.objects.filter(pk__in=[row.pk for row in taken]).update(next_check_at=now + LEASE)
    answers: dict[str, Answer] = {}
    before = ""
    for url in sorted({row.url for row in taken}, key=lambda url: (_host(url), url)):
        host = _host(url)
        if host == before:
            wait(pause)
        answers[url] = follow(url, allowed=allowed, seconds=seconds)
        before = host
    if _is_our_line(answers):
        return 0
    for row in taken:
        _write(row, answers[row.url], now)
    return len(taken)


def _host(url: str) -> str:
    """Whom a link asks; nobody where it is no address, such as http://[."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _is_our_line(answers: dict[str, Answer]) -> bool:
    hosts = {_host(url) for url in answers}
    return len(hosts) >= HOSTS_THAT_CANNOT_ALL_BE_DOWN and _all_unreached(answers.values())


def _all_unreached(answers: Iterable[Answer]) -> bool:
    return all(answer.state == State.UNREACHED for answer in answers)


def _write(row: ModuleLink, answer: Answer, now: datetime) -> None:
    is_broken = answer.state in (State.BROKEN, State.UNREACHED)
    ModuleLink.objects.filter(pk=row.pk).update(
        checked_at=now,
        next_check_at=now + EVERY,
        broken_since=(row.broken_since or now) if is_broken else None,
        problem=answer.problem[:120],
    )
