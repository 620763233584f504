"""Every address that the resolver knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver


@dataclass(frozen=True)
class Address:
    name: str
    route: str
    view: Any

    @property
    def is_ours(self) -> bool:
        return ":" in self.name and not self.name.startswith("admin:")

    @property
    def is_public(self) -> bool:
        return not getattr(self.view, "login_required", True)


def every(resolver: Any = None, *, route: str = "", space: str = "") -> Iterator[Address]:
    for pattern in (resolver or get_resolver()).url_patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Address(space + (pattern.name or here), here, pattern.callback)
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from every(pattern, route=here, space=space + inner)
