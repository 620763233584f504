"""What a repository of git remembers of a wiki: every state of every page, who left it, and when."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from dulwich.diff_tree import RenameDetector, TreeChange, tree_changes
from dulwich.errors import NotGitRepository
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.repo import Repo

from wiki.exporting.names import BOOK, is_post, unescaped
from wiki.exporting.people import THE_LIBRARY
from wiki.importing import trailers
from wiki.importing.reading import LARGEST, PICTURES, Refused, SourceFile, is_page
from wiki.importing.report import Report


@dataclass(frozen=True)
class State:
    """A page as one commit left it. `origin` names the commit and the file."""

    origin: str
    at: datetime
    author: tuple[str, str]
    summary: str
    content: bytes
    #: The how-manieth commit this is, of all.
    turn: int = 0
    #: What an export of ours says besides; empty for others' repositories.
    source: str = ""
    base: int | None = None


@dataclass(frozen=True)
class Way:
    """That a commit took a page's file from one name to another; an empty one is no file."""

    origin: str
    at: datetime
    author: tuple[str, str]
    summary: str
    before: str
    after: str
    turn: int = 0


@dataclass
class Track:
    """A page through its renames. `file` is where it is, or was when it was deleted at `gone_at`."""

    file: str
    states: list[State] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)
    gone_at: datetime | None = None


@dataclass
class History:
    """The files of the newest commit, the pages with all their states, and pictures that were deleted since.

    `is_ours` says that an export of this portal wrote it; only then does it know posts, whose states stand in order.
    """

    files: list[SourceFile]
    tracks: dict[str, Track]
    gone: list[Track]
    lost_pictures: list[SourceFile]
    is_ours: bool = False
    posts: list[State] = field(default_factory=list)


def is_repository(folder: Path) -> bool:
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def read(folder: Path, report: Report) -> History:
    """Everything that the branch of `HEAD` holds. Raises Refused for links, and for what is no repository."""
    try:
        repo = Repo(str(folder))
        head = repo.head()
    except (NotGitRepository, KeyError) as problem:
        raise Refused(f"{folder} is no repository of git with a commit in it.") from problem
    with repo:
        return _Reader(repo, head, report).read()


def people(folder: Path) -> dict[str, str]:
    """The address under which each name (in small letters) wrote commits last."""
    found: dict[str, str] = {}
    with Repo(str(folder)) as repo:
        for entry in repo.get_walker(include=[repo.head()], order="topo", reverse=True):
            name, email = _author(entry.commit)
            if email:
                found[name.casefold()] = email
    return found


class _Reader:
    def __init__(self, repo: Repo, head: ObjectID, report: Report) -> None:
        self.repo, self.head, self.report = repo, head, report
        self.renames = RenameDetector(repo.object_store)
        self.live: dict[str, Track] = {}
        self.gone: dict[str, Track] = {}
        # What each page held last, so that a merge does not tell again what its branches told.
        self.blobs: dict[str, bytes] = {}
        self.pictures: dict[str, bytes] = {}
        self.posts: list[State] = []
        self.is_ours = BOOK.encode() in self._tree(self._commit(head).tree)
        self.turn = 0

    def read(self) -> History:
        for entry in self.repo.get_walker(include=[self.head], order="topo", reverse=True):
            self.turn += 1
            self._follow(entry.commit)
        files = self._newest()
        self._agree_with(files)
        there = {file.path for file in files}
        lost = [
            SourceFile(name, self._blob(sha, name))
            for name, sha in self.pictures.items()
            if name not in there
        ]
        gone = [track for track in self.gone.values() if track.states and track.file not in self.live]
        return History(files, self.live, gone, lost, self.is_ours, self.posts)

    def _follow(self, commit: Commit) -> None:
        parent = self._commit(commit.parents[0]).tree if commit.parents else None
        for change in tree_changes(self.repo.object_store, parent, commit.tree, rename_detector=self.renames):
            self._apply(commit, change)

    def _apply(self, commit: Commit, change: TreeChange) -> None:
        old, new = self._name(change.old), self._name(change.new)
        if change.type == "delete":
            self._delete(commit, old)
            return
        if change.new is None or not stat.S_ISREG(change.new.mode or 0):
            return
        suffix = Path(new).suffix.lower()
        if suffix in PICTURES:
            self.pictures[new] = change.new.sha or b""
        if self.is_ours and is_post(new) and _author(commit) != THE_LIBRARY:
            self.posts.append(self._state(commit, new, self._blob(change.new.sha or b"", new)))
        if not is_page(new, is_ours=self.is_ours):
            if change.type == "rename":
                self._delete(commit, old)
            return
        if change.type == "rename" and old in self.live and new not in self.live:
            track = self.live[new] = self.live.pop(old)
            track.earlier.append(old)
            track.file = new
            track.ways.append(self._way(commit, old, new))
            self.blobs.pop(old, None)
        track = self.live.get(new) or self._found_again(commit, new)
        self._add(track, commit, new, change.new.sha or b"")

    def _found_again(self, commit: Commit, file: str) -> Track:
        track = self.gone.pop(file, None) or Track(file)
        if track.gone_at:
            track.ways.append(self._way(commit, "", file))
        track.gone_at = None
        self.live[file] = track
        return track

    def _add(self, track: Track, commit: Commit, file: str, sha: bytes) -> None:
        if self.blobs.get(file) == sha:
            return
        self.blobs[file] = sha
        content = self._blob(sha, file)
        if track.states and track.states[-1].content == content:
            return
        track.states.append(self._state(commit, file, content))

    def _delete(self, commit: Commit, file: str) -> None:
        track = self.live.pop(file, None)
        self.blobs.pop(file, None)
        if track is not None:
            way = self._way(commit, file, "")
            track.ways.append(way)
            track.gone_at = way.at
            self.gone[file] = track

    def _state(self, commit: Commit, file: str, content: bytes) -> State:
        said = trailers.of(commit, is_ours=self.is_ours)
        return State(
            origin=f"{commit.id.decode()}:{file}"[:300],
            at=said.at or _instant(commit),
            author=_author(commit),
            summary=said.summary,
            content=content,
            turn=self.turn,
            source=said.source,
            base=said.base,
        )

    def _way(self, commit: Commit, before: str, after: str) -> Way:
        said = trailers.of(commit, is_ours=self.is_ours)
        return Way(
            origin=f"{commit.id.decode()}:{f'>{after}' if after else f'{before}>'}"[:300],
            at=said.at or _instant(commit),
            author=_author(commit),
            summary=said.summary,
            before=before,
            after=after,
            turn=self.turn,
        )

    def _name(self, entry: object) -> str:
        path = getattr(entry, "path", None)
        return self._read_name(path) if path else ""

    def _read_name(self, path: bytes) -> str:
        name = path.decode("utf-8", errors="replace")
        return unescaped(name) if self.is_ours and is_page(name, is_ours=True) else name

    def _tree(self, sha: ObjectID) -> Tree:
        tree = self.repo[sha]
        if not isinstance(tree, Tree):
            raise Refused(f"{sha.decode()} is no folder.")
        return tree

    def _commit(self, sha: ObjectID) -> Commit:
        commit = self.repo[sha]
        if not isinstance(commit, Commit):
            raise Refused(f"{sha.decode()} is no commit.")
        return commit

    def _blob(self, sha: bytes, name: str) -> bytes:
        blob = self.repo[ObjectID(sha)]
        if not isinstance(blob, Blob):
            raise Refused(f"{name} is no file in this repository.")
        if blob.raw_length() > LARGEST:
            raise Refused(f"{name} is larger than 10 MB. Make it smaller, or remove it from the history.")
        return bytes(blob.data)

    def _newest(self) -> list[SourceFile]:
        files = []
        for entry in self.repo.object_store.iter_tree_contents(self._commit(self.head).tree):
            name = self._read_name(entry.path)
            if stat.S_ISLNK(entry.mode):
                raise Refused(f"{name} is a symbolic link. Replace it by the file itself, or remove it.")
            if not stat.S_ISREG(entry.mode):
                self.report.drop(name, 0, "Another repository within this one; left out.")
                continue
            if "\\" in name or ".." in name.split("/"):
                raise Refused(f"{name} is a name that leads out of the folder.")
            files.append(SourceFile(name, self._blob(entry.sha, name)))
        return sorted(files, key=lambda file: file.path)

    def _agree_with(self, files: list[SourceFile]) -> None:
        """Branches were told one after the other; what the newest commit holds is what counts in the end."""
        commit = self._commit(self.head)
        pages = {file.path: file.content for file in files if is_page(file.path, is_ours=self.is_ours)}
        for name in [name for name in self.live if name not in pages]:
            self._delete(commit, name)
        for name, content in pages.items():
            track = self.live.get(name) or self._found_again(commit, name)
            if not track.states or track.states[-1].content != content:
                self.blobs.pop(name, None)
                track.states.append(self._state(commit, name, content))


def states_in_order(track: Track) -> Iterator[State]:
    """The states of a page with instants that never go back, as clocks of different computers do."""
    last: datetime | None = None
    for state in track.states:
        at = max(state.at, last) if last else state.at
        last = at
        yield state if at == state.at else replace(state, at=at)


def _instant(commit: Commit) -> datetime:
    try:
        return datetime.fromtimestamp(commit.author_time, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return datetime(1970, 1, 1, tzinfo=UTC)


def _author(commit: Commit) -> tuple[str, str]:
    """(name, address); the address is empty where it is none."""
    text = commit.author.decode("utf-8", errors="replace").replace("\x00", "")
    match = re.match(r"\s*(.*?)\s*<([^<>]*)>", text)
    name, email = match.groups() if match else (text.strip(), "")
    email = email.strip().lower()
    return name or email or "Somebody", email if re.fullmatch(r"[^@\s]+@[^@\s]+", email) else ""
