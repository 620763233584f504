"""The mirror: the library as a repository of git that members clone, brought up to date every night.

As long as what was written stays as it was, the history only gets longer, and whoever has a clone can pull. Where it
changed (somebody was erased, or claimed what they once wrote, or goes by another name; a page went into the trash; an
import brought old texts) it is written anew, and what it was before is gone for good an hour later.

git reads it over HTTP as plain files, so no program runs for it: `packs` in the private storage, never changed, and
three short texts made from the one row that leads to them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q

from members.models import Club, User
from mlclub import tokens
from wiki import exporting
from wiki.exporting import acts
from wiki.exporting.acts import Act, Scope
from wiki.exporting.commits import Stand
from wiki.exporting.packs import Pack, joined
from wiki.models import Mirror, MirrorKey
from wiki.models.mirrors import StoredFile

logger = logging.getLogger(__name__)

PLACE = "wiki/mirror/"
#: In the club's zone: when the night's mirror is due.
HOUR = 3
LEASE = timedelta(minutes=10)
#: After a failure it is tried again.
AGAIN = timedelta(hours=1)
#: What was written so shortly before may not have been committed yet; it comes the next night.
SETTLED = timedelta(minutes=5)
#: A clone that began before the history was written anew may still be fetching.
GRACE = timedelta(hours=1)
#: Without a good night for so long somebody has to look.
BEHIND = timedelta(hours=36)
MOST_PACKS = 8


# ── When ──


def is_due(mirror: Mirror, now: datetime) -> bool:
    """Whether a worker should build it now: no other is at it, and this night's is not there yet."""
    if mirror.lease_until and mirror.lease_until > now:
        return False
    if mirror.problem and mirror.tried_at and now < mirror.tried_at + AGAIN:
        return False
    return mirror.built_at is None or mirror.built_at < last_night(now)


def last_night(now: datetime) -> datetime:
    """When the newest mirror that there should be was due."""
    here = now.astimezone(Club.current().zone)
    due = here.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return due if due <= here else due - timedelta(days=1)


def is_behind(mirror: Mirror, now: datetime) -> bool:
    """Whether it failed, or has not been looked after for longer than a night."""
    return bool(mirror.problem) or (mirror.built_at is not None and mirror.built_at < now - BEHIND)


def wants_work(mirror: Mirror, now: datetime) -> bool:
    return is_due(mirror, now) or any(_until(each) <= now for each in mirror.retired)


def keep(now: datetime) -> None:
    """What the clock asks for: delete what had its hour, and build when it is due. Running it twice is harmless."""
    forget_retired(now)
    if is_due(Mirror.current(), now):
        build(now)


# ── Building ──


def build(now: datetime) -> bool:
    """Bring the mirror up to date. False when another worker is at it, or when it failed; then the row says why."""
    until = now + LEASE
    is_free = Q(lease_until=None) | Q(lease_until__lte=now)
    Mirror.current()
    if not Mirror.objects.filter(is_free, pk=1).update(lease_until=until, tried_at=now):
        return False
    mine = Mirror.objects.filter(pk=1, lease_until=until)
    try:
        found = _built(Mirror.current(), now)
    except Exception as problem:
        logger.exception("The mirror of the library could not be built.")
        mine.update(lease_until=None, problem=f"{type(problem).__name__}: {problem}"[:300])
        return False
    # Whoever took longer than the lease leaves it to the next one.
    if not mine.update(built_at=now, problem="", **found):
        return False
    _sweep(Mirror.current())
    mine.update(lease_until=None)
    return True


def _built(mirror: Mirror, now: datetime) -> dict[str, Any]:
    """What changes in the row. The files that it leads to are in the storage by then."""
    with tempfile.TemporaryDirectory(prefix="mlclub-mirror-") as name:
        folder = Path(name)
        with acts.one_moment():
            scope = Scope.of(everything=False)
            course = _course(mirror, scope, now - SETTLED, folder)
            pack = Pack(folder)
            exporting.go_on(pack, course.stand, scope, course.fresh, exporting.Report(), closed_at=now)
        if course.stand.head == mirror.head:
            return {"mark": {**mirror.mark, **course.print.mark}}
        path = pack.close()
        old = list(mirror.packs)
        kept = old if course.goes_on else []
        gone = [] if course.goes_on else old
        if len(kept) >= MOST_PACKS:
            path = joined([*(_fetched(each["name"], folder) for each in kept), path], folder / "joined")
            kept, gone = [], old
        packs = [*kept, {"name": path.name, "size": path.stat().st_size}]
        for file in (path, path.with_suffix(".idx")):
            _store(file.name, file)
        state = _stored_state(course.stand)
        retired = [
            *mirror.retired,
            *({"name": each["name"], "until": (now + GRACE).isoformat()} for each in gone),
        ]
        return {
            "head": course.stand.head,
            "commits": course.stand.commits,
            "packs": packs,
            "retired": [each for each in retired if each["name"] != path.name],
            "size": sum(each["size"] for each in packs),
            "mark": {**course.print.mark, "state": state},
            "changed_at": now,
        }


class _Print:
    """What the acts told so far come down to: the same only if each of their commits is."""

    def __init__(self) -> None:
        self.digest, self.acts = hashlib.sha256(), 0

    def add(self, act: Act) -> None:
        self.digest.update(act.mark + b"\n")
        self.acts += 1

    @property
    def mark(self) -> dict[str, Any]:
        return {"print": self.digest.hexdigest(), "acts": self.acts}


@dataclass
class _Course:
    """From where the history goes on, and what it has to tell yet."""

    stand: Stand
    fresh: Iterator[Act]
    print: _Print
    goes_on: bool


def _course(mirror: Mirror, scope: Scope, until: datetime, folder: Path) -> _Course:
    """On from where it stands, if all that was told is still so; else from the beginning."""
    if mirror.head and mirror.mark.get("state"):
        told, print_ = acts.of(scope, until=until), _Print()
        for act in told:
            print_.add(act)
            if print_.acts == mirror.mark["acts"]:
                break
        is_same = print_.mark == {name: mirror.mark[name] for name in ("print", "acts")}
        stand = _stand(mirror, folder) if is_same else None
        if stand is not None:
            return _Course(stand, _counted(told, print_), print_, goes_on=True)
    print_ = _Print()
    return _Course(Stand(), _counted(acts.of(scope, until=until), print_), print_, goes_on=False)


def _counted(told: Iterator[Act], print_: _Print) -> Iterator[Act]:
    for act in told:
        print_.add(act)
        yield act


# ── Where it stands, kept beside the packs ──


def _stored_state(stand: Stand) -> str:
    state = {
        "pages": [[page, stand.files.get(page, ""), blob.hex()] for page, blob in stand.blobs.items()],
        "others": [[file, mark, blob.hex()] for file, (mark, blob) in stand.others.items()],
        "posts": [[post, file, front] for post, (file, front) in stand.posts.items()],
    }
    name = f"state-{stand.head}.json"
    default_storage.delete(PLACE + name)
    default_storage.save(PLACE + name, ContentFile(json.dumps(state).encode()))
    return name


def _stand(mirror: Mirror, folder: Path) -> Stand | None:
    """Where the mirror stands; None when that cannot be read any more."""
    names = [f"{Path(each['name']).stem}{ending}" for each in mirror.packs for ending in (".pack", ".idx")]
    if not all(default_storage.exists(PLACE + name) for name in names):
        return None
    try:
        with default_storage.open(PLACE + mirror.mark["state"]) as file:
            state = json.load(file)
    except (OSError, ValueError):
        return None
    stand = Stand(head=mirror.head, commits=mirror.commits)
    for page, file, blob in state["pages"]:
        stand.blobs[page] = bytes.fromhex(blob)
        if file:
            stand.files[page] = file
            stand.owners[file] = page
            stand.tree.put(file, stand.blobs[page])
    for file, mark, blob in state["others"]:
        stand.others[file] = (mark, bytes.fromhex(blob))
        stand.tree.put(file, stand.others[file][1])
    stand.posts = {post: (file, front) for post, file, front in state.get("posts", ())}
    # Its folders are in the packs that are there already.
    (folder / "known").mkdir()
    stand.tree.write(Pack(folder / "known"))
    return stand


def _sweep(mirror: Mirror) -> None:
    """Delete what the row does not lead to: the state of before, and what a worker left that died at it. The caller has
    the lease."""
    known = {str(mirror.mark.get("state"))}
    for each in [*mirror.packs, *mirror.retired]:
        known |= {each["name"], f"{Path(each['name']).stem}.idx"}
    _, files = default_storage.listdir(PLACE) if default_storage.exists(PLACE) else ([], [])
    for name in files:
        if name not in known:
            default_storage.delete(PLACE + name)


def _store(name: str, path: Path) -> None:
    if not default_storage.exists(PLACE + name):
        with path.open("rb") as file:
            default_storage.save(PLACE + name, File(file))


def _fetched(name: str, folder: Path) -> Path:
    """A pack with its index, out of the storage; the folder for what they are joined to is made."""
    (folder / "joined").mkdir(exist_ok=True)
    path = folder / name
    for each in (path, path.with_suffix(".idx")):
        with default_storage.open(PLACE + each.name) as stored, each.open("wb") as file:
            shutil.copyfileobj(stored, file)
    return path


def forget_retired(now: datetime) -> int:
    """Delete the packs that no clone fetches any more; how many those were."""
    with transaction.atomic():
        mirror = Mirror.objects.select_for_update().filter(pk=1).first()
        if mirror is None:
            return 0
        over = [each["name"] for each in mirror.retired if _until(each) <= now]
        if over:
            mirror.retired = [each for each in mirror.retired if each["name"] not in over]
            mirror.save(update_fields=["retired"])
    live = {each["name"] for each in mirror.packs}
    for name in over:
        if name not in live:
            default_storage.delete(PLACE + name)
            default_storage.delete(f"{PLACE}{Path(name).stem}.idx")
    return len(over)


def _until(retired: dict[str, str]) -> datetime:
    return datetime.fromisoformat(retired["until"])


# ── Serving ──


def text_of(mirror: Mirror, path: str) -> str | None:
    """The three files that lead git to the packs; None for any other."""
    if path == "HEAD":
        return f"ref: refs/heads/{exporting.BRANCH}\n"
    if path == "info/refs":
        return f"{mirror.head}\trefs/heads/{exporting.BRANCH}\n" if mirror.head else ""
    if path == "objects/info/packs":
        # git looks into the last one first.
        return "".join(f"P {each['name']}\n" for each in [*mirror.retired, *mirror.packs]) + "\n"
    return None


def file_of(mirror: Mirror, path: str) -> StoredFile | None:
    """The stored file behind a path below the repository, if the mirror leads to it."""
    folder, _, name = path.rpartition("/")
    known = {each["name"] for each in [*mirror.retired, *mirror.packs]}
    if folder == "objects/pack" and f"{Path(name).stem}.pack" in known and name.endswith((".pack", ".idx")):
        return StoredFile(PLACE + name)
    return None


def find(token: str) -> MirrorKey | None:
    """The key behind a token, revoked or not."""
    return MirrorKey.objects.select_related("user").filter(token_hash=tokens.digest(token)).first()


@transaction.atomic
def renew(user: User, now: datetime) -> str:
    """A new secret; the one before answers 410 from now on. Only here is the token known."""
    User.objects.select_for_update(of=("self",), no_key=True).get(
        pk=user.pk
    )  # of two clicks the second waits
    revoke(user, now)
    token = tokens.new()
    MirrorKey.objects.create(user=user, token_hash=tokens.digest(token), created_at=now)
    return token


def revoke(user: User, now: datetime) -> int:
    return MirrorKey.objects.live().filter(user=user).update(revoked_at=now)
