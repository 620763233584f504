"""Reading a course site: its schedule is a raw HTML table in `index.md`, its homework pages are beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from html.parser import HTMLParser
from pathlib import Path

from mlclub.refusal import Refused
from nmep.importing.report import Report

LARGEST = 2 * 1024 * 1024
MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        start=1,
    )
    for name in names.split()
}
DATE = re.compile(r"\b([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b")
HOMEWORK = re.compile(r"\b(?:homework|hw|assignment|problem set)\s*#?(\d+)", re.I)
SEASON = re.compile(r"\b(Spring|Summer|Fall|Autumn|Winter)\s+(20\d\d)\b", re.I)
MEETS = re.compile(
    r"\((\d{1,2})(?::(\d\d))?\s*(?:-|–|to)\s*(\d{1,2})(?::(\d\d))?\s*(am|pm)\s*(?:@\s*([^,)]+))?", re.I
)


@dataclass
class Link:
    text: str
    href: str


@dataclass
class Entry:
    """One thing in the column of assignments: "Homework 1 (due Feb 23)" with its links."""

    label: str
    due_on: date | None = None
    links: list[Link] = field(default_factory=list)

    @property
    def homework(self) -> int | None:
        """Which homework it is."""
        match = HOMEWORK.search(self.label)
        return int(match[1]) if match else None


@dataclass
class Row:
    """One line of the schedule."""

    week: int
    on: date
    title: str
    links: list[Link] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    lecturers: list[str] = field(default_factory=list)
    line: int = 0


@dataclass
class Plan:
    """What the site says, with its own dates."""

    title: str
    intro: str
    rows: list[Row]
    folder: Path
    meets: tuple[time, time] | None = None
    place: str = ""
    #: What is rendered before it is stored: (file, text, behind empty lines for what stands above it in the file).
    texts: list[tuple[str, str]] = field(default_factory=list)
    report: Report = field(default_factory=Report)

    def shifted(self, days: int) -> None:
        """Move everything by whole days."""
        for row in self.rows:
            row.on += timedelta(days=days)
            for entry in row.entries:
                if entry.due_on:
                    entry.due_on += timedelta(days=days)

    def page(self, href: str) -> tuple[str, str]:
        """(file, text) of the page of the folder that a link leads to; both empty where it leads to none."""
        match = re.fullmatch(r"/?((?:[\w-]+/)*[\w-]+)\.(?:html|md)", href)
        path = self.folder / f"{match[1]}.md" if match else None
        if match is None or path is None or not path.is_file() or path.is_symlink():
            return "", ""
        return f"{match[1]}.md", text_of(path)


@dataclass
class Cell:
    """The pieces of a table cell in their order: ("text", …), ("label", …), ("link", text, href)."""

    pieces: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return squeezed(" ".join(text for _, text, _ in self.pieces))


class Schedule(HTMLParser):
    """Collects the rows of the first table whose head names a week and a date."""

    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.first_line = first_line
        self.rows: list[tuple[int, list[Cell]]] = []
        self.cell: Cell | None = None
        self.text: list[str] = []
        self.kind = "text"
        self.href = ""
        self.labels = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append((self.first_line + self.getpos()[0] - 1, []))
        elif tag in ("td", "th") and self.rows:
            self.flush()
            self.cell = Cell()
            self.rows[-1][1].append(self.cell)
        elif tag == "a":
            self.flush()
            self.kind, self.href = "link", dict(attrs).get("href") or ""
        elif tag == "span":
            if self.labels or "label" in (dict(attrs).get("class") or ""):
                self.labels += 1
                if self.labels == 1:
                    self.flush()
                    self.kind = "label"
        elif tag == "br":
            self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "span" and self.labels:
            self.labels -= 1
            if not self.labels:
                self.flush()
        elif tag == "a":
            self.flush()
        elif tag in ("td", "th"):
            self.flush()
            self.cell = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def flush(self) -> None:
        text = squeezed("".join(self.text))
        if self.cell is not None and text:
            self.cell.pieces.append((self.kind, text, self.href))
        self.text, self.href = [], ""
        self.kind = "label" if self.labels else "text"


def squeezed(text: str) -> str:
    return " ".join(text.split())


def text_of(path: Path) -> str:
    """A text file of the folder; what is none, too long, or a way out of the folder is refused."""
    if path.is_symlink() or not path.is_file():
        raise Refused(f"{path.name} is not a plain file.")
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path.name} is larger than 2 MB.")
    return path.read_text(encoding="utf-8", errors="replace")


def without_front_matter(text: str) -> tuple[str, str]:
    """The title in the front matter, and the text below it."""
    match = re.match(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", text, re.S)
    if not match:
        return "", text
    title = re.search(r"^title:\s*(.+)$", match[1], re.M)
    return (title[1].strip().strip("\"'") if title else ""), text[match.end() :]


def read(source: Path, *, year: int | None = None) -> Plan:
    """Read the folder (or the file) `source`."""
    index = source / "index.md" if source.is_dir() else source
    if not index.exists():
        raise Refused(f"There is no index.md in {source}.")
    folder = index.parent
    whole = text_of(index)
    title, body = without_front_matter(whole)
    start = whole.find("<table")
    stop = whole.find("</table>", start)
    if start < 0 or stop < 0:
        raise Refused(f"{index.name} has no table with the schedule.")
    parser = Schedule(whole.count("\n", 0, start) + 1)
    parser.feed(whole[start : stop + len("</table>")])
    parser.close()
    plan = Plan(title=title, intro=_intro(body), rows=[], folder=folder)
    plan.texts.append((index.name, below(whole, plan.intro)))
    named = SEASON.search(title) or SEASON.search(whole)
    year = int(named[2]) if named else year
    if year is None:
        raise Refused(f"{index.name} names no year, such as “Spring 2026”; neither does --term.")
    _read_rows(plan, parser.rows, year, index.name)
    _read_policies(plan)
    if not plan.rows:
        raise Refused(f"The table in {index.name} has no weeks.")
    hrefs = [
        link.href for row in plan.rows for entry in row.entries if entry.homework for link in entry.links
    ]
    for file, text in dict(plan.page(href) for href in hrefs).items():
        if file:
            plan.texts.append((file, below(text, without_front_matter(text)[1])))
    return plan


def below(whole: str, text: str) -> str:
    """A piece of a file behind as many empty lines as stand above it, so that what is said of a line names that of the file."""
    return "\n" * whole[: max(whole.find(text), 0)].count("\n") + text


def _intro(body: str) -> str:
    """The welcome: what stands above the schedule, without its own headings."""
    above = re.split(r"^#{1,6}\s*Schedule\b|<table", body, maxsplit=1, flags=re.M | re.I)[0]
    return re.sub(r"\A\s*#{1,3}[^\n]*\n", "", above).strip()


def _read_rows(plan: Plan, rows: list[tuple[int, list[Cell]]], year: int, name: str) -> None:
    columns: dict[str, int] = {}
    for line, cells in rows:
        words = [cell.text.lower() for cell in cells]
        if not columns:
            for wanted in ("week", "date", "lecturer", "lecture", "assignment"):
                at = next(
                    (
                        n
                        for n, word in enumerate(words)
                        if word.startswith(wanted) and n not in columns.values()
                    ),
                    None,
                )
                if at is not None:
                    columns[wanted] = at
            if "week" not in columns or "date" not in columns:
                columns = {}
            continue
        get = {wanted: cells[at] for wanted, at in columns.items() if at < len(cells)}
        number = re.search(r"\d+", get["week"].text) if "week" in get else None
        on = _date(get["date"].text, year, plan.rows[0].on if plan.rows else None) if "date" in get else None
        if number is None or on is None:
            plan.report.drop(name, line, "This row has no week or no date; left out.")
            continue
        row = Row(week=int(number[0]), on=on, title="", line=line)
        _read_lecture(row, get.get("lecture", Cell()))
        _read_entries(plan, row, get.get("assignment", Cell()), year, name)
        people = re.split(r",|&|\band\b|/", get.get("lecturer", Cell()).text)
        row.lecturers = [squeezed(person) for person in people if squeezed(person)]
        if not row.title:
            plan.report.warn(name, line, f"Week {row.week} has no title.")
            row.title = f"Week {row.week}"
        plan.rows.append(row)


def _date(text: str, year: int, first: date | None) -> date | None:
    """A date such as "Feb 9"; after a turn of the year it is in the next one."""
    match = DATE.search(text)
    month = MONTHS.get(match[1].lower()) if match else None
    if match is None or month is None:
        return None
    try:
        on = date(year, month, int(match[2]))
        return on.replace(year=year + 1) if first and (first - on).days > 180 else on
    except ValueError:
        return None


def _read_lecture(row: Row, cell: Cell) -> None:
    words = []
    for kind, text, href in cell.pieces:
        if kind == "link" and href:
            row.links.append(Link(text, href))
        else:
            words.append(text)
    row.title = squeezed(re.sub(r"\(\s*\)|[()]\s*(?=[()]|$)", "", " ".join(words))).strip(" ()-–")


def _read_entries(plan: Plan, row: Row, cell: Cell, year: int, name: str) -> None:
    entry: Entry | None = None
    for kind, text, href in cell.pieces:
        if kind == "label":
            match = re.search(r"\((?:due\s+)?([^)]*)\)", text)
            due_on = _date(match[1], year, plan.rows[0].on if plan.rows else row.on) if match else None
            if match and due_on is None:
                plan.report.warn(name, row.line, f"“{match[0]}” is not a date.")
            entry = Entry(squeezed(re.sub(r"\([^)]*\)", "", text)), due_on)
            row.entries.append(entry)
        elif kind == "link":
            if entry is None:
                entry = Entry("")
                row.entries.append(entry)
            entry.links.append(Link(text, href))
        elif text.upper() not in ("OR", "-", ",", "AND") and text:
            plan.report.drop(name, row.line, f"“{text}” in the column of assignments; left out.")


def _read_policies(plan: Plan) -> None:
    """Hours and room, where the policies name them, and the policies themselves below the welcome."""
    path = plan.folder / "docs" / "policies.md"
    if not path.is_file() or path.is_symlink():
        return
    whole = text_of(path)
    _, text = without_front_matter(whole)
    plan.texts.append(("docs/policies.md", below(whole, text)))
    plan.intro = f"{plan.intro}\n\n{text.strip()}".strip()
    match = MEETS.search(text)
    if match:
        late = 12 if match[5].lower() == "pm" else 0
        plan.meets = (
            time(int(match[1]) % 12 + late, int(match[2] or 0)),
            time(int(match[3]) % 12 + late, int(match[4] or 0)),
        )
        plan.place = squeezed(match[6] or "")
