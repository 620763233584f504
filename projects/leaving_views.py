"""What projects leave: officers ask for the page of one that is over, and its team says that there is nothing to keep."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.views.decorators.http import require_POST, require_safe

from members import standing
from members.models import User
from mlclub.refusal import Refused
from projects import closing
from projects.forms import LeftPageForm
from projects.models import Initiative, Role
from projects.views import form_page

A_PAGE = 25


@permission_required("projects.change_initiative", raise_exception=True)
@require_safe
def initiative_without_page(request: HttpRequest) -> HttpResponse:
    """Projects that are over and left no page, each with a button that asks for it."""
    leads = (
        Role.objects.filter(kind=Role.Kind.LEAD).select_related("person").order_by("-term__starts_on", "pk")
    )
    rows = (
        closing.without_page(standing.today())
        .defer("search", "description", "outcome")
        .prefetch_related(Prefetch("roles", leads, to_attr="led_by"))
        .order_by("-ended_on", "pk")
    )
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    for initiative in page:
        initiative.leads = list({role.person: None for role in initiative.led_by})[:3]
    return render(request, "projects/initiative_without_page.html", {"page_obj": page})


@permission_required("projects.change_initiative", raise_exception=True)
@require_POST
def initiative_page_ask(request: HttpRequest, slug: str) -> HttpResponse:
    initiative = get_object_or_404(Initiative.objects.visible_to(request.user), slug=slug)
    try:
        people = closing.ask(initiative, by=cast("User", request.user), now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        names = get_text_list([person.display_name for person in people], "and")
        messages.success(request, f"{names} will get a mail about {initiative.name}.")
    return redirect("projects:initiative_without_page")


@require_POST
def initiative_nothing(request: HttpRequest, slug: str) -> HttpResponse:
    """The team, or an officer, says why there is nothing to keep."""
    initiative = get_object_or_404(
        Initiative.objects.visible_to(request.user).select_related("page", "nothing_left"), slug=slug
    )
    user = cast("User", request.user)
    if not (initiative.is_worked_on_by(user) or user.has_perm("projects.change_initiative")):
        raise PermissionDenied
    try:
        closing.keep_nothing(initiative, request.POST.get("reason", ""), by=user, now=timezone.now())
    except Refused as refused:
        form = LeftPageForm(None, user=user)
        more = {"nothing_error": str(refused), "reason": request.POST.get("reason", "")[:300]}
        return form_page(
            request,
            "projects/initiative_page.html",
            form,
            initiative,
            crumb="Its page",
            **more,
        )
    messages.success(request, f"Noted: {initiative.name} leaves nothing, and nobody asks again.")
    return redirect(initiative)
