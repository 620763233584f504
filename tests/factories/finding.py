"""What the search of one app finds."""

from __future__ import annotations

from django.utils import timezone

from mlclub.search import any_word, look


def found(app, query, user, limit=10):
    """The hits of one app's sources (a module with `findable`), best first, with their excerpts; where nothing has all
    the words, what has some of them, as the search page gives it."""
    sources = app.findable(user, timezone.now())
    results = look(sources, query, limit=limit)
    results = results if results.hits else look(sources, query, limit=limit, how=any_word)
    return results.with_excerpts(results.hits)
