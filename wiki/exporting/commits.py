"""Acts on pages and posts as commits, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wiki.exporting import blog
from wiki.exporting.acts import Act, Scope
from wiki.exporting.names import file_of
from wiki.exporting.packs import BLOB, COMMIT, Pack, name_of
from wiki.exporting.people import THE_LIBRARY, Identity
from wiki.exporting.trees import Folder, Taken
from wiki.posts import Words

CLOSING = "Papers, reading lists and pictures as they are, and what else is known of pages and posts\n"


@dataclass
class Stand:
    """Where a history has come to: its newest commit, the folders of it, and which file is whose page."""

    head: str = ""
    commits: int = 0
    tree: Folder = field(default_factory=Folder)
    files: dict[int, str] = field(default_factory=dict)
    blobs: dict[int, bytes] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    #: What else leaves: {file: (what it is known again by, object)}.
    others: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    #: The file of each post, and the front matter that it has.
    posts: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)


class Historian:
    """Goes on with a history. What it stores goes into one pack."""

    def __init__(self, pack: Pack, stand: Stand, scope: Scope) -> None:
        self.pack, self.stand, self.scope = pack, stand, scope
        self.last_tree = stand.tree.write(pack) if stand.head else b""

    def tell(self, act: Act, words: Words) -> None:
        """Add the commit of an act."""
        if act.post is not None:
            path = self._write_post(act.post, words)
        elif act.revision is not None:
            path = self._write(act, words.text)
        elif self._go(act):
            path = act.after or act.before
        else:
            return  # a page went somewhere before it had a text: its first version will be there
        self._commit(act.who, act.at, message(act, path))

    def _write(self, act: Act, text: str) -> str:
        page = act.page
        blob = self.stand.blobs[page] = self.pack.add(BLOB, text.encode(), like=page)
        file = self.stand.files.get(page)
        if file is None:
            file = self._claim(page, self.scope.starts[page])
        self._put(file, blob)
        return file.removesuffix(".md")

    def _write_post(self, post: int, words: Words) -> str:
        """A version says its title and its excerpt; the rest of the front matter stays as the last commit of all has it."""
        slug, file = self.scope.post_files[post]
        before, front = self.stand.posts.get(post, (file, {}))
        front = front | {"title": words.title, "slug": slug, "excerpt": words.excerpt}
        if not words.excerpt:
            del front["excerpt"]
        if before != file and before in self.stand.others:
            del self.stand.others[before]
            self.stand.tree.remove(before)
        blob = self.pack.add(BLOB, blog.written(front, words.text).encode(), like=f"post {post}")
        self._put(file, blob)
        self.stand.others[file] = ("", blob)
        self.stand.posts[post] = file, front
        return file.removesuffix(".md")

    def _put(self, file: str, blob: bytes) -> None:
        """A page goes before a picture or a bibliography that is called as one of its folders."""
        folder = file
        while folder := folder.rpartition("/")[0]:
            if self.stand.others.pop(folder, None):
                self.stand.tree.remove(folder)
        self.stand.tree.put(file, blob)

    def _go(self, act: Act) -> bool:
        page = act.page
        blob = self.stand.blobs.get(page)
        if blob is None:
            self.scope.starts[page] = act.after or act.before
            return False
        self._leave(page)
        if act.after:
            self._put(self._claim(page, act.after), blob)
        return True

    def _leave(self, page: int) -> None:
        file = self.stand.files.pop(page, None)
        if file is not None:
            self.stand.tree.remove(file)
            del self.stand.owners[file]

    def _claim(self, page: int, path: str) -> str:
        """The file for a page; beside it where another page stands there at the time, as an import of old texts can make it."""
        file = file_of(path)
        if self.stand.owners.get(file, page) != page:
            file = file_of(f"{path} ({page})")
        self.stand.files[page] = file
        self.stand.owners[file] = page
        return file

    def settle(self) -> None:
        """Have every page stand where it stands today, whatever its history does not tell."""
        wanted = {
            page: file_of(path)
            for page, path in self.scope.paths.items()
            if page not in self.scope.trashed and page in self.stand.blobs
        }
        wrong = [page for page in self.stand.blobs if self.stand.files.get(page) != wanted.get(page)]
        for page in wrong:
            self._leave(page)
        for page in wrong:
            if page in wanted:
                self._put(self._claim(page, self.scope.paths[page]), self.stand.blobs[page])

    def keep(self, file: str, mark: str, content: bytes | None) -> bool:
        """Have something else than a page stand at `file`. Without content it is as it was. False where it cannot be."""
        if content is None or self.stand.others.get(file) == (mark, name_of(BLOB, content)):
            return True
        blob = self.pack.add(BLOB, content, like=file if file.endswith((".md", ".json", ".bib")) else None)
        if file in self.stand.owners:
            return False
        try:
            self.stand.tree.put(file, blob)
        except Taken:
            return False
        self.stand.others[file] = (mark, blob)
        return True

    def drop_others(self, kept: set[str]) -> None:
        for file in [file for file in self.stand.others if file not in kept]:
            self.stand.tree.remove(file)
            del self.stand.others[file]

    def close(self, at: datetime) -> bool:
        """The commit of all that has no history. False when nothing of it changed."""
        if self.stand.head and self.stand.tree.write(self.pack) == self.last_tree:
            return False
        self._commit(THE_LIBRARY, at, CLOSING)
        return True

    def _commit(self, who: Identity, at: datetime, words: str) -> None:
        tree = self.last_tree = self.stand.tree.write(self.pack)
        signed = f"{who[0]} <{who[1]}> {int(at.timestamp())} +0000"
        parent = f"parent {self.stand.head}\n" if self.stand.head else ""
        text = f"tree {tree.hex()}\n{parent}author {signed}\ncommitter {signed}\n\n{words}"
        self.stand.head = self.pack.add(COMMIT, text.encode()).hex()
        self.stand.commits += 1


def message(act: Act, path: str) -> str:
    """The summary, and below it what git has no place for. An import reads it back: `wiki.importing.trailers`."""
    summary = " ".join("".join(sign if sign.isprintable() else " " for sign in act.summary).split())
    trailers = []
    if act.revision is None:
        words = summary or (
            f"Took {act.after} out of the trash"
            if not act.before
            else f"Put {act.before} in the trash"
            if not act.after
            else f"Moved {act.before} to {act.after}"
        )
    else:
        words = summary or f"{'Wrote' if act.number == 1 else 'Changed'} {path}"
        trailers.append(f"Source: {act.source}")
        if act.base != act.number - 1:
            trailers.append(f"Based-On: {act.base}")
    if not summary:
        trailers.append("Summary: none")
    if act.at.microsecond:
        trailers.append(f"At: {act.at.isoformat()}")
    return "\n".join([words, *([""] if trailers else []), *trailers]) + "\n"
