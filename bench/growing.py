"""Ten times the data of whatever club is there."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from bench import crowd
from events.models import Attendance, Event, Registration
from members.models import Notification, Term, User
from mlclub import planner
from nmep.models import Enrolment, Offering
from projects.models import Initiative
from wiki.models import Page, Revision


def grow(times: int) -> dict[str, int]:
    """Make everything `times` as many: people in the current term and in old ones, what they did before them.

    New events lie mostly in the years before; of those in the next four weeks there are twice as many, each with
    `times` as many people.
    """
    more = times - 1
    before = crowd.sizes()
    _, term = crowd.club()
    terms = crowd.old_terms(more * 2)
    old_members = list(User.objects.filter(memberships__term=term, memberships__status="active"))
    everybody = User.objects.count()
    newcomers = crowd.people(len(old_members) * more, [term])
    crowd.people((everybody - len(old_members)) * more, terms)
    active = [*old_members, *newcomers]
    _events(more, active)
    _library(more, active)
    _programme(more, terms, newcomers)
    crowd.initiatives(Initiative.objects.count() * more, active, terms[0])
    crowd.notifications(max(Notification.objects.count(), len(active)) * more, active)
    planner.look_again()
    after = crowd.sizes()
    return {name: after[name] for name in before}


def _events(more: int, active: list[User]) -> None:
    now = timezone.now()
    soon = list(Event.objects.filter(starts_at__gte=now, starts_at__lt=now + timedelta(weeks=4)))
    total = Event.objects.count()
    wanted = (Registration.objects.count() + Attendance.objects.count()) * more
    each = max(3, round(Registration.objects.live().count() / max(total, 1)))
    extra = crowd.events(len(soon), now + timedelta(hours=3), now + timedelta(weeks=4), hosts=active)
    for event in soon:
        going = Registration.objects.live().filter(event=event).count()
        crowd.registrations([event], active, going * more)
    crowd.registrations(extra, active, each * (more + 1))
    first = Term.objects.order_by("starts_on").values_list("starts_on", flat=True)[0]
    length = now.date() - first
    past = crowd.events(
        max(0, total * more - len(extra)), now - length, now - timedelta(days=1), hosts=active
    )
    crowd.registrations(past, active, max(3, wanted // 2 // max(len(past), 1)))


def _library(more: int, active: list[User]) -> None:
    total = Page.objects.count()
    revisions = max(1, round(Revision.objects.count() / max(total, 1)))
    crowd.pages(total * more, active, revisions=revisions)


def _programme(more: int, terms: list[Term], people: list[User]) -> None:
    """An offering with the same number of learners in each old term, and ten times the learners in the running one."""
    running = Offering.objects.live().order_by("-term__starts_on").first()
    learners = running.enrolments.learners().count() if running else 10
    for at, term in enumerate(terms):
        start = at * learners % max(1, len(people) - learners)
        crowd.offering(term, people[start : start + learners], people[-3:], state=Offering.State.ARCHIVED)
    if running:
        there = set(running.enrolments.values_list("person", flat=True))
        Enrolment.objects.bulk_create(
            Enrolment(offering=running, person=person)
            for person in people[: learners * more]
            if person.pk not in there
        )
