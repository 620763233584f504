from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mlclub.portal import archives


class Command(BaseCommand):
    help = "Write the database and every uploaded file into one archive."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="default: backups/ beside the media folder")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        path = options["file"] or archives.default_path(now)
        try:
            contents = archives.back_up(path, now)
        except archives.ArchiveError as problem:
            raise CommandError(str(problem)) from None
        size = path.stat().st_size / 1e6
        self.stdout.write(f"{path}: {contents.rows} rows and {contents.files} files, {size:.1f} MB")
