"""A notebook is rendered once: by the hash of its bytes and the version of what renders it.

What is kept belongs to the bytes and to nobody: who may see a notebook is asked before, on every page.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from typing import Any

from django.utils.safestring import SafeString

from mlclub.markdown import cache
from mlclub.notebooks.reading import parse
from mlclub.notebooks.shapes import Cell, Notebook, Output

VERSION = "1"
"""Raise it whenever the same bytes would come out differently."""
LARGEST_KEPT = 1024 * 1024
"""Bytes once compressed; what is larger is rendered each time."""


def kept(sha256: str, read: Callable[[], bytes]) -> Notebook:
    """The notebook of these bytes, without what its pictures are made of; `read` is asked only when none is kept.

    Raises NotebookError, as `parse` does, and keeps nothing then.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        return parse(read())
    name = cache.key(sha256, "notebook", VERSION)
    found = cache.get(name)
    if isinstance(found, bytes):
        return _opened(json.loads(zlib.decompress(found)))
    notebook = parse(read())
    packed = zlib.compress(json.dumps(_packed(notebook), separators=(",", ":")).encode(), 1)
    if len(packed) <= LARGEST_KEPT:
        cache.put(name, packed)
    return notebook


def _packed(notebook: Notebook) -> dict[str, Any]:
    return {
        "language": notebook.language,
        "warnings": notebook.warnings,
        "cells": [
            [
                cell.index,
                cell.key,
                cell.kind,
                cell.source,
                cell.html,
                cell.count,
                [[output.index, output.kind, output.html, output.alt] for output in cell.outputs],
            ]
            for cell in notebook.cells
        ],
    }


def _opened(packed: dict[str, Any]) -> Notebook:
    cells = tuple(
        Cell(
            index,
            key,
            kind,
            source,
            SafeString(html),
            tuple(Output(place, sort, SafeString(shown), alt) for place, sort, shown, alt in outputs),
            count,
        )
        for index, key, kind, source, html, count, outputs in packed["cells"]
    )
    return Notebook(cells, packed["language"], tuple(packed["warnings"]))
