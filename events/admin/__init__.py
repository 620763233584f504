"""Events and slot sheets as officers keep their records."""

from events.admin import afterwards, fairs, records, rooms, rotas, sign_up, slots, speakers, symposia

__all__ = ["afterwards", "fairs", "records", "rooms", "rotas", "sign_up", "slots", "speakers", "symposia"]
