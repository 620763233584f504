"""Events and slot sheets as officers keep their records."""

from events.admin import records, slots

__all__ = ["records", "slots"]
