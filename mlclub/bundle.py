"""Many small CSS and JavaScript files in the repository, one file of each for the browser, no build step.

`static/css/README.md` tells which sources make which bundle. The finder below puts the joined files beside
the ordinary static files, so development, whitenoise and `collectstatic` all find `css/site.css` by its name.
"""

from __future__ import annotations

import builtins
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

STATIC = Path(settings.BASE_DIR) / "static"

# In the order of the layers; a folder stands for its files in alphabetical order.
SITE_CSS = ("tokens.css", "reset.css", "base.css", "layout.css", "components", "utilities.css")
ADMIN_CSS = ("tokens.css", "admin.css")
BEHAVIOURS = ("behaviours",)
EDITOR = ("editor",)


def sources(kind: str, names: Iterable[str]) -> Iterator[Path]:
    """The files that make a bundle, in order."""
    for name in names:
        path = STATIC / kind / name
        yield from sorted(path.glob(f"*.{kind}")) if path.is_dir() else [path]


def joined_css(names: Iterable[str]) -> str:
    """The style sheets in one, without comments and indentation; paths now start from `static/css/`."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources("css", names))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*\n\s*", "\n", text).strip()
    return text.replace('url("../../', 'url("../') + "\n"


def joined_js(names: Iterable[str]) -> str:
    """The behaviours in one module, each in a block of its own so that names cannot meet."""
    return "".join(f"{{\n{path.read_text(encoding='utf-8')}}}\n" for path in sources("js", names))


BUNDLES: dict[str, Callable[[], str]] = {
    "css/site.css": lambda: joined_css(SITE_CSS),
    "css/admin-site.css": lambda: joined_css(ADMIN_CSS),
    "js/site.js": lambda: joined_js(BEHAVIOURS),
    "js/editor.js": lambda: joined_js(EDITOR),
}


@lru_cache
def folder() -> Path:
    """Where the joined files lie: beside the club's state, or in a fresh temporary folder if that is read-only."""
    wanted = Path(os.environ.get("MLCLUB_STATE") or Path(settings.BASE_DIR) / ".local") / "bundle"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if os.access(wanted, os.W_OK):
            return wanted.resolve()
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="mlclub-bundle-"))


def write(name: str) -> Path:
    """Write one bundle if its sources changed, and say where it is. Several processes may do so at once."""
    target = folder() / name
    text = BUNDLES[name]()
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, delete=False) as draft:
            draft.write(text)
        Path(draft.name).chmod(0o644)
        Path(draft.name).replace(target)
    return target


class BundleFinder(BaseFinder):
    """Offers the joined files under their names in `BUNDLES`."""

    def check(self, **kwargs: Any) -> builtins.list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in BUNDLES:
            return [] if find_all else None
        found = str(write(path))
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        storage = FileSystemStorage(location=folder())
        for name in BUNDLES:
            if not matches_patterns(name, [*(ignore_patterns or ())]):
                write(name)
                yield name, storage
