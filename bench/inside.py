"""`python -m bench.inside COMMAND [ARGUMENT]`, with the portal's environment: what has to be done from within.

Prints one line of JSON. `make_database` and `addresses`, `grow`, `calendar`, `notebook`, `roster` and `seats_over_http` speak to the running
portal's database; `seats`, `digests`, `search` and `cloning` make rows of their own and have a database each (`bench.__main__`).
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import django

# ── Databases ──


def make_database(name: str) -> dict[str, str]:
    """A new, empty database beside the portal's."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    return {"database": name}


def make_bare_database() -> dict[str, str]:
    return make_database("bare")


def migrate() -> dict[str, bool]:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return {"migrated": True}


def fill() -> dict[str, int]:
    """A small club, for a portal without the demo's."""
    from bench import crowd

    crowd.small_club()
    return crowd.sizes()


def grow(times: str = "10") -> dict[str, int]:
    from bench.growing import grow

    return grow(int(times))


# ── Pages ──


def addresses() -> dict[str, dict[str, Any]]:
    """The main pages: where they are, who asks for them, and how many queries each takes once it is warm."""
    from django.contrib.auth import get_user_model
    from django.db.models import Count, Q
    from django.urls import reverse
    from django.utils import timezone

    from events.models import Event
    from nmep import people
    from nmep.models import Assignment
    from wiki.models import Page

    found = get_user_model().objects
    new_member = found.get(email="new-member@club.example")
    member = found.get(email="member@club.example")
    now = timezone.now()
    live = Count("registrations", filter=Q(registrations__state="going"))
    event = (
        Event.objects.visible_to(member)
        .scheduled()
        .filter(starts_at__gt=now)
        .annotate(live=live)
        .order_by("-live")
        .first()
    )
    offering = people.current(new_member)
    assert event is not None
    assert offering is not None
    assignment = (
        Assignment.objects.visible_to(new_member, now)
        .filter(offering=offering, state="published")
        .order_by("-position")
        .first()
    )
    assert assignment is not None
    page = (
        Page.objects.visible_to(member)
        .filter(head__text__contains="$")
        .annotate(links_here=Count("backlinks"))
        .order_by("-links_here", "path")
        .first()
    )
    assert page is not None
    wanted = {
        "home": (reverse("portal:home"), new_member),
        "event_list": (reverse("events:event_list"), member),
        "event_detail": (event.get_absolute_url(), member),
        "syllabus": (offering.get_absolute_url(), new_member),
        "assignment": (assignment.get_absolute_url(), new_member),
        "wiki_page": (page.get_absolute_url(), member),
        "search": (f"{reverse('portal:search')}?q=gradient", member),
    }
    return {name: measured(path, user) for name, (path, user) in wanted.items()}


def signed_in(user: Any) -> Any:
    """Django's test client with a session of `user`."""
    from django.test import Client

    client = Client(HTTP_HOST="localhost")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def measured(path: str, user: Any) -> dict[str, Any]:
    """The address with its cookies, the queries of the third request, and what its answer is marked with."""
    from django.conf import settings
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in(user)
    for _ in range(2):
        response = client.get(path)
        assert response.status_code == 200, f"{path}: {response.status_code}"
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    return {
        "path": path,
        "cookie": "; ".join(f"{name}={client.cookies[name].value}" for name in names),
        "queries": len(queries),
        "etag": response.headers.get("ETag", ""),
    }


def calendar() -> dict[str, str]:
    """A member's secret calendar address, and what its answer is marked with."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from events import feeds

    member = get_user_model().objects.get(email="member@club.example")
    path = reverse("events:personal_feed", args=[feeds.renew(member, timezone.now())])
    response = Client(HTTP_HOST="localhost").get(path)
    assert response.status_code == 200
    return {"path": path, "etag": response["ETag"]}


# ── Search ──


def search(how_many: str = "100000", queries: str = "160") -> list[dict[str, Any]]:
    """What the search of the library, and of the whole portal, takes over so many pages."""
    from bench import searching

    return list(searching.figures(int(how_many), int(queries)))


def care(pages: str = "10000", papers: str = "2000") -> list[dict[str, Any]]:
    """What pages in question, and the lists under `[[` and `@`, take in so large a library."""
    from bench import tending

    return list(tending.figures(int(pages), int(papers)))


def spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[int(len(ordered) * 0.95) - 1], 1),
    }


# ── Notebooks ──


def roster(how_many: str = "60") -> list[dict[str, Any]]:
    """The roster of a term that is over, with so many learners; nothing of it is kept."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from bench import crowd
    from events.models import Attendance
    from nmep.models import Session, Skill, SkillMark

    with transaction.atomic():
        _, term = crowd.club()
        earlier = crowd.old_terms(1)[0]
        begins = datetime.combine(earlier.starts_on, datetime.min.time(), tzinfo=UTC) + timedelta(days=40)
        learners = crowd.people(int(how_many), [term], prefix="learner")
        leads = crowd.people(3, [term], prefix="lead")
        course = crowd.offering(earlier, learners, leads, state="running")
        skills = Skill.objects.bulk_create(
            Skill(program=course.offering.program, name=f"Skill {n}", position=n) for n in range(6)
        )
        SkillMark.objects.bulk_create(
            SkillMark(enrolment=row, skill=skill, level="got_it", by=leads[0])
            for row in course.enrolments[: int(how_many)]
            for skill in skills
        )
        party = crowd.events(
            1, begins, begins, hosts=leads, term=earlier, kind="homework_party", capacity=None
        )[0]
        Session.objects.create(
            offering=course.offering, seq=99, week=9, kind=Session.Kind.PARTY, title="Party", event=party
        )
        Attendance.objects.bulk_create(Attendance(event=party, user=user) for user in learners[::2])
        client, path = signed_in(leads[0]), reverse("nmep:roster", args=[course.offering.slug])
        times = []
        for _ in range(10):
            began = time.perf_counter()
            response = client.get(path)
            times.append(time.perf_counter() - began)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        shown = response.content.decode()
        rows = shown.count('<th scope="row">')
        assert rows == int(how_many), f"{rows} rows"
        classes = shown.count("<i class=") // rows
        figures = {
            "what": "roster grid",
            "learners": rows,
            "columns": shown.count('<th scope="col">') - 1 + classes,
            "queries": len(queries),
            "median_ms": round(statistics.median(times[1:]) * 1000, 1),
            "kilobytes": round(len(response.content) / 1000, 1),
        }
        transaction.set_rollback(True)
    return [figures]


def pairs(how_many: str = "40", rounds: str = "10") -> list[dict[str, Any]]:
    """Rounds of homework partners with experience weighed; how long they take in all, and who met twice."""
    from collections import Counter

    from members import pairing

    n, met, repeats = int(how_many), Counter(), 0
    began = time.perf_counter()
    for seed in range(int(rounds)):
        found = pairing.rotate(
            range(n), met=met, similarity=lambda a, b: (1 - 2 * abs(a % 7 - b % 7) / 6, ""), seed=seed
        )
        together = [pair for team in found.teams for pair in pairing.pairs_of(team.people)]
        repeats += sum(met[pair] > 0 for pair in together)
        met.update(together)
    took = time.perf_counter() - began
    return [{"what": f"{n} people, {rounds} rounds", "seconds": round(took, 2), "repeats": repeats}]


def notebook(rounds: str = "9") -> list[dict[str, Any]]:
    """A notebook of 1 MB with a hundred cells, six pictures and a table: rendered, and from the cache."""
    import base64
    import hashlib
    import os

    from mlclub import notebooks

    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(130_000)).decode()
    table = f"<table>{'<tr><td>0.25</td><td>0.50</td></tr>' * 200}</table>"
    source = "\n".join(
        f"def step_{n}(w, x, rate=1e-{n + 1}):  # {n}\n    return w - rate * x ** 2" for n in range(6)
    )
    cells: list[dict[str, Any]] = []
    for n in range(50):
        cells.append(
            {"cell_type": "markdown", "source": f"## Part {n}\n\nWith $w_{{{n}}} = x^2$ and *words*."}
        )
        outputs: list[dict[str, Any]] = [{"output_type": "stream", "text": "loss 0.25\n" * 40}]
        if n < 6:
            outputs.append({"output_type": "display_data", "data": {"image/png": picture}})
        if n == 7:
            outputs.append({"output_type": "display_data", "data": {"text/html": table}})
        cells.append(
            {"cell_type": "code", "source": f"{source}\n# {n}", "outputs": outputs, "execution_count": n}
        )
    figures: dict[str, list[float]] = {"rendered": [], "from the cache": []}
    processor = dict.fromkeys(figures, 0.0)
    size = 0
    for n in range(int(rounds)):
        content = json.dumps(
            {"nbformat": 4, "metadata": {"run": f"{os.getpid()}-{n}"}, "cells": cells}
        ).encode()
        size, sha256 = len(content), hashlib.sha256(content).hexdigest()
        for what in figures:
            began, worked = time.perf_counter(), time.process_time()
            shown = notebooks.kept(sha256, lambda content=content: content)  # type: ignore[misc]
            figures[what].append(1000 * (time.perf_counter() - began))
            processor[what] += 1000 * (time.process_time() - worked)
            assert len(shown.cells) == 100
    return [
        {
            "what": what,
            "bytes": size,
            "cells": 100,
            **spread(times),
            "cpu_ms": round(processor[what] / len(times), 1),
        }
        for what, times in figures.items()
    ]


# ── The others ──


def seats(*arguments: str) -> list[dict[str, Any]]:
    from bench.seats import without_http

    return without_http(*map(int, arguments))


def seats_over_http(port: str, *arguments: str) -> dict[str, Any]:
    from bench.seats import over_http

    return over_http(int(port), *map(int, arguments))


def digests(*arguments: str) -> list[dict[str, Any]]:
    from bench.digests import digests

    return digests(*map(int, arguments))


def cloning() -> list[dict[str, Any]]:
    """A term of 12 meetings, 6 assignments and 40 slots on its sheets made anew five times: the plan, the draft, and the reading
    of its texts; the slowest of each."""
    from bench.cloning import seconds

    return seconds()


def events(how_many: str = "10000", registrations: str = "100000") -> list[dict[str, Any]]:
    """What list and page of events cost with so many of them, and so many registrations."""
    from bench.large_events import fill as fill_events
    from bench.large_events import measure as measure_pages

    began = time.perf_counter()
    member, popular = fill_events(int(how_many), int(registrations))
    filled = round(time.perf_counter() - began, 1)
    sizes = {"events": int(how_many), "registrations": int(registrations)}
    return [{"page": "(filling)", "seconds": filled, **sizes}] + [
        {**figures, **sizes} for figures in measure_pages(member, popular)
    ]


COMMANDS = {
    command.__name__: command
    for command in (
        make_database,
        make_bare_database,
        migrate,
        fill,
        grow,
        addresses,
        calendar,
        search,
        notebook,
        pairs,
        roster,
        seats,
        seats_over_http,
        digests,
        cloning,
        events,
    )
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print(f"python -m bench.inside {'|'.join(COMMANDS)}", file=sys.stderr)
        return 2
    django.setup()
    print(json.dumps(COMMANDS[arguments[0]](*arguments[1:])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
