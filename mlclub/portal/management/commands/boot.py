from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Standard output is what the supervisor says when all is ready; the way there goes to standard error."""

    help = "Prepare the database in one process: migrate, then the demo club or the address of the first run."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        kind = parser.add_mutually_exclusive_group(required=True)
        kind.add_argument("--demo", action="store_true", help="fill an empty database with the demo club")
        kind.add_argument("--club", action="store_true", help="leave it empty and open the first-run page")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stderr)
        known = get_commands()
        if options["demo"] and "seed_demo" in known and not get_user_model().objects.exists():
            self.stderr.write("Filling the demo club (only the first time) ...", self.style.NOTICE)
            call_command("seed_demo", stdout=self.stderr)
        if options["club"] and "first_run_address" in known:
            call_command("first_run_address", stdout=self.stdout)
