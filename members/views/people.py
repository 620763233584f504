"""The directory, a person's page, and the pictures that belong to them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from members import standing
from members.access import members_only
from members.forms import DirectoryForm
from members.models import Club, Membership, OfficeTerm, User
from members.models.people import UserQuerySet
from mlclub import gather

PER_PAGE = 25


@members_only
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    viewer: Any = request.user
    form = DirectoryForm(request.GET, label_suffix="")
    asked = form.cleaned_data if form.is_valid() else {}
    today = standing.today()
    people = chosen(User.objects.visible_to(viewer), asked, viewer, today).prefetch_related(
        "expertise",
        Prefetch(
            "memberships",
            Membership.objects.filter(term=viewer.standing.term).prefetch_related("give", "learn"),
            to_attr="term_memberships",
        ),
        Prefetch(
            "office_terms",
            OfficeTerm.objects.held_on(today).select_related("office"),
            to_attr="offices_today",
        ),
    )
    page = Paginator(people.order_by("name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "members/person_list.html",
        {
            "form": form,
            "page_obj": page,
            "rows": [row_of(person, viewer) for person in page],
            "is_filtered": any(asked.values()),
        },
    )


def chosen(people: UserQuerySet, asked: dict[str, Any], viewer: User, today: date) -> UserQuerySet:
    """The people whom the filters above the directory ask for."""
    term = viewer.standing.term
    mine = Membership.objects.filter(person=OuterRef("pk"), term=term, status=Membership.Status.ACTIVE)
    if asked.get("q"):
        people = people.matching(asked["q"], viewer)
    for wish in ("give", "learn"):
        if asked.get(wish):
            people = people.filter(
                Exists(mine.filter(**{f"{wish}__name__unaccent__icontains": asked[wish].strip()}))
            )
    who = asked.get("who")
    if who == "officers":
        people = people.filter(Exists(OfficeTerm.objects.held_on(today).filter(person=OuterRef("pk"))))
    elif who == "alumni":
        people = people.alumni()
    elif who:
        people = people.filter(Exists(mine.filter(kind=who)))
    return people


def row_of(person: Any, viewer: User) -> dict[str, Any]:
    """What the directory says about one person, as far as `viewer` may know it; asks the database nothing."""
    membership = person.term_memberships[0] if person.term_memberships else None
    return {
        "person": person,
        "membership": membership,
        "offices": [held.office.name for held in person.offices_today],
        "topics": [topic.name for topic in person.expertise.all()],
        "give": [topic.name for topic in membership.give.all()] if membership else [],
        "learn": [topic.name for topic in membership.learn.all()] if membership else [],
        "pronouns": person.shown_to(viewer, "pronouns"),
        "study": person.shown_to(viewer, "study"),
    }


@require_safe
def person_detail(request: HttpRequest, handle: str) -> HttpResponse:
    viewer: Any = request.user
    person = get_object_or_404(User.objects.visible_to(viewer).with_expertise(), handle=handle)
    today = standing.today()
    memberships = list(
        person.memberships.filter(term__starts_on__lte=today).select_related("term").with_topics()
    )
    told = [row for row in memberships if row.status != Membership.Status.INVITED]
    membership = next((row for row in told if row.term == viewer.standing.term), None)
    office_terms = list(person.office_terms.select_related("office"))
    contributions = sorted(
        gather.flat("contributions", person, viewer), key=lambda given: given.on, reverse=True
    )
    return render(
        request,
        "members/person_detail.html",
        {
            "person": person,
            "is_me": person.pk == viewer.pk,
            "shown": {field: person.shown_to(viewer, field) for field in User.CHOSEN_FIELDS},
            "memberships": told,
            "joined": told[-1].term if told else None,
            "membership": membership,
            "office_terms": office_terms,
            "offices_today": [held for held in office_terms if held.starts_on <= today <= held.ends_on],
            "is_alumnus": bool(memberships and memberships[0].status == Membership.Status.ALUMNUS),
            "contributions": contributions[:100],
        },
    )


@require_safe
@cache_control(private=True, max_age=86400)
def avatar(request: HttpRequest, handle: str) -> FileResponse:
    viewer: Any = request.user
    people = User.objects.filter(Q(pk__in=User.objects.visible_to(viewer).values("pk")) | Q(pk=viewer.pk))
    person = get_object_or_404(people.exclude(avatar=""), handle=handle)
    return picture(person.avatar)


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def club_logo(request: HttpRequest) -> FileResponse:
    logo = Club.current().logo
    if not logo:
        raise Http404
    return picture(logo)


def picture(field: Any) -> FileResponse:
    """A picture that `mlclub.uploads.image` re-encoded, shown in the page."""
    try:
        response = FileResponse(field.open("rb"))
    except FileNotFoundError as lost:
        raise Http404 from lost
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response
