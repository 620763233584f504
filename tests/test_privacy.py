"""What only some may know is found in no page, calendar or mail of anybody else; and what was erased is gone.

A canary is a word that stands in one place and is looked for everywhere.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events import feedback
from events.models import Attendance
from members import erasure
from members.models import Membership, User
from nmep import handing_in, leaving, reviewing
from nmep.gathered import personal_data
from nmep.models import Part
from tests.access import doors, fixtures, table
from tests.factories import make_event, make_new_member, make_officer, make_page, make_registration
from tests.factories.nmep import given, make_assignment, make_enrolment, make_submission
from tests.factories.projects import make_initiative, make_update

world, in_the_world, ask = fixtures.world, fixtures.in_the_world, fixtures.ask

#: The canary, and who may meet it.
CANARIES = {
    "canary.mail@club.example": {*doors.OFFICES},  # shown to officers alone, as its person chose
    "canary-nuts": {"member", "host"},  # what somebody eats: theirs and the hosts'
    "canary-room": {"member", "host", *doors.OFFICES},  # the meeting link: who goes, who runs it
    "canary-cell": {"new member", "lead", "reviewer", "education"},
    "canary-comment": {"new member", "lead", "reviewer", "education"},
    "canary-review": {"new member", "lead", "reviewer", "education"},
    "canary-draft": {"participant"},  # not handed in yet: nobody's but its author's
    "canary-plan": {"new member", "member", "lead", "education"},  # what a capstone handed in
    "canary-keep": {
        "lead",
        "education",
    },  # what listeners said, before its release: whoever reads it for kindness
    "canary-few": set(),  # below four answers nobody reads them
    "canary-slower": {"reviewer", "lead", "education"},  # what a class said: its teacher's and the leads'
    "canary-leaving": {"lead", "education"},  # why somebody wants to leave
    "canary-half-said": {"reviewer"},  # a review that is not posted yet
    "canary-held": {"reviewer", "lead", "education"},  # a finished review that nobody has released
    "canary-held-remark": {"reviewer", "lead", "education"},  # what goes with it
}
#: The owner's calendar at its secret address: it holds what its owner may know, whoever asks.
OWNERS_FEED = "events:personal_feed"
WHO = [
    "anonymous",
    "account",
    "participant",
    "new member",
    "member",
    "host",
    "alumnus",
    "ex-officer",
    "officer",
    "president",
]


@pytest.fixture
def canaries(world):
    """The world with a secret in every place that has one."""
    now = timezone.now()
    User.objects.filter(pk=world.listed.pk).update(email="canary.mail@club.example")
    text_work = make_assignment(offering=world.offering, key="hw2", parts=(Part.Kind.TEXT,))
    handing_in.save_draft(world.participation, text_work, given(text_work, text="canary-draft"), now=now)
    reviewer = world.visitors["reviewer"]
    criterion = world.assignment.criteria.get()
    reviewing.post(
        world.submission,
        reviewer,
        summary="canary-review",
        outcome="return",
        marks={criterion.pk: "close"},
        now=now,
    )
    leaving.ask(world.enrolment, reason="canary-leaving", now=now)
    third = make_submission(enrolment=world.enrolment, assignment=world.assignment, reviewer=reviewer)
    _feedback(world, now)
    reviewing.save(third, reviewer, summary="canary-half-said", outcome="return", marks={}, now=now)
    kept_back = make_assignment(offering=world.offering, key="hw4", holds_reviews=True)
    held = make_submission(enrolment=world.enrolment, assignment=kept_back, reviewer=reviewer)
    vars(world)["kept_review"] = held  # one world for all tests: each has a canary of its own
    reviewing.comment(world.kept_review, reviewer, "canary-held-remark", now=now)
    reviewing.post(world.kept_review, reviewer, summary="canary-held", outcome="return", marks={}, now=now)
    return world


def _feedback(world, now):
    """Four answers about one talk and about a class, one about another talk."""
    ratings = {"clarity": 4, "idea": 4, "result": 4}
    first, second = world.showcase.talks.order_by("position")[:2]
    for n in range(4):
        feedback.give(first.form, ratings=ratings, texts={"keep": "canary-keep"}, now=now, token=f"{n}")
        there = make_new_member()
        Attendance.objects.create(event=world.pulse_session.event, user=there)
        feedback.give(
            world.pulse, ratings={"followed": 2}, texts={"different": "canary-slower"}, now=now, person=there
        )
    feedback.give(second.form, ratings=ratings, texts={"keep": "canary-few"}, now=now, token="9")


def text_of(response):
    if response.streaming:
        return ""
    return response.content.decode(errors="replace")


HELD = ("canary-held", "canary-held-remark")


def held_addresses(world):
    """Where a learner would meet a held review, if anywhere."""
    offering = world.offering.slug
    return [
        reverse("nmep:submission_detail", args=[offering, world.kept_review.pk]),
        reverse("nmep:assignment_detail", args=[offering, "hw4"]),
        reverse("nmep:progress_mine", args=[offering]),
        reverse("portal:home"),
    ]


def test_a_held_review_is_on_no_page_of_its_learner_and_neither_is_that_there_is_one(canaries):
    for address in held_addresses(canaries):
        body = text_of(ask(canaries, "new member", "get", address))
        assert body
        assert [word for word in (*HELD, "held", "Returned") if word in body] == [], address
    exported = str(personal_data(canaries.visitors["new member"]))
    assert [word for word in HELD if word in exported] == []
    assert "canary-review" in exported


def test_its_reviewer_and_the_leads_read_a_held_review(canaries):
    work = held_addresses(canaries)[0]
    for visitor in ("reviewer", "lead", "education"):
        body = text_of(ask(canaries, visitor, "get", work))
        assert [word in body for word in HELD] == [True, True], visitor


@pytest.mark.parametrize("visitor", WHO)
def test_no_page_tells_what_its_reader_may_not_know(canaries, visitor):
    told = []
    secrets = {word for word, who in CANARIES.items() if visitor not in who}
    for name, cases in table.TABLE.items():
        for case in cases:
            if case.get is doors.NO or case.get.expects(visitor) != doors.IN or name == OWNERS_FEED:
                continue
            body = text_of(ask(canaries, visitor, "get", reverse(name, kwargs=case.kwargs(canaries))))
            told += [f"{name} ({case.about}): {word}" for word in secrets if word in body]
            if canaries.feed_token in body:
                told.append(f"{name}: the feed's token")
    searched = text_of(ask(canaries, visitor, "get", reverse("portal:search") + "?q=canary"))
    told += [f"search: {word}" for word in secrets if word in searched]
    assert told == []


def test_who_may_know_is_told(canaries):
    """The canaries are really there: otherwise the test above would find nothing for a wrong reason."""
    work = reverse("nmep:submission_detail", args=["ours", canaries.submission.pk])
    event = canaries.members_event
    for visitor, address, word in [
        ("new member", work, "canary-cell"),
        ("new member", work, "canary-comment"),
        ("new member", work, "canary-review"),
        ("participant", reverse("nmep:assignment_detail", args=["ours", "hw2"]), "canary-draft"),
        ("lead", reverse("nmep:leave_detail", args=["ours", canaries.enrolment.pk]), "canary-leaving"),
        ("host", reverse("events:event_people", args=[event.pk]), "canary-nuts"),
        ("member", event.get_absolute_url(), "canary-room"),
        ("officer", canaries.listed.get_absolute_url(), "canary.mail@club.example"),
    ]:
        assert word in text_of(ask(canaries, visitor, "get", address)), f"{visitor} does not meet {word}"


def test_no_mail_and_no_foreign_calendar_tells_a_secret(canaries):
    call_command("notify", "--once")
    links = {canaries.visitors[name].email for name in ("member", "host")}
    assert mail.outbox
    for letter in mail.outbox:
        whole = str(letter.message()) + letter.body + "".join(part.content for part in letter.alternatives)
        for word in CANARIES:
            if word == "canary-room" and set(letter.to) <= links:
                continue
            if word in letter.to:  # one's own address
                continue
            assert word not in whole, f"{letter.subject} to {letter.to} says {word}"
    public = text_of(ask(canaries, "anonymous", "get", reverse("events:public_feed")))
    assert [word for word in CANARIES if word in public] == []


# ── Erasure over every floor ──


def whole_database():
    """Every value of every table."""
    for model in apps.get_models():
        for row in model._base_manager.values():
            yield model._meta.label, " ".join(str(value) for value in row.values())


@pytest.mark.django_db
def test_after_an_erasure_no_floor_knows_the_person(world):
    person = make_new_member(
        name="Canary Nightjar", email="nightjar@club.example", about="Canary Nightjar sings"
    )
    make_page(text="Some words by somebody", author=person)
    make_registration(event=make_event(), user=person, note="Nightjar eats moths")
    make_update(initiative=make_initiative(team=[person]), author=person)
    enrolment = make_enrolment(offering=world.offering, person=person)
    submission = make_submission(enrolment=enrolment, assignment=world.assignment)
    call_command("notify", "--once")
    Membership.objects.filter(person=person).update(note="Nightjar asked for a break")
    assert [label for label, row in whole_database() if "nightjar" in row.lower()]

    erasure.erase(person, by=make_officer())

    left = [(label, row[:200]) for label, row in whole_database() if "nightjar" in row.lower()]
    assert left == []
    assert submission.authors.count() == 1, "what others are counted with stays, under a pseudonym"
