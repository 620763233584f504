from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from members import audit, standing
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
    items: list[DeskItem] = [item for item in gather.flat("desk", user, now) if item.count]
    groups: dict[str, list[DeskItem]] = {}
    for item in items:
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
            "columns": columns,
            "health": health,
            "is_well": all(part.is_ok for part in health),
            "days_left": (term.ends_on - standing.today(now)).days if term else None,
        },
    )


@permission_required("members.view_desk", raise_exception=True)
@require_safe
def digest_preview(request: HttpRequest) -> HttpResponse:
    """What anyone's next digest would say. Looking at somebody else's leaves a line in the audit trail."""
    user = cast("User", request.user)
    typed = request.GET.get("person", "").strip()
    person = user if not typed else User.objects.real().filter(handle__iexact=typed).first()
    preview = None
    if person is None:
        messages.error(request, f"Nobody here has the handle “{typed}”.")
    else:
        now = timezone.now()
        kind = readers.kind_for(person, now) or readers.MEMBER
        preview = digest.build([person], readers.week_of(now), now, kind)[person.pk]
        if person.pk != user.pk:
            audit.record(user, "digest previewed", person)
    return render(
        request,
        "portal/digest_preview.html",
        {"person": person, "preview": preview, "typed": typed or user.handle},
        status=200 if person else 422,
    )
