from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from members.models import Term
from mlclub.privacy import NOT_PERSONAL


class SlotSheetQuerySet(models.QuerySet["SlotSheet"]):
    def visible_to(self, user: Any) -> SlotSheetQuerySet:
        """Members' sheets to readers of the members' area, others to those invited and those who run them.
        A sheet that another app owns is found through that app: see `events.slot_access`."""
        if not user.is_authenticated:
            return self.none()
        invited = Exists(SlotSheet.invited.through.objects.filter(slotsheet=OuterRef("pk"), user=user))
        hosted = Exists(SlotSheet.hosts.through.objects.filter(slotsheet=OuterRef("pk"), user=user))
        seen = hosted | Q(invited, audience=SlotSheet.Audience.INVITED)
        if user.has_perm("events.change_slotsheet"):
            seen |= ~Q(audience=SlotSheet.Audience.OWNER)
        elif user.standing.reads_members_area:
            seen |= Q(audience=SlotSheet.Audience.MEMBERS)
        return self.filter(seen)


class SlotSheet(models.Model):
    """Places that people put themselves down for: paper talks, oral exams, chapters, a running order."""

    class Kind(models.TextChoices):
        PAPER = "paper", "Paper talks"
        ORAL = "oral", "Oral exams"
        LECTURE = "lecture", "Lectures"
        SHOWCASE = "showcase", "Showcase"
        CHAPTER = "chapter", "Chapters"
        UPDATE = "update", "Research updates"
        TALK = "talk", "Presenters"
        OTHER = "other", "Slots"

    class Mode(models.TextChoices):
        FIRST_COME = "first_come", "First come, first served"
        RANKED = "ranked", "Ranked wishes, then a draw"

    class Audience(models.TextChoices):
        MEMBERS = "members", "Members"
        INVITED = "invited", "By invitation"
        OWNER = "owner", "As its programme says"

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.OTHER)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.FIRST_COME)
    title = models.CharField(max_length=120)
    text = models.TextField(blank=True, help_text="What to prepare, how long, whom to ask. Markdown.")
    term = models.ForeignKey(Term, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    audience = models.CharField("for", max_length=7, choices=Audience.choices, default=Audience.MEMBERS)
    invited = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Who sees it when it is by invitation.",
    )
    hosts = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="hosted_sheets")
    opens_at = models.DateTimeField("opens", null=True, blank=True, help_text="Empty: at once.")
    closes_at = models.DateTimeField(
        "closes", null=True, blank=True, help_text="Empty: each slot closes when it begins."
    )
    max_claims = models.PositiveSmallIntegerField(
        "slots each", default=1, validators=[MinValueValidator(1)], help_text="How many a person may hold."
    )
    asks_topic = models.BooleanField("ask what it will be about", default=False)
    takes_questions = models.BooleanField(
        "take a question from everybody beforehand",
        default=False,
        help_text="Those who present read them, and whoever runs the sheet.",
    )
    offers_mentor = models.BooleanField("offer a presentation mentor", default=False)
    hides_names = models.BooleanField(
        "private",
        default=False,
        help_text="Others see whether a slot is taken, not by whom.",
    )

    # The draw of a ranked sheet: with the same wishes and this seed it comes out the same.
    seed = models.PositiveIntegerField(null=True, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SlotSheetQuerySet.as_manager()
    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(closes_at__gt=F("opens_at")),
                name="sheet_closes_after_it_opens",
                violation_error_message="It must close after it opens.",
            ),
            models.CheckConstraint(
                condition=Q(max_claims__gte=1),
                name="sheet_gives_a_slot",
                violation_error_message="A person may hold at least one slot.",
            ),
            models.CheckConstraint(
                condition=Q(mode="ranked") | Q(published_at=None), name="only_a_draw_is_published"
            ),
        ]
        permissions = [("view_hidden_claim", "Can see who holds a private slot")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Leads to the owner's page where another app owns the sheet."""
        return reverse("events:sheet_detail", args=[self.pk])

    @property
    def takes_wishes(self) -> bool:
        """Whether people rank slots; once the draw is published, what is left is first come."""
        return self.mode == self.Mode.RANKED and self.published_at is None

    def is_open(self, now: datetime) -> bool:
        return (self.opens_at is None or self.opens_at <= now) and (
            self.closes_at is None or now < self.closes_at
        )
