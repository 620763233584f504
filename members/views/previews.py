"""Mail before it goes, as oneself: subject, text, HTML and headers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from members import previewing
from members.ledger import kinds
from members.models import Notification
from mlclub.mail import shown


@permission_required("members.view_notification", raise_exception=True)
@require_safe
def mail_preview(request: HttpRequest) -> HttpResponse:
    """Every kind of mail by name; of the chosen one, one's own messages."""
    officer: Any = request.user
    kind = kinds.find(request.GET.get("kind", ""))
    rows = previewing.rows_of(officer, kind) if kind else []
    wanted = request.GET.get("row", "")
    row = next((each for each in rows if str(each.pk) == wanted), rows[0] if rows else None)
    return render(
        request,
        "members/mail_preview.html",
        {
            "kinds": kinds.every(),
            "kind": kind,
            "rows": rows,
            "row": row,
            "preview": previewing.preview(row, now=timezone.now()) if row else None,
        },
    )


@require_safe
def mail_preview_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part of one's own message; another person's is a 404, whoever asks."""
    rows = Notification.objects.by_mail().visible_to(request.user).select_related("person")
    preview = previewing.preview(get_object_or_404(rows, pk=pk), now=timezone.now())
    if preview is None or preview.composed is None or not preview.composed.html:
        raise Http404
    return shown(preview.composed.html)
