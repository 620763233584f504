from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from members import standing
from members.models import Term
from mlclub import gather, typed
from mlclub.portal import finding
from mlclub.search import normalised


@login_not_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """One box over everything; each app limits its answers to the visitor."""
    now = timezone.now()
    query = normalised(request.GET.get("q", ""))
    terms = list(Term.objects.started(standing.today(now)).order_by("-starts_on"))
    term = next((term for term in terms if term.slug == request.GET.get("term")), None)
    kind = request.GET.get("kind", "")
    page = typed.number(request.GET.get("page")) or 1
    found = (
        finding.answer(
            query, request.user, now, kind=kind, term=term, page=page, exact=request.GET.get("exact") == "1"
        )
        if query
        else finding.Answer(query="")
    )
    if query and not kind and term is None and page == 1 and (found.some or not found.hits):
        for _ in gather.each("searched_in_vain", query, request.user, now):
            pass
    kept = {"term": term.slug} if term else {}
    of_kind = found.kinds.get(kind, 0)
    asked = {"q": found.query, **kept}
    return render(
        request,
        "portal/search.html",
        {
            "query": query,
            "found": found,
            "kind": kind if of_kind else "",
            "kinds": [
                (
                    name,
                    str(count) if count < finding.FROM_EACH else f"{finding.FROM_EACH}+",
                    f"?{urlencode({**asked, 'kind': name})}",
                )
                for name, count in found.kinds.items()
            ],
            "all_url": f"?{urlencode(asked)}",
            "all_time_url": f"?{urlencode({'q': query})}",
            "exact_url": f"?{urlencode({'q': query, 'exact': '1', **kept})}",
            "page_obj": Paginator(range(of_kind or len(found.hits)), finding.A_PAGE).get_page(page),
            "terms": terms,
            "term": term,
            "reads": request.user.is_authenticated and request.user.standing.reads_members_area,
            "writes": request.user.is_authenticated and request.user.standing.writes,
        },
    )


@login_not_required
@require_safe
def search_suggest(request: HttpRequest) -> HttpResponse:
    """The list under the box while somebody types: a fragment, grouped by kind."""
    groups = finding.suggestions(normalised(request.GET.get("q", "")), request.user, timezone.now())
    return render(request, "portal/_suggestions.html", {"groups": groups})
