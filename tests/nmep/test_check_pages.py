"""Where leads write and try checks, and where learners read what they found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from nmep.models import Check, GraderMachine, Offering, Part, Run
from tests.factories import (
    make_assignment,
    make_check,
    make_enrolment,
    make_lead,
    make_officer,
    make_run,
    make_submission,
    make_try,
)
from tests.factories.nmep import notebook

pytestmark = pytest.mark.django_db

SOURCE = "def check_adds(call):\n    assert call('add', 2, 3) == 5\n"


@pytest.fixture
def assignment():
    return make_assignment(due_at=timezone.now() + timedelta(days=2))


@pytest.fixture
def lead(client, assignment):
    person = make_lead(offering=assignment.offering)
    client.force_login(person)
    return person


def address(name, assignment, *more):
    return reverse(f"nmep:{name}", args=[assignment.offering.slug, assignment.key, *more])


def typed(assignment, **changes):
    return {
        "title": "Adding",
        "part": assignment.parts.first().pk,
        "source": SOURCE,
        "visible": "always",
        "call_seconds": "3",
        "seconds": "20",
        "memory_mb": "512",
        **changes,
    }


def on(settings):
    settings.GRADER = True
    GraderMachine.objects.create(host="grader-1", fingerprint="f", is_proven=True, seen_at=timezone.now())


# ── Learners ──


@pytest.fixture
def run(assignment):
    submission = make_submission(assignment=assignment)
    return make_run(
        check=make_check(assignment=assignment, title="Vectors"),
        submission=submission,
        results=[("adds", True), ("takes away", False), ("canary-hidden", False, True)],
        log="Cell 2: left out “!pip install x”.",
    )


def author(run):
    return run.submission.authors.get().enrolment.person


@pytest.mark.parametrize("page", ["assignment", "submission"])
def test_a_learner_reads_what_passes_and_how_much_is_kept_back(client, run, page):
    client.force_login(author(run))
    at = run.submission if page == "submission" else run.submission.assignment
    response = client.get(at.get_absolute_url())
    html = response.content.decode()
    assert "1 of 2 visible checks pass; 1 more are checked after the deadline." in html
    assert "takes away" in html
    assert "left out “!pip install x”" in html
    assert "canary-hidden" not in html
    assert "Run the checks again" not in html


def test_after_the_deadline_everything_is_shown(client, run):
    type(run.submission.assignment).objects.update(due_at=timezone.now() - timedelta(minutes=1))
    client.force_login(author(run))
    html = client.get(run.submission.get_absolute_url()).content.decode()
    assert "1 of 3 pass." in html
    assert "canary-hidden" in html


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("queued", "", "Checking…"),
        ("running", "", "Checking…"),
        ("waiting", "The grader is switched off.", "Waits for a person"),
        ("failed", "The judge ended.", "Our side failed; it does not count against you."),
        ("stopped", "it printed too much", "It was stopped: it printed too much."),
    ],
)
def test_a_run_says_in_words_where_it_stands(client, run, state, reason, said):
    lease = timezone.now() if state == "running" else None
    Run.objects.update(state=state, reason=reason, lease_until=lease)
    client.force_login(author(run))
    html = client.get(run.submission.get_absolute_url()).content.decode()
    assert said in html
    assert ('hx-trigger="every 5s"' in html) == (state in ("queued", "running"))
    assert "switched off" not in html


def test_the_fragment_asks_again_and_without_htmx_leads_to_the_page(client, run):
    client.force_login(author(run))
    offering = run.submission.assignment.offering
    at = reverse("nmep:submission_checks", args=[offering.slug, run.submission.pk])
    fragment = client.get(at, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    assert b"1 of 2 visible checks pass" in fragment.content
    assert client.get(at).url == f"{run.submission.get_absolute_url()}#checks"


def test_what_a_check_says_of_one_learner_is_nobody_elses(client, run):
    client.force_login(make_enrolment(offering=run.submission.assignment.offering).person)
    offering = run.submission.assignment.offering
    at = reverse("nmep:submission_checks", args=[offering.slug, run.submission.pk])
    assert client.get(at, headers={"HX-Request": "true"}).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_the_pages_cost_the_same_for_any_number_of_checks(
    client, size, assignment, django_assert_max_num_queries
):
    submission = make_submission(assignment=assignment)
    for _ in range(size):
        make_run(
            check=make_check(assignment=assignment),
            submission=submission,
            results=[(f"r{n}", True, n > 1) for n in range(size)],
        )
    client.force_login(submission.authors.get().enrolment.person)
    for page in (submission, assignment):
        with django_assert_max_num_queries(22) as asked:
            client.get(page.get_absolute_url())
        kept = getattr(test_the_pages_cost_the_same_for_any_number_of_checks, "kept", {})
        assert kept.setdefault(type(page), len(asked)) == len(asked)
        test_the_pages_cost_the_same_for_any_number_of_checks.kept = kept


# ── Leads ──


def test_a_lead_writes_a_check_that_runs_on_nothing_yet(client, assignment, lead):
    make_submission(assignment=assignment)
    assert b"No checks yet" in client.get(address("check_list", assignment)).content
    assert b"Try a negative number" in client.get(address("check_create", assignment)).content
    response = client.post(address("check_create", assignment), typed(assignment))
    check = Check.objects.get()
    assert response.url == address("check_detail", assignment, check.pk)
    assert (check.kind, check.title, check.is_published) == ("functions", "Adding", False)
    assert check.config == {"source": SOURCE, "call_seconds": 3, "seconds": 20, "memory_mb": 512}
    assert not Run.objects.exists()


def test_a_file_takes_the_place_of_what_is_typed(client, assignment, lead):
    file = SimpleUploadedFile("tests.py", b"def check_from_a_file(call):\n    pass\n")
    client.post(address("check_create", assignment), typed(assignment, file=file))
    assert "check_from_a_file" in Check.objects.get().config["source"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "def check_a(call):\nreturn"}, "Line 2: expected an indented block"),
        ({"source": ""}, "This is needed. Please fill it in."),
        ({"source": "  "}, "Write at least one test function."),
        ({"source": "x = 1"}, "No test function was found"),
        ({"title": ""}, "This is needed. Please fill it in."),
        ({"seconds": "9999"}, "Give 120 or less."),
        ({"part": "0"}, "Select a valid choice"),
        ({"file": SimpleUploadedFile("x.py", b"\xff\xfe\x00")}, "x.py is not a text file."),
    ],
)
def test_a_check_that_cannot_run_is_refused_and_what_was_typed_is_kept(
    client, assignment, lead, changes, said
):
    response = client.post(address("check_create", assignment), typed(assignment, **changes))
    assert response.status_code == 422
    html = response.content.decode()
    assert said in html
    if "title" not in changes:
        assert 'value="Adding"' in html
    assert not Check.objects.exists()


def test_a_title_twice_is_refused(client, assignment, lead):
    make_check(assignment=assignment, title="Adding")
    response = client.post(address("check_create", assignment), typed(assignment))
    assert response.status_code == 422
    assert "This part already has a check with that title." in response.content.decode()


def test_only_notebooks_and_files_can_be_asked(client, lead, assignment):
    text = Part.objects.create(assignment=assignment, kind=Part.Kind.TEXT, title="Words", position=2)
    assert (
        client.post(address("check_create", assignment), typed(assignment, part=text.pk)).status_code == 422
    )


def test_a_check_is_mended_and_published(client, assignment, lead):
    check = make_check(assignment=assignment, is_published=False)
    at = address("check_detail", assignment, check.pk)
    assert "def check_adds" in client.get(at).content.decode()
    client.post(at, typed(assignment, title="Sums", is_published="on"))
    check.refresh_from_db()
    assert (check.title, check.is_published) == ("Sums", True)
    assert client.post(at, typed(assignment, source="nonsense(")).status_code == 422


def test_a_lead_tries_a_check_on_a_notebook_of_their_own(client, settings, assignment, lead):
    on(settings)
    check = make_check(assignment=assignment, is_published=False)
    own = SimpleUploadedFile("own.ipynb", notebook("def add(a, b): return a + b"))
    response = client.post(address("check_try", assignment, check.pk), {"notebook": own})
    assert response.url == address("check_detail", assignment, check.pk) + "#tries"
    run = Run.objects.get()
    assert (run.submission, run.asked_by, run.state) == (None, lead, "queued")
    assert 'hx-trigger="every 3s"' in client.get(response.url).content.decode()
    fragment = client.get(response.url, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    assert "Checking…" in fragment.content.decode()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("own.ipynb", b"<html>", "This file is not a Jupyter notebook."),
        ("own.ipynb", b'{"cells": []}', "There is no code in this notebook."),
        ("own.ipynb", b"", "The file is empty."),
    ],
)
def test_a_try_on_something_else_is_refused(client, assignment, lead, name, content, said):
    check = make_check(assignment=assignment)
    response = client.post(
        address("check_try", assignment, check.pk), {"notebook": SimpleUploadedFile(name, content)}
    )
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Run.objects.exists()


def test_with_the_grader_off_the_page_says_why_and_a_try_waits(client, assignment, lead):
    check = make_check(assignment=assignment)
    page = client.get(address("check_list", assignment)).content.decode()
    assert "Nothing that learners wrote is run at the moment." in page
    assert "The grader is switched off." in page
    own = SimpleUploadedFile("own.py", b"def add(a, b): return a + b")
    client.post(address("check_try", assignment, check.pk), {"notebook": own})
    assert Run.objects.get().state == "waiting"


def test_the_page_says_which_attack_was_not_contained(client, settings, assignment, lead):
    settings.GRADER = True
    reason = "The box does not hold against: network."
    GraderMachine.objects.create(host="grader-1", fingerprint="f", reason=reason, tested_at=timezone.now())
    assert reason in client.get(address("check_list", assignment)).content.decode()


def test_what_a_try_found_is_shown_with_what_was_printed(client, assignment, lead):
    check = make_check(assignment=assignment)
    run = make_try(
        check=check, content=notebook("x = 1"), asked_by=lead, state="finished", log="The check printed:\n7"
    )
    run.results.create(name="adds", ok=False, hint="add(2, 3) gave 6")
    html = client.get(address("check_detail", assignment, check.pk)).content.decode()
    assert "add(2, 3) gave 6" in html
    assert "The check printed:" in html


def test_a_lead_has_everybodys_work_checked_again(client, settings, assignment, lead):
    on(settings)
    check = make_check(assignment=assignment)
    submission = make_submission(assignment=assignment)
    Run.objects.update(state="finished")
    client.post(address("check_run_all", assignment, check.pk))
    assert Run.objects.filter(submission=submission, asked_by=lead, state="queued").count() == 1
    assert (
        submission.authors.get().enrolment.person.display_name
        in client.get(address("check_list", assignment)).content.decode()
    )


def test_a_check_that_is_not_published_is_not_run_on_hand_ins(client, settings, assignment, lead):
    on(settings)
    check = make_check(assignment=assignment, is_published=False)
    make_submission(assignment=assignment)
    client.post(address("check_run_all", assignment, check.pk))
    assert not Run.objects.exists()


def test_a_lead_has_one_version_checked_again(client, settings, assignment, lead):
    on(settings)
    make_check(assignment=assignment)
    submission = make_submission(assignment=assignment)
    Run.objects.update(state="failed")
    page = client.get(submission.get_absolute_url()).content.decode()
    assert "Run the checks again" in page
    client.post(reverse("nmep:submission_check_again", args=[assignment.offering.slug, submission.pk]))
    assert Run.objects.filter(asked_by=lead, state="queued").count() == 1


def test_nobody_has_their_own_work_checked_again(client, settings, assignment):
    on(settings)
    make_check(assignment=assignment)
    submission = make_submission(assignment=assignment)
    client.force_login(submission.authors.get().enrolment.person)
    at = reverse("nmep:submission_check_again", args=[assignment.offering.slug, submission.pk])
    assert client.post(at).status_code == 404
    assert Run.objects.count() == 1


def test_in_an_archived_offering_nothing_is_checked_any_more(client, settings, assignment, lead):
    on(settings)
    check = make_check(assignment=assignment)
    submission = make_submission(assignment=assignment)
    Run.objects.all().delete()
    Offering.objects.update(state=Offering.State.ARCHIVED)
    client.post(address("check_run_all", assignment, check.pk))
    client.post(reverse("nmep:submission_check_again", args=[assignment.offering.slug, submission.pk]))
    client.post(address("check_detail", assignment, check.pk), typed(assignment, title="Changed"))
    assert not Run.objects.exists()
    assert Check.objects.get().title != "Changed"


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_of_checks_costs_the_same_for_any_number(
    client, assignment, lead, size, django_assert_num_queries
):
    for _ in range(size):
        make_run(
            check=make_check(assignment=assignment),
            results=[("a", True)],
            submission=make_submission(assignment=assignment),
        )
    client.get(address("check_list", assignment))
    with django_assert_num_queries(12):
        client.get(address("check_list", assignment))


def test_the_officer_for_education_repairs_a_check_in_the_admin(client, assignment):
    client.force_login(make_officer(slug="education"))
    check = make_check(assignment=assignment)
    run = make_run(check=check, results=[("a", True)])
    for model, pk in (("check", check.pk), ("run", run.pk)):
        assert client.get(reverse(f"admin:nmep_{model}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:nmep_{model}_change", args=[pk])).status_code == 200
    wrong = {
        "part": check.part.pk,
        "kind": "functions",
        "title": "X",
        "position": 0,
        "visible": "always",
        "config": "{}",
    }
    response = client.post(reverse("admin:nmep_check_change", args=[check.pk]), wrong)
    assert "Write at least one test function." in response.content.decode()
