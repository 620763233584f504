from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from members.models import AuditEntry, Break, Club, Notification
from mlclub.refusal import Refused
from nmep import deadlines, meetings
from nmep.models import Assignment, Enrolment, Milestone, Offering
from tests.factories import make_club, make_member, make_registration
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_session
from tests.factories.slots import make_claim, make_sheet, make_slot

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    """A class in three days with a homework due with it, in a running programme."""
    make_club()
    offering = make_offering(intro="")
    starts_at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    session = make_session(offering=offering, starts_at=starts_at, title="Shells")
    make_assignment(offering=offering, key="hw1", title="Counting", due_session=session, due_days=1)
    deadlines.reconcile(timezone.now())
    return session


def page(session, verb="move"):
    return reverse(f"nmep:session_{verb}", args=[session.offering.slug, session.pk])


def typed(moment):
    return timezone.localtime(moment, Club.current().zone).strftime("%Y-%m-%dT%H:%M")


def told():
    return sorted(Notification.objects.values_list("person__name", "address", "kind"), key=str)


def move(session, *, by=None, now=None, place="Hall 306", seen=None, **later):
    now = now or timezone.now()
    event = Event.objects.get(pk=session.event_id)
    return meetings.move(
        session,
        starts_at=event.starts_at + timedelta(**later),
        place=place,
        seen=event.schedule_version if seen is None else seen,
        by=by or make_member(),
        now=now,
    )


def test_everybody_gets_one_mail_about_a_class_that_moves_and_its_due_dates(session):
    offering = session.offering
    lead = make_lead(offering=offering, person=make_member(name="Lead"))
    learner = make_enrolment(offering=offering, person=make_member(name="Learner"))
    going = make_enrolment(offering=offering, person=make_member(name="Going"))
    make_enrolment(offering=offering, person=make_member(name="Helper"), role=Enrolment.Role.HELPER)
    make_enrolment(offering=offering, person=make_member(name="Observer"), role=Enrolment.Role.OBSERVER)
    make_enrolment(offering=offering, person=make_member(name="Left"), state=Enrolment.State.WITHDREW)
    make_registration(event=session.event, user=going.person)
    make_registration(event=session.event, user=make_member(name="Guest member"))
    make_registration(event=session.event, name="Walk-in", email="walkin@club.example")

    outcome = move(session, by=lead, days=2)
    deadlines.reconcile(timezone.now())
    call_command("notify", "--once", verbosity=0)

    assert told() == [
        ("Going", None, "nmep-meeting-moved"),
        ("Guest member", None, "event-moved"),
        ("Helper", None, "nmep-meeting-moved"),
        ("Lead", None, "nmep-meeting-moved"),
        ("Learner", None, "nmep-meeting-moved"),
        (None, "walkin@club.example", "event-moved"),
    ]
    assert (outcome.mails, outcome.shifts) == (6, 1)
    assert len(mail.outbox) == 6
    mine = next(message for message in mail.outbox if message.to == [learner.person.email])
    due = timezone.localtime(Assignment.objects.get().due_at, Club.current().zone).strftime("%A")
    assert "New time: Shells" in mine.subject
    assert f"HW1: Counting is now due {due}" in mine.body
    assert not mine.attachments
    theirs = next(message for message in mail.outbox if message.to == [going.person.email])
    assert [name for name, _, _ in theirs.attachments] == ["event.ics"]


def test_the_second_click_moves_and_tells_nothing(session):
    make_enrolment(offering=session.offering)
    by, now = make_member(), timezone.now()
    starts_at = session.event.starts_at + timedelta(days=2)
    first = meetings.move(session, starts_at=starts_at, place="Hall 306", seen=0, by=by, now=now)
    second = meetings.move(session, starts_at=starts_at, place="Hall 306", seen=0, by=by, now=now)
    assert (first.is_changed, second.is_changed) == (True, False)
    assert Notification.objects.filter(kind="nmep-meeting-moved").count() == 1
    assert AuditEntry.objects.filter(action="meeting-moved").count() == 1


def test_whoever_looked_before_another_moved_it_looks_again(session):
    move(session, days=1)
    with pytest.raises(meetings.ChangedMeanwhile):
        move(session, days=1, seen=0)


def test_a_class_that_moves_twice_is_told_once_with_where_it_is_now(session):
    make_enrolment(offering=session.offering)
    move(session, days=1)
    move(session, days=1)
    call_command("notify", "--once", verbosity=0)
    rows = Notification.objects.filter(kind="nmep-meeting-moved").order_by("pk")
    assert [(row.status, row.reason) for row in rows] == [("skipped", "it changed again"), ("sent", "")]
    assert len(mail.outbox) == 1


def test_a_new_place_is_told_without_a_word_of_due_dates_that_moved(session):
    make_enrolment(offering=session.offering)
    move(session, place="Lab 2")
    call_command("notify", "--once", verbosity=0)
    (message,) = mail.outbox
    assert message.subject.startswith("New place: Shells")
    assert "HW1: Counting stays due" in message.body
    assert "It was at: Hall 306" in message.body


def test_a_promised_date_is_held_and_said_so_before(client, session):
    client.force_login(make_lead(offering=session.offering))
    earlier = session.event.starts_at - timedelta(days=2)
    words = client.get(
        f"{page(session)}?{urlencode({'starts_at': typed(earlier), 'place': ''})}"
    ).content.decode()
    assert "it never gets earlier" in words
    move(session, days=-2)
    assert Assignment.objects.get().due_at > earlier + timedelta(days=2)


def test_the_page_shows_everything_that_goes_with_the_meeting(client, session):
    offering = session.offering
    Milestone.objects.create(offering=offering, title="Midterm", due_session=session)
    make_assignment(offering=offering, key="hw2", title="Next", open_session=session)
    sheet = make_sheet(title="Papers")
    make_claim(
        slot=make_slot(sheet=sheet, event=session.event, title="First"), person=make_member(name="Ada")
    )
    hidden = make_sheet(title="Orals", hides_names=True)
    make_claim(slot=make_slot(sheet=hidden, event=session.event), person=make_member(name="Bo Secret"))
    lead = make_lead(offering=offering)
    make_enrolment(offering=offering)
    other = make_session(
        offering=offering, starts_at=session.event.starts_at + timedelta(days=1), title="Other"
    )
    Break.objects.create(
        term=offering.term,
        name="Recess",
        starts_on=timezone.localdate(other.event.starts_at, Club.current().zone),
        ends_on=timezone.localdate(other.event.starts_at, Club.current().zone),
    )
    client.force_login(lead)
    answer = client.get(page(session), {"starts_at": typed(other.event.starts_at), "place": "Hall 306"})
    words = answer.content.decode()
    for expected in ["HW1: Counting is due", "HW2: Next opens", "Midterm", "Papers: First", "Ada", "Orals"]:
        assert expected in words
    assert "Bo Secret" not in words
    assert "is at the same time" in words
    assert "That day is in a break: Recess" in words
    assert "Move it, mail 2" in words
    session.event.refresh_from_db()
    moved = client.post(
        page(session),
        {
            "starts_at": typed(other.event.starts_at),
            "place": "Hall 306",
            "seen": session.event.schedule_version,
        },
        follow=True,
    )
    assert "Moved. 1 due date moved with it. 2 mails go out." in moved.content.decode()


def test_a_slot_in_it_is_told_to_whoever_holds_it(session):
    ada = make_enrolment(offering=session.offering, person=make_member(name="Ada"))
    make_enrolment(offering=session.offering, person=make_member(name="Bo"))
    make_claim(slot=make_slot(event=session.event, title="Paper one"), person=ada.person)
    move(session, days=1)
    call_command("notify", "--once", verbosity=0)
    assert {message.to[0]: "Paper one" in message.body for message in mail.outbox} == {
        ada.person.email: True,
        Enrolment.objects.get(person__name="Bo").person.email: False,
    }


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"starts_at": "soon"}, "Give day and time as"),
        ({"starts_at": "2001-01-01T20:00"}, "That time is in the past."),
        ({"seen": "99"}, "Somebody changed this meeting meanwhile."),
    ],
)
def test_a_move_that_cannot_be_is_said(client, session, fields, sentence):
    client.force_login(make_lead(offering=session.offering))
    data = {
        "starts_at": typed(timezone.now() + timedelta(days=9)),
        "place": "Hall 306",
        "seen": "0",
        **fields,
    }
    answer = client.post(page(session), data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Notification.objects.exists()


def test_a_meeting_that_is_over_stays_where_it_was(session):
    with pytest.raises(Refused, match="is over"):
        move(session, days=1, now=session.event.ends_at + timedelta(hours=1))


def test_a_draft_moves_freely_and_tells_nobody(session):
    Offering.objects.update(state=Offering.State.DRAFT)
    make_lead(offering=session.offering)
    outcome = move(session, days=-30)
    assert (outcome.is_changed, outcome.mails) == (True, 0)


def test_a_cancelled_class_is_told_once_and_what_was_due_stays_due(client, session):
    lead = make_lead(offering=session.offering)
    learner = make_enrolment(offering=session.offering)
    make_registration(event=session.event, user=learner.person)
    due_at = Assignment.objects.get().due_at
    client.force_login(lead)
    assert "Cancel it, mail 2" in client.get(page(session, "cancel")).content.decode()
    answer = client.post(
        page(session, "cancel"), {"reason": "The hall is flooded.", "seen": "0"}, follow=True
    )
    client.post(page(session, "cancel"), {"reason": "Again.", "seen": "0"})
    call_command("notify", "--once", verbosity=0)
    assert "Cancelled. 2 mails go out." in answer.content.decode()
    assert {message.to[0] for message in mail.outbox} == {lead.email, learner.person.email}
    mine = next(message for message in mail.outbox if message.to == [learner.person.email])
    assert "The hall is flooded." in mine.body
    assert "HW1: Counting stays due" in mine.body
    assert Assignment.objects.get().due_at == due_at
    assert AuditEntry.objects.get(action="meeting-cancelled").after == {"reason": "The hall is flooded."}


def test_a_cancellation_needs_a_reason(client, session):
    client.force_login(make_lead(offering=session.offering))
    assert client.post(page(session, "cancel"), {"reason": "", "seen": "0"}).status_code == 422
    session.event.refresh_from_db()
    assert not session.event.is_cancelled


def test_nothing_moves_in_an_archived_term(client, session):
    Offering.objects.update(state=Offering.State.ARCHIVED)
    client.force_login(make_lead(offering=session.offering))
    for verb in ("move", "cancel"):
        assert "archived" in client.get(page(session, verb)).content.decode()
        data = {
            "starts_at": typed(timezone.now() + timedelta(days=9)),
            "place": "",
            "seen": "0",
            "reason": "x",
        }
        assert client.post(page(session, verb), data).status_code == 422
    assert Event.objects.get(pk=session.event_id).schedule_version == 0


def test_a_learner_moves_nothing(client, session):
    client.force_login(make_enrolment(offering=session.offering).person)
    assert client.get(page(session)).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_looking_ahead_costs_the_same_however_much_hangs_on_it(
    client, session, size, django_assert_max_num_queries
):
    for n in range(size):
        make_assignment(offering=session.offering, key=f"more{n}", due_session=session)
        make_claim(slot=make_slot(event=session.event))
        make_enrolment(offering=session.offering)
    client.force_login(make_lead(offering=session.offering))
    with django_assert_max_num_queries(17):
        client.get(page(session), {"starts_at": typed(timezone.now() + timedelta(days=9)), "place": ""})
