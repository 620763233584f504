from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from members.ledger import holding


class Command(BaseCommand):
    help = "Hold back mail that fell due before now (as after a restore), or let it go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--reason", help="Why; officers read it on the mail desk.")
        how.add_argument("--release", action="store_true", help="End the hold; what is still wanted goes.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["release"]:
            self.stdout.write(
                f"The hold has ended; {holding.release(now=now)} messages go if they are still wanted."
            )
            return
        holding.hold(options["reason"], now=now)
        self.stdout.write(
            f"Mail that fell due before now is on hold: {holding.held().count()} messages wait."
        )
