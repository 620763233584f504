"""The library leaves and comes back: 1,000 versions out and in within ten seconds, by the same commits; the mirror of
them, a night on which one page changed, and a clone over HTTP. `DRILL_REVISIONS` asks for more."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django

REVISIONS = int(os.environ.get("DRILL_REVISIONS", "1000"))
PER_PAGE = 20
LIMIT_SECONDS = 10.0
BEGAN = datetime(2024, 9, 1, tzinfo=UTC)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    django.setup()
    from django.urls import reverse

    from members.models import User
    from mlclub.wsgi import application
    from wiki import exporting, importing, mirror
    from wiki.models import Mirror, Page, Passage, Revision

    fill()
    found: dict[str, float] = {"revisions": Revision.objects.count(), "pages": Page.objects.count()}
    wrong: list[str] = []
    now = BEGAN + timedelta(days=3000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.monotonic()
        first = exporting.export_wiki(folder / "first", everything=True)
        found["export_seconds"] = round(time.monotonic() - began, 2)
        found["export_mb"] = round(first.size / 1e6, 2)
        began = time.monotonic()
        mirror.build(now)
        found["mirror_seconds"] = round(time.monotonic() - began, 2)
        touch(now)
        began = time.monotonic()
        mirror.build(now + timedelta(days=1))
        found["next_night_seconds"] = round(time.monotonic() - began, 2)
        row = Mirror.current()
        found["mirror_mb"] = round(row.size / 1e6, 2)
        found["mirror_packs"] = len(row.packs)
        if row.problem:
            wrong.append(row.problem)
        if shutil.which("git"):
            token = mirror.renew(User.objects.get(email="reader@club.example"), now)
            with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                path = reverse("wiki:mirror_file", args=[token, "HEAD"]).removesuffix("/HEAD")
                began = time.monotonic()
                subprocess.run(
                    [
                        "git",
                        "clone",
                        "--quiet",
                        f"http://127.0.0.1:{server.server_port}{path}",
                        str(folder / "clone"),
                    ],
                    check=True,
                )
                found["clone_seconds"] = round(time.monotonic() - began, 2)
                server.shutdown()
            told = subprocess.run(
                ["git", "-C", str(folder / "clone"), "rev-list", "--count", "HEAD"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            if int(told) != row.commits:
                wrong.append(f"the clone has {told.strip()} commits, the mirror {row.commits}")
        Page.objects.update(head=None)
        for model in (Passage, Revision, Page):
            model.objects.all().delete()
        began = time.monotonic()
        importing.import_wiki(folder / "first", now=now)
        found["import_seconds"] = round(time.monotonic() - began, 2)
        if exporting.export_wiki(folder / "second", everything=True, is_bare=True).head != first.head:
            wrong.append("what came back does not leave by the same commits")
    found["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    if REVISIONS <= 1000 and found["export_seconds"] + found["import_seconds"] > LIMIT_SECONDS:
        wrong.append(f"out and in took longer than {LIMIT_SECONDS} s")
    print(json.dumps({**found, "wrong": wrong}), flush=True)
    return bool(wrong)


def fill() -> None:
    """Pages of about the length of a real wiki's, each grown over twenty versions by several people."""
    from members.models import Membership, Term, User
    from wiki import editing
    from wiki.models import Page, Revision
    from wiki.rendering import anatomy

    rng = random.Random(7)
    writers = [
        User.objects.create_user(email=f"writer-{n}@club.example", name=f"Writer {n}") for n in range(12)
    ]
    reader = User.objects.create_user(email="reader@club.example", name="Reader")
    today = datetime.now(tz=UTC).date()
    term = Term.objects.create(
        name="Term", slug="term", starts_on=today - timedelta(days=30), ends_on=today + timedelta(days=60)
    )
    Membership.objects.create(person=reader, term=term, kind="member", status="active")
    words = [f"word{n}" for n in range(4000)]
    rows = []
    for number in range(REVISIONS // PER_PAGE):
        page = editing.begin(f"Area {number % 12}/Page {number}", now=BEGAN)
        lines = [f"# Page {number}"]
        for version in range(1, PER_PAGE + 1):
            lines.insert(
                rng.randrange(1, len(lines) + 1), " ".join(rng.choices(words, k=40)) + f" $x^{version}$."
            )
            rows.append(
                Revision(
                    page=page,
                    number=version,
                    base_number=version - 1,
                    text="\n\n".join(lines) + "\n",
                    summary=f"Step {version}",
                    author=rng.choice(writers),
                    at=BEGAN + timedelta(hours=number % 97, days=version * 40, seconds=number),
                )
            )
    Revision.objects.bulk_create(rows, batch_size=500)
    for page in Page.objects.all():
        page.head = page.revisions.order_by("-number").first()
        page.content_at = page.head.at
        editing.keep_in_step(page, anatomy(page.text, folder=page.folder), learns_words=False)


def touch(now: datetime) -> None:
    from wiki import editing
    from wiki.models import Page

    page = Page.objects.select_related("head").order_by("pk")[0]
    editing.save(
        page,
        page.text + "\nOne more line.\n",
        base=page.head.number,
        author=None,
        now=now + timedelta(hours=3),
    )


if __name__ == "__main__":
    sys.exit(main())
