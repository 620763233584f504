"""Speakers: from the idea to the thanks. Each step locks the visit's row, happens once, and is told in its transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.formats import date_format

from events import notifications
from events.models import Event, Material, SpeakerVisit, Talk
from members import audit, magic_links, offices
from members.ledger import at, tell
from members.models import Club, Contact, MagicLink, Topic, User
from mlclub import uploads
from mlclub.refusal import Refused as Refused

State = SpeakerVisit.State
#: The thank-you waits for its host from so long after the end.
THANKS_AFTER = timedelta(hours=12)
#: The speaker's page stays for so long after the day.
PAGE_KEPT = timedelta(days=180)
#: What hosts hear of when a speaker changes it after the yes.
HEARD = ("title", "equipment", "recording")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a speaker says about their talk: values of fields of the visit, a picture, the date they chose."""

    said: dict[str, Any] = field(default_factory=dict)
    photo: Any = None
    agreed_on: datetime | None = None


def _locked(visit: SpeakerVisit) -> SpeakerVisit:
    """Whoever changes a visit waits here for whoever else does."""
    return (
        SpeakerVisit.objects.select_for_update(of=("self",))
        .select_related("contact", "event", "host")
        .get(pk=visit.pk)
    )


def _enter(visit: SpeakerVisit, state: str, now: datetime, *more: str) -> None:
    visit.state, visit.since = state, now
    visit.save(update_fields=["state", "since", *more])


# ── Ideas and invitations ──


@transaction.atomic
def suggest(
    contact: Contact,
    *,
    why: str,
    topics: Iterable[Topic] = (),
    by: User,
    host: User | None = None,
    now: datetime,
) -> tuple[SpeakerVisit, bool]:
    """Write down that somebody should be asked. False: they are on the list already, and that row is given."""
    Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    known = SpeakerVisit.objects.filter(
        contact=contact, state__in=[State.IDEA, State.INVITED, State.PUT_OFF]
    ).first()
    if known is not None:
        return known, False
    visit = SpeakerVisit.objects.create(
        contact=contact, why=why.strip(), suggested_by=by, host=host, since=now, created_at=now
    )
    visit.topics.set(topics)
    return visit, True


@transaction.atomic
def take(visit: SpeakerVisit, *, by: User) -> bool:
    """Become the host. False means that somebody already is."""
    return bool(SpeakerVisit.objects.filter(pk=visit.pk, host=None).update(host=by))


def template_letter(visit: SpeakerVisit, by: User) -> dict[str, str]:
    """Subject and text of an invitation to begin from, in the club's words."""
    context = {"visit": visit, "club": Club.current(), "host": by, "contact": visit.contact}
    return {
        "subject": render_to_string("events/speaker_letter.subject.txt", context).strip(),
        "letter": render_to_string("events/speaker_letter.txt", context).strip(),
    }


@transaction.atomic
def invite(
    visit: SpeakerVisit,
    *,
    event: Event | None,
    proposed: Iterable[datetime] = (),
    subject: str,
    letter: str,
    audience: str = "",
    getting_in: str = "",
    by: User,
    now: datetime,
) -> SpeakerVisit:
    """Send the letter, with the link to the speaker's page. Raises Refused where another was faster."""
    # The person first: two officers who invite the same person by two rows meet here.
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=visit.contact_id)
    visit = _locked(visit)
    if not contact.email:
        raise Refused("There is no mail address yet. Add one to the contact.")
    other = SpeakerVisit.objects.filter(contact=contact, state=State.INVITED).select_related("host").first()
    if other is not None:
        who = other.host.display_name if other.host else "Somebody"
        raise Refused(f"{who} has invited {contact.name} already; the answer is still to come.")
    if not visit.can_be_invited:
        raise Refused(f"{contact.name} is {visit.get_state_display().lower()} already.")
    if event is not None and (event.is_cancelled or event.has_begun(now)):
        raise Refused("This event is over or cancelled. Choose another, or propose dates.")
    if (
        event is not None
        and SpeakerVisit.objects.filter(contact=contact, event=event, state=State.CONFIRMED).exists()
    ):
        raise Refused(f"{contact.name} comes to this event already.")
    visit.event, visit.proposed = event, [] if event else sorted(set(proposed))
    visit.subject, visit.letter = subject.strip(), letter.strip()
    visit.audience, visit.getting_in = audience.strip(), getting_in.strip()
    visit.host = visit.host or by
    visit.invited_at, visit.answered_at, visit.answer, visit.agreed_on = now, None, "", None
    visit.state, visit.since = State.INVITED, now
    visit.save()
    link_of(visit, now)
    tell(notifications.SpeakerInvited, None, address=contact.email, about=visit, slot=at(now), now=now)
    audit.record(by, "speaker-invited", visit, after={"event": event.pk if event else None})
    return visit


def link_of(visit: SpeakerVisit, now: datetime) -> MagicLink:
    """The link to the speaker's page: the same in every mail, and good for half a year after the day."""
    day = visit.event.ends_at if visit.event else max([now, *visit.proposed])
    return magic_links.issue(
        notifications.SPEAKER,
        about=visit,
        contact=visit.contact,
        now=now,
        expires_at=max(day, now) + PAGE_KEPT,
    )


@transaction.atomic
def take_back(visit: SpeakerVisit, *, by: User, now: datetime) -> bool:
    """End an invitation that nobody has answered: the link opens nothing any more."""
    visit = _locked(visit)
    if visit.state != State.INVITED:
        return False
    _enter(visit, State.PUT_OFF, now)
    magic_links.revoke(about=visit, now=now)
    audit.record(by, "speaker-invitation-taken-back", visit)
    return True


# ── The speaker's answer ──


@transaction.atomic
def confirm(visit: SpeakerVisit, answer: Answer, *, now: datetime) -> bool:
    """Say yes, or change what was said. True the first time; a second click changes nothing but what was typed.

    Raises Refused where it is too late, or a date is to be chosen and none was.
    """
    visit = _locked(visit)
    if not visit.can_answer(now):
        raise Refused("This can no longer be changed here. Write to your host.")
    is_new = visit.state != State.CONFIRMED
    if visit.event is None and not (answer.agreed_on or visit.agreed_on):
        raise Refused("Choose one of the dates.")
    before = {name: getattr(visit, name) for name in HEARD}
    for name, value in answer.said.items():
        setattr(visit, name, value)
    if answer.photo:
        uploads.delete_with_row(visit.photo)
        visit.photo = answer.photo
    if answer.agreed_on:
        if visit.proposed and answer.agreed_on not in visit.proposed:
            raise Refused("Choose one of the dates that we propose.")
        visit.agreed_on = answer.agreed_on
    if is_new:
        visit.state, visit.since, visit.answered_at, visit.answer = State.CONFIRMED, now, now, ""
    try:
        with transaction.atomic():
            visit.save()
    except IntegrityError as clash:
        raise Refused("You come to this event already.") from clash
    _write_talk(visit)
    if is_new:
        tell(
            notifications.SpeakerConfirmed,
            None,
            address=visit.contact.email,
            about=visit,
            slot=at(now),
            now=now,
        )
        _tell_hosts(visit, "confirmed", now)
    elif any(getattr(visit, name) != was for name, was in before.items()):
        _tell_hosts(visit, "changed", now)
    return is_new


@transaction.atomic
def decline(visit: SpeakerVisit, sentence: str, *, another_date: bool, now: datetime) -> bool:
    """Say no, or that another date would do, with a sentence. A confirmed talk is called off: the hosts are told."""
    visit = _locked(visit)
    state = State.PUT_OFF if another_date else State.DECLINED
    if visit.state == state:
        return False
    if not visit.can_answer(now):
        raise Refused("This can no longer be changed here. Write to your host.")
    _call_off(visit, state, sentence, now)
    _tell_hosts(visit, "put off" if another_date else "declined", now)
    return True


@transaction.atomic
def set_event(visit: SpeakerVisit, event: Event, *, now: datetime) -> None:
    """Give a speaker who chose a date, or who comes another time, their event. Raises Refused where it cannot be."""
    visit = _locked(visit)
    if visit.state != State.CONFIRMED:
        raise Refused("They have not said yes yet.")
    if event.is_cancelled or event.has_begun(now):
        raise Refused("This event is over or cancelled.")
    if visit.event_id == event.pk:
        return
    visit.event = event
    try:
        with transaction.atomic():
            visit.save(update_fields=["event"])
    except IntegrityError as clash:
        raise Refused("They come to this event already.") from clash
    if visit.talk is not None:
        visit.talk.delete()
        visit.talk = None
    _write_talk(visit)
    link_of(visit, now)
    _tell_speaker_of(visit, now, {})


@transaction.atomic
def answer_for(visit: SpeakerVisit, state: str, *, sentence: str, by: User, now: datetime) -> bool:
    """What the speaker told the host in another way: yes, no, another time. False where it was so already."""
    visit = _locked(visit)
    if visit.state == state or visit.state in (State.SPOKE, State.THANKED):
        return False
    if state == State.CONFIRMED:
        visit.answered_at = now
        _enter(visit, state, now, "answered_at")
        _write_talk(visit)
    elif state in (State.DECLINED, State.PUT_OFF):
        _call_off(visit, state, sentence, now)
    else:
        raise Refused("Say yes, no, or another time.")
    audit.record(by, "speaker-answered-elsewhere", visit, after={"state": state})
    return True


def _call_off(visit: SpeakerVisit, state: str, sentence: str, now: datetime) -> None:
    """No, or another time: with the sentence, and without the talk."""
    talk, visit.talk = visit.talk, None
    visit.answer, visit.answered_at = sentence.strip(), now
    _enter(visit, state, now, "answer", "answered_at", "talk")
    if talk is not None:
        talk.delete()


def _write_talk(visit: SpeakerVisit) -> None:
    """The talk with the event: who, what, and what the speaker said of being recorded."""
    if visit.event is None:
        return
    may = {
        "": (None, False),
        SpeakerVisit.Recording.YES: (True, False),
        SpeakerVisit.Recording.AUDIO: (True, True),
        SpeakerVisit.Recording.NO: (False, False),
    }[visit.recording]
    talk = visit.talk or Talk(event=visit.event, position=visit.event.talks.count())
    talk.title, talk.abstract = visit.title, visit.abstract
    talk.may_record, talk.audio_only = may
    account = visit.contact.user
    talk.speaker_names = "" if account else visit.contact.name.replace(",", " ")
    talk.save()
    talk.speakers.set([account] if account else [])
    if visit.talk_id != talk.pk:
        visit.talk = talk
        visit.save(update_fields=["talk"])


def hosts_of(visit: SpeakerVisit) -> list[User]:
    """Who hears what a speaker says: the host, and whoever looks after events."""
    people = {person.pk: person for person in offices.who_answers("events", "president")}
    if visit.host is not None and visit.host.is_active:
        people[visit.host.pk] = visit.host
    return list(people.values())


def _tell_hosts(visit: SpeakerVisit, what: str, now: datetime) -> None:
    for person in hosts_of(visit):
        tell(
            notifications.SpeakerAnswered,
            person,
            about=visit,
            slot=f"{what} {at(now)}",
            data={"what": what},
            now=now,
        )


# ── Slides ──


@transaction.atomic
def add_slides(visit: SpeakerVisit, *, url: str = "", file: Any = None, now: datetime) -> Material:
    """The speaker's slides: they replace what the speaker gave before. Members and who was there see them when it begins."""
    visit = _locked(visit)
    if visit.event is None or not visit.takes_slides(now):
        raise Refused("Slides can be given until the day is over. Send them to your host.")
    for material in _slides(visit):
        uploads.delete_with_row(material.file)
        material.delete()
    return Material.objects.create(
        event=visit.event,
        kind=Material.Kind.SLIDES,
        title=_slides_title(visit),
        url=url,
        file=file or "",
        visible_from=visit.event.starts_at,
        position=visit.event.materials.count(),
        created_at=now,
    )


def slides_of(visit: SpeakerVisit) -> Material | None:
    if visit.event is None:
        return None
    return _slides(visit).first()


def _slides(visit: SpeakerVisit) -> QuerySet[Material]:
    return Material.objects.filter(event=visit.event, kind=Material.Kind.SLIDES, title=_slides_title(visit))


def _slides_title(visit: SpeakerVisit) -> str:
    return f"Slides by {visit.contact.name}"[:160]


# ── Changes of the event ──


def event_changed(event: Event, was: dict[str, str], now: datetime) -> int:
    """Tell the speakers of an event that it moved or is cancelled; called in the transaction that does it."""
    visits = SpeakerVisit.objects.filter(
        event=event, state__in=[State.INVITED, State.CONFIRMED]
    ).select_related("contact")
    told = 0
    for visit in visits:
        visit.event = event
        if event.is_cancelled:
            visit.talk = None
            _enter(visit, State.PUT_OFF, now, "talk")
        told += _tell_speaker_of(visit, now, was)
    return told


def _tell_speaker_of(visit: SpeakerVisit, now: datetime, was: dict[str, str]) -> bool:
    event = visit.event
    if event is None or not visit.contact.email:
        return False
    return tell(
        notifications.SpeakerEventChanged,
        None,
        address=visit.contact.email,
        about=visit,
        slot=f"{event.pk} {notifications.version_slot(event)}",
        data=was,
        now=now,
    )


# ── Afterwards ──


def close_over(now: datetime) -> int:
    """Who spoke has spoken; their host finds a thank-you to send the next day. The tick calls it."""
    over = SpeakerVisit.objects.filter(
        state=State.CONFIRMED, event__state=Event.State.SCHEDULED, event__ends_at__lte=now - THANKS_AFTER
    )
    count = 0
    for visit in over.select_related("contact", "event", "host"):
        with transaction.atomic():
            won = SpeakerVisit.objects.filter(pk=visit.pk, state=State.CONFIRMED).update(
                state=State.SPOKE, since=now, thanks=visit.thanks or template_thanks(visit)
            )
            if won:
                people = [visit.host] if visit.host and visit.host.is_active else hosts_of(visit)
                for person in people:
                    tell(notifications.SpeakerToThank, person, about=visit, slot="thanks", now=now)
                count += 1
    return count


def template_thanks(visit: SpeakerVisit) -> str:
    """A thank-you to begin from. Nothing goes out before the host has read and sent it."""
    came = visit.event.attendances.count() if visit.event else 0
    context = {"visit": visit, "club": Club.current(), "came": came, "contact": visit.contact}
    return render_to_string("events/speaker_thanks.txt", context).strip()


@transaction.atomic
def thank(visit: SpeakerVisit, text: str, *, by: User, now: datetime) -> bool:
    """Send the thank-you, once. False means that somebody already had."""
    visit = _locked(visit)
    if visit.state == State.THANKED:
        return False
    if visit.state != State.SPOKE:
        raise Refused("They have not spoken yet.")
    visit.thanks, visit.thanked_at = text.strip(), now
    _enter(visit, State.THANKED, now, "thanks", "thanked_at")
    if visit.contact.email:
        tell(
            notifications.SpeakerThanked,
            None,
            address=visit.contact.email,
            about=visit,
            slot="thanks",
            data={"by": by.display_name},
            now=now,
        )
    audit.record(by, "speaker-thanked", visit)
    return True


# ── People ──


def history_of(contact: Contact) -> list[SpeakerVisit]:
    """Everything that the club and this person had to do with each other as host and speaker, newest first."""
    return list(
        SpeakerVisit.objects.filter(contact=contact)
        .select_related("event", "host")
        .order_by("-created_at", "-pk")
    )


def account_found(user: User) -> None:
    """The talks of a speaker who turns out to have an account become the account's."""
    for visit in SpeakerVisit.objects.filter(contact__user=user, talk__isnull=False).select_related("talk"):
        if visit.talk is not None:
            visit.talk.speaker_names = ""
            visit.talk.save(update_fields=["speaker_names"])
            visit.talk.speakers.add(user)


def forget(contact: Contact) -> None:
    """Empty what says who a speaker was; that there was a talk stays."""
    for visit in SpeakerVisit.objects.filter(contact=contact).select_related("talk"):
        if visit.talk is not None:
            visit.talk.speaker_names = ""
            visit.talk.save(update_fields=["speaker_names"])
        uploads.delete_with_row(visit.photo)
        for name, value in SpeakerVisit.personal_data.blank.items():
            setattr(visit, name, value)
        visit.save()


def spoken(moment: datetime) -> str:
    """A proposed date in words, in the club's zone."""
    local = moment.astimezone(Club.current().zone)
    return f"{date_format(local, 'D j F Y, H:i')} {local.tzname()}"
