from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from members import audit, standing
from members.ledger import kinds, stopping
from members.models import User
from mlclub import gather
from mlclub.gather import DeskItem
from mlclub.portal import digest, readers


@permission_required("members.view_desk", raise_exception=True)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What needs an officer this week, from every app, grouped, each with the link that mends it."""
    user = cast("User", request.user)
    now = timezone.now()
    found: list[DeskItem] = gather.flat("desk", user, now)
    items = [item for item in found if item.count]
    groups: dict[str, list[DeskItem]] = {}
    for item in items:
        if item.is_first:
            continue
        groups.setdefault(item.group, []).append(item)
    columns: list[list[tuple[str, list[DeskItem]]]] = [[], []]
    # The longest group first, then always into the shorter column, so that both end at about the same height.
    for group in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        shorter = min(columns, key=lambda column: sum(len(entries) + 1 for _, entries in column))
        shorter.append(group)
    term = user.standing.term
    health = gather.flat("health", now)
    return render(
        request,
        "portal/desk.html",
        {
            "now": now,
            "total": sum(item.count for item in items),
            "first": [item for item in found if item.is_first],
            "columns": columns,
            "health": health,
            "is_well": all(part.is_ok for part in health),
            "days_left": (term.ends_on - standing.today(now)).days if term else None,
        },
    )


@permission_required("members.view_desk", raise_exception=True)
@require_safe
def digest_preview(request: HttpRequest) -> HttpResponse:
    """Whether somebody would get a digest, which, and what in it is the same for everybody who may see it. What is
    theirs alone is counted and not shown: a mail's body is its recipient's. Looking leaves a line in the audit trail."""
    user = cast("User", request.user)
    typed = request.GET.get("person", "").strip()
    person = user if not typed else User.objects.real().filter(handle__iexact=typed).first()
    now = timezone.now()
    context: dict[str, Any] = {"person": person, "typed": typed or user.handle, "readers": counted(now)}
    if person is None:
        messages.error(request, f"Nobody here has the handle “{typed}”.")
        return render(request, "portal/digest_preview.html", context, status=422)
    if person.pk != user.pk:
        audit.record(user, "digest previewed", person)
    context |= previewed(person, now, is_own=person.pk == user.pk)
    return render(request, "portal/digest_preview.html", context)


@require_safe
def digest_mine(request: HttpRequest) -> HttpResponse:
    """One's own next digest, as it would be written now."""
    user = cast("User", request.user)
    context = previewed(user, timezone.now(), is_own=True)
    return render(request, "portal/digest_mine.html", {"person": user, **context})


def counted(now: datetime) -> list[tuple[str, int, str]]:
    """The kinds of digest that somebody gets now: label, how many get it, and the handle of one of them."""
    rows = readers.recipients(now).order_by().values("digest").annotate(n=Count("pk"), handle=Min("handle"))
    found = {row["digest"]: row for row in rows}
    return [
        (kinds.label_of(slug), found[slug]["n"], found[slug]["handle"])
        for slug in readers.EVERY
        if slug in found
    ]


def previewed(person: User, now: datetime, *, is_own: bool) -> dict[str, Any]:
    """The digest of `person` as of `now`, its kind, and whether it is switched off; `built` is None for who gets none."""
    slug = readers.kind_for(person, now)
    if not slug:
        return {"built": None}
    built = digest.build([person], readers.week_of(now), now, slug)[person.pk]
    return {
        "kind": kinds.find(slug),
        "is_switched_off": not stopping.wanted_by(person)[slug],
        "why_not": built.why_not,
        "own_count": built.own_count,
        "built": built if is_own else built.without_own(),
        "is_own": is_own,
    }
