from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from events import rooms
from events.models import Room


class ClashBox(forms.CheckboxInput):
    """A box that stands for the events it was shown with."""

    def __init__(self, keys: Iterable[int], *, is_ticked: bool) -> None:
        super().__init__(check_test=lambda _: is_ticked)
        self.keys = ",".join(str(key) for key in sorted(keys))

    def format_value(self, value: Any) -> str:
        return self.keys


class AnywayField(forms.CharField):
    """The box that confirms a clash. Its value is which events were shown beside it, so that a box ticked for one
    clash does not confirm another that came about meanwhile."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label="Book it all the same", required=False, widget=forms.HiddenInput, **kwargs)

    def to_python(self, value: Any) -> frozenset[int]:  # type: ignore[override]
        return frozenset(int(part) for part in str(value or "").split(",") if part.isdecimal())


class RoomField(forms.ModelChoiceField):
    """One of the club's rooms, or none of them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "queryset": Room.objects.in_use(),
                "required": False,
                "empty_label": "None of these",
                **kwargs,
            }
        )

    def label_from_instance(self, room: Any) -> str:
        has = [f"{room.seats} seats"] if room.seats else []
        return (
            f"{room.spoken} ({', '.join([*has, *room.equipment])})" if has or room.equipment else room.spoken
        )


class RoomMixin(forms.BaseForm):
    """For forms with the fields `room`, `anyway` and `place`: one of the two says where, and a clash is confirmed."""

    user: Any = None

    @property
    def known(self) -> frozenset[int]:
        """The events that the person has seen in the same room, and books all the same."""
        return self.cleaned_data.get("anyway") or frozenset()

    def check_place(self) -> None:
        """A room says where it is by itself."""
        room, place = self.cleaned_data.get("room"), self.cleaned_data.get("place")
        if room and place and place != room.spoken:
            self.add_error("place", "Choose a room, or give another place; not both.")

    def check_room(self, spans: Iterable[rooms.Span], *, besides: Iterable[int] = ()) -> None:
        """Warn of others in the room at that time, unless they were confirmed."""
        room = self.cleaned_data.get("room")
        if room:
            self.say_clash(rooms.clashes(room, spans, besides=list(besides)))

    def say_clash(self, events: Iterable[Any]) -> None:
        """Name the others beside the room, with the box that books it all the same."""
        found = list(events)
        if not found:
            return
        unseen = [event for event in found if event.pk not in self.known]
        self.fields["anyway"].widget = ClashBox((event.pk for event in found), is_ticked=not unseen)
        if unseen:
            self.add_error("room", rooms.sentence(unseen, self.user))
