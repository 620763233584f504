from __future__ import annotations

from typing import cast

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import audit
from members.models import User
from mlclub.refusal import Refused
from mlclub.typed import number as number_of
from nmep import courses, passing, people
from nmep.forms.courses import ApplicationForm, GroupForm, PolicyForm
from nmep.models import (
    CourseApplication,
    CourseGroup,
    CoursePolicy,
    Enrolment,
    GroupPlace,
    Offering,
    Program,
    Session,
    WeekCheckIn,
)
from nmep.models.programmes import ARCHIVED
from nmep.views.roster import led_offering
from nmep.views.syllabus import offering_for

GET_POST = ["GET", "HEAD", "POST"]
#: Forms that one address on the network may send without an account.
RATE = {"course-form": "20/h/ip"}


@login_not_required
@require_safe
def course_list(request: HttpRequest) -> HttpResponse:
    """What the club teaches to everybody: what takes people now, what runs, what was."""
    offerings = (
        Offering.objects.visible_to(request.user)
        .exclude(program__kind=Program.Kind.NMEP)
        .exclude(state=Offering.State.DRAFT)
        .select_related("program", "term", "course_policy")
        .order_by("-term__starts_on", "program__name")
    )
    now = timezone.now()
    rows = [(row, policy_of(row)) for row in offerings]
    return render(
        request,
        "nmep/course_list.html",
        {
            "open": [row for row, policy in rows if policy and policy.is_open(now)],
            "running": [row for row, policy in rows if row.is_live and not (policy and policy.is_open(now))],
            "past": [row for row, _ in rows if not row.is_live],
        },
    )


def policy_of(offering: Offering) -> CoursePolicy | None:
    """How people come into an offering; None where officers enrol."""
    policy = getattr(offering, "course_policy", None)
    if policy is not None:
        policy.offering = offering
    return policy


def course_for(request: HttpRequest, slug: str) -> tuple[Offering, CoursePolicy]:
    """The course at an address, with its policy."""
    offering = get_object_or_404(
        Offering.objects.visible_to(request.user).select_related("program", "term", "course_policy"),
        slug=slug,
    )
    policy = policy_of(offering)
    if policy is None:
        raise Http404
    return offering, policy


@login_not_required
@require_http_methods(GET_POST)
def course_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """What a course is, when it meets, and coming in, with or without an account."""
    offering, policy = course_for(request, slug)
    user, now = request.user, timezone.now()
    is_open = policy.is_open(now)
    mine = None
    if user.is_authenticated:
        mine = CourseApplication.objects.live().filter(offering=offering, user=user).first()
    is_in = user.is_authenticated and people.belongs(user, offering)
    form = None
    if is_open and not mine and not is_in:
        form = ApplicationForm(request.POST or None, policy=policy, has_account=user.is_authenticated)
    if request.method == "POST":
        if form is None:
            messages.info(request, "There is nothing to apply for here now.")
            return redirect("courses:course_detail", slug)
        if form.is_valid():
            return _apply(request, policy, form)
    sessions = Session.objects.filter(offering=offering).select_related("event").order_by("event__starts_at")
    return render(
        request,
        "nmep/course_detail.html",
        {
            "offering": offering,
            "policy": policy,
            "is_open": is_open,
            "left": courses.places_left(policy),
            "sessions": list(sessions.defer("search")[:30]),
            "mine": mine,
            "is_in": is_in,
            "form": form,
            "now": now,
        },
        status=422 if form is not None and form.is_bound else 200,
    )


def _apply(request: HttpRequest, policy: CoursePolicy, form: ApplicationForm) -> HttpResponse:
    user = request.user if request.user.is_authenticated else None
    given = form.cleaned_data
    if user is None and _is_too_much(request):
        messages.error(request, "Too many forms came from your network in an hour. Try again later.")
        return redirect("courses:course_detail", policy.offering.slug)
    try:
        application, is_new = courses.apply(
            policy,
            user=user,
            name=given.get("name", ""),
            email=given.get("email", ""),
            wants=given.get("wants") or CourseApplication.Wants.LEARN,
            text=given.get("text", ""),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("courses:course_detail", policy.offering.slug)
    if user is None:
        # The same words whether the address is known or not.
        messages.success(request, "Look into your mail: the link there confirms your address.")
    elif not is_new:
        messages.info(request, "You have applied already.")
    elif application.state == CourseApplication.State.ACCEPTED:
        messages.success(request, "You are in. Welcome.")
        return redirect(policy.offering)
    elif application.state == CourseApplication.State.WAITING:
        messages.success(request, "All places are taken; you are in line, and told when one is free.")
    else:
        messages.success(request, "Thank you. You are told as soon as it is decided.")
    return redirect("courses:course_detail", policy.offering.slug)


def _is_too_much(request: HttpRequest) -> bool:
    """Whether this network has sent its share of forms. Each sends a mail, so nobody may while nobody can count."""
    return ratelimit.consume(request, app="nmep", action="course-form", config=RATE) is None


@require_POST
def application_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Take one's application back."""
    offering, _ = course_for(request, slug)
    application = (
        CourseApplication.objects.live().filter(offering=offering, user=cast("User", request.user)).first()
    )
    if application is not None and courses.withdraw(application, now=timezone.now()):
        messages.success(request, "Taken back. You may apply again while the course takes people.")
    else:
        messages.info(request, "There was nothing to take back.")
    return redirect("courses:course_detail", slug)


# ── For those who teach ──


def led_course(request: HttpRequest, slug: str) -> tuple[Offering, CoursePolicy]:
    """A course and its policy, made on first sight and not yet saved, for its leads and the officer for education."""
    offering = led_offering(request, slug)
    policy = CoursePolicy.objects.filter(offering=offering).first() or CoursePolicy(
        offering=offering, door=CoursePolicy.Door.CLOSED
    )
    policy.offering = offering
    return offering, policy


def _is_refused(request: HttpRequest, offering: Offering) -> bool:
    """Whether this would change an archived course, which is said."""
    if request.method != "POST" or not offering.is_archived:
        return False
    messages.warning(request, ARCHIVED)
    return True


@require_http_methods(GET_POST)
def course_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """How people come in, and what passing takes."""
    offering, policy = led_course(request, slug)
    if _is_refused(request, offering):
        return redirect("nmep:course_settings", slug)
    form = PolicyForm(request.POST or None, instance=policy)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.record(
            cast("User", request.user), "course-settings", offering, after={"door": form.instance.door}
        )
        messages.success(request, "Saved.")
        return redirect("nmep:course_settings", slug)
    return render(
        request,
        "nmep/course_settings.html",
        {"offering": offering, "policy": policy, "form": form},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(GET_POST)
def application_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Who wants to be in; accepting and declining many at once."""
    offering, policy = led_course(request, slug)
    if _is_refused(request, offering):
        return redirect("nmep:application_list", slug)
    if request.method == "POST":
        wanted = [pk for value in request.POST.getlist("application") if (pk := number_of(value))]
        is_in = request.POST.get("decision") == "accept"
        if not wanted:
            messages.warning(request, "Tick at least one person.")
        elif request.POST.get("decision") not in ("accept", "decline"):
            messages.warning(request, "Say whether they are in.")
        else:
            try:
                decided, before = courses.decide(
                    policy, wanted, is_in=is_in, by=cast("User", request.user), now=timezone.now()
                )
                words = f" {before} had been decided before." if before else ""
                messages.success(request, f"{decided} {'accepted' if is_in else 'declined'} and told.{words}")
            except Refused as refused:
                messages.warning(request, str(refused))
        return redirect("nmep:application_list", slug)
    rows = list(CourseApplication.objects.filter(offering=offering).select_related("user", "decided_by"))
    return render(
        request,
        "nmep/application_list.html",
        {
            "offering": offering,
            "policy": policy,
            "left": courses.places_left(policy) if policy.pk else None,
            "undecided": [row for row in rows if row.state in CourseApplication.UNDECIDED],
            "unconfirmed": [row for row in rows if row.state == CourseApplication.State.UNCONFIRMED],
            "decided": [row for row in rows if row.decided_at and row.user],
        },
    )


@require_safe
def passing_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Pass or no pass, for everybody."""
    offering, policy = led_course(request, slug)
    found = passing.results(policy, timezone.now()) if policy.pass_rule else []
    return render(
        request, "nmep/passing_list.html", {"offering": offering, "policy": policy, "results": found}
    )


@require_POST
def passing_export(request: HttpRequest, slug: str) -> HttpResponse:
    """The list as CSV; who took it is written into the audit trail."""
    offering, policy = led_course(request, slug)
    found = passing.results(policy, timezone.now())
    audit.record(cast("User", request.user), "results-exported", offering, after={"rows": len(found)})
    response = HttpResponse(passing.csv_of(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="results-{offering.slug}.csv"'
    return response


@require_http_methods(GET_POST)
def group_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The small groups: their leaders, who is in them, and who is in none."""
    offering, policy = led_course(request, slug)
    if _is_refused(request, offering):
        return redirect("nmep:group_list", slug)
    form = (
        GroupForm(request.POST or None, offering=offering)
        if "name" in request.POST
        else GroupForm(offering=offering)
    )
    if request.method == "POST":
        if "name" in request.POST:
            if form.is_valid():
                form.save()
                messages.success(request, f"{form.instance} is there.")
                return redirect("nmep:group_list", slug)
        else:
            _place(request, offering)
            return redirect("nmep:group_list", slug)
    learners = (
        Enrolment.objects.active()
        .learners()
        .filter(offering=offering)
        .select_related("person", "group_place__group")
        .order_by("person__name")
    )
    groups = CourseGroup.objects.filter(offering=offering).select_related("leader")
    return render(
        request,
        "nmep/group_list.html",
        {
            "offering": offering,
            "policy": policy,
            "groups": groups.annotate(
                size=Count("places", filter=Q(places__enrolment__state=Enrolment.State.ACTIVE))
            ),
            "learners": learners,
            "form": form,
        },
        status=422 if form.is_bound else 200,
    )


@transaction.atomic
def _place(request: HttpRequest, offering: Offering) -> None:
    """Put everybody where the selects say; a group of another course is none."""
    groups = {str(row.pk): row for row in CourseGroup.objects.filter(offering=offering)}
    moved = 0
    for enrolment in Enrolment.objects.active().learners().filter(offering=offering):
        wanted = request.POST.get(f"group-{enrolment.pk}")
        if wanted is None:
            continue
        if wanted in groups:
            _, made = GroupPlace.objects.update_or_create(
                enrolment=enrolment, defaults={"group": groups[wanted]}
            )
            moved += made
        elif wanted == "":
            moved += GroupPlace.objects.filter(enrolment=enrolment).delete()[0]
    messages.success(request, "Saved.")


@require_safe
def group_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A group for its leader: who is where, and who is stuck. The leads of the course see every group."""
    offering = offering_for(request, slug)
    group = get_object_or_404(CourseGroup.objects.select_related("leader"), offering=offering, pk=pk)
    if group.leader_id != request.user.pk and not people.may_lead(request.user, offering):
        raise Http404
    weeks = sorted(set(Session.objects.filter(offering=offering).order_by().values_list("week", flat=True)))
    members = list(
        Enrolment.objects.active()
        .filter(group_place__group=group)
        .select_related("person")
        .prefetch_related("check_ins")
        .order_by("person__name")
    )
    rows = []
    for member in members:
        said = {row.week: row for row in member.check_ins.all()}
        rows.append(
            (
                member,
                [(week, said.get(week)) for week in weeks],
                [row for row in said.values() if row.state == WeekCheckIn.State.STUCK],
            )
        )
    return render(
        request,
        "nmep/group_detail.html",
        {"offering": offering, "group": group, "rows": rows, "weeks": weeks},
    )


@require_POST
def week_check_in(request: HttpRequest, slug: str, week: int) -> HttpResponse:
    """Done, or stuck and where."""
    offering = offering_for(request, slug)
    enrolment = people.learner(request.user, offering)
    if enrolment is None or not Session.objects.filter(offering=offering, week=week).exists():
        raise Http404
    enrolment.offering = offering
    try:
        row = courses.check_in(
            enrolment,
            week,
            request.POST.get("state", ""),
            note=request.POST.get("note", "")[:300],
            now=timezone.now(),
        )
        is_stuck = row.state == WeekCheckIn.State.STUCK
        messages.success(
            request, "Whoever leads your group sees it." if is_stuck else f"Week {week} is done."
        )
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("nmep:week_detail", slug, week)
