from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from members.models.topics import Topic
from mlclub.privacy import Erase, Policy


class Organization(models.Model):
    """A company, a lab, a club of the campus: whom the club has to do with, beyond one person's term."""

    class Kind(models.TextChoices):
        COMPANY = "company", "Company"
        LAB = "lab", "Lab"
        CAMPUS_CLUB = "campus_club", "Campus club"
        UNIVERSITY = "university", "University"
        OTHER = "other", "Other"

    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.COMPANY)
    name = models.CharField(max_length=120)
    website = models.URLField(max_length=300, blank=True)
    description = models.TextField(max_length=4000, blank=True, help_text="What they do. Markdown.")
    # Made anew from its pixels by `mlclub.uploads.image` before it comes here.
    logo = models.ImageField(upload_to="organizations/", blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="who looks after it",
        help_text="The member who answers them.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    personal_data = Policy(
        owners=("owner",),
        on_erase=Erase.KEEP,
        why="An organization stays the club's when who looked after it goes.",
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="one_organization_a_name",
                violation_error_message="There is an organization of this name already.",
            ),
            models.CheckConstraint(
                condition=Q(name__gt=""),
                name="organization_has_a_name",
                violation_error_message="Give it a name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def logo_url(self) -> str:
        """Where its logo is shown; empty without one."""
        return reverse("members:organization_logo", args=[self.pk]) if self.logo else ""


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: Any) -> ContactQuerySet:
        """Officers see them; nobody else does."""
        if user.is_authenticated and user.has_perm("members.view_contact"):
            return self
        return self.none()

    def present(self) -> ContactQuerySet:
        """Those who were not erased."""
        return self.filter(erased_at=None)


class Contact(models.Model):
    """Somebody outside the club whom it writes to: a speaker, a recruiter, the lead of another club."""

    name = models.CharField(max_length=120)
    email = models.EmailField("mail address", blank=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.SET_NULL, null=True, blank=True, related_name="contacts"
    )
    role = models.CharField(
        max_length=120, blank=True, help_text="What they are there, e.g. research scientist."
    )
    topics = models.ManyToManyField(
        Topic,
        blank=True,
        related_name="+",
        verbose_name="teaches us about",
        help_text="What to ask them about.",
    )
    notes = models.TextField(max_length=4000, blank=True, help_text="For officers. They may ask to read it.")
    source = models.CharField(
        "where the address comes from",
        max_length=200,
        blank=True,
        help_text="Such as: gave it to us at the fair, an alumna knows them, their public page.",
    )
    agreed_on = models.DateField(
        "agreed to be kept on",
        null=True,
        blank=True,
        help_text="When they said that the club may keep the address.",
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="account",
        help_text="Where they have one here; found by their proven address.",
    )

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ContactQuerySet.as_manager()
    personal_data = Policy(
        owners=("user",),
        on_erase=Erase.ANONYMISE,
        blank={
            "name": "Erased contact",
            "email": "",
            "role": "",
            "notes": "",
            "source": "",
            "agreed_on": None,
            "organization": None,
        },
        why="That somebody from outside spoke here is the club's record; who it was goes.",
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(email__gt=""),
                name="one_contact_an_address",
                violation_error_message="There is a contact with this address already.",
            ),
            models.CheckConstraint(
                condition=Q(name__gt=""), name="contact_has_a_name", violation_error_message="Give the name."
            ),
        ]
        permissions = [("erase_contact", "Can erase contacts")]

    def __str__(self) -> str:
        return self.name

    @property
    def affiliation(self) -> str:
        """Role and organization in one line, as far as they are known."""
        return ", ".join(
            part for part in (self.role, self.organization.name if self.organization else "") if part
        )
