from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.models.events import Event
from mlclub.privacy import NOT_PERSONAL, Erase, Policy


class Preparation(models.Model):
    """What somebody should know and have set up before an event, a workshop above all."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, related_name="preparation")
    prerequisites = models.TextField(
        blank=True, help_text="What to know before: link pages of the wiki or modules. Markdown."
    )
    setup = models.TextField(
        "setup steps",
        blank=True,
        help_text="A checklist, a line each: “- [ ] Install …”. It is mailed the day before to those who are going.",
    )
    repo_url = models.URLField("repository", max_length=500, blank=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Before {self.event}"


class SetupAnswer(models.Model):
    """Whether somebody's setup works; hosts see who needs help."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="setup_answers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    works = models.BooleanField("my setup works")
    note = models.CharField(max_length=300, blank=True, help_text="Where you are stuck.")
    at = models.DateTimeField(default=timezone.now)

    personal_data = Policy(owners=("person",), on_erase=Erase.DELETE)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "person"],
                name="one_setup_answer_a_person",
                violation_error_message="This person has answered already.",
            ),
            models.CheckConstraint(
                condition=Q(works=False) | Q(note=""),
                name="setup_that_works_needs_no_note",
                violation_error_message="Only whoever is stuck says where.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {'works' if self.works else 'needs help'}"
