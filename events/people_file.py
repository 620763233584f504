"""Who signed up, who was there and what they answered, as one table for a file. Notes on food and access are not in it:
they are erased, files are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.timezone import localtime

from events.door import Person, people_of
from events.models import Event, Registration, SignUpAnswer, SignUpQuestion
from mlclub.cells import plain


def rows_of(event: Event, *, has_addresses: bool) -> Iterator[list[str]]:
    """The head and a row for each: in the order of sign-up, then who came without, then who does not come after all.
    With mail addresses only for whoever may have them. Cells are no formulas."""
    asked = list(SignUpQuestion.objects.of(event))
    said: dict[int, dict[int | None, str]] = {}
    for answer in SignUpAnswer.objects.filter(registration__event=event).order_by("pk"):
        said.setdefault(answer.registration_id, {})[answer.question_id] = answer.words
    head = ["name", *(["mail address"] if has_addresses else []), "guest of", "registered", "state"]
    head += ["cancelled", "why", "there", "since", "how"]
    yield [plain(cell) for cell in [*head, *(question.text for question in asked)]]
    for each in _everybody(event):
        row, arrival = each.registration, each.arrival
        address = each.row.user.email if each.row.user else each.row.email
        cells = [
            each.name,
            *([address] if has_addresses else []),
            row.guest_of.who if row and row.guest_of else "",
            _moment(row.created_at) if row else "",
            _state(each),
            _moment(row.cancelled_at) if row else "",
            row.reason if row else "",
            "yes" if arrival else "",
            _moment(arrival.at) if arrival else "",
            arrival.get_source_display() if arrival else "",
        ]
        answers = said.get(row.pk, {}) if row else {}
        yield [plain(cell) for cell in [*cells, *(answers.get(question.pk, "") for question in asked)]]


def _everybody(event: Event) -> list[Person]:
    people = sorted(people_of(event), key=in_order)
    gone = event.registrations.exclude(state=Registration.State.GOING).select_related(
        "user", "guest_of__user"
    )
    return [*people, *(Person(registration=row) for row in gone.in_order())]


def in_order(each: Person) -> tuple[bool, int, str]:
    """Sorts by sign-up, and who is there without by name after them."""
    return (each.registration is None, each.position, each.name)


def _state(each: Person) -> str:
    if each.registration is None:
        return "not registered"
    if not each.registration.is_live:
        return each.registration.get_state_display()
    return f"in line, {each.line}" if each.line else "seat"


def _moment(at: datetime | None) -> str:
    return localtime(at).isoformat(timespec="minutes") if at else ""
