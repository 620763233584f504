"""Who teaches which class: the staff's list, and the page on which somebody takes a class or gives it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from events.models import Material, Talk
from members.models import User
from mlclub.refusal import Refused
from nmep import lecturers, people
from nmep.models import Offering, Session
from nmep.notifications.sheets import LECTURE_CHECKLIST, is_taught
from nmep.views.papers import led
from nmep.views.syllabus import offering_for


@require_safe
def lecturer_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every class with its lecturers, the open ones in amber."""
    offering = offering_for(request, slug)
    roles = people.roles(request.user, offering)
    if not roles.leads:
        raise Http404
    now = timezone.now()
    rows = lecturers.classes(offering, now)
    return render(
        request,
        "nmep/lecturer_list.html",
        {
            "offering": offering,
            "roles": roles,
            "rows": rows,
            "open": [row for row in rows if row.is_unstaffed],
            "may_ask": offering.state != Offering.State.ARCHIVED,
            "now": now,
        },
    )


@require_POST
def lecturer_ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask those who could teach what is open."""
    offering, user = led(request, slug)
    try:
        asked = lecturers.ask(offering, by=user, now=timezone.now())
    except Refused as refused:
        messages.info(request, str(refused))
    else:
        if asked:
            messages.success(
                request, f"{asked} {'person is' if asked == 1 else 'people are'} asked, by one mail each."
            )
        else:
            messages.warning(
                request,
                "Everybody who knows these topics or gives teaching has been asked. Name somebody in the talk of the class.",
            )
    return redirect("nmep:lecturer_list", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def lecture_take(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a class, with a confirm; whoever has it sees what is to be ready, and may give it back."""
    offering = offering_for(request, slug)
    user: User = request.user  # type: ignore[assignment]
    rows = Session.objects.classes().select_related("event", "module")
    session = get_object_or_404(rows, pk=pk, offering=offering)
    session.offering = offering
    teaches = Talk.objects.filter(event=session.event, speakers=user).exists()
    if not teaches and not lecturers.may_take(user, offering):
        raise Http404
    now = timezone.now()
    if request.method == "POST":
        return _answered(request, session, user)
    kinds = set(Material.objects.filter(event=session.event).values_list("kind", flat=True))
    return render(
        request,
        "nmep/lecture_take.html",
        {
            "offering": offering,
            "session": session,
            "teaches": teaches,
            "is_taken": not teaches and is_taught(session),
            "is_over": session.event.has_begun(now) or session.event.is_cancelled,
            "checklist": LECTURE_CHECKLIST["7d"] + LECTURE_CHECKLIST["2d"],
            "has_slides": Material.Kind.SLIDES in kinds,
            "has_exercise": Material.Kind.EXERCISE in kinds,
            "now": now,
        },
    )


def _answered(request: HttpRequest, session: Session, user: User) -> HttpResponse:
    now = timezone.now()
    try:
        if "drop" in request.POST:
            if lecturers.drop(session, user, now=now):
                messages.success(request, "Given back. The leads are told.")
            return redirect("nmep:syllabus", session.offering.slug)
        lecturers.take(session, user, now=now)
        messages.success(request, f"Week {session.week} is yours. Thank you.")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("nmep:lecture_take", session.offering.slug, session.pk)
