from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from wiki import meanings


class Command(BaseCommand):
    help = "Reads all texts for the search by meaning, and says what it still lacks. What is done already is passed over."

    def handle(self, *args: Any, **options: Any) -> None:
        if meanings.is_asked_for():
            try:
                made, _ = meanings.keep(told=self._told)
            except DatabaseError as problem:
                raise CommandError(f"PostgreSQL refused: {problem}") from None
            self.stdout.write(f"{made} texts read.")
        missing = meanings.what_is_missing()
        if missing:
            raise CommandError("Search by meaning is off. " + " ".join(missing))
        self.stdout.write("Search by meaning is on.")

    def _told(self, label: str, made: int) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"\r{made} texts, {label} …", ending="")
