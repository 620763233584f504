"""Looking after pages: the queue with its steps, who looks after what, and what sentences propose."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import get_text_list
from django.views.decorators.http import require_POST, require_safe

from members.access import active_members_only, members_only
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from wiki import care, knowing, requiring
from wiki.care_forms import CareFilterForm
from wiki.models import Page, RequirementProposal
from wiki.views.reading import page_or_404

#: Each page of the queue shows every reason with its steps.
A_PAGE = 20


class Counted(Paginator):
    """Pages of rows that somebody has counted already."""

    known = 0

    @cached_property
    def count(self) -> int:
        return self.known


@members_only
@require_safe
def page_care(request: HttpRequest) -> HttpResponse:
    """Pages in question, each with why and what mends it; one's own with `?mine=1`."""
    user: Any = request.user
    now = timezone.now()
    mine = bool(request.GET.get("mine"))
    counts = care.counts(user, now=now, mine=mine, area=request.GET.get("area", ""))
    form = CareFilterForm(request.GET, counts=counts, areas=care.areas(user))
    chosen = form.cleaned_data if form.is_valid() else {}
    why, area = chosen.get("why") or "", chosen.get("area") or ""
    rows = care.queue(user, now=now, why=why, area=area, mine=mine)
    pages = Counted(
        rows.select_related("owner", "head").defer("search", "names_search", "headings", "plain_text"), A_PAGE
    )
    pages.known = counts.get(why or "all", 0)
    page_obj = pages.get_page(request.GET.get("page"))
    care.explain(list(page_obj.object_list), user, now=now)
    return render(
        request,
        "wiki/page_care.html",
        {
            "page_obj": page_obj,
            "form": form,
            "mine": mine,
            "figure": knowing.latest(now),
            "writes": user.standing.writes,
            "query": request.GET.urlencode(),
        },
    )


@members_only
@require_safe
def page_keepers(request: HttpRequest) -> HttpResponse:
    """Who looks after what; those who have left first, so that somebody adopts what was theirs."""
    user: Any = request.user
    now = timezone.now()
    page_obj = Paginator(care.keepers(user, now=now), 30).get_page(request.GET.get("page"))
    return render(
        request,
        "wiki/page_keepers.html",
        {
            "page_obj": page_obj,
            "keepers": care.kept(page_obj.object_list, user, now=now),
            "writes": user.standing.writes,
        },
    )


def _back(request: HttpRequest, page: Page) -> HttpResponse:
    """To the queue as it was, for whoever came from it; else to the page."""
    if request.POST.get("from") == "care":
        query = QueryDict(request.POST.get("query", "")[:300]).urlencode()
        return redirect(reverse("wiki:page_care") + (f"?{query}" if query else ""))
    return redirect(page)


@active_members_only
@require_POST
def page_check(request: HttpRequest, path: str) -> HttpResponse:
    """The reader has looked the page over, and it is still right."""
    page = page_or_404(request, path)
    care.check_off(page, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    page.refresh_from_db(fields=["review_by"])
    messages.success(
        request, f"Thank you: “{page.title}” counts as checked today. The next check is in a year."
    )
    return _back(request, page)


@active_members_only
@require_POST
def page_adopt(request: HttpRequest, path: str) -> HttpResponse:
    """Look after a page that nobody looks after."""
    page = page_or_404(request, path)
    if page.owner == request.user:
        messages.info(request, "You look after this page already.")
    elif care.adopt(page, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(
            request, f"“{page.title}” is yours now: it shows on your home page when it needs care."
        )
    else:
        messages.warning(request, "Somebody else looks after this page.")
    return _back(request, page)


@active_members_only
@require_POST
def page_ask(request: HttpRequest, path: str) -> HttpResponse:
    """Ask those who wrote last to look the page over."""
    page = page_or_404(request, path)
    people = care.ask(page, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    if people:
        names = get_text_list([person.display_name for person in people], "and")
        messages.success(
            request, f"{names} will find “{page.title}” on their home page and in their weekly mail."
        )
    else:
        messages.info(request, "Whoever wrote on it has been asked already, or has left.")
    return _back(request, page)


@active_members_only
@require_POST
def page_mend(request: HttpRequest, path: str) -> HttpResponse:
    """One step: lead a link to the page that was meant, put a picture in, or link the page from its parent."""
    page = page_or_404(request, path)
    user: Any = request.user
    now = timezone.now()
    kind, name, to = (request.POST.get(key, "")[:500] for key in ("kind", "name", "to"))
    try:
        if kind == "picture":
            care.put_picture(page, name, to, by=user, now=now)
            messages.success(request, f"The picture stands in “{page.title}” again.")
        elif kind in ("link", "parent"):
            other = get_object_or_404(
                Page.objects.visible_to(user).select_related("head"),
                pk=number_of(to),
            )
            if kind == "link":
                care.lead_link(page, name, other, by=user, now=now)
                messages.success(request, f"The link in “{page.title}” leads to “{other.title}”.")
            else:
                care.link_from(page, other, by=user, now=now)
                messages.success(request, f"“{other.title}” leads to “{page.title}” now.")
        else:
            raise Http404
    except Refused as refused:
        messages.warning(request, str(refused))
    return _back(request, page)


# ── What sentences propose ──


@members_only
@require_safe
def proposal_list(request: HttpRequest) -> HttpResponse:
    """Sentences that sound as if one page were to be read before another."""
    user: Any = request.user
    visible = Page.objects.visible_to(user)
    rows = (
        RequirementProposal.objects.open()
        .filter(page__in=visible, required__in=visible)
        .select_related("page__owner", "required")
        .defer(*(f"{end}__{name}" for end in ("page", "required") for name in HEAVY))
        .order_by("page__path", "required__title", "pk")
    )
    page_obj = Paginator(rows, 30).get_page(request.GET.get("page"))
    requiring.say_who_decides(page_obj.object_list, user)
    return render(request, "wiki/proposal_list.html", {"page_obj": page_obj})


HEAVY = ("search", "names_search", "plain_text", "headings")


@active_members_only
@require_POST
def proposal_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept or reject; whoever looks after the page decides, or anybody where nobody does."""
    user: Any = request.user
    proposal = get_object_or_404(
        RequirementProposal.objects.select_related("page__owner", "required").filter(
            page__in=Page.objects.visible_to(user)
        ),
        pk=pk,
    )
    if not requiring.may_decide(proposal.page, user):
        raise PermissionDenied
    accept = request.POST.get("answer") == "yes"
    try:
        won = requiring.decide(proposal, accept=accept, by=user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        if not won:
            messages.info(request, "Somebody has decided that already.")
        elif accept:
            messages.success(
                request, f"“{proposal.required.title}” is now read before “{proposal.page.title}”."
            )
        else:
            messages.success(request, "Noted; it is not proposed again.")
    if request.POST.get("from") == "page":
        return redirect("wiki:page_requires", proposal.page.path)
    return redirect("wiki:proposal_list")
