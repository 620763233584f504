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


METRICS = ("accuracy", "f1", "rmse", "mae")


def _predictions(config: dict[str, Any]) -> list[str]:
    """`metric`; `public_share` of the rows that learners know the score of; `seed` of that split; tries `a_day`."""
    problems = []
    if config.get("metric") not in METRICS:
        problems.append(f"metric is one of {', '.join(METRICS)}.")
    share = config.get("public_share")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        problems.append("public_share is a number above 0 and up to 1.")
    if not isinstance(config.get("seed"), str) or not config["seed"]:
        problems.append("seed is a word; keep it, or every score changes.")
    if not _is_count(config.get("a_day", 1), 1, 100):
        problems.append("a_day is a number between 1 and 100.")
    return problems


def _evidence(config: dict[str, Any]) -> list[str]:
    """`hosts` that a link may lead to, names of files that are `inside`, least number of `pictures`."""
    problems = [
        f"{name} is a list of words." for name in ("hosts", "inside") if not _are_words(config.get(name, []))
    ]
    if not _is_count(config.get("pictures", 0), 0, 100):
        problems.append("pictures is a number up to 100.")
    if not problems and not any(config.get(name) for name in ("hosts", "inside", "pictures")):
        problems.append("Ask for at least one thing.")
    return problems


def _written(config: dict[str, Any]) -> list[str]:
    """`least` and `most` words, and words that it `mentions`."""
    least, most = config.get("least", 0), config.get("most", 0)
    problems = []
    if not _is_count(least, 0, 5000) or not _is_count(most, 0, 5000):
        problems.append("least and most are numbers of words up to 5000.")
    elif most and least > most:
        problems.append("least is not more than most.")
    if not _are_words(config.get("mentions", [])):
        problems.append("mentions is a list of words.")
    if not problems and not (least or most or config.get("mentions")):
        problems.append("Ask for at least one thing.")
    return problems


def _is_count(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) and 0 < len(word) <= 100 for word in value)


#: A kind that is not here takes any names with values.
LOOKS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "functions": _functions,
    "predictions": _predictions,
    "evidence": _evidence,
    "written": _written,
}
