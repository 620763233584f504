"""What a hand-in must show for itself: a run on a named site, files in an archive, pictures, a text of some length."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mlclub.notebooks import NotebookError
from nmep.models import Check, Piece
from nmep.reading import notebook_of

MOST_MEMBERS = 1000


@dataclass(frozen=True)
class Found:
    """One thing that was looked for; `hint` says what is missing."""

    name: str
    ok: bool
    hint: str = ""


def look(check: Check, piece: Piece) -> list[Found]:
    """Everything that the check asks for, in its order. Nothing that was handed in is run or unpacked."""
    looks: dict[str, Callable[[dict[str, Any], Piece], list[Found]]] = {
        Check.Kind.EVIDENCE: _evidence,
        Check.Kind.WRITTEN: _written,
    }
    return looks[check.kind](check.config, piece)


def _evidence(config: dict[str, Any], piece: Piece) -> list[Found]:
    found = []
    if hosts := config.get("hosts"):
        host = (urlsplit(piece.url).hostname or "").lower()
        ok = any(host == wanted or host.endswith(f".{wanted}") for wanted in hosts)
        found.append(
            Found(
                f"A link to {' or '.join(hosts)}", ok, "" if ok else f"This one leads to {host or 'nothing'}."
            )
        )
    if inside := config.get("inside"):
        names = _names_in(piece)
        for wanted in inside:
            ok = wanted.lower() in names
            found.append(Found(f"{wanted} is inside", ok, "" if ok else "It is not in the file."))
    if least := config.get("pictures"):
        count = _pictures_in(piece)
        found.append(
            Found(
                f"At least {least} picture{'' if least == 1 else 's'}",
                count >= least,
                ""
                if count >= least
                else f"There {'is' if count == 1 else 'are'} {count}. Run all cells, then save.",
            )
        )
    return found


def _names_in(piece: Piece) -> set[str]:
    """The names of the files that were given: of an archive's members, whatever folder they lie in, or its own."""
    names = {piece.name.lower()}
    try:
        with piece.file.open("rb") as file, zipfile.ZipFile(file) as archive:
            # The list of names stands at the end of the archive: nothing is unpacked to read it.
            members = archive.infolist()[:MOST_MEMBERS]
            names |= {member.filename.rpartition("/")[2].lower() for member in members if not member.is_dir()}
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        pass
    return names


def _pictures_in(piece: Piece) -> int:
    if not piece.is_notebook or not piece.file:
        return 0
    try:
        notebook = notebook_of(piece)
    except NotebookError:
        return 0
    return sum(output.kind == "image" for cell in notebook.cells for output in cell.outputs)


def _written(config: dict[str, Any], piece: Piece) -> list[Found]:
    words = len(piece.text.split())
    found = []
    if least := config.get("least"):
        found.append(
            Found(f"At least {least} words", words >= least, "" if words >= least else f"These are {words}.")
        )
    if most := config.get("most"):
        found.append(
            Found(f"At most {most} words", words <= most, "" if words <= most else f"These are {words}.")
        )
    for wanted in config.get("mentions", []):
        ok = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", piece.text, re.IGNORECASE) is not None
        found.append(Found(f"Says something about {wanted}", ok))
    return found
