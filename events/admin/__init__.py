"""Events and slot sheets as officers keep their records."""

from events.admin import afterwards, records, slots

__all__ = ["afterwards", "records", "slots"]
