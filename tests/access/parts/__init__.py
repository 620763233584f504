"""The tables of one part each: PUBLIC_PAGES, TABLE, ADMIN, ADMIN_ACTIONS as in `table.py`, and `build(world)` for
the objects that they name. A file here is found by itself."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType


def every() -> list[ModuleType]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    return [import_module(f"{__name__}.{name}") for name in names]
