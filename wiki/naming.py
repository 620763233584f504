"""What a text says that its page is also called: "maximum likelihood estimation (MLE)" on the page "Maximum likelihood"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from wiki import paths

#: So much of a text is read.
READ = 20_000
#: So many other names a page gets from its text.
MOST = 6

_SMALL = frozenset({"a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
_SHORT = r"[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*"
# "… likelihood estimation (MLE)" and "MLE (maximum likelihood estimation)".
_LONG_FIRST = re.compile(rf"\(({_SHORT})\)")
_SHORT_FIRST = re.compile(rf"\b({_SHORT})\s\(([^()\n]{{5,80}})\)")
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{2,80}?)(?<=\S)\1")


@dataclass(frozen=True)
class Defined:
    """A phrase, and the letters it is abbreviated to, if any. `is_set_off` where it stands bold in the first paragraph."""

    phrase: str
    short: str = ""
    is_set_off: bool = False


def defined(text: str, plain_text: str) -> tuple[Defined, ...]:
    """The phrases that a text abbreviates, and those that stand bold in its first paragraph."""
    bold = [match[2].strip(" .,:;()") for match in _BOLD.finditer(_first_paragraph(text))]
    set_off = {paths.key(phrase) for phrase in bold}
    found: dict[Defined, None] = {}
    read = plain_text[:READ]
    for match in _LONG_FIRST.finditer(read):
        before = read[max(0, match.start() - 120) : match.start()]
        if phrase := _phrase_of(match[1], re.split(r"[.!?:;,\n()]", before)[-1]):
            found[Defined(phrase, match[1], paths.key(phrase) in set_off)] = None
    for match in _SHORT_FIRST.finditer(read):
        if _phrase_of(match[1], match[2]) == match[2].strip():
            found[Defined(match[2].strip(), match[1], paths.key(match[1]) in set_off)] = None
    for phrase in bold:
        found[Defined(phrase, is_set_off=True)] = None
    return tuple(found)[:40]


def names_of(title: str, phrases: Iterable[Defined]) -> list[str]:
    """Those of the phrases, and of their abbreviations, by which a page of this title is looked up as well.

    That is a phrase that has all words of the title, or that the title abbreviates; and what is set off at the
    beginning together with its abbreviation, since it is what the page is about.
    """
    of_title = _words(title)
    found: dict[str, None] = {}
    for each in phrases:
        of_phrase = _words(each.phrase)
        is_title = bool(of_title) and of_title <= of_phrase and len(of_phrase) <= len(of_title) + 3
        is_long_form = bool(each.short) and paths.key(each.short) == paths.key(title)
        if is_title or is_long_form or (each.is_set_off and each.short):
            for name in filter(None, (each.phrase, each.short)):
                if paths.key(name) != paths.key(title):
                    found[name] = None
    return list(found)[:MOST]


def _first_paragraph(text: str) -> str:
    """The first one that is no heading and no front matter."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    parts = (part.strip() for part in re.split(r"\n\s*\n", text[:READ]))
    return next((part for part in parts if part and not re.fullmatch(r"#.*", part)), "")


def _phrase_of(short: str, before: str) -> str:
    """The words at the end of `before` whose first letters are `short`; empty where they are not, or it has no two
    capitals to go by."""
    letters = re.sub(r"[\W\d_]", "", short).lower()
    if sum(letter.isupper() for letter in short) < 2 or len(letters) < 2:
        return ""
    words = before.split()
    for count in range(1, min(len(words), len(letters) + 4) + 1):
        phrase = words[-count:]
        if phrase[0].lower() in _SMALL:
            continue
        initials = [part[0].lower() for word in phrase for part in re.findall(r"[^\W\d_]\w*", word)]
        large = [
            part[0].lower()
            for word in phrase
            for part in re.findall(r"[^\W\d_]\w*", word)
            if part.lower() not in _SMALL
        ]
        if letters in ("".join(initials), "".join(large)):
            return " ".join(phrase).strip("\"'“”‘’*_")
    return ""


def _words(name: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"\w+", name.lower()) if word not in _SMALL)
