"""Full text search in PostgreSQL, the same way for every app.

A model gets one stored column and its index; its app says in `gathered.findable` how it is found:

    class Event(models.Model):
        search = search_column(A=["title"], C=["description"], names=["title"])

        class Meta:
            indexes = [GinIndex(fields=["search"], name="event_search")]

    def findable(user, now):
        return [Source(kind="Event", rows=Event.objects.visible_to(user), body="description", facts={"pk": "pk"}, hit=_hit)]

All columns named must be text columns of the row itself. `look` asks all sources at once, in one query whatever their
number, and makes the excerpts of what is shown in a second one. What a source does not give it cannot show: its rows
are limited to what the person may see before a word is compared.
"""

from mlclub.search.sources import Found, Source, close_by, look
from mlclub.search.spelling import corrected, usable_words
from mlclub.search.text import (
    LONGEST_QUERY,
    any_word,
    beginning,
    every_word,
    highlighted,
    joined,
    marked,
    normalised,
    search_column,
    search_vector,
    wanted,
    words,
)

__all__ = [
    "LONGEST_QUERY",
    "Found",
    "Source",
    "any_word",
    "beginning",
    "close_by",
    "corrected",
    "every_word",
    "highlighted",
    "joined",
    "look",
    "marked",
    "normalised",
    "search_column",
    "search_vector",
    "usable_words",
    "wanted",
    "words",
]
