"""The demo club adds up, and every sign-in button finds a life behind it."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from events.models import Attendance, Event
from members.demo import MAIL_DOMAIN, ROLES, terms_around
from members.models import Membership, OfficeTerm, Term, User
from projects.models import Initiative, Output, Update
from tests.factories.members import make_member
from wiki.models import Paper, PaperNote, Placement, ReadingList, ReadMark


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demo club, made once for this module and rolled back after it."""
    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        call_command("seed_demo", verbosity=0)
        yield Term.objects.order_by("-starts_on")[1]
        transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


@pytest.fixture
def db_of_demo(demo, django_db_blocker):
    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        yield demo
        transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


def test_the_people_add_up(db_of_demo):
    term = db_of_demo
    active = Membership.objects.filter(term=term, status="active")
    members = User.objects.filter(memberships__isnull=False).distinct().count()
    kinds = {kind: active.filter(kind=kind).count() for kind in Membership.Kind.values}
    assert (members, active.count()) == (145, 78)
    assert (kinds["new"], kinds["fellow"]) == (15, 4)
    assert User.objects.filter(memberships__isnull=True).count() == 40
    on = term.starts_on
    assert OfficeTerm.objects.held_on(on).values("person").distinct().count() == 9


def test_each_term_has_its_arrivals(db_of_demo):
    terms = Term.objects.order_by("starts_on")[:4]
    arrivals = [Membership.objects.filter(term=term, kind="new").count() for term in terms]
    active = [Membership.objects.filter(term=term, status="active").count() for term in terms]
    assert arrivals == [12, 16, 13, 15]
    assert active == [66, 71, 78, 78]


def test_the_initiatives_add_up(db_of_demo):
    assert Initiative.objects.count() == 40
    assert 200 <= Update.objects.count() <= 280
    assert 25 <= Output.objects.count() <= 40


def test_eight_reading_lists_hold_ninety_six_papers(db_of_demo):
    assert (ReadingList.objects.count(), Paper.objects.count()) == (8, 96)
    assert not Paper.objects.filter(placements=None).exists()
    assert not Paper.objects.filter(authors_text="", is_untitled=False).exists()


def test_nobody_keeps_marks_or_notes_papers_before_joining(db_of_demo):
    first = dict(Membership.objects.order_by("-term__starts_on").values_list("person", "term__starts_on"))
    acts = [
        *ReadMark.objects.values_list("person", "marked_at"),
        *PaperNote.objects.values_list("author", "written_at"),
        *Placement.objects.exclude(added_by=None).values_list("added_by", "added_at"),
    ]
    assert len(acts) > 200
    assert [pk for pk, at in acts if at.date() < first[pk]] == []


def test_the_events_are_as_many_as_a_club_has(db_of_demo):
    assert 300 <= Event.objects.count() <= 400


def test_nobody_attends_two_things_at_once(db_of_demo):
    clashes = 0
    seen: dict[tuple[int, object], int] = {}
    for user, event, starts_at in Attendance.objects.exclude(user=None).values_list(
        "user_id", "event_id", "event__starts_at"
    ):
        clashes += seen.setdefault((user, starts_at), event) != event
    assert clashes == 0


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_home_with_something_on_it(db_of_demo, settings, role):
    settings.DEMO = True
    client = Client()
    client.force_login(User.objects.get(email=f"{role}@{MAIL_DOMAIN}"))
    session = client.session
    session["demo_second_factor"] = True
    session.save()
    page = client.get(reverse("portal:home")).content.decode()
    rows = len(re.findall(r'<li class="row"', page))
    least = 0 if role in {"alumnus", "course-participant"} else 3
    assert least <= rows <= 20, role
    assert len(page) < 60_000


def test_no_text_is_filler(db_of_demo):
    found = []
    for model in apps.get_models():
        if model._meta.app_label not in {"members", "wiki", "events", "projects", "nmep"}:
            continue
        for field in model._meta.get_fields():
            if getattr(field, "get_internal_type", lambda: "")() == "TextField":
                found += model.objects.filter(**{f"{field.name}__icontains": "lorem ipsum"})[:1]
    assert found == []


@pytest.mark.parametrize(
    "today",
    [
        date(2026, 1, 1),
        date(2026, 2, 17),
        date(2026, 6, 30),
        date(2026, 7, 2),
        date(2026, 12, 31),
        date(2028, 2, 29),
    ],
)
def test_the_club_is_always_in_week_seven_and_no_two_terms_share_a_name(today):
    terms = terms_around(today)
    assert (today - terms[3][2]).days // 7 + 1 == 7
    assert len({name for name, *_ in terms}) == len({slug for _, slug, *_ in terms}) == 5
    assert all(earlier[3] < later[2] for earlier, later in pairwise(terms))


@pytest.mark.django_db
def test_a_club_with_real_members_is_never_touched():
    member = make_member(email="somebody@university.example")
    with pytest.raises(CommandError, match="not of the demo club"):
        call_command("seed_demo", "--wipe")
    assert User.objects.get() == member
