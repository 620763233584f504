from __future__ import annotations

from datetime import timedelta
from itertools import count

from django.utils import timezone

from members.models import Pairing, PairingMember, Topic
from nmep import capstones, showcases
from nmep.models import Capstone, Enrolment, Milestone, Session
from projects.models import Initiative
from tests.factories.members import make_member
from tests.factories.nmep import make_enrolment, make_offering, make_session

idea_number = count(1)


def make_topic(name):
    return Topic.objects.get_or_create(name=name, slug=name.lower().replace(" ", "-"))[0]


def make_capstone(
    *, offering=None, size=3, people=None, name=None, topics=(), mentor=None, now=None, **changes
):
    """A group of `size` new learners (or of the enrolments given) through the doors that everybody takes."""
    offering = offering or (people[0].offering if people else make_offering())
    people = people if people is not None else [make_enrolment(offering=offering) for _ in range(size)]
    now = now or timezone.now()
    first = people[0] if people else make_enrolment(offering=offering)
    capstone = capstones.propose(
        first,
        name=name or f"Idea {next(idea_number)}",
        summary="What the tide does to the gauges.",
        topics=[make_topic(topic) for topic in topics],
        now=now,
    )
    for enrolment in people[1:]:
        capstones.join(capstone, enrolment, now=now)
    if not people:
        capstones.leave(first, now=now)
        Enrolment.objects.filter(pk=first.pk).update(state=Enrolment.State.WITHDREW)
    if mentor is not None:
        make_mentoring(capstone=capstone, mentor=mentor, now=now)
    if changes:
        Capstone.objects.filter(pk=capstone.pk).update(**changes)
    return Capstone.objects.with_people().select_related("offering__term").get(pk=capstone.pk)


def make_mentoring(*, capstone, mentor=None, now=None):
    """An accepted mentor."""
    now = now or timezone.now()
    pairing = Pairing.objects.create(
        kind=Pairing.Kind.CAPSTONE_MENTOR,
        term_id=capstone.offering.term_id,
        state=Pairing.State.ACTIVE,
        published_at=now,
        created_at=now,
    )
    mentor = mentor or make_member()
    PairingMember.objects.create(
        pairing=pairing, person=mentor, part="mentor", answer="accepted", answered_at=now
    )
    Capstone.objects.filter(pk=capstone.pk).update(mentoring=pairing)
    capstone.pairings.add(pairing)
    return mentor


def make_milestone(*, offering, title="Proposal", due_at=None, **fields):
    """A step of the capstones, due on the day of a meeting that it follows."""
    due_at = due_at or timezone.now() + timedelta(days=3)
    session = make_session(offering=offering, starts_at=due_at - timedelta(hours=3))
    local = due_at.astimezone(offering.zone)
    fields.setdefault("due_time", local.time())
    return Milestone.objects.create(
        offering=offering,
        kind=Milestone.Kind.CAPSTONE,
        title=title,
        due_session=session,
        due_days=(local.date() - session.event.starts_at.astimezone(offering.zone).date()).days,
        **fields,
    )


def make_showcase(*, offering, starts_at=None, lead=None, is_published=True, visibility="public"):
    """A showcase with the running order of all groups."""
    starts_at = starts_at or timezone.now() - timedelta(minutes=10)
    session = make_session(
        offering=offering, starts_at=starts_at, kind=Session.Kind.SHOWCASE, title="Showcase"
    )
    session.event.visibility = visibility
    session.event.save()
    lead = lead or make_member()
    showcase = showcases.save_order(session, {}, minutes=9, by=lead)
    if is_published:
        showcases.publish(showcase, by=lead, now=timezone.now())
        showcase.refresh_from_db()
    return showcase


def make_past_capstone(**fields):
    """One that was presented and waits for what happens next."""
    fields.setdefault("presented_at", timezone.now() - timedelta(days=1))
    capstone = make_capstone(state=Capstone.State.PRESENTED, **fields)
    Initiative.objects.filter(pk=capstone.initiative_id).update(state=Initiative.State.RUNNING)
    return capstone
