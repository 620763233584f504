"""The queue of runs: what is queued, who takes it, what is written, and that nothing runs without a proven box."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from nmep import checking, grader, handing_in, reviewing
from nmep.grading import selftest
from nmep.grading.attacks import ATTACKS
from nmep.grading.box import Machine
from nmep.grading.verdict import Found, Verdict
from nmep.models import Check, CheckResult, GraderMachine, MarkChange, Part, Review, Run, Submission
from tests.factories import (
    make_assignment,
    make_check,
    make_enrolment,
    make_lead,
    make_run,
    make_submission,
    make_try,
)
from tests.factories.nmep import given, notebook

pytestmark = pytest.mark.django_db

GOOD = notebook("def add(a, b):\n    return a + b")
WRONG = notebook("def add(a, b):\n    return a * b")
SPLIT = """
def check_adds(call):
    assert call("add", 2, 3) == 5
@hidden
def check_negatives(call):
    assert call("add", -2, 3) == 1
"""
ROOT = Path(__file__).parent.parent.parent


def on(settings, now=None):
    """The grader is on and a machine has shown that its box holds (here only in the books)."""
    settings.GRADER = True
    return GraderMachine.objects.create(
        host="grader-1", fingerprint="f", is_proven=True, seen_at=now or timezone.now()
    )


def proven(settings):
    """This very machine is proven, by the row that is quickest to show."""
    settings.GRADER = True
    machine = Machine.here()
    rows = list(selftest.prove(machine, [ATTACKS[0]]))
    assert grader.record_proof(machine, rows, now=timezone.now()).is_proven
    return machine


@pytest.fixture
def assignment():
    return make_assignment(
        parts=(Part.Kind.NOTEBOOK, Part.Kind.TEXT), due_at=timezone.now() + timedelta(days=2)
    )


@pytest.fixture
def check(assignment):
    return make_check(assignment=assignment, source=SPLIT)


def states():
    return [run.state for run in Run.objects.order_by("pk")]


# ── What is queued ──


def test_handing_in_queues_the_published_checks_of_its_parts(settings, assignment, check):
    on(settings)
    make_check(assignment=assignment, is_published=False)
    make_check()
    submission = make_submission(assignment=assignment)
    run = Run.objects.get()
    assert (run.of_check, run.submission, run.state, run.reason) == (check, submission, "queued", "")


def test_with_the_grader_off_a_hand_in_stands_and_its_run_waits_for_a_person(assignment, check):
    submission = make_submission(assignment=assignment)
    assert submission.state == Submission.State.HANDED_IN
    run = Run.objects.get()
    assert (run.state, run.said, run.reason) == (
        "waiting",
        "Waits for a person",
        "The grader is switched off.",
    )


def test_a_check_of_a_part_that_was_not_handed_in_is_not_queued(settings):
    on(settings)
    assignment = make_assignment(parts=(Part.Kind.NOTEBOOK, Part.Kind.NOTEBOOK))
    first, second = assignment.parts.all()
    Part.objects.filter(pk=second.pk).update(is_required=False)
    make_check(part=second)
    enrolment = make_enrolment(offering=assignment.offering)
    only_first = {first.pk: given(assignment)[first.pk]}
    handing_in.hand_in(enrolment, assignment, only_first, n=1, now=timezone.now())
    assert not Run.objects.exists()


def test_a_new_version_supersedes_what_still_waits_and_not_what_runs_or_is_somebody_elses(
    settings, assignment, check
):
    on(settings)
    enrolment, now = make_enrolment(offering=assignment.offering), timezone.now()
    make_submission(assignment=assignment)
    make_submission(assignment=assignment, enrolment=enrolment)
    make_submission(assignment=assignment, enrolment=enrolment)
    assert states() == ["queued", "superseded", "queued"]
    Run.objects.filter(pk=Run.objects.last().pk).update(state="queued")
    taken = [grader.take(now), grader.take(now)]
    assert [run.submission.n for run in taken] == [1, 2]
    make_submission(assignment=assignment, enrolment=enrolment)
    assert states() == ["running", "superseded", "running", "queued"]


def test_a_co_authors_version_supersedes_the_same(settings, assignment, check):
    on(settings)
    one, other = (make_enrolment(offering=assignment.offering) for _ in range(2))
    make_submission(assignment=assignment, enrolment=one)
    handing_in.hand_in(other, assignment, given(assignment), n=1, now=timezone.now(), co_authors=[])
    assert states() == ["queued", "queued"]
    handing_in.hand_in(one, assignment, given(assignment), n=2, now=timezone.now(), co_authors=[other])
    assert states() == ["superseded", "superseded", "queued"]


def test_running_all_again_makes_new_runs_of_everybodys_newest_version(settings, assignment, check):
    on(settings)
    enrolment, now = make_enrolment(offering=assignment.offering), timezone.now()
    for _ in range(2):
        make_submission(assignment=assignment, enrolment=enrolment)
    make_submission(assignment=assignment)
    Run.objects.update(state=Run.State.FINISHED)
    lead = make_lead(offering=assignment.offering)
    assert checking.ask_all_again(check, by=lead, now=now) == 2
    again = Run.objects.filter(asked_by=lead)
    assert sorted((run.submission.n, run.state) for run in again) == [(1, "queued"), (2, "queued")]
    assert Run.objects.filter(asked_by=None, state="finished").count() == 3


def test_two_clicks_on_run_again_leave_one_live_run(settings, assignment, check):
    on(settings)
    submission = make_submission(assignment=assignment)
    lead, now = make_lead(offering=assignment.offering), timezone.now()
    for _ in range(2):
        checking.ask(submission, by=lead, now=now)
    assert states() == ["superseded", "superseded", "queued"]
    grader.take(now)
    checking.ask(submission, by=lead, now=now)
    assert Run.objects.live().count() == 1


def test_a_run_never_touches_a_review_or_a_mark(settings, assignment, check):
    on(settings)
    submission, now = make_submission(assignment=assignment), timezone.now()
    lead = make_lead(offering=assignment.offering)
    reviewing.post(submission, lead, summary="Good.", outcome="done", marks={}, now=now)
    before = (
        list(Review.objects.values()),
        list(MarkChange.objects.values()),
        Submission.objects.values().get(),
    )
    for state in ("finished", "stopped", "failed"):
        checking.ask(submission, by=lead, now=now)
        run = grader.take(now)
        assert grader.finish(run, Verdict(state, found=(Found("check_a", "a", ok=False),)), image="", now=now)
        Run.objects.live().update(state="superseded")
    assert before == (
        list(Review.objects.values()),
        list(MarkChange.objects.values()),
        Submission.objects.values().get(),
    )


def test_the_call_reaches_the_graders_own_queue_and_no_other(
    settings, assignment, check, django_capture_on_commit_callbacks
):
    on(settings)
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("grader", "celery")
        with django_capture_on_commit_callbacks(execute=True):
            make_submission(assignment=assignment)
        assert [json.loads(row)["headers"]["task"] for row in broker.lrange("grader", 0, -1)] == [
            "nmep.tasks.grade"
        ]
        assert b"nmep.tasks.grade" not in b"".join(broker.lrange("celery", 0, -1))
        broker.delete("grader")
        with django_capture_on_commit_callbacks(execute=True):
            grader.tick(timezone.now())
        assert broker.llen("grader") == 1
        broker.delete("grader", "celery")


# ── Leases ──


def test_a_run_whose_machine_was_lost_goes_back_twice_and_is_then_our_failure(settings, assignment, check):
    now = timezone.now()
    machine = on(settings)
    make_submission(assignment=assignment)
    for tries in (1, 2, 3):
        run = grader.take(now)
        assert run.tries == tries
        grader.tick(now + timedelta(seconds=59))
        assert Run.objects.get().state == "running"
        now += timedelta(seconds=61)
        GraderMachine.objects.filter(pk=machine.pk).update(seen_at=now)
        grader.tick(now)
    run = Run.objects.get()
    assert (run.state, run.said) == ("failed", "Our side failed; it does not count against you")
    assert grader.take(now) is None


def test_a_sign_of_life_keeps_the_run(settings, assignment, check):
    now = timezone.now()
    on(settings)
    make_submission(assignment=assignment)
    run = grader.take(now)
    assert grader.still_here(run, now + timedelta(seconds=50))
    grader.tick(now + timedelta(seconds=100))
    assert Run.objects.get().state == "running"


def test_a_machine_that_comes_back_late_writes_nothing(settings, assignment, check):
    now = timezone.now()
    on(settings)
    make_submission(assignment=assignment)
    late = grader.take(now)
    grader.tick(now + timedelta(seconds=61))
    second = grader.take(now + timedelta(seconds=62))
    verdict = Verdict("finished", found=(Found("check_a", "a", ok=True),))
    assert not grader.still_here(late, now)
    assert not grader.finish(late, verdict, image="", now=now)
    assert not CheckResult.objects.exists()
    assert grader.finish(second, verdict, image="", now=now)
    assert CheckResult.objects.get().ok


def test_our_failures_are_tried_again_and_a_broken_check_is_not(settings, assignment, check):
    now = timezone.now()
    on(settings)
    make_submission(assignment=assignment)
    for _ in range(2):
        grader.finish(grader.take(now), Verdict("failed", "The judge ended."), image="", now=now)
        assert states() == ["queued"]
    grader.finish(grader.take(now), Verdict("failed", "The judge ended."), image="", now=now)
    assert states() == ["failed"]
    checking.ask(Submission.objects.get(), now=now)
    broken = Verdict("failed", "The check is at fault: no numpy", is_check_at_fault=True)
    grader.finish(grader.take(now), broken, image="", now=now)
    assert states() == ["failed", "failed"]
    assert not CheckResult.objects.exists()


def test_two_tests_of_one_title_are_two_results(settings, assignment, check):
    now = timezone.now()
    on(settings)
    make_submission(assignment=assignment)
    found = (Found("check_a", "adds", ok=True), Found("check_b", "adds", ok=False))
    assert grader.finish(grader.take(now), Verdict("finished", found=found), image="", now=now)
    assert [row.name for row in CheckResult.objects.all()] == ["adds", "adds (check_b)"]


def test_what_a_hand_in_printed_is_not_in_its_record_and_what_a_try_printed_is(settings, assignment, check):
    now = timezone.now()
    on(settings)
    make_submission(assignment=assignment)
    make_try(check=check, content=GOOD)
    verdict = Verdict("finished", notes=("Cell 1: note",), printed="hidden input 7", judge_printed="looked")
    for _ in range(2):
        grader.finish(grader.take(now), verdict, image="", now=now)
    hand_in, own = Run.objects.order_by("pk")
    assert hand_in.log == "Cell 1: note"
    assert "hidden input 7" in own.log
    assert "looked" in own.log


# ── It fails closed ──


@pytest.mark.parametrize(
    ("is_on", "fields", "said"),
    [
        (False, {"is_proven": True}, "The grader is switched off."),
        (True, None, "No machine has shown yet that its box holds: run manage.py grader_selftest on it."),
        (
            True,
            {"is_proven": False, "reason": "Not installed: bubblewrap."},
            "grader-1: Not installed: bubblewrap.",
        ),
        (True, {"is_proven": True, "seen_at": "old"}, "No grader has been heard of for ten minutes."),
        (True, {"is_proven": True}, ""),
    ],
)
def test_why_nothing_is_checked(settings, is_on, fields, said):
    settings.GRADER, now = is_on, timezone.now()
    if fields is not None:
        seen = now - timedelta(minutes=11) if fields.pop("seen_at", "") else now
        GraderMachine.objects.create(host="grader-1", fingerprint="f", seen_at=seen, **fields)
    assert grader.why_not(now) == said


def test_queued_runs_wait_when_the_grader_goes_and_are_queued_when_it_comes(settings, assignment, check):
    on(settings)
    make_submission(assignment=assignment)
    settings.GRADER = False
    grader.tick(timezone.now())
    assert Run.objects.get().reason == "The grader is switched off."
    assert states() == ["waiting"]
    settings.GRADER = True
    grader.tick(timezone.now())
    assert (states(), Run.objects.get().reason) == (["queued"], "")


def test_a_worker_that_is_off_takes_nothing(settings, assignment, check):
    on(settings)
    make_submission(assignment=assignment)
    settings.GRADER = False
    assert grader.work() is False
    assert states() == ["queued"]


def test_a_worker_on_a_machine_that_is_not_proven_takes_nothing_and_says_why(settings, assignment, check):
    on(settings)
    make_submission(assignment=assignment)
    assert grader.work() is False
    assert states() == ["queued"]
    assert GraderMachine.objects.get(host=socket.gethostname()).reason != ""


def test_a_worker_without_bubblewrap_takes_nothing(settings, assignment, check, monkeypatch, tmp_path):
    on(settings)
    make_submission(assignment=assignment)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert grader.work() is False
    assert states() == ["queued"]
    assert "Not installed on this machine" in GraderMachine.objects.get(host=socket.gethostname()).reason


def test_the_self_test_without_bubblewrap_says_so_and_unproves_the_machine(settings, monkeypatch, tmp_path):
    GraderMachine.objects.create(host=socket.gethostname(), fingerprint="f", is_proven=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="Not installed on this machine"):
        call_command("grader_selftest")
    assert not GraderMachine.objects.get().is_proven


@pytest.mark.sandbox
def test_a_proof_counts_for_the_machine_as_it_was(settings):
    proven(settings)
    now = timezone.now()
    assert grader.this_machine(now) is not None
    GraderMachine.objects.update(fingerprint="an older kernel")
    assert grader.this_machine(now) is None
    assert "run grader_selftest again" in GraderMachine.objects.get().reason
    assert grader.this_machine(now) is None


@pytest.mark.sandbox
def test_one_row_that_leaks_makes_the_machine_unfit(settings):
    machine = Machine.here()
    rows = [
        selftest.Row("good", "Good", True, "", 0.1),
        selftest.Row("network", "Network", False, "8.8.8.8", 0.1),
    ]
    kept = grader.record_proof(machine, rows, now=timezone.now())
    assert (kept.is_proven, kept.reason) == (False, "The box does not hold against: network.")
    settings.GRADER = True
    assert grader.this_machine(timezone.now()) is None
    assert GraderMachine.objects.get().reason == "The box does not hold against: network."


@pytest.mark.sandbox
def test_one_attack_can_be_looked_at_and_proves_nothing(capsys):
    call_command("grader_selftest", "--only", "good")
    assert "1 of 1 held" in capsys.readouterr().out
    assert not GraderMachine.objects.exists()


# ── The whole way ──


@pytest.mark.sandbox
def test_a_hand_in_is_checked_and_its_author_reads_what_may_be_read(settings, assignment, check):
    proven(settings)
    enrolment = make_enrolment(offering=assignment.offering)
    submission = make_submission(assignment=assignment, enrolment=enrolment, content=GOOD)
    assert grader.work() is False
    run = Run.objects.get()
    assert (run.state, run.tries, run.lease_until) == ("finished", 1, None)
    assert run.image.startswith("/usr")
    assert 0 < run.seconds < 20
    assert list(run.results.values_list("name", "ok", "is_hidden")) == [
        ("adds", True, False),
        ("negatives", True, True),
    ]
    seen = checking.summaries([submission], enrolment.person, timezone.now())[submission.pk][0]
    assert seen.sentence == "1 of 1 visible checks pass; 1 more are checked after the deadline"


@pytest.mark.sandbox
def test_wrong_hung_and_broken_work_each_have_their_verdict(settings, assignment, check):
    proven(settings)
    Check.objects.update(config={"source": SPLIT, "seconds": 5, "call_seconds": 1})
    hangs = notebook(
        "def add(a, b):\n    while True:\n        try:\n            while True:\n                x = 1\n        except BaseException:\n            pass"
    )
    work = [make_submission(assignment=assignment, content=content) for content in (WRONG, hangs)]
    empty = make_submission(assignment=assignment, content=b'{"cells": [], "nbformat": 4}')
    grader.work()
    wrong, hung, nothing = (one.runs.get() for one in (*work, empty))
    assert (wrong.state, [row.hint for row in wrong.results.all()]) == (
        "finished",
        ["add(2, 3) gave 6", "add(-2, 3) gave -6"],
    )
    assert (hung.state, hung.said) == ("stopped", "Stopped: it ran longer than it may")
    assert [row.ok for row in hung.results.all()] == [False, False]
    assert (nothing.state, nothing.said) == ("stopped", "Stopped: There is no code in this notebook.")


@pytest.mark.sandbox
def test_a_lead_tries_a_check_and_the_notebook_is_thrown_away(settings):
    proven(settings)
    check = make_check(is_published=False)
    run = make_try(check=check, content=GOOD)
    path = Path(run.trial.path)
    grader.work()
    run.refresh_from_db()
    assert (run.state, run.results.get().ok, path.exists()) == ("finished", True, True)
    grader.tick(timezone.now())
    run.refresh_from_db()
    assert (run.trial.name, path.exists()) == ("", False)


@pytest.mark.sandbox
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_costs_one_more_try_and_the_verdict_is_the_same(settings, tmp_path):
    """The real worker in a process of its own, killed while the student's code runs."""
    proven(settings)
    source = "import time\ndef add(a, b):\n    time.sleep(1.5)\n    return a + b"
    assignment = make_assignment()
    check = make_check(assignment=assignment, config={"source": SPLIT, "call_seconds": 5})
    submission = make_submission(assignment=assignment, content=notebook(source))
    database = connection.settings_dict
    environment = {
        **os.environ,
        "GRADER": "1",
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + database["NAME"],
        "DEMO": "1",
    }
    command = "import django; django.setup(); from nmep import grader; grader.work()"

    def worker():
        environment["DJANGO_SETTINGS_MODULE"] = "mlclub.settings"
        return subprocess.Popen([sys.executable, "-c", command], env=environment, cwd=ROOT)

    first = worker()
    until = time.monotonic() + 20
    while Run.objects.get().state != "running" and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.4)
    first.send_signal(signal.SIGKILL)
    first.wait()
    run = Run.objects.get()
    assert (run.state, run.tries) == ("running", 1)
    time.sleep(0.5)
    assert not [pid for pid in Path("/proc").glob("[0-9]*/cmdline") if b"inside.host" in read(pid)]
    grader.tick(run.lease_until + timedelta(seconds=1))
    assert Run.objects.get().state == "queued"
    assert worker().wait() == 0
    run = Run.objects.get()
    assert (run.state, run.tries, run.submission, run.of_check) == ("finished", 2, submission, check)
    assert list(run.results.values_list("name", "ok")) == [("adds", True), ("negatives", True)]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_take_different_runs(settings):
    on(settings)
    assignment = make_assignment()
    make_check(assignment=assignment)
    for _ in range(4):
        make_submission(assignment=assignment)
    start, taken = threading.Barrier(4), []

    def work():
        start.wait()
        taken.append(grader.take(timezone.now()))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    # Whoever found the others' rows locked takes the next one, or comes again.
    got = [run.pk for run in taken if run]
    while (run := grader.take(timezone.now())) is not None:
        got.append(run.pk)
    assert sorted(got) == sorted(Run.objects.values_list("pk", flat=True))
    assert django_settings.CELERY_TASK_ROUTES["nmep.tasks.grade"]["queue"] == "grader"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_eight_clicks_on_run_again_at_once_leave_one_live_run(settings):
    on(settings)
    assignment = make_assignment()
    make_check(assignment=assignment)
    submission = make_submission(assignment=assignment)
    Run.objects.update(state="finished")
    lead, start, problems = make_lead(offering=assignment.offering), threading.Barrier(8), []

    def click():
        start.wait()
        try:
            checking.ask(submission, by=lead, now=timezone.now())
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert problems == []
    assert Run.objects.live().count() == 1


def test_a_run_that_was_superseded_is_nobodys_newest(settings, assignment, check):
    on(settings)
    enrolment = make_enrolment(offering=assignment.offering)
    submission = make_submission(assignment=assignment, enrolment=enrolment)
    Run.objects.update(state="superseded")
    assert checking.summaries([submission], enrolment.person, timezone.now()) == {}
    make_run(check=check, submission=submission, results=[("adds", True), ("negatives", True, True)])
    found = checking.summaries([submission], enrolment.person, timezone.now())[submission.pk]
    assert [(one.run.state, one.passed, one.kept_back) for one in found] == [("finished", 1, 1)]


@pytest.mark.sandbox
def test_a_grader_needs_no_more_than_the_role_that_is_written_for_it(settings, assignment, check):
    """docs/deploy/grader.sql, and everything else of the database refused."""
    proven(settings)
    make_submission(assignment=assignment, content=GOOD)
    with connection.cursor() as cursor:
        cursor.execute((ROOT / "docs/deploy/grader.sql").read_text())
        cursor.execute("SET LOCAL ROLE grader")
        assert grader.work() is False
        for table in ("members_user", "nmep_review", "nmep_markchange", "nmep_submissionauthor"):
            cursor.execute("SELECT has_table_privilege('grader', %s, 'SELECT')", [table])
            assert cursor.fetchone() == (False,)
        cursor.execute("RESET ROLE")
    assert Run.objects.get().state == "finished"
    assert CheckResult.objects.count() == 2
