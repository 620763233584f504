"""Words to a group: written, tried on oneself, sent, and stopped within the minute."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import announcements, audiences
from members.audit import subject_of
from members.ledger import posting, telling
from members.mail_forms import AnnouncementForm
from members.models import Announcement, Club, Notification
from members.notifications import AnnouncementMail
from members.views.mail import PER_PAGE, described
from mlclub.mail import shown
from mlclub.refusal import Refused
from mlclub.typed import number as number_of

GET_POST = ["GET", "HEAD", "POST"]


def mine(request: HttpRequest, pk: int) -> Announcement:
    """One's own, or any for officers who may write to everybody; a 404 for others."""
    rows = Announcement.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("written_by", "sent_by", "stopped_by"), pk=pk)


@require_safe
def announcement_list(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    rows = Announcement.objects.visible_to(user)
    if not (user.has_perm(audiences.RIGHT) or rows.exists() or audiences.offered(user, timezone.now())):
        raise PermissionDenied
    page = Paginator(rows.select_related("written_by", "sent_by"), PER_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    labels = labels_of(page, user, now)
    return render(
        request,
        "members/announcement_list.html",
        {
            "page_obj": page,
            "rows": [(row, row.audience_label or labels.get(row.audience, "")) for row in page],
            "now": now,
        },
    )


def labels_of(rows: Any, user: Any, now: Any) -> dict[str, str]:
    """What the groups of drafts are called now."""
    if all(row.audience_label for row in rows):
        return {}
    return {group.key: group.label for group in audiences.offered(user, now)}


@require_http_methods(GET_POST)
def announcement_create(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    now = timezone.now()
    wanted = request.POST.get("audience") or request.GET.get("to", "")
    groups = audiences.with_one(wanted, user, now)
    if not groups:
        raise PermissionDenied
    former = Announcement.objects.visible_to(user).filter(pk=number_of(request.GET.get("copy"))).first()
    initial = {"audience": wanted or (former.audience if former else "")}
    if former:
        initial |= {"subject": former.subject, "body": former.body}
    form = AnnouncementForm(request.POST or None, groups=groups, initial=initial)
    if request.method == "POST" and form.is_valid():
        announcement = form.save(commit=False)
        announcement.written_by = user
        announcement.save()
        return redirect(announcement)
    return render(
        request, "members/announcement_create.html", {"form": form}, status=422 if form.is_bound else 200
    )


@require_http_methods(GET_POST)
def announcement_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    announcement = mine(request, pk)
    now = timezone.now()
    groups = audiences.with_one(announcement.audience, user, now)
    form = AnnouncementForm(request.POST or None, instance=announcement, groups=groups)
    if request.method == "POST" and form.is_valid():
        # Only while it is a draft: what was sent says for ever what was sent.
        changed = {name: form.cleaned_data[name] for name in ("audience", "subject", "body")}
        if not Announcement.objects.drafts().filter(pk=pk).update(**changed, changed_at=now):
            messages.warning(request, "It was sent meanwhile, so it stays as it was.")
        return redirect(announcement)
    if announcement.state != Announcement.State.DRAFT:
        messages.info(request, "It was sent and stays as it is. Write a new one instead.")
        return redirect(announcement)
    return render(
        request,
        "members/announcement_edit.html",
        {"form": form, "announcement": announcement},
        status=422 if form.is_bound else 200,
    )


@require_safe
def announcement_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft with whom it would meet; afterwards what became of it, person by person, by outcome alone."""
    user: Any = request.user
    announcement = mine(request, pk)
    now = timezone.now()
    context: dict[str, Any] = {
        "announcement": announcement,
        "now": now,
        "can_stop": announcement.can_be_stopped(now),
    }
    if announcement.state == Announcement.State.DRAFT:
        audience = audiences.find(announcement.audience, user, now)
        context |= {
            "to_whom": audience.label if audience else "",
            "reach": announcements.reach(audience) if audience else None,
            "tests": Notification.objects.filter(
                kind="announcement-test", about=subject_of(announcement), person=user
            ).order_by("-created_at")[:1],
            "postal_address": Club.current().postal_address,
        }
    else:
        context |= {"to_whom": announcement.audience_label, **outcome_of(announcement, request)}
    return render(request, "members/announcement_detail.html", context)


def outcome_of(announcement: Announcement, request: HttpRequest) -> dict[str, Any]:
    """The ledger's rows of an announcement: counted, and listed with the outcome of each."""
    rows = telling.about([subject_of(announcement)]).exclude(kind="announcement-test")
    counted = telling.outcomes(rows)
    words = request.GET.get("q", "").strip()[:80].replace("\x00", "")
    listed = telling.to_somebody_like(rows, words) if words else rows
    page = Paginator(
        listed.select_related("person").order_by("status", "person__name", "pk"), PER_PAGE
    ).get_page(request.GET.get("page"))
    return {
        "outcomes": counted,
        "is_underway": any(outcome.underway for outcome in counted),
        "page_obj": page,
        "rows": described(list(page)),
        "words": words,
    }


@require_safe
def announcement_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as a mail client shows it, written to oneself."""
    user: Any = request.user
    announcement = mine(request, pk)
    row = Notification(
        person=user,
        kind=AnnouncementMail.slug,
        about=subject_of(announcement),
        data={"why": "because you are in this group"},
        message_id="<preview@localhost>",
    )
    mail = posting.composed(row, AnnouncementMail(), club=Club.current(), now=timezone.now())
    return shown(mail.html or f"<pre>{mail.subject}</pre>")


@require_POST
def announcement_test(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    announcement = mine(request, pk)
    now = timezone.now()
    lately = Notification.objects.filter(
        kind="announcement-test", person=user, created_at__gt=now - timedelta(hours=1)
    ).count()
    if lately >= 20:
        messages.warning(request, "That were 20 tests within an hour. Look at those first.")
    else:
        announcements.send_test(announcement, by=user, now=now)
        messages.success(request, f"A test is on its way to {user.email}.")
    return redirect(announcement)


@require_POST
def announcement_send(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    announcement = mine(request, pk)
    try:
        count = announcements.send(announcement, by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"It leaves in a minute, to {count}. Until then you can stop it here.")
    return redirect(announcement)


@require_POST
def announcement_stop(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    announcement = mine(request, pk)
    try:
        announcements.stop(announcement, by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "Stopped. Nobody gets it.")
    return redirect(announcement)


@require_POST
def announcement_discard(request: HttpRequest, pk: int) -> HttpResponse:
    announcement = mine(request, pk)
    try:
        announcements.discard(announcement)
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(announcement)
    messages.success(request, "The draft is gone.")
    return redirect("members:announcement_list")
