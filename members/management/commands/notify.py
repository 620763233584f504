from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from members.ledger import channels
from members.ledger.sending import Sweep, sweep
from members.models import Club


class Command(BaseCommand):
    help = "Send what is due in the notification ledger, without Celery."

    stopped = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--once", action="store_true", help="Send everything that is due and end.")
        how.add_argument("--loop", action="store_true", help="Go on until SIGTERM or Ctrl-C.")
        parser.add_argument(
            "--now", type=self.instant, help="Act as if it were this instant, e.g. 2027-03-14T09:30."
        )
        parser.add_argument(
            "--every", type=float, default=30.0, help="Seconds between two looks (with --loop)."
        )

    def instant(self, text: str) -> datetime:
        moment = parse_datetime(text)
        if moment is None:
            raise CommandError(
                f"“{text}” is not an instant. Write it as 2027-03-14T09:30 or 2027-03-14T09:30Z."
            )
        return moment if timezone.is_aware(moment) else moment.replace(tzinfo=Club.current().zone)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            done = self.until_empty(options["now"])
            if done.problems:
                raise CommandError("\n".join(done.problems))
            return
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        begun, started = options["now"] or timezone.now(), time.perf_counter()
        while not self.stopped:
            looked = time.perf_counter()
            try:
                self.until_empty(begun.fromtimestamp(begun.timestamp() + looked - started, begun.tzinfo))
            except Exception as problem:  # the next look may find the database back
                self.stderr.write(f"{type(problem).__name__}: {problem}")
            close_old_connections()
            while not self.stopped and time.perf_counter() - looked < options["every"]:
                time.sleep(0.1)

    def until_empty(self, now: datetime | None) -> Sweep:
        done = sweep(now, budget=float("inf"), should_stop=lambda: self.stopped)
        channels.sweep(now or timezone.now())
        for problem in done.problems:
            self.stderr.write(problem)
        if done.written or done.counts:
            self.stdout.write(str(done))
        return done

    def stop(self, *args: object) -> None:
        self.stopped = True
