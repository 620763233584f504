"""What passing a course takes: parts with weights and drops, and a share that is enough.

    {"pass_at": 70, "parts": [{"kind": "homework", "weight": 60, "drop": 1}, {"kind": "attendance", "weight": 40, "drop": 2}]}

An empty rule means that the course has no pass and no fail.
"""

from __future__ import annotations

from typing import Any

#: kind → what it counts, for people
KINDS = {
    "homework": "Homework that is done",
    "scores": "Scores of homework, out of 100",
    "attendance": "Classes attended",
    "check_ins": "Weeks marked as done",
}


def problems_of(rule: Any) -> list[str]:
    """What is wrong with a rule, in sentences; an empty rule is right."""
    if rule == {}:
        return []
    if not isinstance(rule, dict) or not isinstance(rule.get("parts"), list) or not rule["parts"]:
        return ["A rule has at least one part."]
    problems = []
    if not _is_number(rule.get("pass_at"), 1, 100):
        problems.append("pass_at is a number from 1 to 100.")
    seen = set()
    for part in rule["parts"]:
        if not isinstance(part, dict) or part.get("kind") not in KINDS:
            problems.append(f"A part is one of {', '.join(KINDS)}.")
            continue
        if part["kind"] in seen:
            problems.append(f"{part['kind']} stands there twice.")
        seen.add(part["kind"])
        if not _is_number(part.get("weight"), 1, 100):
            problems.append(f"{part['kind']}: weight is a number from 1 to 100.")
        if not _is_number(part.get("drop", 0), 0, 20) or not isinstance(part.get("drop", 0), int):
            problems.append(f"{part['kind']}: drop is a whole number up to 20.")
    return problems


def _is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
