from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from events import speakers
from events.models import SpeakerVisit
from tests.factories.contacts import make_contact
from tests.factories.events import make_event
from tests.factories.members import make_member


def make_visit(*, contact=None, event=None, host=None, state="idea", **fields):
    """A speaker at a stage, as it stands in the table; with an event in three days' time unless it is an idea."""
    now = timezone.now()
    host = host or make_member()
    if event is None and state not in ("idea", "put_off"):
        event = make_event(hosts=[host])
    times = {"invited_at": now - timedelta(days=9), "answered_at": now - timedelta(days=8)}
    if state in ("idea", "put_off"):
        times = {}
    if state == "invited":
        del times["answered_at"]
    if state == "thanked":
        times["thanked_at"] = now
    return SpeakerVisit.objects.create(
        contact=contact or make_contact(), event=event, host=host, state=state, **{**times, **fields}
    )


def make_invited(*, contact=None, event=None, host=None, proposed=(), now=None, **fields):
    """Somebody who was invited by the process, with a letter and a link."""
    host = host or make_member()
    visit = make_visit(contact=contact, host=host)
    return speakers.invite(
        visit,
        event=event if event or proposed else make_event(hosts=[host]),
        proposed=proposed,
        subject="Would you speak?",
        letter="Dear guest, would you?",
        by=host,
        now=now or timezone.now(),
        **fields,
    )
