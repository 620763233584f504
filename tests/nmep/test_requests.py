from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from events.models import Attendance
from members.models import AuditEntry, Notification
from mlclub.refusal import Refused
from nmep import absences, acts, extensions, handing_in, progress
from nmep.models import Absence, Deviation, Enrolment, ExtensionRequest, MarkChange, Offering
from tests.factories.mastery import make_absence, make_request
from tests.factories.members import make_officer
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = pytest.mark.django_db


def meetings(enrolment):
    return [row.state for row in progress.of(enrolment, timezone.now()).meetings]


@pytest.fixture
def term():
    """Three classes that another learner came to, and one to come."""
    offering = make_offering(max_absences=0)
    other = make_enrolment(offering=offering)
    for week in (3, 2, 1):
        session = make_session(offering=offering, starts_at=timezone.now() - timedelta(weeks=week))
        Attendance.objects.create(event=session.event, user=other.person, at=session.starts_at)
    make_session(offering=offering, starts_at=timezone.now() + timedelta(days=2))
    return offering


# ── Absences ──


def test_an_excused_class_does_not_count_as_missed(term):
    learner = make_enrolment(offering=term)
    first, second, third, _ = term.sessions.all()
    make_absence(enrolment=learner, session=first, state="excused")
    make_absence(enrolment=learner, session=second, state="declined")
    make_absence(enrolment=learner, session=third, state="asked")
    standing = progress.of(learner, timezone.now())
    assert [row.state for row in standing.meetings] == ["excused", "absent", "asked"]
    assert standing.absences == 2
    assert standing.reasons == ("Missed 2 classes; 0 are allowed.",)
    assert standing.ticks == ("e", "n", "n")


def test_who_comes_half_an_hour_after_the_beginning_is_late(term):
    learner = make_enrolment(offering=term)
    session = term.sessions.first()
    Attendance.objects.create(
        event=session.event, user=learner.person, at=session.starts_at + timedelta(minutes=30)
    )
    assert meetings(learner)[0] == "late"
    assert progress.of(learner, timezone.now()).attended_count == 1


def test_a_learner_says_that_they_cannot_come_and_every_lead_gets_one_mail_that_names_nobody(client, term):
    learner, leads = make_enrolment(offering=term), [make_lead(offering=term) for _ in range(2)]
    coming = term.sessions.last()
    client.force_login(learner.person)
    url = reverse("nmep:absence_mine", args=[term.slug])
    answer = {"session": coming.pk, "reason": "illness", "text": "A fever."}
    for _ in range(2):
        assert client.post(url, answer).status_code == 302
    assert [(row.session, row.state, row.text) for row in Absence.objects.all()] == [
        (coming, "asked", "A fever.")
    ]
    call_command("notify", "--once")
    assert sorted(to for message in mail.outbox for to in message.to) == sorted(p.email for p in leads)
    for message in mail.outbox:
        told = message.subject + message.body
        assert [word for word in ("fever", "llness", learner.person.name) if word in told] == []
        assert reverse("nmep:absence_decide", args=[term.slug, Absence.objects.get().pk]) in message.body


def test_a_class_that_was_attended_is_long_past_or_somebody_elses_cannot_be_excused(client, term):
    learner = make_enrolment(offering=term)
    attended = term.sessions.all()[2]
    Attendance.objects.create(event=attended.event, user=learner.person)
    long_past, elsewhere = term.sessions.first(), make_session()
    client.force_login(learner.person)
    for session in (attended, long_past, elsewhere):
        response = client.post(
            reverse("nmep:absence_mine", args=[term.slug]),
            {"session": session.pk, "reason": "other", "text": "kept words"},
        )
        assert response.status_code == 422
        assert "kept words" in response.content.decode()
    assert not Absence.objects.exists()


def test_an_absence_is_taken_back_until_a_lead_has_answered(client, term):
    learner = make_enrolment(offering=term)
    absence = make_absence(enrolment=learner, session=term.sessions.last())
    url = reverse("nmep:absence_take_back", args=[term.slug, absence.pk])
    client.force_login(make_enrolment(offering=term).person)
    assert client.post(url).status_code == 404
    client.force_login(learner.person)
    assert client.get(url).status_code == 405
    client.post(url)
    assert not Absence.objects.exists()
    absence = make_absence(enrolment=learner, session=term.sessions.last(), state="excused")
    client.post(reverse("nmep:absence_take_back", args=[term.slug, absence.pk]))
    assert Absence.objects.get() == absence


def test_a_lead_excuses_in_one_click_and_the_learner_is_told_that_there_is_an_answer(client, term):
    learner, lead = make_enrolment(offering=term), make_lead(offering=term)
    absence = make_absence(enrolment=learner, session=term.sessions.last(), text="A fever.")
    client.force_login(lead)
    page = client.get(reverse("nmep:request_list", args=[term.slug])).content.decode()
    assert "A fever." in page
    url = reverse("nmep:absence_decide", args=[term.slug, absence.pk])
    assert "A fever." in client.get(url).content.decode()
    absence.refresh_from_db()
    assert absence.state == "asked"
    for _ in range(2):
        client.post(url, {"answer": "yes", "seen": "asked"})
    absence.refresh_from_db()
    assert (absence.state, absence.decided_by) == ("excused", lead)
    call_command("notify", "--once")
    assert [message.to for message in mail.outbox] == [[learner.person.email]]
    assert "excused" not in (mail.outbox[0].subject + mail.outbox[0].body).lower()


def test_two_leads_who_disagree_do_not_write_over_each_other(client, term):
    absence = make_absence(enrolment=make_enrolment(offering=term), session=term.sessions.last())
    first, second = make_lead(offering=term), make_lead(offering=term)
    absences.answer(Absence.objects.get(), is_excused=True, by=first, now=timezone.now())
    client.force_login(second)
    url = reverse("nmep:absence_decide", args=[term.slug, absence.pk])
    shown = client.post(url, {"answer": "no", "seen": "asked"}, follow=True).content.decode()
    assert f"{first.display_name} has answered this already: excused." in shown
    client.post(url, {"answer": "no", "seen": "excused"})
    absence.refresh_from_db()
    assert (absence.state, absence.decided_by) == ("declined", second)


@pytest.mark.parametrize("answer", [{}, {"answer": "perhaps"}])
def test_an_answer_that_says_nothing_changes_nothing(client, term, answer):
    absence = make_absence(enrolment=make_enrolment(offering=term), session=term.sessions.last())
    client.force_login(make_lead(offering=term))
    url = reverse("nmep:absence_decide", args=[term.slug, absence.pk])
    assert client.post(url, answer).status_code == 422
    absence.refresh_from_db()
    assert absence.state == "asked"


# ── Attendance written down afterwards ──


def test_a_lead_writes_down_who_was_there_where_check_in_was_forgotten(client):
    offering = make_offering()
    here, late, excused, gone = [make_enrolment(offering=offering) for _ in range(4)]
    session = make_session(offering=offering, starts_at=timezone.now() - timedelta(days=1))
    lead = make_lead(offering=offering)
    client.force_login(lead)
    url = reverse("nmep:attendance_edit", args=[offering.slug, session.pk])
    assert client.get(reverse("nmep:attendance_latest", args=[offering.slug])).status_code == 200
    answer = {
        f"learner-{row.pk}": state
        for row, state in ((here, "here"), (late, "late"), (excused, "excused"), (gone, "absent"))
    }
    for _ in range(2):
        client.post(url, answer)
    assert [meetings(row) for row in (here, late, excused, gone)] == [
        ["here"],
        ["late"],
        ["excused"],
        ["absent"],
    ]
    assert set(Attendance.objects.values_list("source", "by")) == {("staff", lead.pk)}
    assert AuditEntry.objects.filter(action="attendance-set").count() == 1
    client.post(url, answer | {f"learner-{here.pk}": "absent", f"learner-{excused.pk}": "here"})
    assert [meetings(row) for row in (here, late, excused)] == [["absent"], ["late"], ["here"]]


def test_attendance_is_not_written_down_ahead_nor_by_learners(client, term):
    coming = term.sessions.last()
    client.force_login(make_lead(offering=term))
    assert client.get(reverse("nmep:attendance_edit", args=[term.slug, coming.pk])).status_code == 404
    with pytest.raises(Refused, match="not begun"):
        absences.set_attendance(coming, {}, by=make_lead(offering=term), now=timezone.now())
    client.force_login(make_enrolment(offering=term).person)
    assert client.get(reverse("nmep:attendance_latest", args=[term.slug])).status_code == 404
    lead = make_lead(offering=make_offering())
    client.force_login(lead)
    assert (
        "No class has begun"
        in client.get(
            reverse("nmep:attendance_latest", args=[Enrolment.objects.get(person=lead).offering.slug])
        ).content.decode()
    )


# ── More time ──


def test_more_time_is_asked_for_in_one_tap_and_granted_from_the_mail(client):
    assignment = make_assignment(due_at=timezone.now() + timedelta(days=5))
    learner, lead = make_enrolment(offering=assignment.offering), make_lead(offering=assignment.offering)
    client.force_login(learner.person)
    assert "Ask for 2 more days" in client.get(assignment.get_absolute_url()).content.decode()
    ask = reverse("nmep:extension_ask", args=[assignment.offering.slug, assignment.key])
    for _ in range(2):
        client.post(ask, {"days": "2", "reason": "exams"})
    wanted = ExtensionRequest.objects.get()
    assert "A lead will answer." in client.get(assignment.get_absolute_url()).content.decode()
    call_command("notify", "--once")
    assert [message.to for message in mail.outbox] == [[lead.email]]
    url = reverse("nmep:extension_decide", args=[assignment.offering.slug, wanted.pk])
    assert url in mail.outbox[0].body
    client.force_login(lead)
    assert client.get(url).status_code == 200
    assert not Deviation.objects.exists()
    client.post(url, {"answer": "yes", "days": "3"})
    deviation = Deviation.objects.get()
    assert (deviation.extra_days, deviation.reason, deviation.granted_by) == (3, "exams", lead)
    assert [(row.kind, row.value) for row in MarkChange.objects.all()] == [("extension", "3 days more")]
    shown = client.post(url, {"answer": "no"}, follow=True).content.decode()
    assert "has answered this already: granted." in shown
    assert Deviation.objects.count() == 1


@pytest.mark.parametrize("answer", [{}, {"days": "0", "reason": "exams"}, {"days": "2", "reason": "slip"}])
def test_nothing_is_asked_for_without_days_and_a_kind_of_reason(client, answer):
    assignment = make_assignment()
    client.force_login(make_enrolment(offering=assignment.offering).person)
    ask = reverse("nmep:extension_ask", args=[assignment.offering.slug, assignment.key])
    assert client.post(ask, answer).status_code == 302
    assert not ExtensionRequest.objects.exists()


def test_more_time_comes_on_top_of_what_was_given_before_and_after_the_hand_in():
    now = timezone.now()
    assignment = make_assignment(due_at=now - timedelta(days=3))
    learner, lead = make_enrolment(offering=assignment.offering), make_lead(offering=assignment.offering)
    make_submission(enrolment=learner, assignment=assignment, now=now)
    work = progress.of(learner, now).work[0]
    assert work.late_by == timedelta(days=3)
    for days in (1, 1):
        acts.give_time(learner, assignment, days=days, reason="illness", by=lead, now=now)
    assert [row.extra_days for row in Deviation.objects.order_by("pk")] == [1, 2]
    learner = Enrolment.objects.get(pk=learner.pk)
    assert progress.of(learner, now).work[0].late_by == timedelta(days=1)


def test_late_days_of_ones_own_are_spent_without_asking_and_not_twice(client):
    offering = make_offering(slip_days=3)
    learner = make_enrolment(offering=offering)
    due_at = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    assignment = make_assignment(offering=offering, due_at=due_at)
    client.force_login(learner.person)
    assert "3 left" in client.get(assignment.get_absolute_url()).content.decode()
    url = reverse("nmep:late_days_spend", args=[offering.slug, assignment.key])
    for _ in range(2):
        client.post(url, {"days": "2", "due": due_at.isoformat()})
    deviation = Deviation.objects.get()
    assert (deviation.extra_days, deviation.spent_days, deviation.reason) == (2, 2, "slip")
    standing = progress.of(learner, timezone.now())
    assert (standing.late_days, standing.late_days_left) == (2, 1)
    due_at = standing.work[0].due_at
    with pytest.raises(Refused, match="You have 1 late day left"):
        extensions.spend(learner, assignment, days=2, seen_due=due_at, now=timezone.now())
    assert not Notification.objects.exists()


def test_there_are_no_late_days_where_the_offering_gives_none(client):
    assignment = make_assignment()
    learner = make_enrolment(offering=assignment.offering)
    client.force_login(learner.person)
    assert "Late days" not in client.get(assignment.get_absolute_url()).content.decode()
    with pytest.raises(Refused, match="no late days"):
        extensions.spend(learner, assignment, days=1, seen_due=assignment.due_at, now=timezone.now())


def test_whoever_left_or_is_in_an_archived_offering_asks_for_nothing():
    left = make_enrolment(state=Enrolment.State.WITHDREW)
    archived = make_enrolment(offering=make_offering(state=Offering.State.ARCHIVED))
    for learner in (left, archived):
        session = make_session(offering=learner.offering)
        assignment = make_assignment(offering=learner.offering)
        with pytest.raises(Refused):
            absences.ask(learner, session, reason="other", text="", now=timezone.now())
        with pytest.raises(Refused):
            extensions.ask(learner, assignment, days=2, reason="other", now=timezone.now())
    assert not Notification.objects.exists()


def test_a_lead_who_learns_elsewhere_does_not_answer_their_own_request(client):
    officer = make_officer(slug="education")
    learner = make_enrolment(person=officer)
    wanted, absence = make_request(enrolment=learner), make_absence(enrolment=learner)
    client.force_login(officer)
    slug = learner.offering.slug
    for url in (
        reverse("nmep:extension_decide", args=[slug, wanted.pk]),
        reverse("nmep:absence_decide", args=[slug, absence.pk]),
    ):
        assert client.post(url, {"answer": "yes"}).status_code == 404
    assert handing_in.standing(learner, wanted.assignment).versions == []


@pytest.mark.parametrize("size", [1, 5])
def test_the_list_of_requests_costs_the_same_for_any_number(client, size, django_assert_max_num_queries):
    offering = make_offering()
    session, assignment = make_session(offering=offering), make_assignment(offering=offering)
    for _ in range(size):
        learner = make_enrolment(offering=offering)
        make_absence(enrolment=learner, session=session)
        make_request(enrolment=learner, assignment=assignment)
    client.force_login(make_lead(offering=offering))
    url = reverse("nmep:request_list", args=[offering.slug])
    client.get(url)
    with django_assert_max_num_queries(13):
        client.get(url)
