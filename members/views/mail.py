"""What people are sent and why, how they stop it, and what officers mend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import lifting
from members.ledger import holding, kinds, stopping
from members.mail_forms import LiftForm, MessagesForm, NotificationSettingsForm
from members.models import Club, Notification, Suppression, User

TONES = {
    Notification.Status.PENDING: "info",
    Notification.Status.SENDING: "info",
    Notification.Status.SENT: "ok",
    Notification.Status.SKIPPED: "",
    Notification.Status.FAILED: "warn",
    Notification.Status.DEAD: "bad",
    Notification.Status.UNKNOWN: "warn",
}
PER_PAGE = 25


def described(rows: list[Notification]) -> list[dict[str, Any]]:
    """The rows with what people call their kind, and why it is sent."""
    found = []
    for row in rows:
        kind = kinds.find(row.kind)
        found.append(
            {
                "row": row,
                "label": kinds.label_of(row.kind),
                "why": kind.why if kind else "",
                "tone": TONES[Notification.Status(row.status)],
                "can_go_again": kind is not None,
            }
        )
    return found


# ── One's own


@require_http_methods(["GET", "HEAD", "POST"])
def notification_settings(request: HttpRequest) -> HttpResponse:
    """Yes or no to each kind of mail."""
    person: Any = request.user
    form = NotificationSettingsForm(request.POST or None, person=person)
    if request.method == "POST":
        form.is_bound = True  # nothing ticked is an answer too
        if form.is_valid():
            form.save(now=timezone.now())
            messages.success(request, "Your choices hold from the next mail on.")
            return redirect("members:notification_settings")
    return render(
        request,
        "members/notification_settings.html",
        {"form": form, "paused": Suppression.objects.standing().filter(address=person.email.lower()).first()},
        status=422 if request.method == "POST" else 200,
    )


@require_POST
def mail_resume(request: HttpRequest) -> HttpResponse:
    """The person says that their address works again; a mail to it proves it."""
    person: Any = request.user
    if not stopping.paused([person.email]):
        messages.success(request, f"Mail goes to {person.email} again.")
    elif lifting.ask_for_proof(person, now=timezone.now()):
        messages.success(request, f"A mail is on its way to {person.email}. Its link proves that it arrives.")
    else:
        messages.info(
            request, "A mail went there minutes ago. Look for it, also among what was sorted out as spam."
        )
    return redirect("members:notification_settings")


@login_not_required  # the link came by mail to the address that it proves, on whatever device
@require_http_methods(["GET", "HEAD", "POST"])
def address_prove(request: HttpRequest, token: str) -> HttpResponse:
    """A GET only asks; the POST lets mail go to the address again."""
    address = stopping.proven_address(token)
    if not address:
        raise Http404
    is_done = request.method == "POST"
    if is_done:
        lifting.prove(address, now=timezone.now())
    return render(request, "members/address_prove.html", {"address": address, "is_done": is_done})


@require_safe
def sent_to_me(request: HttpRequest) -> HttpResponse:
    """Everybody's own ledger: what was sent, what was not, and why."""
    mine = Notification.objects.visible_to(request.user)
    slugs = sorted(set(mine.order_by().values_list("kind", flat=True).distinct()))
    kind = request.GET.get("kind", "")
    state = request.GET.get("state", "")
    rows = mine.filter(kind=kind) if kind in slugs else mine
    if state == "not":
        rows = rows.exclude(status=Notification.Status.SENT)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "members/sent_to_me.html",
        {
            "page_obj": page,
            "rows": described(list(page)),
            "kinds": [(slug, kinds.label_of(slug)) for slug in slugs],
            "kind": kind,
            "state": state,
        },
    )


# ── The link in a mail


@csrf_exempt  # RFC 8058: the mail program posts by itself, without cookie or token; the signature is the right
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A GET only shows what would stop; a POST stops it at once and answers without a redirect."""
    stop = stopping.read_token(token)
    found = [kinds.find(slug) for slug in stop.kinds] if stop else []
    known = [kind for kind in found if kind is not None]
    if stop is None or not known or not _is_there(stop):
        raise Http404
    stoppable = [kind for kind in known if not kind.is_required]
    state = ""
    if request.method == "POST" and stoppable:
        is_wanted = "again" in request.POST
        with transaction.atomic():
            for kind in stoppable:
                stopping.choose(
                    kind, person=stop.person_pk, address=stop.address, is_wanted=is_wanted, now=timezone.now()
                )
        state = "resumed" if is_wanted else "stopped"
    return render(
        request,
        "members/unsubscribe.html",
        {
            "kinds": known,
            "labels": get_text_list([kind.label for kind in known], "and"),
            "is_required": not stoppable,
            "state": state,
            "has_account": stop.person_pk,
        },
    )


def _is_there(stop: stopping.Stop) -> bool:
    return bool(stop.address) or User.objects.real().filter(pk=stop.person_pk).exists()


# ── The officers' desk


@permission_required("members.resend_notification", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def mail_desk(request: HttpRequest) -> HttpResponse:
    """Mail that gave up, mail on hold, addresses that came back. Kind, time and outcome, never what a mail says."""
    form = MessagesForm(request.POST) if request.method == "POST" else None
    if form and form.is_valid():
        messages.success(request, _act(form, request.user))
        return redirect("members:mail_desk")
    now = timezone.now()
    club = Club.objects.filter(pk=1).first() or Club(pk=1)
    people = Notification.objects.by_mail().select_related("person")
    dead = Paginator(people.dead(), PER_PAGE).get_page(request.GET.get("page"))
    held = Paginator(people.held(club.mail_held_at).order_by("due_at"), PER_PAGE).get_page(
        request.GET.get("held")
    )
    lately = dict(
        Notification.objects.by_mail()
        .filter(created_at__gte=now - timedelta(days=7))
        .order_by()
        .values_list("status")
        .annotate(Count("pk"))
    )
    context = {
        "form": form,
        "held_since": club.mail_held_at,
        "hold_reason": club.mail_hold_reason,
        "last_tick_at": club.last_tick_at,
        "mail_problem": club.mail_problem,
        "mail_problem_at": club.mail_problem_at,
        "held_page": held,
        "held": described(list(held)),
        "dead_page": dead,
        "dead": described(list(dead)),
        "paused": Suppression.objects.standing()[:100],
        "lately": [
            (label, lately[status], TONES[Notification.Status(status)])
            for status, label in Notification.Status.choices
            if status in lately
        ],
    }
    return render(request, "members/mail_desk.html", context, status=422 if form else 200)


def _act(form: MessagesForm, officer: Any) -> str:
    now = timezone.now()

    def count(text: str, act: Callable[..., int], **options: Any) -> str:
        number = act(by=officer, **options)
        return f"{number} message{'' if number == 1 else 's'} {text}"

    match form.cleaned_data["act"]:
        case "send_again":
            return count("will be tried again.", holding.send_again, rows=form.rows, now=now)
        case "set_aside":
            return count("set aside.", holding.set_aside, rows=form.rows)
        case "let_out":
            return count("let out.", holding.let_out, rows=form.rows, now=now)
        case "drop":
            return count("dropped.", holding.drop, rows=form.rows, now=now)
        case "let_all_out":
            return count("let out.", holding.let_out, rows=holding.held(), now=now)
        case "drop_all":
            return count("dropped.", holding.drop, rows=holding.held(), now=now)
        case _:
            return "The hold has ended. " + count("let out.", holding.release, now=now)


@permission_required("members.resend_notification", raise_exception=True)
@require_POST
def mail_lift(request: HttpRequest) -> HttpResponse:
    """An officer says that an address works again, and why they think so."""
    officer: Any = request.user
    form = LiftForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say in a few words why mail should go there again.")
    elif lifting.by_officer(
        form.cleaned_data["address"], by=officer, reason=form.cleaned_data["reason"], now=timezone.now()
    ):
        messages.success(request, f"Mail goes to {form.cleaned_data['address']} again.")
    return redirect("members:mail_desk")
