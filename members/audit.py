from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from members.models import AuditEntry, User


def subject_of(obj: models.Model) -> str:
    """The text by which the audit trail and the ledger name a row: "app.model:pk"."""
    return f"{obj._meta.label_lower}:{obj.pk}"


def record(
    actor: User | None,
    action: str,
    subject: models.Model | str,
    *,
    before: Any = None,
    after: Any = None,
    address: str | None = None,
) -> AuditEntry:
    """Write one line of the audit trail, in the caller's transaction. `before` and `after` are JSON."""
    return AuditEntry.objects.create(
        at=timezone.now(),
        actor=actor,
        action=action,
        subject=subject if isinstance(subject, str) else subject_of(subject),
        before=before,
        after=after,
        address=address,
    )
