import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Visibility
from members.models import AuditEntry, Notification
from mlclub.refusal import Refused
from nmep import deadlines, stages
from nmep.models import Assignment, Offering, Session
from tests.factories import make_club, make_member, make_officer
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = pytest.mark.django_db
State = Offering.State


@pytest.fixture
def draft():
    make_club()
    offering = make_offering(state=State.DRAFT, slug="plan")
    session = make_session(offering=offering)
    Event.objects.update(visibility=Visibility.INVITED)
    Session.objects.update(opens_to=Visibility.MEMBERS)
    make_assignment(offering=offering, due_session=session)
    Assignment.objects.update(promised_at=None)
    return offering


def page(offering):
    return reverse("nmep:offering_state", args=[offering.slug])


def at(offering, state):
    Offering.objects.filter(pk=offering.pk).update(state=state)
    offering.refresh_from_db()
    return offering


def take(offering, to, *, by, **more):
    return stages.take(offering, to, by=by, now=timezone.now(), **more)


def test_a_lead_brings_a_term_from_its_draft_into_the_archive_step_by_step(client, draft):
    lead = make_lead(offering=draft)
    client.force_login(lead)
    for label, state in [
        ("Open it", "open"),
        ("Start it", "running"),
        ("Close it", "closing"),
        ("Archive it", "archived"),
    ]:
        assert label in client.get(page(draft)).content.decode()
        client.post(page(draft), {"to": state})
        draft.refresh_from_db()
        assert draft.state == state
    entries = AuditEntry.objects.filter(action="offering-state").order_by("pk")
    assert [(row.before["state"], row.after["state"]) for row in entries] == [
        ("draft", "open"),
        ("open", "running"),
        ("running", "closing"),
        ("closing", "archived"),
    ]
    assert not Notification.objects.exists()


def test_opening_shows_the_meetings_and_promises_the_due_dates(draft):
    take(draft, State.OPEN, by=make_lead(offering=draft))
    assert Event.objects.get().visibility == Visibility.MEMBERS
    assert Session.objects.get().opens_to == ""
    work = Assignment.objects.get()
    assert work.promised_at == work.due_at is not None


def test_a_term_that_is_taken_back_hides_its_meetings_again(draft):
    lead = make_lead(offering=draft)
    take(draft, State.OPEN, by=lead)
    take(draft, State.DRAFT, by=lead)
    assert Event.objects.get().visibility == Visibility.INVITED
    assert Session.objects.get().opens_to == Visibility.MEMBERS


def test_a_term_with_learners_is_not_taken_back(draft):
    lead = make_lead(offering=draft)
    take(draft, State.OPEN, by=lead)
    make_enrolment(offering=draft)
    with pytest.raises(Refused):
        take(draft, State.DRAFT, by=lead)


def test_before_a_draft_is_opened_its_stale_texts_are_named(client, draft):
    Offering.objects.filter(pk=draft.pk).update(intro="Code: ABC123\nsee /nowhere/ [x](/nowhere/)")
    client.force_login(make_lead(offering=draft))
    words = client.get(page(draft)).content.decode()
    assert "1 text still speaks of another term." in words
    assert reverse("nmep:offering_stale", args=[draft.slug]) in words
    assert "Open it all the same" in words


def test_what_waits_is_said_before_a_term_is_archived(client, draft):
    at(draft, State.CLOSING)
    work = make_assignment(offering=draft, key="hw5")
    make_submission(assignment=work, enrolment=make_enrolment(offering=draft))
    client.force_login(make_lead(offering=draft))
    words = client.get(page(draft)).content.decode()
    assert "1 hand-in without a review would stay so." in words
    assert "1 learner is neither complete nor out." in words


def test_only_an_officer_reopens_the_archive_and_says_why(client, draft):
    at(draft, State.ARCHIVED)
    client.force_login(make_lead(offering=draft))
    assert "An officer can reopen it" in client.get(page(draft)).content.decode()
    client.post(page(draft), {"to": "closing", "reason": "mine"})
    assert at(draft, State.ARCHIVED).state == State.ARCHIVED
    officer = make_officer(slug="education")
    client.force_login(officer)
    assert client.post(page(draft), {"to": "closing", "reason": ""}).status_code == 422
    assert AuditEntry.objects.filter(action="offering-state").count() == 0
    client.post(page(draft), {"to": "closing", "reason": "A mark was wrong."})
    draft.refresh_from_db()
    entry = AuditEntry.objects.get(action="offering-state")
    assert (draft.state, entry.actor, entry.after) == (
        "closing",
        officer,
        {"state": "closing", "reason": "A mark was wrong."},
    )


@pytest.mark.parametrize("to", ["running", "archived", "nonsense", ""])
def test_no_step_is_left_out(client, draft, to):
    client.force_login(make_lead(offering=draft))
    client.post(page(draft), {"to": to})
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_the_second_click_changes_nothing(draft):
    lead = make_lead(offering=draft)
    assert (take(draft, State.OPEN, by=lead), take(draft, State.OPEN, by=lead)) == (True, False)
    assert AuditEntry.objects.filter(action="offering-state").count() == 1


def test_due_dates_of_an_archived_term_stay_as_they_were(draft):
    at(draft, State.ARCHIVED)
    before = Assignment.objects.get().due_at
    deadlines.reconcile(timezone.now(), offering=draft)
    assert Assignment.objects.get().due_at == before


def test_a_learner_does_not_see_the_page(client, draft):
    at(draft, State.RUNNING)
    client.force_login(make_enrolment(offering=draft).person)
    assert client.get(page(draft)).status_code == 404
    client.force_login(make_member())
    assert client.get(page(draft)).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_the_page_costs_the_same_for_any_number_of_meetings(
    client, draft, size, django_assert_max_num_queries
):
    for _ in range(size):
        make_session(offering=draft)
    client.force_login(make_lead(offering=draft))
    for state in (State.DRAFT, State.RUNNING):
        at(draft, state)
        with django_assert_max_num_queries(15):
            client.get(page(draft))
