from __future__ import annotations

from django.conf import settings
from django.db import models

from mlclub.privacy import Erase, Policy


class ProblemReport(models.Model):
    """What a visitor told the officers through "Report a problem"."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    email = models.EmailField("your mail address", blank=True, help_text="If you want an answer.")
    page = models.CharField(max_length=300, blank=True)
    text = models.TextField("what went wrong", max_length=4000)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    personal_data = Policy(owners=("person",), on_erase=Erase.ANONYMISE, blank={"email": "", "text": ""})

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.text[:60]
