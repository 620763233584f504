"""From the bytes of a file to cells that are safe to show; every value in it may be anything."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import re
from collections.abc import Mapping
from typing import Any

import nh3
from django.utils.safestring import SafeString

from mlclub import markdown
from mlclub.markdown.code import LANGUAGES, highlighted
from mlclub.notebooks.shapes import Cell, Notebook, NotebookError, Output

LARGEST = 5 * 1024 * 1024
MOST_CELLS = 500
MOST_OUTPUTS = 50
LONGEST_OUTPUT = 20_000
LONGEST_TABLE = 200_000
LONGEST_SOURCE = 100_000
COLOURED = 200_000
"""Characters of code in colour in one notebook, and `RENDERED` of Markdown; what is beyond stands as plain text."""
RENDERED = 200_000
LARGEST_IMAGE = 2 * 1024 * 1024

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_TABLES = nh3.Cleaner(
    tags={
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "caption",
        "p",
        "em",
        "strong",
        "b",
        "i",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "br",
        "hr",
        "span",
        "div",
        "sup",
        "sub",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    },
    clean_content_tags={
        "script",
        "style",
        "title",
        "textarea",
        "noscript",
        "iframe",
        "noembed",
        "noframes",
        "xmp",
        "template",
    },
    attributes={"th": {"colspan", "rowspan", "scope"}, "td": {"colspan", "rowspan"}},
    attribute_filter=lambda tag, name, value: (
        value if name == "scope" or re.fullmatch(r"\d{1,3}", value) else None
    ),
    link_rel=None,
    url_schemes=set(),
    strip_comments=True,
)


def parse(data: bytes) -> Notebook:
    """Read a notebook; raises NotebookError, and nothing else, when it cannot be shown."""
    cells, metadata = _body(_document(data))
    notes: list[str] = []
    if len(cells) > MOST_CELLS:
        notes.append(f"Only the first {MOST_CELLS} of {len(cells)} cells are shown.")
        cells = cells[:MOST_CELLS]
    language = _language(metadata)
    seen: set[str] = set()
    left = {"code": COLOURED, "markdown": RENDERED, "raw": 0}
    return Notebook(
        tuple(_cell(index, cell, language, seen, left) for index, cell in enumerate(cells)),
        language,
        tuple(notes),
    )


def output_image(data: bytes, cell: int, output: int) -> tuple[bytes, str]:
    """The bytes and type of a picture that a cell put out; raises LookupError when there is none."""
    cells, _ = _body(_document(data))
    if not (0 <= cell < min(len(cells), MOST_CELLS) and 0 <= output < MOST_OUTPUTS):
        raise LookupError("No such picture")
    outputs = _outputs(cells[cell])
    if output >= len(outputs):
        raise LookupError("No such picture")
    found = _image(_mapping(outputs[output].get("data")))
    if isinstance(found, str) or found is None:
        raise LookupError("No such picture")
    return found


def _document(data: bytes) -> Any:
    if len(data) > LARGEST:
        raise NotebookError("This notebook is larger than 5 MB: clear large outputs.")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise NotebookError("This file is not a Jupyter notebook.") from None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """nbformat's multi-line string, without what cannot be shown."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    return re.sub("[\ud800-\udfff]", "\ufffd", value)


def _body(document: Any) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """The cells, of nbformat 4 or of 3 with its worksheets."""
    document = _mapping(document)
    cells = document.get("cells")
    if cells is None and isinstance(document.get("worksheets"), list):
        cells = [cell for sheet in document["worksheets"] for cell in _mapping(sheet).get("cells") or []]
    if not isinstance(cells, list):
        raise NotebookError("This file is not a Jupyter notebook: it has no cells.")
    return [cell for cell in cells if isinstance(cell, dict)], _mapping(document.get("metadata"))


def _language(metadata: Mapping[str, Any]) -> str:
    name = _mapping(metadata.get("language_info")).get("name") or _mapping(metadata.get("kernelspec")).get(
        "language"
    )
    return name.lower() if isinstance(name, str) and name.lower() in LANGUAGES else "python"


def _outputs(cell: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    outputs = cell.get("outputs")
    return [_mapping(output) for output in outputs] if isinstance(outputs, list) else []


def _cell(index: int, cell: Mapping[str, Any], language: str, seen: set[str], left: dict[str, int]) -> Cell:
    kind = cell.get("cell_type") if cell.get("cell_type") in ("markdown", "code", "raw") else "raw"
    source = _text(cell.get("source", cell.get("input")))
    given = cell.get("id")
    key = (
        given
        if isinstance(given, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given) and given not in seen
        else ""
    )
    key = key or hashlib.sha256(source.encode()).hexdigest()[:12]
    seen.add(key)
    cut = source[:LONGEST_SOURCE]
    left[str(kind)] -= len(cut)
    if kind == "markdown" and left["markdown"] >= 0:
        shown = SafeString(f'<div class="prose">{_own_ids(markdown.render(cut).html, index)}</div>')
    else:
        coloured = highlighted(cut, language if kind == "code" and left["code"] >= 0 else "")
        shown = SafeString(f'<pre class="code hl" tabindex="0"><code>{coloured}</code></pre>')
    if len(source) > LONGEST_SOURCE:
        shown = SafeString(
            shown + _note("The rest of this cell is not shown; download the notebook to read it.")
        )
    outputs = _outputs(cell)
    made = [_output(place, output, index) for place, output in enumerate(outputs[:MOST_OUTPUTS])]
    if len(outputs) > MOST_OUTPUTS:
        made.append(
            Output(
                MOST_OUTPUTS,
                "note",
                _note(f"{len(outputs) - MOST_OUTPUTS} more outputs are not shown; download the notebook."),
            )
        )
    count = cell.get("execution_count", cell.get("prompt_number"))
    return Cell(
        index,
        key,
        str(kind),
        source,
        shown,
        tuple(made),
        count if isinstance(count, int) and not isinstance(count, bool) else None,
    )


def _own_ids(text: str, index: int) -> str:
    """Two cells may have the same heading; an id stands once on a page."""
    return re.sub(r'( id="| href="#)u-', rf"\1u-c{index + 1}-", text)


def _note(sentence: str) -> SafeString:
    return SafeString(f'<p class="nb-note">{html.escape(sentence)}</p>')


def _output(place: int, output: Mapping[str, Any], cell: int) -> Output:
    kind = output.get("output_type")
    if kind == "stream":
        return Output(place, "text", _plain(output.get("text")))
    if kind in ("error", "pyerr"):
        lines = output.get("traceback")
        trace = "\n".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ""
        return Output(
            place, "error", _plain(trace or f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}")
        )
    data = _mapping(output.get("data"))
    found = _image(data)
    if isinstance(found, tuple):
        described = " ".join(_text(data.get("text/plain")).split())[:200]
        alt = (
            described
            if described and not described.startswith("<")
            else f"Picture put out by cell {cell + 1}"
        )
        return Output(place, "image", alt=alt)
    if isinstance(found, str):
        return Output(place, "note", _note(found))
    if "text/html" in data:
        raw = _text(data["text/html"])
        if len(raw) > LONGEST_TABLE:
            return Output(place, "note", _note("This table is too long to be shown; download the notebook."))
        clean = _TABLES.clean(raw)
        if clean.strip():
            return Output(place, "table", SafeString(f'<div class="table-scroll" tabindex="0">{clean}</div>'))
    if "text/plain" in data:
        return Output(place, "text", _plain(data["text/plain"]))
    names = ", ".join(sorted(str(name) for name in data))[:80] or "an unknown kind"
    return Output(
        place, "note", _note(f"Output of kind {names} is not shown; download the notebook to see it.")
    )


def _plain(value: Any) -> SafeString:
    raw = _text(value)
    text = _CONTROL.sub("", _ANSI.sub("", raw[: 4 * LONGEST_OUTPUT]))
    shown = html.escape(text[:LONGEST_OUTPUT])
    block = f'<pre tabindex="0"><samp>{shown}</samp></pre>'
    if len(text) > LONGEST_OUTPUT or len(raw) > 4 * LONGEST_OUTPUT:
        block += _note(f"Cut after {LONGEST_OUTPUT:,} characters; download the notebook to read the rest.")
    return SafeString(block)


def _image(data: Mapping[str, Any]) -> tuple[bytes, str] | str | None:
    """A picture's bytes and type; a sentence where it cannot be shown; None where the output has none."""
    for mime, magic in _IMAGES.items():
        if mime not in data:
            continue
        encoded = re.sub(r"\s", "", _text(data[mime]))
        if len(encoded) > LARGEST_IMAGE * 4 // 3 + 4:
            return "This picture is larger than 2 MB and is not shown; download the notebook."
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return "This picture is damaged and is not shown."
        return (raw, mime) if raw.startswith(magic) else "This output says that it is a picture, and is none."
    return None
