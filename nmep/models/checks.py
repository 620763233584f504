"""What a machine says of a hand-in: checks, their runs, and what each found. A human's review is elsewhere."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import DurationField, ExpressionWrapper, F, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from nmep.models.assignments import Deviation, Part
from nmep.models.check_configs import problems_of
from nmep.models.enrolments import Enrolment
from nmep.models.submissions import Submission


class CheckQuerySet(models.QuerySet["Check"]):
    def published(self) -> CheckQuerySet:
        """Those that run on what is handed in."""
        return self.filter(is_published=True)

    def visible_to(self, user: Any) -> CheckQuerySet:
        """A check is its questions and its answers: for the leads and the officer for education alone."""
        if user.has_perm("nmep.view_check"):
            return self
        led = Enrolment.objects.leading(user).values("offering")
        return self.filter(part__assignment__offering__in=led)


class Check(models.Model):
    """One way in which a machine looks at one part of a hand-in. `config` says how, in the shape of its kind."""

    class Kind(models.TextChoices):
        PREDICTIONS = "predictions", "Predictions against hidden labels"
        FUNCTIONS = "functions", "Function tests"
        EVIDENCE = "evidence", "Required evidence"
        WRITTEN = "written", "Written answer"

    class Visible(models.TextChoices):
        ALWAYS = "always", "At once"
        AFTER_DUE = "after_due", "After the deadline"
        STAFF = "staff", "Leads only"

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="checks")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    title = models.CharField(max_length=80, help_text="Learners read it beside the result.")
    position = models.PositiveSmallIntegerField(default=0)
    visible = models.CharField(
        "learners see results",
        max_length=9,
        choices=Visible.choices,
        default=Visible.ALWAYS,
        help_text="A single result may still be kept back until the deadline.",
    )
    threshold = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What is enough. Function tests: the share that must pass, 1 when empty.",
    )
    config = models.JSONField(default=dict, blank=True)
    is_published = models.BooleanField(
        "runs on what is handed in", default=False, help_text="Until then only the leads can try it."
    )
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CheckQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["part__position", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["part", "title"],
                name="one_check_a_title",
                violation_error_message="This part already has a check with that title.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Whatever writes a check, its config has the shape that its kind reads."""
        problems = problems_of(self.kind, self.config)
        if problems:
            raise ValidationError({"config": problems})


class RunQuerySet(models.QuerySet["Run"]):
    def live(self) -> RunQuerySet:
        """Those that something is still to come of."""
        return self.filter(state__in=Run.LIVE)

    def of_hand_ins(self) -> RunQuerySet:
        """Without a lead's tries on a notebook of their own."""
        return self.filter(submission__isnull=False)

    def visible_to(self, user: Any) -> RunQuerySet:
        """Runs on work that `user` may see; those of checks for the leads, and tries, for the leads alone."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("nmep.view_submission"):
            return self
        led = Enrolment.objects.leading(user).values("offering")
        seen = Submission.objects.visible_to(user).values("pk")
        return self.filter(
            Q(of_check__part__assignment__offering__in=led)
            | Q(submission__in=seen) & ~Q(of_check__visible=Check.Visible.STAFF)
        )


def trial_path(run: Run, filename: str) -> str:
    """Where a lead's own notebook waits until it was tried: a name nobody can guess."""
    return f"nmep/tries/{secrets.token_hex(16)}"


class Run(models.Model):
    """One check looking at one version once. A new look is a new run; nothing here is a mark.

    Scores stand with the results and not here: a run may be seen while some of its results may not.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for a person"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Checking"
        FINISHED = "finished", "Finished"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Our side failed"
        SUPERSEDED = "superseded", "Superseded"

    #: Something is still to come of it, and there is at most one such run of a check on a version.
    LIVE = (State.WAITING, State.QUEUED, State.RUNNING)
    #: It says something about the work.
    JUDGED = (State.FINISHED, State.STOPPED)

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, null=True, blank=True, related_name="runs"
    )
    # Not `check`: Django's models keep that name for themselves.
    of_check = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="runs", verbose_name="check")
    trial = models.FileField(upload_to=trial_path, blank=True, max_length=120)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.CharField(max_length=200, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What it ran on and by which edition of the check, so that an old verdict can be told from a new one.
    image = models.CharField(max_length=120, blank=True)
    edition = models.CharField(max_length=12, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    peak_mb = models.PositiveIntegerField(null=True, blank=True)
    log = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RunQuerySet.as_manager()
    personal_data = Policy(
        owners=("submission__authors__enrolment__person", "asked_by"),
        on_erase=Erase.ANONYMISE,
        blank={"log": "", "trial": ""},
        why="Joint work stays with its other authors; what the work printed goes.",
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "of_check"],
                condition=Q(state__in=["waiting", "queued", "running"], submission__isnull=False),
                name="one_live_run_a_check",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_until__isnull=False),
                name="a_running_run_has_a_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="run_queue",
                condition=Q(state__in=["waiting", "queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.of_check} on {self.submission or 'a try'}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def is_judged(self) -> bool:
        return self.state in self.JUDGED

    @property
    def said(self) -> str:
        """Its state in words for whoever waits for it."""
        if self.state in (self.State.QUEUED, self.State.RUNNING):
            return "Checking…"
        if self.state == self.State.WAITING:
            return "Waits for a person"
        if self.state == self.State.FAILED:
            return "Our side failed; it does not count against you"
        if self.state == self.State.STOPPED:
            return f"Stopped: {self.reason}" if self.reason else "Stopped"
        return self.get_state_display()

    def get_absolute_url(self) -> str:
        """Where its results stand: at the version, or among the tries of its check."""
        if self.submission is None:
            assignment = self.of_check.part.assignment
            return reverse("nmep:check_list", args=[assignment.offering.slug, assignment.key])
        return f"{self.submission.get_absolute_url()}#checks"


class CheckResultQuerySet(models.QuerySet["CheckResult"]):
    def with_deadline(self) -> CheckResultQuerySet:
        """Adds `deadline`: when the last author of the work may be told what was kept back; None is never.

        An hour more where somebody has more days: the clocks may change on the way.
        """
        most = (
            Deviation.objects.filter(
                enrolment__authored__submission=OuterRef("run__submission"),
                assignment=OuterRef("run__submission__assignment"),
                is_without_penalty=True,
            )
            .order_by()
            .values("assignment")
            .annotate(most=Max("extra_days"))
            .values("most")
        )
        days = Coalesce(Subquery(most), 0)
        late = ExpressionWrapper(
            days * Value(timedelta(days=1)) + Least(days, 1) * Value(timedelta(hours=1)),
            output_field=DurationField(),
        )
        return self.annotate(
            deadline=ExpressionWrapper(
                F("run__submission__assignment__due_at") + late, output_field=models.DateTimeField()
            )
        )

    def visible_to(self, user: Any, now: datetime) -> CheckResultQuerySet:
        """What `user` may read now: all of it for the leads; for others nothing that is kept back."""
        seen = self.filter(run__in=Run.objects.visible_to(user).values("pk"))
        if user.has_perm("nmep.view_submission"):
            return seen
        led = Enrolment.objects.leading(user).values("offering")
        mine = Q(run__of_check__part__assignment__offering__in=led)
        open_now = Q(is_hidden=False) & ~Q(run__of_check__visible=Check.Visible.AFTER_DUE)
        return seen.with_deadline().filter(mine | open_now | Q(deadline__lte=now))


class CheckResult(models.Model):
    """What a run found in one respect. `is_hidden` keeps it back until the deadline."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="results")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=120)
    ok = models.BooleanField()
    score = models.FloatField(null=True, blank=True)
    hint = models.CharField(max_length=400, blank=True)
    is_hidden = models.BooleanField(default=False)

    objects = CheckResultQuerySet.as_manager()
    personal_data = Policy(
        owners=("run__submission__authors__enrolment__person",),
        on_erase=Erase.ANONYMISE,
        blank={"hint": ""},
        why="Joint work stays with its other authors.",
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="one_result_a_name")]

    def __str__(self) -> str:
        return self.name


class GraderMachine(models.Model):
    """A machine that runs students' code, and whether it has shown that its box holds."""

    host = models.CharField(max_length=120, unique=True)
    # Kernel, bubblewrap and our own code: a proof counts for exactly what was proven.
    fingerprint = models.CharField(max_length=64)
    is_proven = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    rows = models.JSONField(default=list, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host
