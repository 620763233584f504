from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse

from events.models import Event, Visibility
from members.models import Club, Term
from mlclub.privacy import NOT_PERSONAL
from mlclub.refusal import Refused
from mlclub.search import search_column
from nmep.models.modules import Module


class Program(models.Model):
    """Something taught again and again: the new-member programme, a course. It has no dates."""

    class Kind(models.TextChoices):
        NMEP = "nmep", "New-member programme"
        COURSE = "course", "Course"
        GUIDED = "guided", "Guided open programme"
        PARTNER = "partner", "With a partner"

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.NMEP)
    description = models.TextField(blank=True, help_text="What it is for, for everybody. Markdown.")

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["name"]
        verbose_name = "programme"

    def __str__(self) -> str:
        return self.name


#: Why a change is refused. What must change all the same an officer changes, and the audit trail says so.
ARCHIVED = "This offering is archived; nothing in it changes any more."


class OfferingQuerySet(models.QuerySet["Offering"]):
    def live(self) -> OfferingQuerySet:
        """Those that people are in now."""
        return self.filter(state__in=[Offering.State.OPEN, Offering.State.RUNNING, Offering.State.CLOSING])

    def visible_to(self, user: Any) -> OfferingQuerySet:
        """Everybody reads a syllabus; a draft is for its leads and for officers who may change it."""
        if user.has_perm("nmep.change_offering"):
            return self
        public = ~models.Q(state=Offering.State.DRAFT)
        if not user.is_authenticated:
            return self.filter(public)
        led = models.Q(enrolments__person=user, enrolments__role="lead", enrolments__state="active")
        return self.filter(public | models.Q(pk__in=Offering.objects.filter(led).values("pk")))


class Offering(models.Model):
    """A programme in a term."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open for sign-up"
        RUNNING = "running", "Running"
        CLOSING = "closing", "Closing"
        ARCHIVED = "archived", "Archived"

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="offerings", verbose_name="programme"
    )
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="+")
    slug = models.CharField(
        max_length=60,
        unique=True,
        help_text="In addresses, e.g. fa26.",
        validators=[RegexValidator(r"^[a-z0-9-]+$", "Use a–z, 0–9 and hyphens.")],
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    intro = models.TextField("welcome", blank=True, help_text="Above the syllabus, for everybody. Markdown.")
    shows_materials = models.BooleanField(
        "slides and notes are public",
        default=False,
        help_text="Otherwise only people in it and members see them.",
    )
    late_window_days = models.PositiveSmallIntegerField(
        default=4, help_text="How long after the due date work is still taken, and marked late."
    )
    slip_days = models.PositiveSmallIntegerField(
        default=0, help_text="Late days that each learner may use over the term without a word."
    )
    max_absences = models.PositiveSmallIntegerField(
        default=2, help_text="Missed classes after which the roster shows a flag."
    )
    # What completing it asks for: {"homework": 4, "absences": 2, …}, see nmep.requirements. A line left out is off.
    completion_rule = models.JSONField(default=dict, blank=True, editable=False)
    # Where an import took it from; a syllabus written here is not overwritten by one.
    imported_from = models.CharField(max_length=200, blank=True, editable=False)
    # The offering whose weeks, work and rules it was made from.
    cloned_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    # Lines that the stale-text page had asked about and somebody left as they are, by their fingerprint.
    kept_lines = models.JSONField(default=list, blank=True, editable=False)

    #: Whose page it stands on and what they are in it, once `nmep.people.roles` was asked.
    reader: tuple[int, Any] | None = None

    objects = OfferingQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-term__starts_on", "program__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "term"],
                name="one_offering_a_term",
                violation_error_message="This programme already has an offering in that term.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.program}, {self.term}"

    def get_absolute_url(self) -> str:
        return reverse("nmep:syllabus", args=[self.slug])

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its hours are meant: the club's."""
        return Club.current().zone

    @property
    def is_archived(self) -> bool:
        return self.state == self.State.ARCHIVED

    def check_changes(self) -> None:
        """Raises Refused where nothing in it changes any more."""
        if self.is_archived:
            raise Refused(ARCHIVED)

    @property
    def is_live(self) -> bool:
        return self.state in (self.State.OPEN, self.State.RUNNING, self.State.CLOSING)


class SessionQuerySet(models.QuerySet["Session"]):
    def classes(self) -> SessionQuerySet:
        """The meetings that learners are expected at."""
        return self.filter(kind=Session.Kind.CLASS)

    def with_last_week(self) -> SessionQuerySet:
        """Adds `last_week`, the last that the offering has."""
        latest = Session.objects.filter(offering=models.OuterRef("offering")).order_by("-week")
        return self.annotate(last_week=models.Subquery(latest.values("week")[:1]))


class Session(models.Model):
    """One meeting of an offering. When and where it is, who teaches and who came are its event's."""

    class Kind(models.TextChoices):
        CLASS = "class", "Class"
        PARTY = "party", "Homework party"
        SHOWCASE = "showcase", "Showcase"

    offering = models.ForeignKey(Offering, on_delete=models.CASCADE, related_name="sessions")
    seq = models.PositiveSmallIntegerField("order")
    week = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CLASS)
    title = models.CharField(max_length=160)
    summary = models.TextField(blank=True, help_text="What happens, what to read before. Markdown.")
    module = models.ForeignKey(
        Module, on_delete=models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")
    # While an offering is a draft, its events are by invitation; for whom they are once it is opened.
    opens_to = models.CharField(max_length=8, choices=Visibility.choices, blank=True, editable=False)

    search = search_column(A=["title"], C=["summary"], names=["title"])

    objects = SessionQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(
                fields=["offering", "seq"],
                name="one_session_a_place",
                violation_error_message="Another session already stands at this place in the order.",
            )
        ]
        indexes = [GinIndex(fields=["search"], name="session_search")]

    def __str__(self) -> str:
        return f"Week {self.week}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("nmep:week_detail", args=[self.offering.slug, self.week])

    @property
    def starts_at(self) -> datetime:
        return self.event.starts_at

    def has_ended(self, now: datetime) -> bool:
        return self.event.ends_at <= now
