from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import Case, Count, F, Func, Q, TextField, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from members import standing
from mlclub import gather
from mlclub.gather import Reading
from wiki import growth, paths
from wiki.models import Page, Paper, Revision
from wiki.views.lists import changes_for, wanted_names

#: How many lines each list of the front page shows.
A_FEW = 8
#: How many pages a newcomer is pointed to, and papers that were read.
FIRST, LATELY = 5, 4
#: What the page is called that somebody wrote for newcomers.
BEGINNINGS = ("start here", "home", "welcome", "guides/start here")


@login_not_required
@require_safe
def page_front(request: HttpRequest) -> HttpResponse:
    """The library at a glance: where to begin, its areas, what is read, new and mine, what needs care, how it grows."""
    visible = Page.objects.visible_to(request.user)
    areas = _areas(visible)
    if not request.user.is_authenticated and not areas:
        return redirect_to_login(request.get_full_path())
    reads = request.user.is_authenticated and request.user.standing.reads_members_area
    today = standing.today()
    return render(
        request,
        "wiki/page_front.html",
        {
            "areas": areas,
            "start": _start(visible),
            "reads": reads,
            "writes": request.user.is_authenticated and request.user.standing.writes,
            "changes": changes_for(request.user).exclude(source=Revision.Source.IMPORT)[:A_FEW]
            if reads
            else [],
            "mine": visible.with_care(today)
            .filter(owner=request.user.pk)
            .order_by("-is_stale", "-content_at")[:A_FEW]
            if reads
            else [],
            "care": visible.needing_care(today).count() if reads else 0,
            "wanted": wanted_names().count() if reads else 0,
            "lately": _lately(request.user),
            "top": visible.exclude(path__contains="/").exclude(path__startswith="_").order_by("path")[:20],
            "growth": growth.by_term(today) if reads else [],
        },
    )


def _areas(visible: Any) -> list[dict[str, Any]]:
    """The first folders, with how many pages each holds."""
    first = Func(F("path"), Value("/"), Value(1), function="split_part", output_field=TextField())
    rows = (
        visible.annotate(
            area=Case(When(path__contains="/", then=first), default=Value(""), output_field=TextField())
        )
        .order_by()
        .values("area")
        .annotate(pages=Count("pk"))
        .order_by("area")
    )
    return [{**row, "title": paths.title_of(row["area"]) if row["area"] else ""} for row in rows]


def _start(visible: Any) -> list[Page]:
    """What to read first: the page written for that, where there is one, then those that most others lead to."""
    order = {key: place for place, key in enumerate(growth.hubs())}
    named = Func(F("path"), function="lower", output_field=TextField())
    pages = list(
        visible.annotate(lower=named).filter(Q(pk__in=order) | Q(lower__in=BEGINNINGS)).only("path", "title")
    )
    pages.sort(key=lambda page: (page.path.lower() not in BEGINNINGS, order.get(page.pk, len(order))))
    return pages[:FIRST]


def _lately(user: Any) -> list[tuple[Paper, Reading]]:
    """Papers that were read together last, where `user` may know of it."""
    readings = gather.flat("read_lately", user, timezone.now(), LATELY)
    readings = sorted(readings, key=lambda reading: reading.on, reverse=True)[:LATELY]
    papers = Paper.objects.only("title").in_bulk({reading.paper for reading in readings}) if readings else {}
    return [(papers[reading.paper], reading) for reading in readings if reading.paper in papers]
