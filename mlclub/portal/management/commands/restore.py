import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlclub.portal import archives


class Command(BaseCommand):
    help = "Put a backup in the place of this club's database and files. Mails then wait for an officer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"] and sys.stdin.isatty():
            answer = input("This replaces everything the portal holds now. Type 'restore' to go on: ")
            if answer.strip() != "restore":
                raise CommandError("Nothing was changed.")
        try:
            contents = archives.restore(options["file"])
        except archives.ArchiveError as problem:
            raise CommandError(f"{problem} Nothing was changed.") from None
        self.stdout.write(
            f"The club of {contents.made_at} is back: {contents.rows} rows and {contents.files} files. "
            "Mails that were due before now wait on the desk for an officer."
        )
