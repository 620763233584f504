"""What a mail provider reports afterwards: anymail's signal, connected once from `apps.py`."""

from __future__ import annotations

from typing import Any

from anymail.signals import EventType, RejectReason, tracking
from django.dispatch import receiver
from django.utils import timezone

from members.ledger import stopping
from members.models import Notification

#: What makes an address bad for good. A full mailbox or a greylisting server is none of these.
FINAL = {RejectReason.INVALID, RejectReason.BOUNCED, RejectReason.SPAM, RejectReason.UNSUBSCRIBED}


@receiver(tracking, dispatch_uid="members.bounces")
def note_event(sender: object, event: Any, **kwargs: object) -> None:
    """A hard bounce or a complaint pauses bulk mail to the address; an event reported twice counts once."""
    is_final = event.event_type == EventType.COMPLAINED or (
        event.event_type in (EventType.BOUNCED, EventType.REJECTED) and event.reject_reason in FINAL
    )
    if not (is_final and event.recipient):
        return
    now = timezone.now()
    reason = (
        "reported as unwanted"
        if event.event_type == EventType.COMPLAINED
        else (event.mta_response or event.description or "the mail came back")
    )
    stopping.pause(event.recipient, reason, now=now, event_id=str(event.event_id or ""))
    if event.message_id and event.event_type != EventType.COMPLAINED:
        Notification.objects.filter(provider_id=event.message_id, status=Notification.Status.SENT).update(
            status=Notification.Status.DEAD, reason=f"It came back: {reason}"[:300]
        )
