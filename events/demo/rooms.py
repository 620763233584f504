"""The rooms of the demo club, and the agendas of its general meetings."""

from __future__ import annotations

from datetime import datetime, timedelta

from events.models import AgendaItem, Event, EventTemplate, Kind, Room

#: Name, building, seats, how to get in, access, and whether there is a projector, a whiteboard, hybrid equipment.
ROOMS = [
    ("Hall 306", "Marlow Hall", 120, "Third floor, by the main stairs. The front door is open until 20:00; later, the side door on Quay Street.",
     "Lift beside the side door; two places for wheelchairs in the first row; induction loop.", (True, True, True)),
    ("Room 112", "Marlow Hall", 30, "Ground floor, to the left of the front door.", "No steps. The door is 95 cm wide.", (True, True, False)),
    ("Room 204", "Marlow Hall", 24, "Second floor, at the end of the corridor.", "Lift beside the side door.", (True, True, True)),
    ("Lab 2", "Marlow Hall", 26, "Basement. Ring at the window if the door is shut.", "Lift; the tables are 72 cm high.", (True, False, False)),
    ("Hall 101", "Marlow Hall", 80, "First floor, opposite the library.", "Lift beside the side door.", (True, False, False)),
    ("Hall 202", "Marlow Hall", 60, "Second floor.", "Lift beside the side door.", (True, True, True)),
    ("Atrium", "Marlow Hall", 200, "Straight ahead from the front door.", "No steps.", (False, False, False)),
    ("Club room", "14 Ferry Street", 40, "The blue door beside the bakery; second bell.", "Four steps at the door; a ramp lies inside, ask for it.", (True, True, False)),
]  # fmt: skip
AGENDA = [
    ("Welcome, and who is new", "", 5),
    ("News of the projects", "The project leads", 20),
    ("Talk", "", 40),
    ("Who needs a hand?", "", 10),
]
NOTES = "The budget for the fair is agreed. Posters go up on Monday."


def make() -> dict[str, Room]:
    """The rooms, by how they are spoken of."""
    rows = [
        Room(
            name=name,
            building=building,
            seats=seats,
            way_in=way_in,
            access=access,
            has_projector=has[0],
            has_whiteboard=has[1],
            has_hybrid=has[2],
        )
        for name, building, seats, way_in, access, has in ROOMS
    ]
    Room.objects.bulk_create(rows)
    by_name = {room.spoken: room for room in rows}
    for kind, spoken in (
        (Kind.MEETING, "Hall 306, Marlow Hall"),
        (Kind.READING_GROUP, "Room 112, Marlow Hall"),
        (Kind.WORKSHOP, "Lab 2, Marlow Hall"),
        (Kind.SOCIAL, "Club room, 14 Ferry Street"),
    ):
        EventTemplate.objects.filter(kind=kind, room=None).update(room=by_name[spoken])
    return by_name


def write_agendas(events: list[Event], now: datetime) -> None:
    """What the last meeting dealt with, and what the next one will; one point was not reached and moved on."""
    meetings = [event for event in events if event.kind == Kind.MEETING and not event.is_cancelled]
    over = [event for event in meetings if event.ends_at < now][-1:]
    coming = [event for event in meetings if event.starts_at > now][:2]
    left: AgendaItem | None = None
    for event in over:
        rows = _points(event, now)
        for row in rows:
            row.state, row.settled_at = AgendaItem.State.DONE, event.ends_at
        rows[1].notes = NOTES
        left = rows[-1]
        left.state = AgendaItem.State.CARRIED
        AgendaItem.objects.bulk_create(rows)
    for event in coming:
        rows = _points(event, now)
        if left:
            rows[-1].title, rows[-1].carried_from, left = left.title, left, None
        AgendaItem.objects.bulk_create(rows)


def _points(event: Event, now: datetime) -> list[AgendaItem]:
    added_at = min(now, event.starts_at) - timedelta(days=4)
    return [
        AgendaItem(event=event, title=title, who=who, minutes=minutes, position=position, added_at=added_at)
        for position, (title, who, minutes) in enumerate(AGENDA)
    ]
