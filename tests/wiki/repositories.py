"""Small repositories of git, made for a test."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dulwich.repo import Repo

ADA, BO = "Ada Example <ada@club.example>", "Bo Example <bo@elsewhere.example>"
BEGAN = datetime(2021, 9, 1, 18, tzinfo=UTC)


class Work:
    """A repository and its folder; each `commit` is a day later than the last."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.days = folder, 0
        self.repo = Repo.init(str(folder))

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        by: str = ADA,
        message: str = "Changed",
        days: int | None = None,
    ) -> bytes:
        """Write (or, for None, delete) these files and commit them."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            self.repo.get_worktree().stage([name.encode()])
        return self._commit(by, message, days)

    def move(self, old: str, new: str, *, by: str = ADA, message: str = "Moved") -> bytes:
        (self.folder / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self.folder / old, self.folder / new)
        self.repo.get_worktree().stage([old.encode(), new.encode()])
        return self._commit(by, message, None)

    def _commit(self, by: str, message: str, days: int | None) -> bytes:
        self.days = self.days + 1 if days is None else days
        at = int((BEGAN + timedelta(days=self.days)).timestamp())
        return self.repo.get_worktree().commit(
            message=message.encode(),
            author=by.encode(),
            committer=by.encode(),
            author_timestamp=at,
            commit_timestamp=at,
            author_timezone=0,
            commit_timezone=0,
        )
