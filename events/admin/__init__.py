"""Events and slot sheets as officers keep their records."""

from events.admin import afterwards, records, rooms, slots, speakers

__all__ = ["afterwards", "records", "rooms", "slots", "speakers"]
