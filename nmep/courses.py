"""Courses for people from outside: coming in without being a member, and weeks at one's own pace.

What is written without an account counts for nothing until its address is proven.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from events.models import Event, Visibility
from members import audit, invitations
from members.ledger import tell
from members.models import Invitation, User
from mlclub.refusal import Refused
from nmep import enrolling
from nmep.models import CourseApplication, CoursePolicy, Enrolment, Offering, WeekCheckIn
from nmep.notifications import ApplicationDecided, ConfirmApplication

State = CourseApplication.State


def _locked(offering: Offering) -> Offering:
    """Whoever takes or gives a place waits here for the other."""
    return Offering.objects.select_for_update(of=("self",)).get(pk=offering.pk)


def places_left(policy: CoursePolicy) -> int | None:
    """Free places for learners; None where there are as many as come."""
    if policy.places is None:
        return None
    taken = Enrolment.objects.learners().filter(offering=policy.offering_id)
    return max(0, policy.places - taken.exclude(state=Enrolment.State.WITHDREW).count())


@transaction.atomic
def apply(
    policy: CoursePolicy,
    *,
    user: User | None = None,
    name: str = "",
    email: str = "",
    wants: str,
    text: str = "",
    now: datetime,
) -> tuple[CourseApplication, bool]:
    """Ask to be in a course. The second click gets the first one's answer; False says that it was there already.

    Without an account nothing counts yet: a mail leads to proving the address, and the row waits for that.
    Raises Refused where the course takes nobody now.
    """
    offering = _locked(policy.offering)
    if not policy.is_open(now):
        raise Refused("This course takes nobody at the moment.")
    if wants == CourseApplication.Wants.AUDIT and not policy.takes_auditors:
        raise Refused("Nobody audits this course.")
    if user and Enrolment.objects.active().filter(person=user, offering=offering).exists():
        raise Refused("You are in this course already.")
    email = email.strip().lower()
    whose: dict[str, Any] = {"user": user} if user else {"user": None, "email__iexact": email}
    known = CourseApplication.objects.live().filter(offering=offering, **whose).first()
    if known is not None:
        if user is None:
            _ask_to_confirm(known, now)
        return known, False
    application = CourseApplication.objects.create(
        offering=offering,
        user=user,
        name="" if user else name.strip(),
        email="" if user else email,
        wants=wants,
        text=text,
        state=State.APPLIED if user else State.UNCONFIRMED,
        created_at=now,
    )
    if user is None:
        _ask_to_confirm(application, now)
    else:
        _let_in_if_open(policy, application, now)
    return application, True


def _ask_to_confirm(application: CourseApplication, now: datetime) -> None:
    """One mail a day at most, with an invitation for whoever has no account: it proves the address in every mode."""
    email = application.email
    if not User.objects.filter(email=email).exists() and invitations.open_for(email, now) is None:
        Invitation.objects.create(
            email=email, name=application.name, created_at=now, expires_at=now + invitations.LASTS
        )
    day = now.date().isoformat()
    tell(ConfirmApplication, None, address=email, about=application, slot=day, now=now)


@transaction.atomic
def address_proven(user: User, email: str, now: datetime) -> int:
    """What was written under a now proven address is the account's; says how many applications."""
    rows = CourseApplication.objects.live().filter(user=None, email__iexact=email).select_related("offering")
    count = 0
    for application in rows.order_by("pk"):
        _locked(application.offering)
        mine = CourseApplication.objects.live().filter(offering=application.offering, user=user)
        if mine.exists():
            # They have applied with the account too: that one counts.
            application.state = State.WITHDRAWN
            application.save(update_fields=["state"])
            continue
        application.user, application.name, application.email = user, "", ""
        if application.state == State.UNCONFIRMED:
            application.state = State.APPLIED
        application.save()
        policy = CoursePolicy.objects.filter(offering=application.offering).select_related("offering").first()
        if policy is not None and application.state == State.APPLIED:
            _let_in_if_open(policy, application, now)
        count += 1
    return count


def _let_in_if_open(policy: CoursePolicy, application: CourseApplication, now: datetime) -> None:
    """Where nobody decides, whoever comes is in while there are places, and in line after that."""
    is_auditor = application.wants == CourseApplication.Wants.AUDIT
    if policy.door != CoursePolicy.Door.OPEN:
        return
    if not is_auditor and places_left(policy) == 0:
        application.state = State.WAITING
        application.save(update_fields=["state"])
        return
    _let_in(application, by=None, now=now)


def _let_in(application: CourseApplication, *, by: User | None, now: datetime) -> None:
    assert application.user is not None  # noqa: S101  whoever is let in has proven an address
    application.state, application.decided_at, application.decided_by = State.ACCEPTED, now, by
    application.save(update_fields=["state", "decided_at", "decided_by"])
    role = (
        Enrolment.Role.AUDITOR
        if application.wants == CourseApplication.Wants.AUDIT
        else Enrolment.Role.LEARNER
    )
    enrolment = enrolling.enrol(application.offering, application.user, now=now, role=role)
    if enrolment.state != Enrolment.State.ACTIVE:
        # Somebody who left comes back.
        enrolment.state = Enrolment.State.ACTIVE
        enrolment.save()


@transaction.atomic
def decide(
    policy: CoursePolicy, pks: Iterable[int], *, is_in: bool, by: User, now: datetime
) -> tuple[int, int]:
    """Accept or decline applications: how many were decided, and how many had been decided before.

    Raises Refused, and decides nothing, where there are fewer places than people.
    """
    offering = _locked(policy.offering)
    rows = list(
        CourseApplication.objects.select_for_update(of=("self",))
        .filter(offering=offering, pk__in=list(pks))
        .select_related("user")
        .order_by("created_at", "pk")
    )
    undecided = [row for row in rows if row.state in CourseApplication.UNDECIDED and row.user]
    if is_in:
        wanted = sum(row.wants == CourseApplication.Wants.LEARN for row in undecided)
        left = places_left(policy)
        if left is not None and wanted > left:
            raise Refused(
                f"There {'is' if left == 1 else 'are'} {left} place{'' if left == 1 else 's'} left for {wanted}."
            )
    for row in undecided:
        row.offering = offering
        if is_in:
            _let_in(row, by=by, now=now)
        else:
            row.state, row.decided_at, row.decided_by = State.DECLINED, now, by
            row.save(update_fields=["state", "decided_at", "decided_by"])
        tell(ApplicationDecided, row.user, about=row, slot=row.state, now=now)
    if undecided:
        audit.record(
            by,
            "applications-accepted" if is_in else "applications-declined",
            offering,
            after={"applications": [row.pk for row in undecided]},
        )
    return len(undecided), len(rows) - len(undecided)


@transaction.atomic
def withdraw(application: CourseApplication, *, now: datetime) -> bool:
    """Take an application back before it was decided. False where it had ended, or they are in already."""
    _locked(application.offering)
    return bool(
        CourseApplication.objects.filter(
            pk=application.pk, state__in=[State.UNCONFIRMED, *CourseApplication.UNDECIDED]
        ).update(state=State.WITHDRAWN, decided_at=now)
    )


def fill_places(now: datetime) -> int:
    """Whoever waits longest gets a place that has become free, in courses whose door is open; the tick calls it."""
    moved = 0
    waiting = CourseApplication.objects.filter(
        state=State.WAITING, offering__course_policy__door=CoursePolicy.Door.OPEN
    )
    for policy in CoursePolicy.objects.filter(offering__in=waiting.values("offering")).select_related(
        "offering"
    ):
        with transaction.atomic():
            _locked(policy.offering)
            left = places_left(policy)
            rows = waiting.filter(offering=policy.offering).select_related("user", "offering")
            for application in rows.order_by("created_at", "pk")[: left if left is not None else None]:
                _let_in(application, by=None, now=now)
                tell(ApplicationDecided, application.user, about=application, slot="place", now=now)
                moved += 1
    return moved


def forget_unproven(now: datetime) -> int:
    """Names and addresses that nobody has proven go when the invitation in their mail runs out; the tick calls it."""
    old = CourseApplication.objects.filter(
        state=State.UNCONFIRMED, user=None, created_at__lt=now - invitations.LASTS
    )
    return old.delete()[0]


def keep_doors_open(now: datetime) -> int:
    """Participants who are no members see the classes of their course: they are invited to what is not public."""
    through = Event.invited.through
    wanted = (
        Enrolment.objects.active()
        .filter(
            role__in=Enrolment.PARTICIPANTS,
            offering__in=Offering.objects.live(),
            offering__course_policy__isnull=False,
            offering__sessions__event__ends_at__gt=now,
        )
        .exclude(offering__sessions__event__visibility=Visibility.PUBLIC)
        .values_list("offering__sessions__event", "person")
        .distinct()
    )
    there = set(through.objects.filter(event__in=[event for event, _ in wanted]).values_list("event", "user"))
    missing = [
        through(event_id=event, user_id=person) for event, person in wanted if (event, person) not in there
    ]
    through.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)


# ── Weeks at one's own pace ──


@transaction.atomic
def check_in(enrolment: Enrolment, week: int, state: str, *, note: str = "", now: datetime) -> WeekCheckIn:
    """Say that a week is done, or that one is stuck; the newest word counts. Raises Refused where none is taken."""
    if not enrolment.is_learning:
        raise Refused("You are not in this course any more.")
    if not enrolment.offering.is_live:
        raise Refused("This course is over.")
    if state not in WeekCheckIn.State.values:
        raise Refused("Say done or stuck.")
    note = note.strip() if state == WeekCheckIn.State.STUCK else ""
    try:
        with transaction.atomic():
            row, _ = WeekCheckIn.objects.update_or_create(
                enrolment=enrolment, week=week, defaults={"state": state, "note": note, "at": now}
            )
    except IntegrityError:
        row = WeekCheckIn.objects.get(enrolment=enrolment, week=week)
    return row


def check_in_of(user: Any, offering: Offering, week: int, *, learns: bool) -> dict[str, Any]:
    """What the page of a week says of one's own check-in; nothing where weeks are not at one's own pace, or where
    `user` does not learn now."""
    policy = getattr(offering, "course_policy", None) if learns else None
    if policy is None or not policy.is_self_paced:
        return {}
    mine = WeekCheckIn.objects.filter(enrolment__person=user, enrolment__offering=offering, week=week)
    return {"check_in": mine.first(), "checks_in": True}
