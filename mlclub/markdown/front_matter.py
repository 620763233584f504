"""The YAML that may stand at the head of a page."""

from __future__ import annotations

import re
from typing import Any

import yaml

LONGEST = 8_192
_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases, which can make a small text enormous."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def split(text: str) -> tuple[dict[str, Any], str]:
    """The front matter and the rest of the text, its line numbers kept. Anything that is no mapping is text."""
    if not text.startswith("---"):
        return {}, text
    match = _BLOCK.match(text[: LONGEST + 16])
    if not match:
        return {}, text
    try:
        data = yaml.load(match.group(1), Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return {}, text
    if data is None and not match.group(1).strip():
        data = {}
    if not isinstance(data, dict):
        return {}, text
    return {str(name): value for name, value in data.items()}, "\n" * match.group(0).count("\n") + text[
        match.end() :
    ]
