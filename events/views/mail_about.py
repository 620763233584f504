"""Mail about an event: everybody's own, and for those who run it what became of all."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import mail_about
from events.access import event_for
from members.ledger import telling
from members.views.mail import PER_PAGE, described


@require_safe
def event_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """Outcomes and reasons; never what a mail says, and of others only to hosts and officers."""
    user: Any = request.user
    event = event_for(user, pk)
    now = timezone.now()
    rows = mail_about.rows_about(event)
    context: dict[str, Any] = {
        "event": event,
        "mine": described(list(rows.filter(person=user).select_related("person")[:50])),
        "why_no_reminder": mail_about.why_no_reminder(event, user, now),
        "runs": event.is_run_by(user),
        "now": now,
    }
    if context["runs"]:
        words = request.GET.get("q", "").strip()[:80].replace("\x00", "")
        listed = telling.to_somebody_like(rows, words) if words else rows
        page = Paginator(
            listed.select_related("person").order_by("person__name", "-created_at", "pk"), PER_PAGE
        ).get_page(request.GET.get("page"))
        context |= {
            "outcomes": telling.outcomes(rows),
            "page_obj": page,
            "rows": described(list(page)),
            "words": words,
        }
    return render(request, "events/event_mail.html", context)
