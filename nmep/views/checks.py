"""Leads write checks, try them, and see what they find; everybody sees of their own work what may be seen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import User
from nmep import at_once, checking, grader, people
from nmep.forms.checks import FORMS, TryForm
from nmep.models import Assignment, Check, GraderMachine, Run, Submission
from nmep.models.programmes import ARCHIVED
from nmep.views.assignments import assignment_for
from nmep.views.submissions import submission_for


def led_assignment(request: HttpRequest, slug: str, key: str) -> Assignment:
    """The assignment, for the leads of its offering and the officer for education; a 404 for everybody else."""
    assignment = assignment_for(request, slug, key)
    if not people.roles(request.user, assignment.offering).leads:
        raise Http404
    return assignment


def check_for(assignment: Assignment, pk: int) -> Check:
    check = get_object_or_404(Check.objects.select_related("part"), pk=pk, part__assignment=assignment)
    check.part.assignment = assignment
    return check


def _is_frozen(request: HttpRequest, assignment: Assignment) -> bool:
    if not assignment.offering.is_archived:
        return False
    messages.warning(request, ARCHIVED)
    return True


@require_safe
def check_list(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The checks of an assignment, whether the grader works, and the last runs."""
    assignment = led_assignment(request, slug, key)
    return render(
        request,
        "nmep/check_list.html",
        {
            "assignment": assignment,
            "offering": assignment.offering,
            "checks": Check.objects.filter(part__assignment=assignment).select_related("part"),
            "runs": checking.runs_of(assignment, request.user),
            "at_once": [(kind, Check.Kind(kind).label) for kind in at_once.KINDS],
            "machines": GraderMachine.objects.all(),
            "why_not": grader.why_not(timezone.now()),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def check_create(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Write a new check; it runs on nothing before it is published."""
    assignment = led_assignment(request, slug, key)
    form_class = FORMS.get(request.GET.get("kind", Check.Kind.FUNCTIONS))
    if form_class is None:
        raise Http404
    form = form_class(request.POST or None, request.FILES or None, assignment=assignment)
    if request.method == "POST" and not _is_frozen(request, assignment) and form.is_valid():
        form.instance.updated_at = timezone.now()
        check = form.save()
        messages.success(request, "Saved. Try it on a notebook of your own before it runs on everybody's.")
        return redirect("nmep:check_detail", slug, key, check.pk)
    status = 422 if form.is_bound else 200
    context = {"assignment": assignment, "offering": assignment.offering, "form": form}
    return render(request, "nmep/check_create.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def check_detail(request: HttpRequest, slug: str, key: str, pk: int) -> HttpResponse:
    """One check: mend it, try it, and see what its tries found."""
    assignment = led_assignment(request, slug, key)
    check = check_for(assignment, pk)
    if check.kind in at_once.KINDS:
        return redirect("nmep:check_at_once_edit", slug, key, pk)
    form = None
    if request.method == "POST":
        form_class = FORMS.get(check.kind)
        if form_class is None or _is_frozen(request, assignment):
            return redirect("nmep:check_detail", slug, key, pk)
        form = form_class(request.POST, request.FILES, instance=check, assignment=assignment)
        if form.is_valid():
            form.instance.updated_at = timezone.now()
            form.save()
            messages.success(request, "Saved. What was checked before stays as it was found.")
            return redirect("nmep:check_detail", slug, key, pk)
    return _detail(request, assignment, check, form=form)


def _detail(
    request: HttpRequest, assignment: Assignment, check: Check, *, form: Any = None, try_form: Any = None
) -> HttpResponse:
    form_class = FORMS.get(check.kind)
    if form is None and form_class is not None:
        form = form_class(instance=check, assignment=assignment)
    is_wrong = bool((form is not None and form.is_bound) or (try_form is not None and try_form.is_bound))
    runs = Run.objects.filter(of_check=check).select_related("asked_by").prefetch_related("results")
    part = "#tries" if request.headers.get("HX-Request") else ""
    return render(
        request,
        f"nmep/check_detail.html{part}",
        {
            "assignment": assignment,
            "offering": assignment.offering,
            "check": check,
            "form": form,
            "try_form": try_form or TryForm(),
            "is_in_a_box": check.kind in checking.IN_A_BOX,
            "tries": list(runs.filter(submission=None)[:5]),
            "why_not": grader.why_not(timezone.now()),
            "handed_in": Submission.objects.handed_in().filter(pieces__part=check.part_id).exists(),
        },
        status=422 if is_wrong else 200,
    )


@require_POST
def check_try(request: HttpRequest, slug: str, key: str, pk: int) -> HttpResponse:
    """See what a check makes of one's own notebook."""
    assignment = led_assignment(request, slug, key)
    check = check_for(assignment, pk)
    if check.kind not in checking.IN_A_BOX:
        raise Http404
    form = TryForm(request.POST, request.FILES)
    if not form.is_valid():
        return _detail(request, assignment, check, try_form=form)
    user: User = request.user  # type: ignore[assignment]
    run = checking.try_on(check, form.cleaned_data["notebook"], by=user, now=timezone.now())
    if run.state == Run.State.WAITING:
        messages.warning(request, f"Your notebook waits. {run.reason}")
    else:
        messages.success(request, "Your notebook is being checked.")
    return redirect(reverse("nmep:check_detail", args=[slug, key, pk]) + "#tries")


@require_POST
def check_run_all(request: HttpRequest, slug: str, key: str, pk: int) -> HttpResponse:
    """Run a check on everybody's newest version again."""
    assignment = led_assignment(request, slug, key)
    check = check_for(assignment, pk)
    if check.kind not in checking.IN_A_BOX or _is_frozen(request, assignment):
        return redirect("nmep:check_list", slug, key)
    if not check.is_published:
        messages.warning(
            request, "Publish the check first: until then it runs on nothing that was handed in."
        )
        return redirect("nmep:check_detail", slug, key, pk)
    user: User = request.user  # type: ignore[assignment]
    n = checking.ask_all_again(check, by=user, now=timezone.now())
    messages.success(request, f"{n} version{'' if n == 1 else 's'} will be checked again. No mark changes.")
    return redirect("nmep:check_list", slug, key)


@require_safe
def submission_checks(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The checks of a version as a fragment that asks again while something is being checked."""
    submission = submission_for(request, slug, pk)
    if not request.headers.get("HX-Request"):
        return redirect(f"{submission.get_absolute_url()}#checks")
    checks = checking.summaries([submission], request.user, timezone.now()).get(submission.pk, [])
    context = {
        "offering": submission.assignment.offering,
        "submission": submission,
        "checks": checks,
        "is_checking": checking.is_going_on(checks),
    }
    return render(request, "nmep/_checks.html", context)


@require_POST
def submission_check_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A lead has one version checked again."""
    submission = submission_for(request, slug, pk)
    user: User = request.user  # type: ignore[assignment]
    is_author = any(author.enrolment.person_id == user.pk for author in submission.authors.all())
    if is_author or not people.may_lead(user, submission.assignment.offering):
        raise Http404
    if not _is_frozen(request, submission.assignment):
        runs = checking.ask(submission, by=user, now=timezone.now())
        waits = next((run.reason for run in runs if run.state == Run.State.WAITING), "")
        if waits:
            messages.warning(request, f"It waits. {waits}")
        elif runs:
            messages.success(request, "It will be checked again. No mark changes.")
        else:
            messages.info(request, "No published check looks at this version.")
    return redirect(f"{submission.get_absolute_url()}#checks")
