"""TeX to MathML.

The converter overflows its stack on deep nesting, and a stack overflow ends the whole process. So every conversion
runs in one thread with a large stack, made when the first formula comes, behind a cap on length and on macros.
"""

from __future__ import annotations

import os
import queue
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from math_core import LatexToMathML

LONGEST = 10_000
DEEPEST = 150
"""Levels of MathML; browsers give up at 512 for a whole page."""
STACK = 64 * 1024 * 1024
PATIENCE = 20.0

MACROS: Mapping[str, str] = {
    "RR": r"{\mathbf{R}}",
    "EE": r"{\mathbb{E}}",
    "E": r"\mathop{\mathbb{E}}",
    "sc": r"\mathcal",
    "ep": r"\epsilon",
    "mbox": r"\text",
    "LaTeX": r"\mathrm{LaTeX}",
}
"""What a new club's table of macros holds."""

_DEFINITION = re.compile(
    r"\\(?:re|provide)?newcommand|\\(?:[egx]?def|let|newenvironment|DeclareMathOperator|csname)(?![A-Za-z])"
)
_REQUIRE = re.compile(r"\\require\s*\{\w+\}")
_TRIPLE = re.compile(r"(?<!\\)\\\\\\(?=\s*(?:\n|$))")
_NUMBERED = re.compile(r"\\begin\{(?:equation|align|gather|alignat|multline|eqnarray|flalign)")


@dataclass(frozen=True, slots=True)
class Formula:
    """`tex` as the page has it; `alternative` is tried when it fails (the same before it was un-escaped)."""

    tex: str
    display: bool
    alternative: str = ""


@dataclass(frozen=True, slots=True)
class Converted:
    """MathML, or a sentence that says why there is none."""

    mathml: str = ""
    error: str = ""


def convert(formulas: Sequence[Formula], macros: Mapping[str, str]) -> list[Converted]:
    """Convert all formulas of one page; equations are numbered through the page."""
    if not formulas:
        return []
    future: Future[list[Converted]] = Future()
    _thread().put((tuple(formulas), tuple(sorted(macros.items())), future))
    try:
        return future.result(timeout=PATIENCE)
    except TimeoutError:
        return [Converted(error="The formulas of this page take too long.") for _ in formulas]


def fixed(tex: str) -> str:
    """Mend what authors write and the converter does not know."""
    tex = _REQUIRE.sub("", tex.strip())
    tex = _TRIPLE.sub(r"\\\\", tex)
    if r"\tag" in tex and not _NUMBERED.match(tex):
        tex = rf"\begin{{equation}}{tex}\end{{equation}}"
    return _substack(tex)


def _substack(tex: str) -> str:
    """`\\substack{a\\\\b}` as the `subarray` it stands for."""
    word = r"\substack{"
    if word not in tex:
        return tex
    out: list[str] = []
    ends: list[int] = []  # for each open brace: 1 when it is a substack's
    pos = 0
    while pos < len(tex):
        if tex.startswith(word, pos):
            out.append(r"\begin{subarray}{c}")
            ends.append(1)
            pos += len(word)
        elif tex[pos] == "\\":
            out.append(tex[pos : pos + 2])
            pos += 2
        else:
            char = tex[pos]
            if char == "{":
                ends.append(0)
            if char == "}" and ends and ends.pop():
                char = r"\end{subarray}"
            out.append(char)
            pos += 1
    return "".join(out)


# --- The thread ---

Job = tuple[tuple[Formula, ...], tuple[tuple[str, str], ...], "Future[list[Converted]]"]
_lock = threading.Lock()
_running: tuple[int, queue.SimpleQueue[Job]] | None = None


def _thread() -> queue.SimpleQueue[Job]:
    """The queue of this process's converter thread; a forked child starts its own."""
    global _running
    with _lock:
        if _running is None or _running[0] != os.getpid():
            jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
            before = threading.stack_size(STACK)
            try:
                threading.Thread(target=_work, args=(jobs,), name="tex", daemon=True).start()
            finally:
                threading.stack_size(before)
            _running = (os.getpid(), jobs)
        return _running[1]


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def _work(jobs: queue.SimpleQueue[Job]) -> None:
    while True:
        formulas, macros, future = jobs.get()
        try:
            future.set_result(_page(formulas, macros))
        except BaseException as problem:  # a panic of the converter is not an Exception; the thread must live
            future.set_result(
                [
                    Converted(error=f"The formula could not be read ({type(problem).__name__}).")
                    for _ in formulas
                ]
            )


def _with(macros: dict[str, str]) -> LatexToMathML:
    return LatexToMathML(macros=macros, fancy_error=False, max_expansions=20, id_prefix="u-eq-")


@lru_cache(maxsize=8)
def _converter(macros: tuple[tuple[str, str], ...]) -> LatexToMathML:
    try:
        return _with(dict(macros))
    except Exception:  # one bad row of the club's table must not take every formula with it
        good = dict(MACROS)
        for name, body in macros:
            try:
                _with({name: body})
            except Exception:  # noqa: S112
                continue
            good[name] = body
        return _with(good)


def _page(formulas: tuple[Formula, ...], macros: tuple[tuple[str, str], ...]) -> list[Converted]:
    converter = _converter(macros)
    converter.reset_global_state()
    texts: list[str] = []
    results: list[Converted] = []
    for formula in formulas:
        text, result = _one(converter, formula)
        texts.append(text)
        results.append(result)
    if any(r"\ref" in text or r"\eqref" in text for text in texts):
        results = _with_references(converter, formulas, texts, results)
    return results


def _one(converter: LatexToMathML, formula: Formula) -> tuple[str, Converted]:
    error = ""
    for tex in filter(None, (formula.tex, formula.alternative)):
        if len(tex) > LONGEST:
            error = error or f"The formula is longer than {LONGEST:,} characters."
            continue
        if _DEFINITION.search(tex):
            error = error or "A formula may not define commands; ask for it in the club's table of macros."
            continue
        text = fixed(tex)
        try:
            mathml = converter.convert_with_global_state(text, displaystyle=formula.display)
        except Exception as problem:
            error = error or _sentence(str(problem))
            continue
        cleaned = clean(mathml)
        if cleaned is not None:
            return text, Converted(mathml=cleaned)
        error = error or "The formula is nested too deeply."
    return "", Converted(error=error)


def _with_references(
    converter: LatexToMathML, formulas: Sequence[Formula], texts: list[str], results: list[Converted]
) -> list[Converted]:
    """A reference may stand before its equation: convert the good ones once more, together."""
    good = [index for index, result in enumerate(results) if result.mathml]
    try:
        together = converter.convert_all([(texts[index], formulas[index].display) for index in good])
    except Exception:
        return results
    out = list(results)
    for index, mathml in zip(good, together, strict=True):
        cleaned = clean(mathml)
        if cleaned is not None:
            out[index] = Converted(mathml=cleaned)
    return out


def _sentence(problem: str) -> str:
    """The converter's complaint without the offset in front."""
    return re.sub(r"^\d+: ", "", problem)[:200]


# --- MathML: only elements, attributes and classes that we know, and no `style` ---

_MATHML = (
    "a b code em i maction math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot "
    "mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none s semantics span u"
)
MATHML_ELEMENTS = frozenset(_MATHML.split())
_MATHML_ATTRIBUTES = (
    "accent accentunder class columnspan depth display displaystyle fence form height href id largeop linethickness lspace "
    "mathcolor mathvariant maxsize minsize movablelimits notation rowspan rspace scriptlevel separator stretchy symmetric "
    "voffset width"
)
_ATTRIBUTES = frozenset(_MATHML_ATTRIBUTES.split())
_MATHML_CLASSES = (
    "math-core-sans-serif-font math-core-serif-font menclose-updiagonalstrike menclose-downdiagonalstrike "
    "menclose-phasorangle"
)
_CLASSES = frozenset(_MATHML_CLASSES.split())
_STYLES = {
    "width: 100%": "m-wide",
    "width: 50%": "m-half",
    "width: 7.5%": "m-edge",
    "text-align: right": "m-right",
    "text-align: left": "m-left",
    "padding-left: 0": "m-pl0",
    "padding-right: 0": "m-pr0",
    "padding-left:1em": "m-pl1",
    "padding-left: 0.1em": "m-pl-thin",
    "padding-right: 0.1em": "m-pr-thin",
    "padding-top: 0": "m-pt0",
    "padding-bottom: 0": "m-pb0",
    "padding-top: 0.1667em": "m-pt-thin",
    "border-left: 0.05em solid currentcolor": "m-bl",
    "border-right: 0.05em solid currentcolor": "m-br",
    "border-top: 0.05em solid currentcolor": "m-bt",
    "border-bottom: 0.05em solid currentcolor": "m-bb",
    "border-left: 0.05em dashed currentcolor": "m-bl-dashed",
    "border-right: 0.05em dashed currentcolor": "m-br-dashed",
    "border-top: 0.05em dashed currentcolor": "m-bt-dashed",
    "border-bottom: 0.05em dashed currentcolor": "m-bb-dashed",
    "font-variant-caps: small-caps": "m-caps",
    "math-shift:compact": "m-compact",
}
_TAG = re.compile(r"<(/?)([a-z]+)((?:\s+[a-z-]+=\"[^\"]*\")*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"([a-z-]+)=\"([^\"]*)\"")
_COLOUR = re.compile(r"color:\s*(#[0-9A-Fa-f]{3,8})$")
_ANCHOR = re.compile(r"#u-eq-[^\s\"'<>]*$")


def clean(mathml: str) -> str | None:
    """MathML built anew from known parts, its inline styles turned into classes. None when it is too deep or odd."""
    out: list[str] = []
    depth = pos = 0
    for match in _TAG.finditer(mathml):
        between = mathml[pos : match.start()]
        if "<" in between:
            return None
        out.append(between)
        pos = match.end()
        closing, name, attributes, empty = match.groups()
        if name not in MATHML_ELEMENTS:
            return None
        if closing:
            depth -= 1
            out.append(f"</{name}>")
        else:
            if not empty:
                depth += 1
            if depth > DEEPEST:
                return None
            out.append(_tag(name, attributes, empty))
    rest = mathml[pos:]
    if "<" in rest or depth:
        return None
    return "".join(out) + rest


@lru_cache(maxsize=4096)
def _tag(name: str, attributes: str, empty: str) -> str:
    kept: list[str] = []
    classes: list[str] = []
    for key, value in _ATTRIBUTE.findall(attributes):
        if key == "style":
            for declaration in filter(None, (part.strip() for part in value.split(";"))):
                colour = _COLOUR.match(declaration)
                if colour:
                    kept.append(f'mathcolor="{colour.group(1)}"')
                elif declaration in _STYLES:
                    classes.append(_STYLES[declaration])
        elif key == "class":
            classes += [word for word in value.split() if word in _CLASSES]
        elif key == "href":
            if _ANCHOR.match(value):
                kept.append(f'href="{escape(value)}"'.replace("&amp;amp;", "&amp;"))
        elif key in _ATTRIBUTES:
            kept.append(f'{key}="{value}"')
    if name == "math" and 'display="block"' in kept:
        kept.append('tabindex="0"')
    if classes:
        kept.append(f'class="{" ".join(classes)}"')
    return f"<{name}{''.join(' ' + item for item in kept)}{'/' if empty else ''}>"
