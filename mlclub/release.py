"""Which code is running: part of the key of whatever a page keeps ready, so that a new one looks at nothing of the old."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

FOLDERS = ("mlclub", "members", "wiki", "events", "projects", "nmep", "templates", "static")


def _digest() -> str:
    found = hashlib.sha256()
    for folder in FOLDERS:
        for file in sorted((Path(settings.BASE_DIR) / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(settings.BASE_DIR)}\0".encode() + file.read_bytes())
    return found.hexdigest()


#: The same in every process that began with the same files; worked out as it begins, before anybody changes them.
RELEASE = _digest()
