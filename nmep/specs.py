"""What an assignment asks for: one current text, and every earlier one kept for the work handed in under it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from nmep.models import Assignment, SpecRevision


@transaction.atomic
def revise(assignment: Assignment, text: str, *, note: str = "", now: datetime) -> SpecRevision:
    """Make `text` what the assignment asks for; the same text again changes nothing."""
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    head = SpecRevision.objects.filter(assignment=locked).order_by("-n").first()
    if locked.text != text:
        Assignment.objects.filter(pk=locked.pk).update(text=text)
    assignment.text = text
    if head is not None and head.text == text:
        return head
    return SpecRevision.objects.create(
        assignment=locked, n=head.n + 1 if head else 1, text=text, note=note, created_at=now
    )
