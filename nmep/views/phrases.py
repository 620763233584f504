from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from members.models import User
from nmep import phrases
from nmep.forms.reviewing import PhraseForm
from nmep.models import Phrase
from nmep.views.reviews import queue_for


@require_http_methods(["GET", "HEAD", "POST"])
def phrase_list(request: HttpRequest, slug: str) -> HttpResponse:
    """A reviewer's own phrases and the shared ones, and one more."""
    offering, roles = queue_for(request, slug)
    user: User = request.user  # type: ignore[assignment]
    form = PhraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if phrases.keep(user, offering, values["text"], is_shared=values["is_shared"]):
            messages.success(request, "Kept.")
            return redirect("nmep:phrase_list", slug)
        form.add_error("text", "This phrase is there already.")
    choices = phrases.choices(user, offering, [])
    return render(
        request,
        "nmep/phrase_list.html",
        {
            "offering": offering,
            "roles": roles,
            "form": form,
            "own": [row.phrase for row in choices if not row.is_shared],
            "shared": [row.phrase for row in choices if row.is_shared],
        },
        status=422 if form.is_bound else 200,
    )


@require_POST
def phrase_delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Throw a phrase away: one's own, or as a lead a shared one."""
    offering, roles = queue_for(request, slug)
    mine = Q(owner=request.user) | (Q(offering=offering) if roles.leads else Q(pk=None))
    get_object_or_404(Phrase.objects.filter(mine), pk=pk).delete()
    messages.success(request, "Gone. Reviews that used it keep their words.")
    return redirect("nmep:phrase_list", slug)
