"""Texts made to be slow, or to take the process with them. Each kind is near the cap of 256 KB or at its own worst size."""

import time

import pytest

from mlclub.markdown import Context, render

FULL = 250_000

#: Seconds of processor time. Each takes less than 3 on a machine of its own (`docs/speed.md`); one that goes off takes
#: minutes, and neighbours on a machine can double what is measured.
BOUND = 9


def full(piece: str) -> str:
    return piece * (FULL // len(piece))


BOMBS = {
    "nested roots": "$" + r"\sqrt{" * 2000 + "x" + "}" * 2000 + "$",
    "short nested roots": "$" + r"\sqrt" * 1990 + "x$",
    "display styles": "$" + r"\displaystyle" * 2000 + "x$",
    "display styles under the cap": "$" + r"\displaystyle " * 700 + "x$",
    "braces": "$" + "{" * 4900 + "x" + "}" * 4900 + "$",
    "fractions": "$" + r"\frac{" * 1600 + "x" + "}{y}" * 1600 + "$",
    "left brackets": "$" + r"\left(" * 1600 + "x$",
    "superscripts": "$" + "x^{" * 3000 + "x" + "}" * 900 + "$",
    "primes and accents": "$" + r"\hat" * 2400 + "x$",
    "a formula that is too long": "$" + "x+" * 50_000 + "1$",
    "definitions": r"$\newcommand{\a}{\b\b}\newcommand{\b}{\c\c}\newcommand{\c}{xx}\a$",
    "recursive definition": r"$\def\x{\x\x}\x$",
    "substacks": "$" + r"\substack{" * 900 + "x" + "}" * 900 + "$",
    "open substacks": "$" + r"\substack{" * 900 + "$",
    "matrices": "$$" + r"\begin{matrix}" * 300 + "x" + r"\end{matrix}" * 300 + "$$",
    "beginnings without an end": r"\begin{align}" + "\n" + (r"\begin{align}" + "\n") * 5000,
    "beginnings in a line": full(r"\begin{align}"),
    "beginnings of many environments": full("\\begin{align}\n\\begin{gather}\n\\begin{equation*}\n"),
    "beginnings with an end far away": (r"\begin{align}" + "\n") * 5000 + r"\end{gather}",
    "dollars": full("$"),
    "pairs of dollars": full("$$ "),
    "lines of dollars": full("$$\n"),
    "dollars and backslashes": full("$\\"),
    "small formulas": full("$a$ "),
    "displayed formulas": full("$$a$$\n\n"),
    "dollar after letter": full("a$"),
    "open dollars in a list": full("- $$x\n"),
    "deep quotes": ">" * FULL,
    "many deep quotes": (">" * 500 + " x\n") * 400,
    "deep lists": "".join(" " * (2 * n) + "- x\n" for n in range(400)),
    "list markers": full("- "),
    "long list": full("- x\n"),
    "lists of numbers": full("1. x\n\n"),
    "emphasis": full("*"),
    "alternating emphasis": full("*a_ "),
    "emphasis runs": full("**a *b _c __d "),
    "strikes": full("~~a "),
    "brackets": full("["),
    "image brackets": full("!["),
    "closing brackets": full("]"),
    "nested links": "[" * 50_000 + "x" + "](y)" * 40_000,
    "links without an end": full("[x]("),
    "wiki brackets": full("[["),
    "wiki links with bars": full("[[a|"),
    "nested wiki links": "[[a|" * 20_000 + "x" + "]]" * 20_000,
    "wiki links": full("[[a]] "),
    "citations": full("@a1 "),
    "citation groups": full("[@a1;"),
    "long citation": "@" + "a." * 100_000,
    "suggestions": full("{++"),
    "nested suggestions": "{++" * 40_000 + "x" + "++}" * 40_000,
    "replacements": full("{~~a~>"),
    "macros": full("<<Warn("),
    "macro lines": full('<<Warn("x\n'),
    "angle brackets": full("<"),
    "open tags": full("<a href="),
    "nested tags": "<div>" * 50_000,
    "nested spans": "<b>" * 80_000,
    "comments": full("<!--"),
    "processing": full("<?"),
    "declarations": full("<!A "),
    "cdata": full("<![CDATA["),
    "tables": "|a" * 1000 + "|\n" + "|-" * 1000 + "|\n" + "|\n" * 5000,
    "wide tables": ("|" * 20_000 + "\n" + "|-" * 20_000 + "|\n") * 4,
    "long tables": "|a|b|\n|-|-|\n" + "|c|d|\n" * 40_000,
    "pipes": full("|"),
    "backticks": "".join("`" * n + " " for n in range(1, 700)),
    "code spans": full("`a"),
    "fences": full("```\n"),
    "footnotes": "".join(f"[^{n}]" for n in range(12_000)) + "\n\n" + "".join(f"[^{n}]: x\n\n" for n in range(9_000)),
    "one footnote often": "[^1]" * 50_000 + "\n\n[^1]: x",
    "footnote marks": full("[^"),
    "inline footnotes": full("^["),
    "nested inline footnotes": "^[a" * 20_000 + "]" * 20_000,
    "definitions of links": "".join(f"[{n}]: x\n" for n in range(18_000)),
    "references": "[a]: x\n\n" + "[a] " * 60_000,
    "entities": full("&amp;"),
    "entity starts": full("&"),
    "escapes": full("\\"),
    "hard breaks": full("a  \n"),
    "same headings": "# a\n" * 50_000,
    "numbered headings": "".join(f"# a {n}\n" for n in range(20_000)) + "[[_TOC_]]\n" * 3,
    "tables of contents": "# abc\n" * 4_000 + "\n[[_TOC_]]\n" * 15_000,
    "setext": full("a\n=\n"),
    "addresses": full("http://a.b/ "),
    "long address": "http://" + "a." * 120_000,
    "addresses with brackets": "http://a.b/" + "(" * 100_000 + ")" * 100_000,
    "mail addresses": full("a@b.c "),
    "half mail addresses": full("a@"),
    "www": full("www."),
    "one line": "a" * FULL,
    "one line of spaces": " " * FULL + "x",
    "tabs": full("\t"),
    "block ids": full("x ^a\n\n"),
    "carets": full("^"),
    "task lists": full("- [ ] a\n"),
    "terms": full("a\n: b\n\n"),
    "colons": full("a\n:\n"),
    "front matter": "---\n" + full("a: "),
    "front matter lists": "---\na: " + "[" * 8000 + "\n---\n",
    "aliases": "---\na: &a [x]\n" + "\n".join(f"k{n}: &k{n} [*a, *a, *a]" for n in range(60)) + "\n---\nx",
    "code to colour": "```python\n" + "x = '\\\n" * 30_000 + "\n```",
    "code in a long line": "```python\n" + "(" * 39_000 + "\n```",
    "many codes": full("```js\n/*\n```\n"),
    "html code": "```html\n" + "<a " * 600 + "\n```",
    "latex code": "```latex\n" + "$" * 1900 + "\n```",
    "nul": full("\x00a"),
    "private use": full("\ue000"),
    "surrogates": "\ud800" * 1000,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_page_like_any_other(name):
    started = time.process_time()

    rendered = render(BOMBS[name])

    assert time.process_time() - started <= BOUND
    assert len(rendered.html) < 12_000_000
    assert render("$x$").formulas_failed == 0, "the converter still works"


def test_the_clubs_own_macros_cannot_be_a_bomb():
    macros = {
        "a": r"\b\b\b\b\b\b",
        "b": r"\c\c\c\c\c\c",
        "c": r"\d\d\d\d\d\d",
        "d": r"\e\e\e\e\e\e",
        "e": r"\a\a",
        "f": r"\f",
    }

    rendered = render(r"$\a$ and $\f$ and $x$", context=Context(macros=macros))

    assert (rendered.formulas, rendered.formulas_failed) == (3, 2)


def test_a_bad_macro_of_the_club_does_not_take_the_others_with_it():
    rendered = render(r"$\good$ $\RR$", context=Context(macros={"bad name": "{", "good": "y"}))

    assert (rendered.formulas, rendered.formulas_failed) == (2, 0)


def test_a_text_above_the_cap_is_cut_and_says_so():
    rendered = render("words " * 60_000)

    assert [str(remark) for remark in rendered.warnings] == [
        "The text is longer than 256 KB; only the beginning is shown."
    ]
