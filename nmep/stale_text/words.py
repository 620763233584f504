"""Reading one text for what belongs to another term. Knows no database: the frame says what the term is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from django.utils.formats import date_format

#: Older than so many years before the term, a date or a term is history, not a leftover.
HISTORY = 3
SEASONS = {
    "sp": "spring",
    "spring": "spring",
    "su": "summer",
    "summer": "summer",
    "fa": "fall",
    "fall": "fall",
    "autumn": "fall",
    "wi": "winter",
    "winter": "winter",
}
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = {
    name: number
    for number, names in enumerate(
        [
            ("Jan", "January"),
            ("Feb", "February"),
            ("Mar", "March"),
            ("Apr", "April"),
            ("May",),
            ("Jun", "June"),
            ("Jul", "July"),
            ("Aug", "August"),
            ("Sep", "Sept", "September"),
            ("Oct", "October"),
            ("Nov", "November"),
            ("Dec", "December"),
        ],
        start=1,
    )
    for name in names
}

# ── What is not prose ──

_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*[ \t]*$", re.M | re.S)
_CODE = re.compile(r"(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
_MATH = re.compile(r"\$\$.*?\$\$|(?<![\w\\$])\$(?=\S)[^$\n]*?\S\$(?![\w$])", re.S)
_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"')\]]+|(?<=\]\()[^)\s]+|(?<=href=\")[^\"]+|(?<=src=\")[^\"]+"
)

# ── Terms ──

_WORD = "|".join(sorted((name for name in SEASONS if len(name) > 2), key=len, reverse=True))
_SEASON = re.compile(
    rf"\b({_WORD})(?:[\s_-]+(?:semester|term|quarter))?(?:[\s,_-]*(20\d\d)|(?:\s?['’‘]|_|-)?(\d\d))\b(?![%:.]\d|%)",
    re.I,
)
_SHORT = re.compile(r"(?<![A-Za-z0-9])(sp|fa|su|wi)[ _-]?['’‘]?(?:20)?(\d\d)(?![A-Za-z0-9])", re.I)
_BARE_SEASON = re.compile(
    r"\b(?:(?:this|next|coming)\s+(spring|summer|fall|autumn|winter)\b(?!\s+break)"
    r"|(spring|summer|fall|autumn|winter)\s+(?:semester|term|quarter)\b(?![\s,]*'?\d))",
    re.I,
)
_SPAN = re.compile(r"\b(20\d\d)\s?[-–/]\s?(?:20)?(\d\d)\b(?!-\d)")
_YEAR = re.compile(r"(?<![\w./-])(20\d\d)(?![\w/%]|-\d|\.\d)")
_CITED = re.compile(
    r"(?:\bet al\.?,?|[A-Z][\w'’.-]+(?:\s(?:and|&)\s[A-Z][\w'’-]+)?,?|\b(?:since|copyright)|©)\s*\(?$", re.I
)
_VENUE = re.compile(
    r"\b(?:NeurIPS|NIPS|ICML|ICLR|CVPR|ECCV|ICCV|ACL|EMNLP|NAACL|AAAI|KDD|COLM|CoRL|RSS|ICRA|SIGGRAPH|Interspeech"
    r"|JMLR|TMLR|arXiv|Nature|Science|COCO|ImageNet|Python|PEP|RFC|ISO|since|copyright|©)[\s:'’(,-]*$",
    re.I,
)

# ── Dates ──

_WEEKDAY = r"(?P<weekday>(?:Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun)(?:day|sday|nesday|rsday|urday)?)"
_BEFORE = rf"(?:\b{_WEEKDAY}\b\.?,?\s+(?:the\s+)?)?"
_MONTH = rf"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b\.?"
_TAIL = r"(?:,?\s+(?P<year>20\d\d))?"
_DATES = [
    re.compile(rf"{_BEFORE}\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d|\d|%){_TAIL}"),
    re.compile(rf"{_BEFORE}(?<![\w.])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH}{_TAIL}"),
    re.compile(rf"{_BEFORE}(?<![\w.-])(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])"),
    re.compile(rf"{_BEFORE}(?<![\w.])(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>20\d\d)\b"),
]
_SLASHED = re.compile(
    rf"(?P<lead>\b(?:due|by|on|until|till|before|from|through|thru|starting|deadline:?|{_WEEKDAY}\b\.?,?)\s+)?"
    r"(?<![\w./])(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>20\d\d|\d\d))?(?![\w/]|\.\d)"
    r"(?P<tail>,?\s+(?:at\s+)?\d{1,2}(?::\d\d)?\s*(?:[ap]\.?m\b|(?<=:\d\d)))?",
    re.I,
)
_MONTH_OF = re.compile(rf"\b{_MONTH}\s+(?P<year>20\d\d)\b")
_PLURAL = re.compile(
    r"\b(?:(?:every|each)\s+)(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days\b",
    re.I,
)

# ── Codes ──

_NAMED_CODE = re.compile(
    r"\b(?:entry|join|access|course|class|invite|invitation|enrol(?:l)?ment|sign-?up|registration|team|meeting|zoom)[ -]?"
    r"(?:code|key|password|pin)\b(?:\s+(?:of|for|to|in|on)(?:\s+[\w-]+){1,3}?)?[^\w\n]{0,4}(?:is|was)?[^\w\n]{0,4}(?P<code>(?=[A-Za-z-]*\d|(?-i:[A-Z]{5,}\b))[A-Za-z0-9][A-Za-z0-9-]{3,15})",
    re.I,
)
_SECRET = re.compile(
    r"\b(?:pass-?code|password|pin)\b\s*(?:is\b|=|:)[^\w\n]{0,4}(?P<code>[A-Za-z0-9][A-Za-z0-9-]{3,15})", re.I
)
_BARE_CODE = re.compile(r"\b[Cc]ode\b\s*(?:is\b|=|:)[^\w\n]{0,4}(?P<code>[A-Z0-9][A-Z0-9-]{3,15})(?![a-z])")
_INVITES = [
    (re.compile(r"discord(?:\.gg|(?:app)?\.com/invite)/[\w-]+", re.I), "an invitation to a Discord server"),
    (re.compile(r"(?:join\.slack\.com/[^\s)\]>\"]+|[\w-]+\.slack\.com/join/[^\s)\]>\"]+)", re.I), "an invitation to a Slack workspace"),
    (re.compile(r"kaggle\.com/t/\w+", re.I), "the way into a competition of that term"),
    (re.compile(r"kaggle\.com/(?:c|competitions)/(?!(?:titanic|digit-recognizer|house-prices)[\w-]*\b)[\w-]+", re.I), "a competition that may have been that term's"),
    (re.compile(r"gradescope\.com/courses/\d+", re.I), "a course of the grader for that term"),
    (re.compile(r"edstem\.org/\w+/(?:join|courses)/\w+", re.I), "a discussion board of that term"),
    (re.compile(r"piazza\.com/\S*(?:/|=)(?:fall|spring|summer|winter)\d+\S*", re.I), "a discussion board of that term"),
    (re.compile(r"classroom\.github\.com/a/[\w-]+", re.I), "an invitation to a classroom of that term"),
    (re.compile(r"(?:[\w-]+\.)?zoom\.us/(?:j|my)/[\w-]+", re.I), "a meeting link"),
    (re.compile(r"meet\.google\.com/[a-z]{3}-[a-z]{4}-[a-z]{3}", re.I), "a meeting link"),
    (re.compile(r"chat\.whatsapp\.com/\w+|t\.me/(?:joinchat/|\+)\S+", re.I), "an invitation to a chat"),
]  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """The term that a text should speak of."""

    name: str
    slug: str
    starts_on: date
    ends_on: date
    #: (name, slug) of the terms that it should not name, and the years of the one it was cloned from.
    others: tuple[tuple[str, str], ...] = ()
    old_years: frozenset[int] = frozenset()
    #: Weekdays (0 is Monday) on which the old term met and this one does not, and those on which it meets.
    left_weekdays: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()

    @property
    def years(self) -> range:
        return range(self.starts_on.year, self.ends_on.year + 1)

    @property
    def season(self) -> str:
        """Spring, summer, fall, winter; empty where the club calls its terms otherwise."""
        for text, pattern in ((self.name, _SEASON), (self.slug, _SHORT)):
            match = pattern.search(text)
            if match:
                return SEASONS[match[1].lower()]
        return ""

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def __str__(self) -> str:
        first, last = date_format(self.starts_on, "j F"), date_format(self.ends_on, "j F Y")
        return f"{self.name} ({first} to {last})"


@dataclass(frozen=True)
class Hit:
    """A place in a text that is stale, why, and what could stand there instead (empty: nobody can say)."""

    start: int
    end: int
    kind: str
    reason: str
    better: str = ""


@dataclass
class _Reading:
    """One text with what was found; each piece of it counts once."""

    text: str
    frame: Frame
    hits: list[Hit] = field(default_factory=list)
    #: What was understood, whether it was stale or not: a year within a date is no year by itself.
    read: list[tuple[int, int]] = field(default_factory=list)

    def is_new(self, match: re.Match[str]) -> bool:
        return not any(match.start() < end and start < match.end() for start, end in self.read)

    def take(self, match: re.Match[str], kind: str = "", reason: str = "", better: str = "") -> None:
        self.read.append(match.span())
        if reason:
            end = match.end() - (match.group().endswith("."))  # the stop of a sentence, not of “Oct.”
            self.hits.append(Hit(match.start(), end, kind, reason, better.removesuffix(".")))


def blanked(text: str, *patterns: re.Pattern[str]) -> str:
    """The text with what matches replaced by as many spaces, so that places stay the same."""
    for pattern in patterns:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    return text


def read(text: str, frame: Frame) -> list[Hit]:
    """Everything stale in `text`, in its order."""
    reading = _Reading(text, frame)
    prose = blanked(text, _FENCE, _CODE, _MATH, _ADDRESS)
    _codes(reading, blanked(text, _FENCE))
    _terms(reading)
    _dates(reading, prose)
    _years(reading, prose)
    _weekdays(reading, prose)
    return sorted(reading.hits, key=lambda hit: hit.start)


# ── Terms ──


def _terms(reading: _Reading) -> None:
    frame, text = reading.frame, reading.text
    for name, slug in frame.others:
        for word, better in ((name, frame.name), (slug, frame.slug)):
            if len(word) < 3 or not re.search(r"\d", word):
                continue
            for match in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text, re.I):
                if reading.is_new(match):
                    shown = better.upper() if match.group().isupper() else better
                    reading.take(
                        match, "term", f"“{match.group()}” is another term than {frame.name}.", shown
                    )
    for pattern in (_SEASON, _SHORT):
        for match in pattern.finditer(text):
            if reading.is_new(match):
                _season(reading, match, SEASONS[match[1].lower()], match.groups()[1:])
    prose = blanked(text, _FENCE, _CODE, _ADDRESS)
    for match in _BARE_SEASON.finditer(prose):
        named = SEASONS[(match[1] or match[2]).lower()]
        if reading.is_new(match) and frame.season and named != frame.season:
            better = re.sub(match[1] or match[2], _like(match[1] or match[2], frame.season), match.group())
            reading.take(match, "term", f"“{match.group()}”, but the term is {frame.name}.", better)


def _season(reading: _Reading, match: re.Match[str], season: str, digits: tuple[str | None, ...]) -> None:
    """“Fall 2026”, “fall '26”, “FA26”: whether it is this term, an older one, or history."""
    frame = reading.frame
    year = int(next(number for number in digits if number))
    is_short = year < 100
    if is_short and " " in match.group() and "'" not in match.group() and "’" not in match.group():
        return  # "in spring 12 of us" is no term
    year += 2000 if is_short else 0
    if year < frame.starts_on.year - HISTORY:
        reading.take(match)
        return
    if _rank(year, season) >= _rank(frame.starts_on.year, frame.season or season):
        reading.take(match)
        return
    better = ""
    if frame.season:
        mine = min(frame.years, key=lambda each: abs(each - frame.starts_on.year))
        word = match[1]
        new = _like(word, frame.season[:2] if len(word) == 2 else frame.season)
        number = next(number for number in digits if number)
        better = match.group().replace(word, new).replace(number, str(mine)[-len(number) :])
    reading.take(match, "term", f"“{match.group()}” is another term than {frame.name}.", better)


def _rank(year: int, season: str) -> tuple[int, int]:
    return year, ["winter", "spring", "summer", "fall"].index(season)


def _like(word: str, new: str) -> str:
    """`new` in the capitals of `word`."""
    return new.upper() if word.isupper() else new.capitalize() if word[0].isupper() else new


def _years(reading: _Reading, prose: str) -> None:
    frame = reading.frame
    stale = (frame.old_years | {frame.starts_on.year - 1}) - set(frame.years)
    for match in _SPAN.finditer(prose):
        if reading.is_new(match):
            first, last = int(match[1]), 2000 + int(match[2])
            is_stale = last == first + 1 and last in stale
            reading.take(
                match, "term", f"{match.group()} is over when {frame.name} begins." if is_stale else ""
            )
    for match in _YEAR.finditer(prose):
        if not reading.is_new(match) or int(match[1]) not in stale:
            continue
        before = prose[max(match.start() - 60, 0) : match.start()]
        closes = prose[match.end() : match.end() + 1] in (")", "]", ",", ";")
        if _VENUE.search(before) or (_CITED.search(before) and (closes or before.rstrip().endswith("("))):
            continue
        reading.take(match, "term", f"{match[1]} is the year of an earlier term; this one is {frame.name}.")


# ── Dates ──


def _dates(reading: _Reading, prose: str) -> None:
    for pattern in _DATES:
        for match in pattern.finditer(prose):
            if reading.is_new(match):
                found = match.groupdict()
                month = MONTHS.get(found["month"]) or int(found["month"]) if found["month"] else 0
                _judge(reading, match, [(month, int(found["day"]))], found["year"], found["weekday"])
    for match in _SLASHED.finditer(prose):
        first, second = int(match["first"]), int(match["second"])
        if reading.is_new(match) and (match["lead"] or match["tail"] or match["year"]):
            _judge(reading, match, [(first, second), (second, first)], match["year"], match["weekday"])
    for match in _MONTH_OF.finditer(prose):
        if reading.is_new(match):
            month, year = MONTHS[match["month"]], int(match["year"])
            days = [day for day in (date(year, month, 1), date(year, month, 28)) if day in reading.frame]
            is_old = year in reading.frame.old_years | {reading.frame.starts_on.year - 1}
            outside = not days and is_old and year not in reading.frame.years
            reading.take(match, "date", f"{match.group()} is not in {reading.frame}." if outside else "")


def _judge(
    reading: _Reading,
    match: re.Match[str],
    readings: list[tuple[int, int]],
    year: str | None,
    weekday: str | None,
) -> None:
    """Whether any reading of a date lies in the term, and on the weekday that is said."""
    frame = reading.frame
    years = [int(year) + (2000 if len(year) == 2 else 0)] if year else list(frame.years)
    days = [day for month, number in readings for each in years if (day := _day(each, month, number))]
    if not days:
        return
    if year and all(day.year < frame.starts_on.year - HISTORY + 1 for day in days):
        reading.take(match)
        return
    said = match.group().strip().removesuffix(".")
    inside = [day for day in days if day in frame]
    if not inside:
        reading.take(match, "date", f"“{said}” is not in {frame}.")
        return
    wanted = _weekday(weekday)
    if wanted is None or any(day.weekday() == wanted for day in inside):
        reading.take(match)
        return
    right = DAYS[inside[0].weekday()]
    mended = right if (weekday or "").endswith("day") else right[:3]
    reading.take(
        match,
        "weekday",
        f"“{said}”: {date_format(inside[0], 'j F Y')} is a {right}.",
        match.group().replace(weekday or "", mended, 1),
    )


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _weekday(word: str | None) -> int | None:
    if not word:
        return None
    return next((at for at, day in enumerate(DAYS) if day.lower().startswith(word.lower()[:3])), None)


def _weekdays(reading: _Reading, prose: str) -> None:
    """“on Mondays” where the old term met on Mondays and this one does not."""
    frame = reading.frame
    for match in _PLURAL.finditer(prose):
        at = _weekday(match[1] or match[2])
        if at in frame.left_weekdays and reading.is_new(match):
            meets = " and ".join(f"{DAYS[day]}s" for day in sorted(frame.weekdays))
            better = ""
            if len(frame.weekdays) == 1:
                new = DAYS[min(frame.weekdays)]
                better = match.group().replace(DAYS[at or 0], new)
            reading.take(match, "weekday", f"“{match.group()}”, but this term meets on {meets}.", better)


# ── Codes ──


def _codes(reading: _Reading, text: str) -> None:
    for pattern in (_NAMED_CODE, _SECRET, _BARE_CODE):
        for match in pattern.finditer(text):
            if reading.is_new(match) and _is_code(match["code"], is_named=pattern is not _BARE_CODE):
                reading.take(match, "code", f"“{match['code']}” reads like a code that lets people in.")
    for pattern, what in _INVITES:
        for match in pattern.finditer(text):
            if reading.is_new(match):
                reading.take(match, "code", f"{match.group()} is {what}.")


def _is_code(word: str, *, is_named: bool) -> bool:
    """Letters and digits mixed, or (after “entry code”) all capitals or all digits; a plain word is none."""
    digits = sum(letter.isdigit() for letter in word)
    mixed = 0 < digits < len(word.replace("-", ""))
    return mixed or (is_named and (digits == len(word) or (word.isupper() and len(word) >= 5)))


def sentence_at(text: str, start: int, end: int) -> Iterator[str]:
    """The sentence around a hit, in three pieces: before it, the hit, after it."""
    left = max(text.rfind(mark, 0, start) for mark in (". ", "\n", "? ", "! "))
    left = left + 1 if left >= 0 else 0
    rights = [at for mark in (". ", "\n", "? ", "! ") if (at := text.find(mark, end)) >= 0]
    right = min(rights) + 1 if rights else len(text)
    before, after = text[left:start].lstrip(), text[end:right].rstrip()
    yield f"…{before[-90:]}" if len(before) > 100 else before
    yield text[start:end]
    yield f"{after[:90]}…" if len(after) > 100 else after
