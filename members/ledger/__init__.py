"""The notification ledger: messages are written in the act's own transaction and sent elsewhere.

An app declares its kinds in `notifications.py` and tells them from its processes:

    from members.ledger import Category, Due, at, kind, tell

    @kind("event-reminder", label="Event reminders", template="events/mail/reminder",
          category=Category.REMINDER, why="because you are going to this event")
    class EventReminder:
        def due(self, now): ...                # optional: yields Due(person, about, slot=at(start), due_at=…, expires_at=start)
        def still_wanted(self, row, now): ...  # optional: True, or False or a sentence why it is not needed any more
        def context(self, row): ...            # for <template>.subject.txt, .txt and .html
        def attachments(self, row): ...        # optional: [(name, content, mimetype)]
        def prepare(self, rows): ...           # optional: once a batch, to fetch what `context` needs

    tell(Moved, registration.user, about=event, slot=at(event.starts_at))

The three templates get, beside `context(row)`: `club`, `person` (or None), `row`, `why`, `settings_url`,
`unsubscribe_url` (empty where the kind cannot be stopped), `site_url`, `now`.
"""

from members.ledger.kinds import Category, Due, Kind, at, kind
from members.ledger.writing import record_sent, tell, tell_many

__all__ = ["Category", "Due", "Kind", "at", "kind", "record_sent", "tell", "tell_many"]
