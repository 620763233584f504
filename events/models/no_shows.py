from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from events.models.series import Series
from mlclub.privacy import NOT_PERSONAL


class NoShowRuleQuerySet(models.QuerySet["NoShowRule"]):
    def in_force(self) -> NoShowRuleQuerySet:
        return self.filter(is_on=True)


class NoShowRule(models.Model):
    """What follows when somebody had a seat several times and was not there. Off until the club switches it on;
    nobody but the person ever sees it, and it ends by itself."""

    class Consequence(models.TextChoices):
        BEHIND = "behind", "Goes behind others where seats are few"
        CONFIRM = "confirm", "Is asked a day before to confirm, where others wait"

    series = models.OneToOneField(
        Series,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="no_show_rule",
        help_text="Empty: the whole club.",
    )
    missed = models.PositiveSmallIntegerField(
        "times missed", default=2, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    weeks = models.PositiveSmallIntegerField(
        "within weeks", default=8, validators=[MinValueValidator(1), MaxValueValidator(52)]
    )
    consequence = models.CharField(max_length=8, choices=Consequence.choices, default=Consequence.BEHIND)
    is_on = models.BooleanField("in force", default=False)
    # What was missed before anybody could know of the rule does not count.
    since = models.DateTimeField("counts from", default=timezone.now)

    objects = NoShowRuleQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                Coalesce("series", 0),
                name="one_no_show_rule",
                violation_error_message="There is a rule already.",
            ),
            models.CheckConstraint(
                condition=Q(missed__gte=1, weeks__gte=1), name="no_show_rule_counts_something"
            ),
        ]

    def __str__(self) -> str:
        where = self.series.name if self.series else "The whole club"
        return f"{where}: {self.missed} missed in {self.weeks} weeks"
