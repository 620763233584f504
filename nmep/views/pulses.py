from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import feedback
from nmep import pulses
from nmep.models import Session
from nmep.views.syllabus import offering_for


@require_safe
def pulse_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a class made of its lecture, for whoever taught it and for the leads; from four answers on."""
    offering = offering_for(request, slug)
    session = get_object_or_404(Session.objects.select_related("event"), offering=offering, pk=pk)
    session.offering = offering
    if not pulses.may_read(request.user, session):
        raise Http404
    form = pulses.of([session]).get(session.pk)
    return render(
        request,
        "nmep/pulse_detail.html",
        {
            "offering": offering,
            "session": session,
            "form": form,
            "results": feedback.results(form, now=timezone.now()) if form else None,
            "least": feedback.MIN_ANSWERS,
            "is_open": bool(form and form.is_open(timezone.now())),
        },
    )
