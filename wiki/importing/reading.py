"""The files of a Gollum wiki as drafts of pages, and what they hold."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from django.core.exceptions import ValidationError

from mlclub.refusal import Refused
from wiki import bibtex, paths
from wiki.exporting import names
from wiki.importing.report import Report
from wiki.rendering import Anatomy, anatomy

PAGES = {".md", ".markdown"}
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp"}
#: Files of a Gollum wiki that say how it is shown, and hold nothing to read.
SETTINGS = {".gitignore", ".gitattributes", "mathjax.config.js", "custom.css", "custom.js", "config.rb"}
LARGEST = 10 * 1024 * 1024
PATIENCE = 60
REDIRECTS = ".redirects.gollum"


@dataclass(frozen=True)
class SourceFile:
    """One file of the folder: its path there, and its bytes."""

    path: str
    content: bytes

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix.lower()

    @property
    def page_path(self) -> str:
        return paths.tidy(self.path.removesuffix(Path(self.path).suffix))


@dataclass
class Draft:
    """A page on its way in."""

    file: str
    path: str
    text: str
    held: Anatomy = field(default_factory=Anatomy)


def is_page(file: str, *, is_ours: bool) -> bool:
    """Whether a file is a page; in an export of ours some folders hold Markdown that is none."""
    if Path(file).suffix.lower() not in PAGES:
        return False
    return not (is_ours and file.partition("/")[0] in names.OURS)


def called_as_pages(files: Iterable[SourceFile]) -> list[SourceFile]:
    """The files of an export of ours under the names that its pages have here."""
    return [
        SourceFile(names.unescaped(file.path), file.content) if is_page(file.path, is_ours=True) else file
        for file in files
    ]


# ── Reading ──


def files_in(folder: Path) -> list[SourceFile]:
    """Every file below `folder`, in order. Raises Refused for a link that leads elsewhere, or a name that climbs."""
    if not folder.is_dir():
        raise Refused(f"{folder} is not a folder.")
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if ".git" in inside.parts:
            continue
        if path.is_symlink():
            raise Refused(f"{inside} is a symbolic link. Replace it by the file itself, or remove it.")
        if ".." in inside.parts or "\\" in str(inside):
            raise Refused(f"{inside} is a name that leads out of the folder.")
        if path.is_file():
            if path.stat().st_size > LARGEST:
                raise Refused(f"{inside} is larger than 10 MB. Make it smaller, or remove it.")
            found.append(SourceFile(inside.as_posix(), path.read_bytes()))
    return found


def drafts_from(files: Iterable[SourceFile], report: Report, *, is_ours: bool = False) -> list[Draft]:
    """The pages among the files; a name that no page may have gets one that it may."""
    drafts: list[Draft] = []
    taken: dict[str, str] = {}
    for file in files:
        if not is_page(file.path, is_ours=is_ours):
            continue
        path = file.page_path
        try:
            paths.validate_path(path)
        except ValidationError as problem:
            path = _allowed(path)
            report.warn(file.path, 0, f"{problem.messages[0]} It is kept as “{path}”.")
        if path.lower() in taken:
            report.drop(file.path, 0, f"Left out: {taken[path.lower()]} has the same name.")
            continue
        taken[path.lower()] = file.path
        drafts.append(Draft(file.path, path, decoded(file.path, file.content, report)))
    return drafts


def allowed_path(file: str) -> str:
    """The path of the page that a file becomes, changed where no page may be called so."""
    path = SourceFile(file, b"").page_path
    try:
        paths.validate_path(path)
    except ValidationError:
        return _allowed(path)
    return path


def _allowed(path: str) -> str:
    segments = [
        "".join(char if char not in "#[]|<>\\" and char.isprintable() else " " for char in part)
        for part in path.split("/")
    ]
    segments = [part.strip() if part.strip() not in {"", "-", ".", ".."} else "Page" for part in segments]
    if segments[0].casefold() in paths.RESERVED:
        segments[0] += " page"
    return paths.tidy("/".join(segments[: paths.DEEPEST]))[: paths.LONGEST].strip(" /")


def decoded(file: str, content: bytes, report: Report) -> str:
    """The text of a file; what is lost of it has a line in the report."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        report.drop(file, line, "Not UTF-8; what could not be read stands as �.")
        text = content.decode("utf-8-sig", errors="replace")
    if "\x00" in text:
        report.drop(file, text.count("\n", 0, text.index("\x00")) + 1, "A zero byte was left out.")
        text = text.replace("\x00", "")
    return text


def from_yaml(file: SourceFile, report: Report, *, lost: str) -> Any:
    """What a file of YAML holds; nothing, and a line in the report that says what is `lost`, if it cannot be read."""
    try:
        return yaml.safe_load(file.content.decode("utf-8", errors="replace")) or {}
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        report.drop(file.path, mark.line + 1 if mark else 0, f"Not readable as YAML; {lost}.")
        return {}


def redirects_from(files: Iterable[SourceFile], report: Report) -> list[tuple[str, str]]:
    """The (old path, new path) pairs of `.redirects.gollum`; chains are not followed yet."""
    found: list[tuple[str, str]] = []
    for file in files:
        if file.path != REDIRECTS:
            continue
        data = from_yaml(file, report, lost="no redirect was taken over")
        if not isinstance(data, dict):
            report.drop(file.path, 1, "Not a table of old and new paths; no redirect was taken over.")
            return []
        found = [(_page_path(old), _page_path(new)) for old, new in data.items()]
    return found


def _page_path(name: Any) -> str:
    path = paths.tidy(unquote(str(name)))
    suffix = Path(path).suffix
    return path.removesuffix(suffix) if suffix.lower() in PAGES else path


# ── Rendering, in a process of its own ──


def _render_all(pipe: Connection, jobs: list[tuple[int, str, str]], more: Mapping[str, Any]) -> None:
    for number, text, folder in jobs:
        try:
            held = anatomy(text, folder=folder, **more)
        except Exception as problem:
            held = Anatomy(warnings=((f"Could not be rendered ({problem}); its text is kept as it is.", 0),))
        pipe.send((number, held))
    pipe.close()


def anatomies(drafts: list[Draft], report: Report, **more: Any) -> None:
    """Render every draft. A page that ends the process is reported and kept unread; the others go on."""
    context = multiprocessing.get_context("fork")
    waiting = [(number, draft.text, paths.segments_of(draft.path)[0]) for number, draft in enumerate(drafts)]
    while waiting:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_render_all, args=(theirs, waiting, more), daemon=True)
        child.start()
        theirs.close()
        done = 0
        try:
            while done < len(waiting) and ours.poll(PATIENCE):
                number, held = ours.recv()
                drafts[number].held = held
                done += 1
        except EOFError:
            pass
        finally:
            child.kill()
            child.join()
            ours.close()
        if done < len(waiting):
            report.drop(drafts[waiting[done][0]].file, 0, "Could not be rendered; its text is kept as it is.")
            done += 1
        waiting = waiting[done:]


def mention_others(files: Iterable[SourceFile], report: Report) -> None:
    for file in files:
        is_read = file.suffix in PAGES | PICTURES | {".bib"} or file.path in (REDIRECTS, names.BOOK)
        if is_read:
            continue
        if Path(file.path).name in SETTINGS:
            report.warn(file.path, 0, "A setting of the old wiki; not needed here.")
        else:
            report.drop(file.path, 0, "Neither a page, a picture nor a bibliography; left out.")


def bibliographies_from(files: Iterable[SourceFile], report: Report) -> dict[str, list[bibtex.Entry]]:
    found = {}
    for file in files:
        if file.suffix == ".bib":
            found[file.path] = list(bibtex.entries(decoded(file.path, file.content, report)))
            if not found[file.path] and file.content.strip():
                report.drop(file.path, 1, "No entry could be read.")
    return found


def count(drafts: list[Draft], report: Report) -> None:
    """Count what the drafts hold, and say what is missing."""
    report.pages = len(drafts)
    for draft in drafts:
        held = draft.held
        report.formulas += held.formulas
        report.formulas_failed += held.formulas_failed
        report.citations += len(held.citations)
        report.citations_resolved += sum(found for _, found, _ in held.citations)
        report.images_missing += len(held.missing_images)
        for name, line in held.missing_images:
            report.warn(draft.file, line, f"The picture {name} is missing.")
        for key, found, line in held.citations:
            if not found:
                report.warn(draft.file, line, f"No bibliography has the key @{key}.")
        for words, line in held.warnings:
            report.warn(draft.file, line, words)
