"""The folders of a repository as they change from commit to commit; only what changed is written anew."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from wiki.exporting.packs import TREE, Pack


class Taken(Exception):
    """A file is to stand where a folder is, or the other way round."""


class Folder:
    """A folder, with the names in it as git sorts them: those of folders as if a slash followed."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.files: dict[str, bytes] = {}
        self.folders: dict[str, Folder] = {}
        self.order: list[tuple[bytes, str]] = []
        self.name: bytes | None = None

    def put(self, path: str, blob: bytes) -> None:
        """Have `path` hold an object. Raises Taken."""
        first, _, rest = path.partition("/")
        if rest:
            if first in self.files:
                raise Taken(path)
            if first not in self.folders:
                self.folders[first] = Folder(f"{self.path}{first}/")
                insort(self.order, (first.encode() + b"/", first))
            self.folders[first].put(rest, blob)
        else:
            if first in self.folders:
                raise Taken(path)
            if first not in self.files:
                insort(self.order, (first.encode(), first))
            self.files[first] = blob
        self.name = None

    def remove(self, path: str) -> None:
        """Take `path` away, and folders that hold nothing any more. Nothing happens when it is not there."""
        first, _, rest = path.partition("/")
        if rest and first in self.folders:
            inner = self.folders[first]
            inner.remove(rest)
            if not inner.order:
                del self.folders[first]
                self._forget((first.encode() + b"/", first))
            self.name = None
        elif not rest and first in self.files:
            del self.files[first]
            self._forget((first.encode(), first))
            self.name = None

    def _forget(self, key: tuple[bytes, str]) -> None:
        del self.order[bisect_left(self.order, key)]

    def write(self, pack: Pack) -> bytes:
        """Store what changed since the last time; the name of the whole."""
        if self.name is None:
            parts = []
            for key, name in self.order:
                if key.endswith(b"/"):
                    parts.append(b"40000 %s\x00%s" % (key[:-1], self.folders[name].write(pack)))
                else:
                    parts.append(b"100644 %s\x00%s" % (key, self.files[name]))
            self.name = pack.add(TREE, b"".join(parts), like=self.path or "/")
        return self.name

    def walk(self) -> Iterator[tuple[str, bytes]]:
        """Every file below, with its object."""
        for name, blob in self.files.items():
            yield self.path + name, blob
        for folder in self.folders.values():
            yield from folder.walk()
