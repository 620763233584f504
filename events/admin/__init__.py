"""Events and slot sheets as officers keep their records."""

from events.admin import afterwards, records, rooms, rotas, slots, speakers

__all__ = ["afterwards", "records", "rooms", "rotas", "slots", "speakers"]
