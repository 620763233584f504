"""Packs of git, written as the objects come: never all of them in memory, and what is like its forerunner as a difference."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path

from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.pack import PackIndex, load_pack_index, write_pack_index_v2

COMMIT, TREE, BLOB, DIFFERENCE = 1, 2, 3, 7
_NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob"}
_HEAD, _TAIL = 12, 20
#: How many differences may lie on each other before a whole object comes again.
DEEPEST = 40
#: Of so many texts and folders the newest is at hand to be compared with.
AT_HAND = 500


class Pack:
    """A pack under way. `close` finishes it and writes its index beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "pack-under-way.pack"
        self.file = self.path.open("w+b")
        self.file.write(b"PACK" + struct.pack(">LL", 2, 0))
        self.at = _HEAD
        #: {name: (offset, checksum)}
        self.entries: dict[bytes, tuple[int, int]] = {}
        self.newest: OrderedDict[object, tuple[bytes, bytes, int]] = OrderedDict()

    def add(self, kind: int, data: bytes, *, like: object = None) -> bytes:
        """Store an object and answer its name, 20 bytes. What has the same `like` is probably almost the same."""
        name = name_of(kind, data)
        if name in self.entries:
            return name
        depth = 0
        if like is not None and like in self.newest:
            base, before, depth = self.newest[like]
            changes = difference(before, data)
            depth = depth + 1 if depth < DEEPEST and len(changes) < len(data) // 2 else 0
        if depth:
            self._write(name, DIFFERENCE, len(changes), base + zlib.compress(changes, 6))
        else:
            self._write(name, kind, len(data), zlib.compress(data, 6))
        if like is not None:
            self.newest[like] = (name, data, depth)
            self.newest.move_to_end(like)
            if len(self.newest) > AT_HAND:
                self.newest.popitem(last=False)
        return name

    def _write(self, name: bytes, kind: int, size: int, body: bytes) -> None:
        self.copy(name, _head(kind, size) + body)

    def copy(self, name: bytes, entry: bytes) -> None:
        """Store an entry as another pack holds it."""
        self.entries[name] = (self.at, zlib.crc32(entry))
        self.file.write(entry)
        self.at += len(entry)

    def close(self) -> Path:
        """The pack under its final name; its index lies beside it."""
        self.file.seek(8)
        self.file.write(struct.pack(">L", len(self.entries)))
        self.file.seek(0)
        digest = hashlib.file_digest(self.file, lambda: hashlib.sha1(usedforsecurity=False)).digest()
        self.file.write(digest)
        self.file.close()
        final = self.folder / f"pack-{digest.hex()}.pack"
        self.path.rename(final)
        with final.with_suffix(".idx").open("wb") as index:
            write_pack_index_v2(
                index, [(name, at, check) for name, (at, check) in sorted(self.entries.items())], digest
            )
        return final


def name_of(kind: int, data: bytes) -> bytes:
    """What git calls an object, 20 bytes."""
    return hashlib.sha1(b"%s %d\x00" % (_NAMES[kind], len(data)) + data, usedforsecurity=False).digest()


def joined(packs: Iterable[Path], folder: Path) -> Path:
    """One pack with what all of these hold, each object once. Their indexes lie beside them."""
    made = Pack(folder)
    for path in packs:
        index: PackIndex = load_pack_index(str(path.with_suffix(".idx")), DEFAULT_OBJECT_FORMAT)
        places = sorted((at, name) for name, at, _ in index.iterentries())
        ends = [at for at, _ in places[1:]] + [path.stat().st_size - _TAIL]
        with path.open("rb") as file:
            for (at, name), end in zip(places, ends, strict=True):
                if name not in made.entries:
                    file.seek(at)
                    made.copy(bytes(name), file.read(end - at))
        index.close()
    return made.close()


def _head(kind: int, size: int) -> bytes:
    """An entry's kind and its size before it was compressed."""
    byte, size = kind << 4 | size & 15, size >> 4
    out = bytearray()
    while size:
        out.append(byte | 128)
        byte, size = size & 127, size >> 7
    out.append(byte)
    return bytes(out)


def difference(base: bytes, target: bytes) -> bytes:
    """How git makes `target` out of `base`: what both begin and end with is copied, what stands between is new."""
    most = min(len(base), len(target))
    begin = _alike(most, lambda a, b: base[a:b] == target[a:b])
    most -= begin
    end = _alike(
        most,
        lambda a, b: base[len(base) - b : len(base) - a] == target[len(target) - b : len(target) - a],
    )
    out = bytearray(_size(len(base)) + _size(len(target)))
    if begin:
        out += _copied(0, begin)
    between = target[begin : len(target) - end]
    for at in range(0, len(between), 127):
        piece = between[at : at + 127]
        out.append(len(piece))
        out += piece
    if end:
        out += _copied(len(base) - end, end)
    return bytes(out)


def _alike(most: int, same: Callable[[int, int], bool]) -> int:
    """The largest n up to `most` for which `same(0, n)`, found by halving."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _size(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _copied(at: int, length: int) -> bytes:
    """The orders to copy so many bytes from a place of the base; one order reaches 64 KB."""
    out = bytearray()
    while length:
        now = min(length, 0xFFFF)
        order, rest = 128, bytearray()
        for bit in range(4):
            if byte := at >> 8 * bit & 255:
                order |= 1 << bit
                rest.append(byte)
        for bit in range(2):
            if byte := now >> 8 * bit & 255:
                order |= 16 << bit
                rest.append(byte)
        out.append(order)
        out += rest
        at, length = at + now, length - now
    return bytes(out)
