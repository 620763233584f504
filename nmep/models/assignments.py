from __future__ import annotations

import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from mlclub.privacy import NOT_PERSONAL, Erase, Policy
from mlclub.search import search_column
from nmep.models.enrolments import Enrolment
from nmep.models.programmes import Offering, Session


def at_wall_time(day: datetime, *, days: int, hour: time, offering: Offering) -> datetime:
    """The instant `days` after the local day of `day`, at `hour` on the clock of the offering's zone.

    Wall time, so that a change of clocks in between moves nothing. An hour that the spring change skips is
    the hour after it.
    """
    zone = offering.zone
    local = day.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(local, hour, tzinfo=zone).astimezone(UTC)


class DatedByMeeting(models.Model):
    """What falls due some days after a meeting, at an hour on the wall."""

    due_session = models.ForeignKey(
        Session,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="due with the meeting",
        help_text="The due date follows this meeting when it moves.",
    )
    due_days = models.SmallIntegerField("days after it", default=0, help_text="0 is the day of the meeting.")
    due_time = models.TimeField("at", default=time(23, 59))

    class Meta:
        abstract = True

    def due_by_rule(self) -> datetime | None:
        """The instant that the rule gives with the meeting where it stands now."""
        if self.due_session is None:
            return None
        return at_wall_time(
            self.due_session.event.starts_at,
            days=self.due_days,
            hour=self.due_time,
            offering=self.due_session.offering,
        )


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def released(self, now: datetime) -> AssignmentQuerySet:
        """Those that learners can read and work on."""
        return self.filter(state=Assignment.State.PUBLISHED).filter(Q(opens_at=None) | Q(opens_at__lte=now))

    def visible_to(self, user: Any, now: datetime) -> AssignmentQuerySet:
        """Released work for people in the offering and for members; everything for its leads and for officers."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("nmep.view_assignment"):
            return self
        mine = Enrolment.objects.filter(person=user).exclude(state=Enrolment.State.INVITED)
        open_to_all = Assignment.objects.released(now).exclude(offering__state=Offering.State.DRAFT)
        if not user.standing.reads_members_area:
            open_to_all = open_to_all.filter(offering__in=mine.values("offering"))
        released = Q(pk__in=open_to_all.values("pk"))
        led = Enrolment.objects.leading(user).values("offering")
        return self.filter(released | Q(offering__in=led))

    def with_rule(self) -> AssignmentQuerySet:
        """Brings along what computing the due date asks for."""
        return self.select_related("offering__term", "due_session__event", "due_session__offering")


class Assignment(DatedByMeeting):
    """A piece of work that learners hand in."""

    class Partners(models.TextChoices):
        NONE = "none", "Everybody alone"
        OPTIONAL = "optional", "With a partner or alone"
        REQUIRED = "required", "With a partner"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        WITHDRAWN = "withdrawn", "Withdrawn"

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="assignments")
    text = models.TextField(
        "what to do", blank=True, help_text="The specification, and how it is judged. Markdown."
    )
    key = models.CharField(
        max_length=20,
        help_text="In addresses, e.g. hw1.",
        validators=[RegexValidator(r"^[a-z0-9-]+$", "Use a–z, 0–9 and hyphens.")],
    )
    title = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    open_session = models.ForeignKey(
        Session,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="opens with the meeting",
        help_text="Empty: open as soon as it is published.",
    )
    open_days = models.SmallIntegerField("days after it (opening)", default=0)
    open_time = models.TimeField("at (opening)", default=time(0, 0))
    late_window_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty: as in the offering."
    )

    holds_reviews = models.BooleanField(
        "hold reviews until released",
        default=False,
        help_text="Finished reviews are kept back, and learners know nothing of them, until a lead releases them.",
    )

    partners = models.CharField(max_length=8, choices=Partners.choices, default=Partners.NONE)
    each_submits = models.BooleanField(
        "each hands in for themselves",
        default=False,
        help_text="Partners work together, and everybody hands in their own.",
    )

    outside_url = models.URLField(
        "handed in elsewhere",
        max_length=300,
        blank=True,
        help_text="The address of a grading site outside the portal. Learners say here that they handed in there.",
    )
    outside_code = models.CharField(
        "code to join there", max_length=60, blank=True, help_text="Shown only to people of the offering."
    )

    # Computed from the rules by nmep.deadlines, kept so that lists can sort and filter.
    opens_at = models.DateTimeField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The latest due date that learners have been shown: from then on it moves only to later.
    promised_at = models.DateTimeField(null=True, blank=True, editable=False)
    search = search_column(A=["title", "key"], C=["text"], names=["title"])

    objects = AssignmentQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "key"]
        constraints = [
            models.UniqueConstraint(
                fields=["offering", "key"],
                name="one_assignment_a_key",
                violation_error_message="This offering already has an assignment with that key.",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="assignment_due"),
            GinIndex(fields=["search"], name="assignment_search"),
        ]

    def __str__(self) -> str:
        return f"{self.key.upper()}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("nmep:assignment_detail", args=[self.offering.slug, self.key])

    @property
    def label(self) -> str:
        return self.key.upper()

    @property
    def takes_partners(self) -> bool:
        return self.partners != self.Partners.NONE

    @property
    def is_joint(self) -> bool:
        """Whether one of a team hands in for all of it."""
        return self.takes_partners and not self.each_submits

    @property
    def outside_host(self) -> str:
        """The site that grades it, for people: `grader.example`."""
        return urlsplit(self.outside_url).hostname or ""

    @property
    def window_days(self) -> int:
        own = self.late_window_days
        return self.offering.late_window_days if own is None else own

    def is_released(self, now: datetime) -> bool:
        return self.state == self.State.PUBLISHED and (self.opens_at is None or self.opens_at <= now)

    def opens_by_rule(self) -> datetime | None:
        if self.open_session is None:
            return None
        return at_wall_time(
            self.open_session.event.starts_at,
            days=self.open_days,
            hour=self.open_time,
            offering=self.offering,
        )

    def later(self, moment: datetime, *, days: int) -> datetime:
        """`days` later at the same hour on the wall."""
        local = moment.astimezone(self.offering.zone)
        return at_wall_time(moment, days=days, hour=local.time(), offering=self.offering)

    def due_for(self, deviations: list[Deviation]) -> datetime | None:
        """When the work of a learner with these deviations is late."""
        extra = max((row.extra_days for row in deviations if row.is_without_penalty), default=0)
        return self.later(self.due_at, days=extra) if self.due_at and extra else self.due_at

    def closes_for(self, deviations: list[Deviation]) -> datetime | None:
        """When the work of a learner with these deviations is no longer taken."""
        if self.due_at is None:
            return None
        extra = max((row.extra_days for row in deviations), default=0)
        return self.later(self.due_at, days=self.window_days + extra)


class Milestone(DatedByMeeting):
    """A date of the term that nothing is handed in for here: an exam, a step of the final projects."""

    class Kind(models.TextChoices):
        EXAM = "exam", "Exam"
        CAPSTONE = "capstone", "Final project"
        OTHER = "other", "Other"

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="milestones")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.OTHER)
    title = models.CharField(max_length=120)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["due_session__seq", "due_days", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["offering", "title"], name="one_milestone_a_title"),
        ]

    def __str__(self) -> str:
        return self.title


class SpecRevision(models.Model):
    """What an assignment asked for at a time. Work is judged by the one it was handed in under."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="specs")
    n = models.PositiveSmallIntegerField("revision")
    text = models.TextField(help_text="What to do, and how it is judged. Markdown.")
    note = models.CharField("what changed", max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-n"]
        constraints = [models.UniqueConstraint(fields=["assignment", "n"], name="one_spec_a_number")]

    def __str__(self) -> str:
        return f"{self.assignment.label}, revision {self.n}"


def skeleton_path(part: Part, filename: str) -> str:
    return f"nmep/starters/{secrets.token_hex(16)}"


class Part(models.Model):
    """One thing that belongs to a hand-in."""

    class Kind(models.TextChoices):
        NOTEBOOK = "notebook", "Notebook (.ipynb)"
        FILE = "file", "File"
        LINK = "link", "Link"
        TEXT = "text", "Text"
        PREDICTIONS = "predictions", "Predictions (.csv or .npy)"

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.NOTEBOOK)
    title = models.CharField(max_length=120)
    hint = models.CharField(max_length=200, blank=True)
    is_required = models.BooleanField("needed", default=True)
    max_megabytes = models.PositiveSmallIntegerField(
        "at most (MB)", default=5, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    endings = models.CharField(
        max_length=80, blank=True, help_text="Kinds of file taken, e.g. “pdf zip”. Empty: any but programs."
    )
    max_words = models.PositiveSmallIntegerField("at most (words)", null=True, blank=True)
    skeleton = models.FileField(
        "starter",
        upload_to=skeleton_path,
        blank=True,
        max_length=120,
        help_text="What learners download to begin with. Reviewers see what was written beyond it.",
    )
    skeleton_name = models.CharField(max_length=150, blank=True, editable=False)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def takes_file(self) -> bool:
        return self.kind in (self.Kind.NOTEBOOK, self.Kind.FILE, self.Kind.PREDICTIONS)


class RubricCriterion(models.Model):
    """One thing that a reviewer looks for."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="criteria")
    # A written answer is judged by criteria of its own, shown beside it.
    part = models.ForeignKey(
        Part,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="criteria",
        verbose_name="of part",
    )
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=240, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "rubric criteria"

    def __str__(self) -> str:
        return self.title


class Deviation(models.Model):
    """More time for one learner on one assignment."""

    class Reason(models.TextChoices):
        ILLNESS = "illness", "Illness"
        EXAMS = "exams", "Exams"
        ACCESS = "access", "Access need"
        LATE_DAYS = "slip", "Late days of their own"
        OTHER = "other", "Other"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="deviations")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="deviations")
    extra_days = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(90)])
    is_without_penalty = models.BooleanField("not marked late", default=True)
    reason = models.CharField(max_length=8, choices=Reason.choices, default=Reason.OTHER)
    # How many of their own late days the learner spent on this.
    spent_days = models.PositiveSmallIntegerField(default=0, editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(
        owners=("enrolment__person",), on_erase=Erase.ANONYMISE, blank={"reason": Reason.OTHER}
    )

    class Meta:
        ordering = ["-granted_at"]

    def __str__(self) -> str:
        return f"{self.extra_days} more days for {self.assignment.label}"
