from __future__ import annotations

from datetime import date

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat
from simple_history.models import HistoricalRecords

from mlclub.privacy import NOT_PERSONAL, Erase, Policy


class Office(models.Model):
    """A role that carries rights: president, officer for education, webmaster."""

    name = models.CharField(max_length=60, unique=True)
    slug = models.SlugField(unique=True)
    duties = models.TextField(blank=True, help_text="What whoever holds it does. Markdown.")
    group = models.OneToOneField(
        Group, on_delete=models.PROTECT, related_name="office", help_text="The rights that come with it."
    )
    order = models.PositiveSmallIntegerField(default=100)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class OfficeTermQuerySet(models.QuerySet["OfficeTerm"]):
    def held_on(self, on: date) -> OfficeTermQuerySet:
        """Those that give rights on the day `on`, which is a day in the club's zone."""
        return self.filter(starts_on__lte=on, ends_on__gte=on)

    def with_rights(self) -> OfficeTermQuerySet:
        """Adds `permissions`: what each carries, as "app.codename"; and `has_second_factor`: whether whoever holds it
        has set one up."""
        carried = Permission.objects.filter(group__office=OuterRef("office")).order_by()
        code = Concat("content_type__app_label", Value("."), "codename")
        return self.annotate(
            permissions=ArraySubquery(carried.values(code=code)),
            has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("person"))),
        )


class OfficeTerm(models.Model):
    """Who holds an office from when to when. The rights come and go with the days, by nobody's hand."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="office_terms"
    )
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="terms")
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")

    # Where `with_rights` was asked for.
    permissions: list[str]
    has_second_factor: bool

    objects = OfficeTermQuerySet.as_manager()
    history = HistoricalRecords()
    personal_data = Policy(
        owners=("person",), on_erase=Erase.KEEP, why="Who held which office is the club's record."
    )

    class Meta:
        ordering = ["-starts_on", "office__order"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="office_ends_after_it_starts",
                violation_error_message="The last day must not come before the first.",
            ),
            models.UniqueConstraint(
                fields=["person", "office", "starts_on"],
                name="one_office_term_a_start",
                violation_error_message="This person already holds this office from that day on.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.office}, {self.starts_on} to {self.ends_on}"
