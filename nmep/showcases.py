"""The showcase: who presents when, what the projector shows, and what the listeners said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from events import feedback
from events.models import Event
from members import audit
from members.ledger import tell
from members.models import User
from mlclub.refusal import Refused
from nmep.models import Capstone, CapstoneMember, Offering, Session, Showcase, ShowcaseTalk
from nmep.notifications import FeedbackReleased


def session_of(offering: Offering) -> Session | None:
    """The meeting at which the groups present."""
    return (
        Session.objects.filter(offering=offering, kind=Session.Kind.SHOWCASE)
        .select_related("event", "offering__term", "offering__program")
        .order_by("event__starts_at")
        .first()
    )


def of(session: Session) -> Showcase | None:
    return Showcase.objects.filter(session=session).select_related("session__event", "current").first()


def groups(offering: Offering) -> list[Capstone]:
    """The groups that can present: they have people, and did not end."""
    people = CapstoneMember.objects.live().filter(capstone=OuterRef("pk"))
    rows = Capstone.objects.filter(offering=offering).filter(Exists(people)).live()
    return list(rows.with_people())


@transaction.atomic
def save_order(session: Session, places: Mapping[int, int], *, minutes: int, by: User) -> Showcase:
    """Keep the running order: capstone → number. Equal numbers keep their former order; gaps close. Raises `Refused`."""
    session.offering.check_changes()
    Session.objects.select_for_update(of=("self",)).get(pk=session.pk)
    showcase, _ = Showcase.objects.get_or_create(session=session)
    showcase.minutes = minutes
    showcase.save(update_fields=["minutes"])
    before = {row.capstone_id: row for row in ShowcaseTalk.objects.filter(showcase=showcase)}
    known = {row.pk for row in groups(session.offering)}

    def place(pk: int) -> tuple[int, int, int]:
        return places.get(pk, 999), before[pk].position if pk in before else 999, pk

    for row in before.values():
        if row.capstone_id not in known and row.form_id is None:
            row.delete()
    for position, pk in enumerate(sorted(known, key=place), start=1):
        ShowcaseTalk.objects.update_or_create(
            capstone_id=pk, defaults={"showcase": showcase, "position": position}
        )
    if showcase.published_at:
        _ask(showcase)
        audit.record(by, "running-order-changed", session)
    return showcase


@transaction.atomic
def publish(showcase: Showcase, *, by: User, now: datetime) -> bool:
    """Everybody sees the order, and each talk has its feedback form. False: it was published before."""
    showcase = (
        Showcase.objects.select_for_update(of=("self",)).select_related("session__event").get(pk=showcase.pk)
    )
    if showcase.published_at:
        return False
    if not showcase.talks.exists():
        raise Refused("There is no group in the running order yet.")
    showcase.published_at = now
    showcase.save(update_fields=["published_at"])
    _ask(showcase)
    audit.record(by, "running-order-published", showcase.session)
    return True


def _ask(showcase: Showcase) -> None:
    """A form for each talk that has none; those who present do not answer their own."""
    talks = ShowcaseTalk.objects.filter(showcase=showcase).select_related("capstone__initiative", "form")
    for talk in talks:
        people = User.objects.filter(
            enrolments__capstones__capstone=talk.capstone, enrolments__capstones__left_at=None
        )
        if talk.form is None:
            talk.form = feedback.ask(showcase.session.event, str(talk.capstone), feedback.TALK, about=people)
            talk.save(update_fields=["form"])
        else:
            talk.form.about.set(people)


def show(showcase: Showcase, talk: ShowcaseTalk | None) -> None:
    """What the projector shows from now on."""
    Showcase.objects.filter(pk=showcase.pk).update(current=talk)


@transaction.atomic
def release(talk: ShowcaseTalk, *, by: User, now: datetime) -> bool:
    """Let the group read its feedback, and tell it once. Raises `feedback.TooFew`."""
    if talk.form is None or not feedback.release(talk.form, by=by, now=now):
        return False
    members = (
        CapstoneMember.objects.live().filter(capstone=talk.capstone_id).select_related("enrolment__person")
    )
    for row in members:
        tell(FeedbackReleased, row.enrolment.person, about=talk.capstone, slot=str(talk.form_id), now=now)
    return True


def mark_presented(now: datetime) -> None:
    """Once the showcase is over, the groups of its running order have presented."""
    Capstone.objects.filter(
        talk__showcase__published_at__isnull=False,
        talk__showcase__session__event__ends_at__lte=now,
        talk__showcase__session__event__state=Event.State.SCHEDULED,
        offering__in=Offering.objects.live(),
    ).exclude(state__in=[Capstone.State.PRESENTED, Capstone.State.ARCHIVED]).update(
        state=Capstone.State.PRESENTED, presented_at=now
    )
