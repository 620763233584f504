"""What a mail provider reports afterwards: anymail's signal, connected once from `apps.py`."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from anymail.signals import EventType, RejectReason, tracking
from django.db import IntegrityError, transaction
from django.dispatch import receiver
from django.utils import timezone

from members.ledger import stopping
from members.models import MailEvent, Notification, Suppression

#: What makes an address bad for good. A full mailbox or a greylisting server is none of these.
FINAL = {RejectReason.INVALID, RejectReason.BOUNCED, RejectReason.SPAM, RejectReason.UNSUBSCRIBED}
#: So many mails put off within so long: nobody reads there.
MOST_PUT_OFF, WITHIN = 5, timedelta(days=14)

Kind, Cause = MailEvent.Kind, Suppression.Cause


@receiver(tracking, dispatch_uid="members.bounces")
def note_event(sender: object, event: Any, **kwargs: object) -> None:
    """A hard bounce, a complaint, or many soft ones pause bulk mail to the address; a report made twice counts once."""
    kind = kind_of(event)
    if kind is None or not event.recipient:
        return
    now = timezone.now()
    address = event.recipient.strip().lower()
    detail = event.mta_response or event.description or ""
    noted = MailEvent(
        event_id=str(event.event_id or uuid.uuid4())[:200],
        address=address,
        kind=kind,
        detail=detail[:300],
        at=now,
    )
    try:
        with transaction.atomic():
            noted.save()
    except IntegrityError:
        return
    if kind is Kind.PUT_OFF:
        lately = MailEvent.objects.filter(address=address, kind=kind, at__gt=now - WITHIN).count()
        if lately >= MOST_PUT_OFF:
            stopping.pause(address, f"put off {lately} times in two weeks", now=now, cause=Cause.SOFT)
        return
    cause, reason = {
        Kind.COMPLAINED: (Cause.COMPLAINT, "reported as unwanted"),
        Kind.UNSUBSCRIBED: (Cause.UNSUBSCRIBED, "unsubscribed at the mail provider"),
    }.get(kind, (Cause.BOUNCE, detail or "the mail came back"))
    stopping.pause(address, reason, now=now, cause=cause, event_id=str(event.event_id or ""))
    if event.message_id and kind is Kind.BOUNCED:
        Notification.objects.filter(provider_id=event.message_id, status=Notification.Status.SENT).update(
            status=Notification.Status.DEAD, reason=f"It came back: {reason}"[:300]
        )


def kind_of(event: Any) -> MailEvent.Kind | None:
    """What the provider's event is to us; None for deliveries, openings and clicks, which nobody keeps."""
    match event.event_type:
        case EventType.COMPLAINED:
            return Kind.COMPLAINED
        case EventType.UNSUBSCRIBED:
            return Kind.UNSUBSCRIBED
        case EventType.BOUNCED | EventType.REJECTED:
            return Kind.BOUNCED if event.reject_reason in FINAL else Kind.PUT_OFF
        case EventType.DEFERRED:
            return Kind.PUT_OFF
        case _:
            return None
