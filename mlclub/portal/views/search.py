from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from mlclub import gather
from mlclub.gather import Hit
from mlclub.search import normalised

#: So many from each app are asked for; what is shown is the best of all.
FROM_EACH = 12
SHOWN = 30


@login_not_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """One box over pages, events, people, assignments and projects; each app limits its answers to the visitor.

    A query that finds nothing goes on to another way to write it, once; the page then says what was `typed`.
    """
    query = normalised(request.GET.get("q", ""))
    typed = normalised(request.GET.get("typed", ""))
    kind = request.GET.get("kind", "")
    hits = found(query, request) if query else []
    if query and not hits and not typed:
        suggestion = next((word for word in gather.each("suggestion", query, request.user) if word), "")
        if suggestion and suggestion != query:
            return redirect(f"{request.path}?{urlencode({'q': suggestion, 'typed': query})}")
    kinds: dict[str, int] = {}
    for hit in hits:
        kinds[hit.kind] = kinds.get(hit.kind, 0) + 1
    return render(
        request,
        "portal/search.html",
        {
            "query": query,
            "typed": typed if hits else "",
            "kind": kind if kind in kinds else "",
            "kinds": [
                (name, count, "?" + urlencode({"q": query, "kind": name})) for name, count in kinds.items()
            ],
            "all_url": "?" + urlencode({"q": query}),
            "total": len(hits),
            "hits": [hit for hit in hits if kind not in kinds or hit.kind == kind][:SHOWN],
        },
    )


def found(query: str, request: HttpRequest) -> list[Hit]:
    """The best hits of every app, best first, each thing once."""
    hits: list[Hit] = gather.once(gather.flat("search", query, request.user, FROM_EACH))
    return sorted(hits, key=lambda hit: -hit.rank)
