"""What an event leaves behind: consent to recordings, pictures, feedback to hosts, and thanks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from events import feedback, notifications
from events.locking import locked_event
from events.models import (
    Album,
    AlbumObjection,
    Attendance,
    Event,
    FeedbackForm,
    FeedbackGiven,
    HelperOffer,
    Material,
    Talk,
    ThankYou,
)
from members import audit, thanking
from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused

EVENING = [
    {"key": "good", "label": "How was it?", "kind": "rating", "low": "not for me", "high": "very good"},
    {"key": "next", "label": "One sentence to the hosts", "kind": "text"},
]
#: The app that runs a class asks its own questions as soon as it is over; whoever has not asked by then is asked here.
ASK_AFTER, ASK_WITHIN, OPEN_FOR = timedelta(minutes=15), timedelta(days=2), timedelta(days=6)


# ── Recordings ──


@transaction.atomic
def say_recording(talk: Talk, *, may_record: bool, by: User) -> int:
    """A speaker says whether they may be recorded; a no hides what is there, for everybody, at once. Returns how
    many recordings it hides. The hosts are told by the clock (`notifications.RecordingLocked`), whoever said it."""
    talk = Talk.objects.select_for_update().get(pk=talk.pk)
    if talk.may_record != may_record:
        before, talk.may_record = talk.may_record, may_record
        talk.save(update_fields=["may_record"])
        audit.record(by, "recording.consent", talk.event, before={"may": before}, after={"may": may_record})
    return Material.objects.locked().filter(event=talk.event_id).count()


# ── Pictures ──


def shy_people(event: Event) -> list[User]:
    """Who was there and does not want to be shown; for whoever shares the pictures."""
    return list(User.objects.filter(attendances__event=event, avoids_photographs=True).order_by("name", "pk"))


@transaction.atomic
def share_album(event: Event, url: str, *, by: User, now: datetime) -> Album:
    """Share the pictures. `by` has looked through them again, so that what people objected to is settled."""
    locked_event(event)
    album, _ = Album.objects.update_or_create(
        event=event, defaults={"url": url, "vouched_by": by, "vouched_at": now}
    )
    album.objections.open().update(settled_at=now)
    audit.record(by, "album.shared", event)
    return album


@transaction.atomic
def object_to(album: Album, person: User, which: str, *, now: datetime) -> bool:
    """Somebody does not want to be shown: nobody sees the album until a host has vouched for it again. False: they
    said so before."""
    event = locked_event(album.event)
    if album.objections.open().filter(person=person).exists():
        return False
    objection = AlbumObjection.objects.create(album=album, person=person, which=which.strip()[:200], at=now)
    for host in event.hosts.all():
        tell(notifications.PictureUnwanted, host, about=objection, now=now)
    return True


# ── Feedback ──


def ask_those_who_came(now: datetime, *, besides: Iterable[str] = ()) -> int:
    """One rating and one sentence, for every event that has just ended and nobody else asks about; `besides` are
    kinds of events that have questions of their own."""
    there = Attendance.objects.filter(event=OuterRef("pk"), user__isnull=False)
    asked = FeedbackForm.objects.filter(event=OuterRef("pk"), audience=FeedbackForm.Audience.ATTENDEES)
    ended = Event.objects.scheduled().filter(ends_at__lte=now - ASK_AFTER, ends_at__gt=now - ASK_WITHIN)
    made = 0
    for event in ended.exclude(kind__in=list(besides)).filter(Exists(there), ~Exists(asked)):
        try:
            with transaction.atomic():
                feedback.ask(
                    event,
                    event.title,
                    EVENING,
                    about=event.hosts.all(),
                    audience=FeedbackForm.Audience.ATTENDEES,
                    opens=FeedbackForm.Opens.END,
                    open_for=OPEN_FOR,
                )
        except IntegrityError:
            continue  # another worker was quicker
        made += 1
    return made


def question_for(event: Event, person: User, now: datetime) -> FeedbackForm | None:
    """The feedback form that waits for somebody who was there; one query."""
    given = FeedbackGiven.objects.filter(form=OuterRef("pk"), person=person)
    forms = FeedbackForm.objects.filter(event=event, audience=FeedbackForm.Audience.ATTENDEES)
    form = forms.exclude(about=person).filter(~Exists(given)).first()
    if form is None:
        return None
    form.event = event
    return form if form.is_open(now) else None


# ── Thanks ──


def to_be_thanked(event: Event, by: User) -> list[User]:
    """Who made the event: speakers, helpers and hosts, without the one who thanks."""
    speakers = User.objects.real().filter(talks__event=event)
    helpers = User.objects.real().filter(pk__in=HelperOffer.objects.filter(event=event).values("person"))
    hosts = User.objects.real().filter(hosted_events=event)
    return [person for person in dict.fromkeys([*speakers, *helpers, *hosts]) if person.pk != by.pk]


@transaction.atomic
def keep_thanks(
    event: Event, *, sentence: str, people: Iterable[User], by: User, now: datetime, is_sent: bool
) -> int:
    """Keep the hosts' draft, or send it. Returns how many are thanked by it. Raises `Refused` where it was sent."""
    locked_event(event)
    draft = ThankYou.objects.filter(event=event).first() or ThankYou(event=event)
    if draft.sent_at:
        raise Refused("The thank-you of this event was sent already.")
    if is_sent and now < event.ends_at:
        raise Refused("Thank them when it is over. The draft is kept until then.")
    people = list(people)
    draft.sentence, draft.by, draft.saved_at = sentence, by, now
    draft.sent_at = now if is_sent else None
    draft.save()
    draft.people.set(people)
    if not is_sent:
        return 0
    return thanking.thank(people, by=by, about=event, title=event.title, sentence=sentence, now=now)


# ── The page of an event ──


def left_of(event: Event, user: Any, now: datetime, *, runs: bool, was_there: bool) -> dict[str, Any]:
    """What the page of an event shows when it has begun; nothing before, and nothing of it to strangers."""
    if not user.is_authenticated or not event.has_begun(now):
        return {}
    has_album = getattr(event, "has_album", True)
    album: Any = (
        Album.objects.visible_to(user).with_objections().filter(event=event).first() if has_album else None
    )
    return {
        "album": album,
        "objections": list(album.objections.open().select_related("person"))
        if album and runs and album.has_objections
        else [],
        "question": question_for(event, user, now) if was_there and event.is_over(now) else None,
        "locked": list(Material.objects.locked().filter(event=event))
        if runs and getattr(event, "has_recording", True)
        else [],
    }
