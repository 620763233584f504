from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import audit, ledger, standing
from members.access import active_members_only
from members.models import User
from mlclub.refusal import Refused
from projects import closing, inspiring, study_groups
from projects import lineage as links
from projects.forms import InitiativeForm, LeftPageForm, OutputForm, RoleForm, UpdateForm
from projects.models import SILENT_AFTER_DAYS, Initiative, Inspiration, Role
from projects.notifications import TeamJoined
from wiki.models import ReaderNote

A_PAGE = 25


@login_not_required
@require_safe
def initiative_list(request: HttpRequest) -> HttpResponse:
    """What the club works on: running ones first; filters by kind and by places for newer members."""
    term = standing.current_term(request.user)
    initiatives = Initiative.objects.visible_to(request.user).with_team_of(term)
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "running")
    if kind in Initiative.Kind.values:
        initiatives = initiatives.filter(kind=kind)
    if state in Initiative.State.values:
        initiatives = initiatives.filter(state=state)
    if request.GET.get("open"):
        initiatives = initiatives.open_to_newer_members()
    page = Paginator(initiatives.order_by("name"), A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "projects/initiative_list.html",
        {
            "page_obj": page,
            "kinds": Initiative.Kind.choices,
            "states": Initiative.State.choices,
            "kind": kind,
            "state": state,
            "only_open": bool(request.GET.get("open")),
        },
    )


@login_not_required
@require_safe
def lineage(request: HttpRequest) -> HttpResponse:
    """What grew out of what, by terms, as a drawing and in words; `focus` shows the part of one project."""
    focus = request.GET.get("focus", "")
    initiative = None
    if focus:
        initiative = get_object_or_404(Initiative.objects.visible_to(request.user), slug=focus)
    return render(
        request,
        "projects/lineage.html",
        {"drawing": links.drawn(request.user, of=initiative), "initiative": initiative},
    )


@login_not_required
@require_safe
def initiative_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One initiative: what, who, how it goes, what is left of it."""
    initiative = get_object_or_404(
        Initiative.objects.visible_to(request.user)
        .select_related(*study_groups.READ_WITH, "page", "nothing_left__said_by")
        .defer(*closing.HEAVY),
        slug=slug,
    )
    roles = list(initiative.roles.leads_first().select_related("person", "term"))
    terms = sorted({role.term for role in roles}, key=lambda term: term.starts_on, reverse=True)
    updates = list(initiative.updates.select_related("author")[:10])
    user = cast("User", request.user)
    works_on_it = initiative.is_worked_on_by(user)
    edits_it = works_on_it and initiative.is_edited_by(user)
    is_group = initiative.kind == Initiative.Kind.STUDY_GROUP
    return render(
        request,
        "projects/initiative_detail.html",
        {
            "group": study_groups.page_of(initiative, user, timezone.now(), roles=roles, edits=edits_it)
            if is_group
            else None,
            "now": timezone.now(),
            "initiative": initiative,
            "teams": [(term, [role for role in roles if role.term_id == term.pk]) for term in terms],
            "updates": updates,
            "outputs": list(initiative.outputs.all()),
            "topics": list(initiative.topics.all()),
            "drawing": links.drawn(request.user, of=initiative),
            "shows_people": user.is_authenticated and user.standing.reads_members_area,
            "is_silent": initiative.state == Initiative.State.RUNNING
            and (not updates or updates[0].created_at < timezone.now() - timedelta(days=SILENT_AFTER_DAYS)),
            "works_on_it": works_on_it,
            "edits_it": edits_it,
            "posts_behind": inspiring.posts_behind(initiative, user),
            "page_asked": works_on_it and closing.asks(initiative),
            "left_page": initiative.page
            if initiative.page
            and initiative.page.trashed_at is None
            and user.is_authenticated
            and user.standing.reads_members_area
            else None,
        },
    )


@active_members_only
@require_http_methods(["GET", "POST"])
def initiative_create(request: HttpRequest) -> HttpResponse:
    """A member starts something; whoever starts it leads it."""
    form = InitiativeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        term = standing.current_term(request.user)
        with transaction.atomic():
            initiative = form.save()
            if term:
                Role.objects.create(
                    initiative=initiative, term=term, person=cast("User", request.user), kind=Role.Kind.LEAD
                )
        messages.success(request, f"{initiative.name} is there. You lead it.")
        return redirect(initiative)
    return form_page(request, "projects/initiative_create.html", form, None, crumb="New")


@active_members_only
@require_http_methods(["GET", "POST"])
def initiative_from_note(request: HttpRequest, pk: int) -> HttpResponse:
    """What a reader wrote under a post becomes an initiative, inspired by the post."""
    user = cast("User", request.user)
    notes = ReaderNote.objects.select_related("post", "author")
    if not user.has_perm("projects.change_initiative"):
        notes = notes.visible_to(user)
    note = get_object_or_404(notes, pk=pk)
    if not inspiring.may_begin(note, user):
        raise PermissionDenied
    made = Inspiration.objects.filter(note=note).select_related("initiative").first()
    if made is not None:
        messages.info(request, "This note has become a project already.")
        return redirect(made.initiative)
    form = InitiativeForm(request.POST or None, initial=inspiring.begun(note))
    if request.method == "POST" and form.is_valid():
        made = inspiring.begin(note, form.save(commit=False), by=user, now=timezone.now())
        messages.success(request, f"{made.initiative.name} is there.")
        return redirect(made.initiative)
    return form_page(
        request, "projects/initiative_from_note.html", form, None, crumb="From a note", note=note
    )


@require_http_methods(["GET", "POST"])
def initiative_edit(request: HttpRequest, slug: str) -> HttpResponse:
    initiative = _edited_by(request, slug)
    form = InitiativeForm(request.POST or None, instance=initiative)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect(initiative)
    if form.is_bound:
        initiative = Initiative.objects.get(
            pk=initiative.pk
        )  # the page keeps the saved name while errors stand
    return form_page(request, "projects/initiative_edit.html", form, initiative, crumb="Edit")


@require_http_methods(["GET", "POST"])
def initiative_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The page that an initiative leaves in the wiki: begun with what is known of it, or one that is there already."""
    initiative = get_object_or_404(
        Initiative.objects.visible_to(request.user).select_related("page", "nothing_left"), slug=slug
    )
    user = cast("User", request.user)
    if not initiative.is_worked_on_by(user):
        raise PermissionDenied
    form = LeftPageForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["existing"]
        try:
            page = closing.leave(initiative, by=user, now=timezone.now(), page=chosen)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if chosen:
                messages.success(request, f"“{page.title}” is what {initiative.name} leaves.")
                return redirect(initiative)
            messages.success(request, "The page is there, with what is known of it. Now your words.")
            return redirect("wiki:page_edit", page.path)
    return form_page(request, "projects/initiative_page.html", form, initiative, crumb="Its page")


@require_http_methods(["GET", "POST"])
def update_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody of the team says how it goes. A second click within a minute is the same update."""
    initiative = get_object_or_404(Initiative.objects.visible_to(request.user), slug=slug)
    user = cast("User", request.user)
    if not initiative.is_worked_on_by(user):
        raise PermissionDenied
    form = UpdateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            Initiative.objects.select_for_update().get(pk=initiative.pk)
            again = initiative.updates.filter(
                author=user,
                done=form.cleaned_data["done"],
                created_at__gte=timezone.now() - timedelta(minutes=1),
            ).exists()
            if not again:
                form.instance.initiative, form.instance.author = initiative, user
                form.save()
        messages.success(request, "Your update is on the page and in Sunday's digest.")
        return redirect(initiative)
    return form_page(request, "projects/update_create.html", form, initiative, crumb="Update")


@require_http_methods(["GET", "POST"])
def output_create(request: HttpRequest, slug: str) -> HttpResponse:
    initiative = _edited_by(request, slug)
    form = OutputForm(request.POST or None, initial={"made_on": standing.today()})
    if request.method == "POST" and form.is_valid():
        form.instance.initiative = initiative
        form.save()
        messages.success(request, f"{form.instance.title} is on the page.")
        return redirect(initiative)
    return form_page(request, "projects/output_create.html", form, initiative, crumb="Output")


@require_http_methods(["GET", "POST"])
def team_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The team of the current term: add, change, or end a role."""
    initiative = _edited_by(request, slug)
    term = standing.current_term(request.user)
    if term is None:
        raise Http404
    form = RoleForm(request.POST or None, viewer=cast("User", request.user))
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["person"]
        with transaction.atomic():
            role, is_new = Role.objects.select_for_update().get_or_create(
                initiative=initiative, term=term, person=person
            )
            before = None if is_new else role.kind
            role.kind, role.does = form.cleaned_data["kind"], form.cleaned_data["does"]
            role.save()
            audit.record(cast("User", request.user), "role changed", role, before=before, after=role.kind)
            if is_new and person != request.user:
                ledger.tell(TeamJoined, person, about=role)
        messages.success(request, f"{person} is {role.get_kind_display().lower()} of {initiative}.")
        return redirect("projects:team_edit", slug)
    roles = initiative.roles.filter(term=term).leads_first().select_related("person")
    return form_page(request, "projects/team_edit.html", form, initiative, roles=roles, team_term=term)


@require_POST
def role_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take somebody out of this term's team. The last lead stays until there is another."""
    initiative = _edited_by(request, slug)
    with transaction.atomic():
        roles = {
            role.pk: role
            for role in initiative.roles.select_for_update(of=("self",)).select_related("person")
        }
        role = roles.pop(pk, None)
        if role is None:
            messages.info(request, "This person is not in the team any more.")
        elif role.kind == Role.Kind.LEAD and not any(
            other.kind == Role.Kind.LEAD and other.term_id == role.term_id for other in roles.values()
        ):
            messages.error(request, f"{role.person} is the only lead. Name another one first.")
        else:
            audit.record(cast("User", request.user), "role ended", role, before=role.kind)
            role.delete()
            messages.success(request, f"{role.person} is out of this term's team.")
    return redirect("projects:team_edit", slug)


def _edited_by(request: HttpRequest, slug: str) -> Initiative:
    initiative = get_object_or_404(Initiative.objects.visible_to(request.user), slug=slug)
    if not initiative.is_edited_by(cast("User", request.user)):
        raise PermissionDenied
    return initiative


def form_page(
    request: HttpRequest, template: str, form: object, initiative: Initiative | None, **more: object
) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"form": form, "initiative": initiative, **more}, status=status)
