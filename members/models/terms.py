from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import OuterRef
from django.utils import timezone
from simple_history.models import HistoricalRecords

from members.models.topics import Topic
from mlclub.privacy import NOT_PERSONAL, Erase, Policy


@dataclass(frozen=True)
class Week:
    """One segment of the term rule: `state` is past, now or next."""

    number: int
    starts_on: date
    state: str


class TermQuerySet(models.QuerySet["Term"]):
    def started(self, on: date) -> TermQuerySet:
        return self.filter(starts_on__lte=on)

    def current(self, on: date) -> Term | None:
        """The term of the day `on` (in the club's zone): the latest that has started, until the next one starts."""
        return self.started(on).order_by("-starts_on").first()

    def upcoming(self, on: date) -> TermQuerySet:
        return self.filter(starts_on__gt=on).order_by("starts_on")


class Term(models.Model):
    """A semester, trimester or quarter. Everything dated belongs to one or to the break after it."""

    name = models.CharField(max_length=40, unique=True, help_text="As people say it, e.g. Fall 2026.")
    slug = models.CharField(
        max_length=20,
        unique=True,
        help_text="In addresses, e.g. fa26.",
        validators=[RegexValidator(r"^[a-z0-9-]+$", "Use a–z, 0–9 and hyphens.")],
    )
    starts_on = models.DateField("first day", unique=True)
    ends_on = models.DateField("last day")

    objects = TermQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gt=models.F("starts_on")),
                name="term_ends_after_it_starts",
                violation_error_message="The last day must come after the first.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not (self.starts_on and self.ends_on):
            return
        clash = (
            Term.objects.exclude(pk=self.pk)
            .filter(starts_on__lte=self.ends_on, ends_on__gte=self.starts_on)
            .first()
        )
        if clash:
            raise ValidationError({"starts_on": f"These days overlap with {clash.name}."})

    def weeks(self, on: date) -> list[Week]:
        """The weeks of the term, Monday to Sunday, each past, now or next as seen from the day `on`."""
        monday = self.starts_on - timedelta(days=self.starts_on.weekday())
        weeks = []
        number = 1
        while monday <= self.ends_on:
            following = monday + timedelta(days=7)
            state = "past" if following <= on else "next" if monday > on else "now"
            weeks.append(Week(number, monday, state))
            monday, number = following, number + 1
        return weeks

    def week_of(self, on: date) -> int | None:
        """The number of the week that holds the day `on`, or None outside the term."""
        return next((week.number for week in self.weeks(on) if week.state == "now"), None)


class Break(models.Model):
    """Days within a term on which nothing regular takes place."""

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="breaks")
    name = models.CharField(max_length=60)
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="break_ends_after_it_starts",
                violation_error_message="The last day must not come before the first.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> MembershipQuerySet:
        return self.filter(status=Membership.Status.ACTIVE)

    def new(self) -> MembershipQuerySet:
        return self.filter(kind=Membership.Kind.NEW)

    def with_topics(self) -> MembershipQuerySet:
        """Adds `gives` and `learns`: the names of what the person gives and learns in the term."""
        given = Topic.objects.filter(givers=OuterRef("pk")).order_by("name")
        learnt = Topic.objects.filter(learners=OuterRef("pk")).order_by("name")
        return self.annotate(
            gives=ArraySubquery(given.values("name")), learns=ArraySubquery(learnt.values("name"))
        )


class Membership(models.Model):
    """What a person is to the club in one term. Rows are ended, never deleted."""

    class Kind(models.TextChoices):
        NEW = "new", "New member"
        MEMBER = "member", "Member"
        FELLOW = "fellow", "Fellow"

    class Status(models.TextChoices):
        INVITED = "invited", "Invited"
        ACTIVE = "active", "Active"
        ON_BREAK = "on_break", "On break"
        LEFT = "left", "Left"
        ALUMNUS = "alumnus", "Alumnus"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="memberships")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.MEMBER)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    learn = models.ManyToManyField(
        Topic, blank=True, related_name="learners", help_text="What you want to learn this term."
    )
    give = models.ManyToManyField(
        Topic, blank=True, related_name="givers", help_text="What you can teach or help with this term."
    )
    hours_a_week = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How much time you can give."
    )
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    note = models.CharField(max_length=200, blank=True, help_text="For officers.")

    objects = MembershipQuerySet.as_manager()
    history = HistoricalRecords()
    personal_data = Policy(
        owners=("person",), on_erase=Erase.ANONYMISE, blank={"note": ""}, why="Cohorts keep their numbers."
    )

    class Meta:
        ordering = ["-term__starts_on", "person__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "term"],
                name="one_membership_a_term",
                violation_error_message="This person already has a membership in that term.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_kind_display().lower()} in {self.term}"
