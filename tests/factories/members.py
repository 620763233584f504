from __future__ import annotations

from datetime import date, timedelta
from itertools import count

from django.contrib.auth.models import Group

from members.models import Club, Membership, Office, OfficeTerm, Term, User

number = count(1)


def make_club(*, time_zone="America/Los_Angeles", **fields):
    club, _ = Club.objects.update_or_create(
        pk=1, defaults={"name": "Tidewater Learning Club", "time_zone": time_zone, **fields}
    )
    return club


def make_term(*, starts_on=None, weeks=15, name=None, slug=None):
    """A term; without a first day, the one that began seven weeks ago (made once)."""
    if starts_on is None:
        today = date.today()
        starts_on = today - timedelta(days=today.weekday() + 42)
    term = Term.objects.filter(starts_on=starts_on).first()
    if term:
        return term
    n = next(number)
    return Term.objects.create(
        name=name or f"Term {n}",
        slug=slug or f"t{n}",
        starts_on=starts_on,
        ends_on=starts_on + timedelta(weeks=weeks, days=-3),
    )


def make_user(*, name=None, email=None, **fields):
    """An account without a membership."""
    n = next(number)
    return User.objects.create_user(email or f"person{n}@club.example", name=name or f"Person {n}", **fields)


def make_member(*, term=None, kind=Membership.Kind.MEMBER, status=Membership.Status.ACTIVE, **fields):
    """A person with a membership in `term` (the current one unless given)."""
    user = make_user(**fields)
    Membership.objects.create(person=user, term=term or make_term(), kind=kind, status=status)
    return user


def make_new_member(**fields):
    return make_member(kind=Membership.Kind.NEW, **fields)


def make_alumnus(**fields):
    past = make_term(starts_on=date.today() - timedelta(days=400))
    make_term()
    return make_member(term=past, status=Membership.Status.ALUMNUS, **fields)


def make_office(*, slug="president", permissions=()):
    """An office with exactly these permissions ("app.codename")."""
    from django.contrib.auth.models import Permission

    group, _ = Group.objects.get_or_create(name=f"Office: {slug}")
    for permission in permissions:
        app, _, codename = permission.partition(".")
        group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    office, _ = Office.objects.get_or_create(slug=slug, defaults={"name": slug.title(), "group": group})
    return office


def make_officer(*, slug="president", **fields):
    """An active member who holds an office with all its seeded rights, second factor set up."""
    from allauth.mfa.models import Authenticator

    from members import offices

    offices.seed()
    user = make_member(**fields)
    today = date.today()
    OfficeTerm.objects.create(
        person=user,
        office=Office.objects.get(slug=slug),
        starts_on=today - timedelta(days=60),
        ends_on=today + timedelta(days=60),
    )
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user
