"""Drill 6: Redis is wiped, filled, and stopped for ten minutes, while people look at pages and sign up. Every page
and registration is answered, and every confirmation arrives within a minute of its return."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import django

from mlclub.supervisor import portal
from mlclub.supervisor.children import Family
from mlclub.supervisor.engines import free_port

SECONDS = int(os.environ.get("DRILL_SECONDS", "600"))
LIMIT = 60


def main() -> int:
    django.setup()
    from django.test import Client
    from django.utils import timezone

    from bench.drills._http import OwnRedis, Visitor
    from bench.drills._mail import Sink, kill
    from events.models import Event, Registration
    from members.models import Notification, User

    person = User.objects.create_user("drill@club.example", name="Drill")
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.cookies["session"].value
    start = timezone.now() + timedelta(days=7)

    with tempfile.TemporaryDirectory() as folder:
        smtp_port, port, redis = free_port(), free_port(), OwnRedis()
        sink = Sink(Path(folder) / "taken", smtp_port, seconds=0.002)
        server = sink.start()
        env = os.environ | {
            "REDIS_URL": redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "SITE_URL": f"http://localhost:{port}",
            "PRODUCTION": "0",
            "LOG_LEVEL": "ERROR",
        }
        family = Family(Path(folder))
        answers: dict[str, Counter[int]] = {}
        visitor = Visitor(f"http://127.0.0.1:{port}")
        visitor.carry("session", session)

        def use(phase: str, seconds: float) -> None:
            """Somebody reads and signs up, twice a second."""
            seen = answers.setdefault(phase, Counter())
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                event = Event.objects.create(
                    title=phase, starts_at=start, ends_at=start + timedelta(hours=1), visibility="public"
                )
                seen[visitor.open("/events/")[0]] += 1
                seen[visitor.post(event.get_absolute_url(), f"/events/{event.pk}/register/")] += 1
                time.sleep(0.5)

        try:
            redis.start()
            portal.start_web(family, env, [f"127.0.0.1:{port}"], port)
            portal.start_celery(family, env)
            use("well", 10)
            redis.client().flushall()
            use("wiped", 10)
            redis.client().config_set("maxmemory", 1)
            use("full", SECONDS / 10)
            redis.stop()
            use("away", SECONDS)
            redis.start()
            back = time.monotonic()
            rows = Notification.objects.filter(kind="event-registered")
            while rows.exclude(status="sent").exists() and time.monotonic() - back < 3 * LIMIT:
                time.sleep(0.5)
            late = time.monotonic() - back
            dead = [child.name for child in family.children if child.process.poll() is not None]
        finally:
            family.stop()
            redis.stop()
            kill(server)
        taken = sink.taken()
    registered = Registration.objects.filter(user=person).count()
    wrong = sum(
        count for seen in answers.values() for status, count in seen.items() if status not in (200, 302)
    )
    asked = sum(seen[302] for seen in answers.values())
    figures = {
        "seconds_away": SECONDS,
        "answers": {phase: dict(seen) for phase, seen in answers.items()},
        "registrations": registered,
        "lost": asked - registered,
        "mails": len(taken),
        "duplicates": len(taken) - len(set(taken)),
        "missing": registered - len(set(taken)),
        "seconds_until_all_were_sent": round(late, 1),
        "parts_that_died": dead,
    }
    print(json.dumps(figures), flush=True)
    problems = (wrong, figures["lost"], figures["duplicates"], figures["missing"], dead, late > LIMIT)
    return int(any(problems))


if __name__ == "__main__":
    sys.exit(main())
