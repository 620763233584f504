"""Who was at a class, where check-in was forgotten or somebody's phone was empty."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from events.models import Attendance
from members.models import User
from mlclub.refusal import Refused
from nmep import absences
from nmep.forms.mastery import AttendanceForm
from nmep.models import Absence, Enrolment, Session
from nmep.views.learners import led_offering


@require_http_methods(["GET", "HEAD", "POST"])
def attendance_edit(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """The learners and where they were at one class; without a key, at the latest one that has begun."""
    offering = led_offering(request, slug)
    now = timezone.now()
    begun = list(
        Session.objects.classes()
        .filter(offering=offering, event__starts_at__lte=now, event__state="scheduled")
        .select_related("event")
        .order_by("event__starts_at")
    )
    context = {"offering": offering, "sessions": begun, "session": None, "form": None}
    if pk is None:
        if not begun:
            return render(request, "nmep/attendance_edit.html", context)
        session = begun[-1]
    else:
        found = next((row for row in begun if row.pk == pk), None)
        if found is None:
            raise Http404
        session = found
    session.offering = offering
    learners = list(
        Enrolment.objects.learners()
        .filter(offering=offering, created_at__lte=session.event.ends_at)
        .exclude(state__in=[Enrolment.State.INVITED, Enrolment.State.WITHDREW])
        .select_related("person")
        .order_by("person__name")
    )
    there = {row.user_id: row for row in Attendance.objects.filter(event=session.event, user__isnull=False)}
    asked = {row.enrolment_id: row for row in Absence.objects.filter(session=session)}
    rows = []
    for enrolment in learners:
        enrolment.offering = offering
        state = absences.state_of(session.event, there.get(enrolment.person_id), asked.get(enrolment.pk))
        rows.append((enrolment, state))
    form = AttendanceForm(request.POST if request.method == "POST" else None, rows=rows)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            user: User = request.user  # type: ignore[assignment]
            try:
                changed = absences.set_attendance(session, form.states(), by=user, now=now)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{changed} changed." if changed else "Nothing changed.")
                return redirect("nmep:attendance_edit", slug, session.pk)
        status = 422
    context |= {"session": session, "form": form}
    return render(request, "nmep/attendance_edit.html", context, status=status)
