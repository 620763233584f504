"""A text is rendered once: by its hash, the renderer's version, and the state of what it refers to."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from typing import Any

from django.core.cache import cache

logger = logging.getLogger(__name__)

WEEK = 7 * 24 * 3600
VERSION = "3"
"""Raise it whenever the same text would come out differently."""

_RENDERER = "-".join(
    [
        VERSION,
        *(version(name) for name in ("markdown-it-py", "mdit-py-plugins", "math-core", "nh3", "pygments")),
    ]
)


def key(text: str, *more: Any) -> str:
    """The first half of a key: everything but what the page refers to."""
    return digest(_RENDERER, text, *more)


def digest(*parts: Any) -> str:
    """A hash of anything that `json` can write once dataclasses are opened."""
    return hashlib.sha256(
        json.dumps(parts, default=_plain, sort_keys=True).encode("utf-8", "surrogatepass")
    ).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    return str(value)


def get(name: str) -> Any:
    """What is kept under `name`; None when nothing is, or when the cache is not there."""
    try:
        return cache.get(f"md:{name}")
    except Exception:  # a page is worth more than its cache
        logger.warning("The cache cannot be read", exc_info=True)
        return None


def put(name: str, value: Any) -> None:
    """Keep `value`, if the cache will have it."""
    try:
        cache.set(f"md:{name}", value, WEEK)
    except Exception:
        logger.warning("The cache cannot be written", exc_info=True)
