"""A paper that pages cite or that somebody presented."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from members.access import members_only
from wiki.models import Paper


@members_only
@require_safe
def paper_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Title, authors as given, where to read it; the apps above say where it was presented."""
    paper = get_object_or_404(Paper, pk=pk)
    return render(request, "wiki/paper_detail.html", {"paper": paper})
