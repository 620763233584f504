"""People from a CSV: read, looked through row by row, then all of it or nothing."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from allauth.account.models import EmailAddress
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from members import audit, invitations
from members.models import AuditEntry, Club, Invitation, Membership, Term, User

SALT = "members.import"
MOST_ROWS = 2000
#: How long a preview may be looked at before it has to be made again.
LASTS = 2 * 60 * 60

HEADERS = {
    "name": {"name", "full name", "person"},
    "email": {"email", "e-mail", "mail", "mail address", "email address", "e-mail address"},
    "kind": {"kind", "type", "membership"},
}
KINDS = {
    **{value: value for value in Membership.Kind.values},
    **{str(label).lower(): value for value, label in Membership.Kind.choices},
}


class Outcome(StrEnum):
    INVITE = "is invited"
    JOIN = "has an account and becomes a member at once"
    INVITED = "is invited already"
    MEMBER = "is a member of that term already"

    def said(self, count: int) -> str:
        """How many, as a sentence reads: "2 are invited"."""
        many = {
            Outcome.INVITE: "are invited",
            Outcome.JOIN: "have accounts and become members at once",
            Outcome.INVITED: "are invited already",
            Outcome.MEMBER: "are members of that term already",
        }
        return f"{count} {self.value if count == 1 else many[self]}"


@dataclass
class Row:
    """One line of the file: what it says, what is wrong with it by column, and what would become of it."""

    number: int
    name: str
    email: str
    kind: str
    problems: dict[str, str] = field(default_factory=dict)
    outcome: str = ""


@dataclass
class Preview:
    rows: list[Row]
    problems: list[str] = field(default_factory=list)

    @property
    def is_fine(self) -> bool:
        return bool(self.rows) and not self.problems and not any(row.problems for row in self.rows)

    @property
    def wrong(self) -> list[Row]:
        return [row for row in self.rows if row.problems]

    def count(self, outcome: Outcome) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def summary(self) -> list[str]:
        return [outcome.said(number) for outcome in Outcome if (number := self.count(outcome))]

    @property
    def counts(self) -> list[tuple[str, int]]:
        return [(str(outcome.value), number) for outcome in Outcome if (number := self.count(outcome))]


class NotAsPreviewed(Exception):
    """What was looked at is not what would happen now; the preview has to be made again."""


def read(text: str, *, default_kind: str) -> Preview:
    """The rows of a CSV with a line of headings; its problems are named, never raised."""
    text = text.lstrip("\ufeff")
    if "\x00" in text:
        return Preview([], ["This is not a text file. Save the sheet as CSV and choose that file."])
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as problem:
        return Preview([], [f"The file cannot be read as CSV: {problem}."])
    if not lines:
        return Preview([], ["The file is empty. Its first line names the columns: name, email, kind."])
    places: dict[str, int] = {}
    for place, heading in enumerate(lines[0]):
        for column, names in HEADERS.items():
            if " ".join(heading.lower().split()) in names:
                places.setdefault(column, place)
    missing = [column for column in ("name", "email") if column not in places]
    if missing:
        return Preview([], [f"The first line names no column “{column}”." for column in missing])
    body = [(number, line) for number, line in enumerate(lines[1:], 2) if any(cell.strip() for cell in line)]
    if not body:
        return Preview([], ["There is nobody below the line of headings."])
    if len(body) > MOST_ROWS:
        return Preview([], [f"At most {MOST_ROWS} people go at once; these are {len(body)}. Split the file."])

    def cell(line: list[str], column: str) -> str:
        place = places.get(column)
        return " ".join(line[place].split()) if place is not None and place < len(line) else ""

    return Preview(
        [
            Row(
                number,
                cell(line, "name"),
                cell(line, "email").lower(),
                KINDS.get(given := cell(line, "kind").lower(), given) or default_kind,
            )
            for number, line in body
        ]
    )


def look_through(preview: Preview, term: Term) -> Preview:
    """Name every problem by row and column, and say what would become of each person; at most five queries."""
    addresses = [row.email for row in preview.rows]
    people = {person.email: person for person in User.objects.filter(email__in=addresses)}
    proven = set(
        EmailAddress.objects.filter(user__in=people.values(), verified=True).values_list("email", flat=True)
    )
    members = set(
        Membership.objects.filter(term=term, person__in=people.values())
        .exclude(status=Membership.Status.INVITED)
        .values_list("person", flat=True)
    )
    invited = set(
        Invitation.objects.open(timezone.now())
        .filter(email__in=addresses, term=term)
        .values_list("email", "kind")
    )
    seen: dict[str, int] = {}
    for row in preview.rows:
        row.problems = faults(row, people.get(row.email), seen)
        seen.setdefault(row.email, row.number)
        person = people.get(row.email)
        if person and person.pk in members:
            row.outcome = Outcome.MEMBER
        elif person and row.email in proven:
            row.outcome = Outcome.JOIN
        else:
            row.outcome = Outcome.INVITED if (row.email, row.kind) in invited else Outcome.INVITE
    return preview


def faults(row: Row, person: User | None, seen: dict[str, int]) -> dict[str, str]:
    """What is wrong with a row, by column."""
    found = {}
    if not row.name:
        found["name"] = "The name is missing."
    elif len(row.name) > 120:
        found["name"] = "The name is longer than 120 characters."
    try:
        validate_email(row.email)
    except ValidationError:
        found["email"] = (
            f"“{row.email}” is not a mail address." if row.email else "The mail address is missing."
        )
    else:
        if row.email in seen:
            found["email"] = f"The same address as in row {seen[row.email]}."
        elif person and (person.suspended_at or not person.is_active):
            found["email"] = "This account is suspended. Open it again first, or leave the row out."
    if row.kind not in Membership.Kind.values:
        found["kind"] = f"“{row.kind}” is no kind of member. Write new, member or fellow."
    return found


def sealed(preview: Preview, term: Term) -> str:
    """The preview as text that nobody can change on its way back; it carries its own number."""
    rows = [{**asdict(row), "problems": {}} for row in preview.rows]
    return signing.dumps(
        {"number": uuid.uuid4().hex, "term": term.pk, "rows": rows}, salt=SALT, compress=True
    )


@transaction.atomic
def commit(seal: str, *, by: User) -> dict[str, int]:
    """Do what a preview showed, all of it or nothing; a second click gets the first one's answer.

    Raises NotAsPreviewed when it is too old, was changed, or no longer true.
    """
    try:
        payload = signing.loads(seal, salt=SALT, max_age=LASTS)
    except signing.BadSignature as problem:
        raise NotAsPreviewed(
            "This preview is too old or was changed. Look through the file again."
        ) from problem
    Club.objects.select_for_update().filter(pk=1).first()
    subject = f"members.import:{payload['number']}"
    done = AuditEntry.objects.filter(action="people-imported", subject=subject).first()
    if done:
        return {str(what): int(count) for what, count in (done.after or {}).items()}
    term = Term.objects.get(pk=payload["term"])
    shown = [Row(**row) for row in payload["rows"]]
    outcomes = {row.number: row.outcome for row in shown}
    preview = look_through(Preview(shown), term)
    if not preview.is_fine or any(row.outcome != outcomes[row.number] for row in preview.rows):
        raise NotAsPreviewed("Something changed since the preview. Look through the file again.")
    people = {
        person.email: person for person in User.objects.filter(email__in=[row.email for row in preview.rows])
    }
    for row in preview.rows:
        if row.outcome == Outcome.JOIN:
            invitations.welcome(people[row.email], term, row.kind)
        elif row.outcome == Outcome.INVITE:
            invitations.invite(row.email, name=row.name, term=term, kind=row.kind, by=by)
    counts = dict(preview.counts)
    audit.record(by, "people-imported", subject, after=counts)
    return counts
