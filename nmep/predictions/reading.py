"""A prediction file as a table: `.csv` with a name and a value a row, or `.npy` with the values in order."""

from __future__ import annotations

import ast
import csv
import io
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

MOST_ROWS = 200_000
LONGEST_CELL = 200
#: A side of an array above this is a lie, and may have too many digits to be named.
LONGEST_SIDE = 10**12
NPY = b"\x93NUMPY"
#: Kind of number and its bytes → the letter that `struct` reads it by.
NUMBERS = {
    "f4": "f",
    "f8": "d",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "b1": "?",
}


class Refused(ValueError):
    """The file is no table of predictions; the message is a sentence that says how to mend it."""


@dataclass(frozen=True)
class Table:
    """Values by the name of their row. `is_ordered`: they came without names and stand for 0, 1, 2, …"""

    values: Mapping[str, str]
    is_ordered: bool

    def __len__(self) -> int:
        return len(self.values)


def read(content: bytes) -> Table:
    """The table in `content`, told by its first bytes and not by its name. Raises Refused."""
    if content.startswith(NPY):
        return _npy(content)
    if content.startswith((b"PK\x03\x04", b"\x80", b"\x1f\x8b")):
        raise Refused("This is an archive or a pickle. Save a plain .csv, or one array with numpy.save.")
    return _csv(content)


def _csv(content: bytes) -> Table:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("This is no text in UTF-8. Save it as .csv, or one array with numpy.save.") from None
    if "\x00" in text:
        raise Refused("There are zero bytes in this file, so it is no .csv.")
    values: dict[str, str] = {}
    # Quotes that are never closed swallow the rest of a file: the reader says so where it is strict.
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, None)
        if header is None or len(header) < 2:
            raise Refused("The first row names two columns, as in: id,label")
        for number, row in enumerate(rows, start=2):
            if not any(cell.strip() for cell in row):
                continue
            if len(row) < 2:
                raise Refused(f"Row {number} has one column; it needs a name and a value.")
            name, value = row[0].strip(), row[1].strip()
            if len(name) > LONGEST_CELL or len(value) > LONGEST_CELL:
                raise Refused(f"Row {number} has a cell of more than {LONGEST_CELL} characters.")
            if not name or not value:
                raise Refused(f"Row {number} lacks its {'name' if not name else 'value'}.")
            if name in values:
                raise Refused(f"Row {number} names “{name}” for the second time.")
            if len(values) == MOST_ROWS:
                raise Refused(f"There are more than {MOST_ROWS} rows.")
            values[name] = value
    except csv.Error as error:
        raise Refused(f"Row {rows.line_num} cannot be read as .csv: {error}.") from None
    if not values:
        raise Refused("There is no row below the names of the columns.")
    return Table(values, is_ordered=False)


def _npy(content: bytes) -> Table:
    """One array of numbers as `numpy.save` writes it (format versions 1 to 3), read without running anything."""
    broken = Refused("The header of this .npy cannot be read. Save the array again with numpy.save.")
    try:
        major = content[6]
        size, begins = (
            (struct.unpack("<H", content[8:10])[0], 10)
            if major == 1
            else (struct.unpack("<I", content[8:12])[0], 12)
        )
        if major not in (1, 2, 3) or size > 10_000:
            raise broken
        header = ast.literal_eval(content[begins : begins + size].decode("utf-8").strip())
        kind, shape = str(header["descr"]), tuple(header["shape"])
    except (
        IndexError,
        KeyError,
        SyntaxError,
        TypeError,
        ValueError,
        struct.error,
        RecursionError,
        MemoryError,
    ):
        raise broken from None
    if "O" in kind or kind.startswith("["):
        raise Refused(
            "This array holds Python objects, which would have to be run to be read. "
            "Save numbers: numpy.save(name, predictions.astype(float))."
        )
    letter = NUMBERS.get(kind[1:])
    if kind[:1] not in "<>|=" or letter is None:
        raise Refused(f"An array of type {kind} is not taken; save whole or floating numbers.")
    if len(shape) > 32 or not all(type(length) is int and length >= 0 for length in shape):
        raise broken
    if any(length > LONGEST_SIDE for length in shape):
        raise Refused(f"The array has more than {MOST_ROWS} values.")
    count = math.prod(shape)
    if len([length for length in shape if length != 1]) > 1:
        raise Refused(
            f"The array has the shape {shape}; one prediction a row is wanted: predictions.reshape(-1)."
        )
    if not 0 < count <= MOST_ROWS:
        raise Refused(f"The array has {count} values; between 1 and {MOST_ROWS} are taken.")
    order = ">" if kind[0] == ">" else "<"
    body = content[begins + size :]
    if len(body) != count * struct.calcsize(order + letter):
        raise Refused("The file ends early, or holds more than its header says. Save the array again.")
    numbers = struct.unpack(f"{order}{count}{letter}", body)
    return Table({str(at): _plain(number) for at, number in enumerate(numbers)}, is_ordered=True)


def _plain(number: float | bool) -> str:
    """`3` for 3.0 and True as 1, so that labels from a network and from a table are the same words."""
    if isinstance(number, bool):
        return str(int(number))
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)
