"""How the two sides talk: one JSON object a line, values as values. Nothing is unpickled, nothing is called.

The judge reads what the student's process wrote, which may be anything; `decode` answers with plain values or
raises ProtocolError, and nothing else.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

LONGEST = 4 * 1024 * 1024
DEEPEST = 12
_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c8|c16)")


class ProtocolError(Exception):
    """What came is not what this side understands; the sentence says what."""


class CannotCarry(Exception):
    """A value of a kind that is not handed over."""


def encode(value: Any, depth: int = 0) -> Any:
    """A value in the shapes that `decode` reads; raises CannotCarry for one that has no such shape."""
    if depth > DEEPEST:
        raise CannotCarry("something nested too deeply")
    if value is None or isinstance(value, (bool, str)):
        return value if value is None or isinstance(value, bool) else str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, complex):
        return {"t": "c", "v": [value.real, value.imag]}
    if isinstance(value, (bytes, bytearray)):
        return {"t": "b", "v": base64.b64encode(value).decode()}
    for kind, letter in ((list, "l"), (tuple, "u"), (set, "s"), (frozenset, "s")):
        if isinstance(value, kind):
            return {"t": letter, "v": [encode(each, depth + 1) for each in value]}
    if isinstance(value, dict):
        return {
            "t": "d",
            "v": [[encode(key, depth + 1), encode(each, depth + 1)] for key, each in value.items()],
        }
    if hasattr(value, "detach"):  # a tensor
        value = value.detach().cpu().numpy()
    if type(value).__module__ == "numpy":
        return _encode_numpy(value)
    raise CannotCarry(f"a {type(value).__name__}")


def _encode_numpy(value: Any) -> Any:
    import numpy

    if isinstance(value, numpy.generic):
        return encode(value.item())
    array = numpy.asarray(value)
    if array.dtype.kind not in "biufc" or not _DTYPE.fullmatch(array.dtype.str):
        raise CannotCarry(f"an array of {array.dtype}")
    raw = base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()
    return {"t": "a", "k": array.dtype.str, "n": list(array.shape), "v": raw}


def decode(value: Any, depth: int = 0) -> Any:
    """The value again; raises ProtocolError."""
    if depth > DEEPEST:
        raise ProtocolError("The answer is nested too deeply.")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if not isinstance(value, dict) or not isinstance(value.get("t"), str):
        raise ProtocolError("The answer has no shape that is known.")
    letter: str = value["t"]
    held: Any = value.get("v")
    try:
        if letter == "a":
            return _decode_array(value)
        if letter == "b":
            return base64.b64decode(held, validate=True)
        if letter == "c":
            real, imaginary = held
            return complex(real, imaginary)
        if letter == "d":
            return {decode(key, depth + 1): decode(each, depth + 1) for key, each in held}
        each = [decode(one, depth + 1) for one in held]
        return {"l": list, "u": tuple, "s": set}[letter](each)
    except (TypeError, ValueError, KeyError, OverflowError):
        raise ProtocolError("The answer is not what it says it is.") from None


def _decode_array(value: dict[str, Any]) -> Any:
    try:
        import numpy
    except ImportError:
        raise ProtocolError("The answer is an array, and there is no numpy here to read it.") from None
    kind, shape = value.get("k"), value.get("n")
    if not isinstance(kind, str) or not _DTYPE.fullmatch(kind):
        raise ProtocolError("The answer is an array of something that is not a number.")
    if (
        not isinstance(shape, list)
        or len(shape) > 16
        or not all(type(side) is int and 0 <= side <= LONGEST for side in shape)
    ):
        raise ProtocolError("The answer is an array without a shape.")
    raw = base64.b64decode(value["v"], validate=True)
    if math.prod(shape) * numpy.dtype(kind).itemsize != len(raw):
        raise ProtocolError("The answer is an array that does not fill its shape.")
    return numpy.frombuffer(raw, kind).reshape(shape).copy()


def line(message: dict[str, Any]) -> bytes:
    """A message as it goes over the pipe; raises CannotCarry where it would be too long."""
    try:
        written = json.dumps(message).encode() + b"\n"
    except (ValueError, RecursionError):
        raise CannotCarry("a number with too many digits") from None
    if len(written) > LONGEST:
        raise CannotCarry(f"more than {LONGEST // 1024 // 1024} MB")
    return written


def message(written: bytes) -> dict[str, Any]:
    """A line that came, read; raises ProtocolError."""
    if len(written) > LONGEST:
        raise ProtocolError(f"The answer has more than {LONGEST // 1024 // 1024} MB.")
    try:
        read = json.loads(written.decode())
    except (ValueError, RecursionError, MemoryError):
        raise ProtocolError("What came back is not an answer.") from None
    if not isinstance(read, dict):
        raise ProtocolError("What came back is not an answer.")
    return read
