"""Small questions about what needs what: rows of (one, what it needs), whatever the rows stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def way(edges: Iterable[tuple[int, int]], start: int, goal: int) -> list[int]:
    """The steps from `start` to `goal` along what each needs, both included; empty if there is no way."""
    needs: dict[int, list[int]] = {}
    for one, needed in edges:
        needs.setdefault(one, []).append(needed)
    came_from, to_see = {start: 0}, [start]
    while to_see:
        at = to_see.pop()
        if at == goal:
            steps = [at]
            while came_from[steps[-1]]:
                steps.append(came_from[steps[-1]])
            return steps[::-1]
        for following in needs.get(at, ()):
            if following not in came_from:
                came_from[following] = at
                to_see.append(following)
    return []


def circle_in_words(names: Sequence[str]) -> str:
    """The sentence that refuses a circle; `names` go round it and end where they begin."""
    said = ", ".join([f"{names[0]} needs {names[1]}", *(f"which needs {name}" for name in names[2:])])
    return f"That closes a circle: {said}."
