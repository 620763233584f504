"""What the `config` of a check holds, kind by kind."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

LONGEST_SOURCE = 50_000
TEST_PREFIX = "check_"


def problems_of(kind: str, config: Any) -> list[str]:
    """What is wrong with a config of this kind, in sentences; nothing is wrong where the list is empty."""
    if not isinstance(config, dict):
        return ["The settings of a check are names with values."]
    look = LOOKS.get(kind)
    return look(config) if look else []


def tests_in(source: str) -> list[str]:
    """The names of the test functions in a check file, in their order; raises SyntaxError with its line."""
    try:
        tree = ast.parse(source)
    except (ValueError, MemoryError, RecursionError):
        raise SyntaxError("Python cannot read this file") from None
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith(TEST_PREFIX)
    ]


def _functions(config: dict[str, Any]) -> list[str]:
    """`source`, the file of test functions; `call_seconds` for one call, `seconds` and `memory_mb` for it all."""
    source = config.get("source")
    if not isinstance(source, str) or not source.strip():
        return ["Write at least one test function."]
    if len(source) > LONGEST_SOURCE:
        return [f"The file has {len(source)} characters; at most {LONGEST_SOURCE} are taken."]
    problems = []
    try:
        names = tests_in(source)
    except SyntaxError as error:
        where = f"Line {error.lineno}: " if error.lineno else ""
        return [f"{where}{error.msg}."]
    if not names:
        problems.append(
            f"No test function was found: write one as “def {TEST_PREFIX}add(call):”, at the left edge."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problems.append(f"Two test functions have the same name: {', '.join(twice)}.")
    for name, least, most, unit in [
        ("call_seconds", 1, 30, "seconds"),
        ("seconds", 5, 120, "seconds"),
        ("memory_mb", 128, 4096, "MB"),
    ]:
        value = config.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            problems.append(f"{name} is a number between {least} and {most} ({unit}).")
    return problems


#: A kind that is not here takes any names with values.
LOOKS: dict[str, Callable[[dict[str, Any]], list[str]]] = {"functions": _functions}
