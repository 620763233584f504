from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from events import schedule
from events.models import Event, Visibility
from members.models import AuditEntry, Break
from mlclub.refusal import Refused
from nmep import cloning
from nmep.cloning import Wish
from nmep.cloning.redating import Day, Holiday, redate
from nmep.models import (
    Assignment,
    Check,
    Enrolment,
    Milestone,
    Offering,
    OfferingSheet,
    Part,
    Session,
    Submission,
)
from tests.factories import make_club, make_material, make_officer, make_registration, make_talk, make_term
from tests.factories.nmep import (
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)
from tests.factories.slots import make_claim, make_sheet, make_slot
from wiki.models import Paper

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def pacific(year, month, day, hour=20, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("America/Los_Angeles"))


@pytest.fixture
def fall():
    """A term of four Monday classes and a party, across the change of clocks on 1 November, with a week off."""
    make_club()
    old = make_term(name="Fall 2026", slug="fa26", starts_on=date(2026, 10, 5), weeks=11)
    new = make_term(name="Spring 2027", slug="sp27", starts_on=date(2027, 1, 18), weeks=17)
    offering = make_offering(term=old, slug="fa26", intro="Welcome.", late_window_days=3, max_absences=1)
    classes = [
        make_session(offering=offering, starts_at=pacific(2026, month, day), title=title)
        for month, day, title in [
            (10, 12, "Shells"),
            (10, 19, "Tides"),
            (11, 2, "Currents"),
            (11, 9, "Moons"),
        ]
    ]
    party = make_session(
        offering=offering, starts_at=pacific(2026, 10, 22, 18), kind=Session.Kind.PARTY, week=2, title="Party"
    )
    Event.objects.update(original_starts_at=None)
    offering.classes, offering.party, offering.new_term = classes, party, new
    return offering


def wish(offering, first_on=date(2027, 1, 25), **more):
    return Wish(offering.new_term, first_on, **more)


def days(plan, kind="meeting"):
    return {line.label: f"{line.after:%a %d %b %H:%M %Z}" for line in plan.lines if line.kind == kind}


def make_draft(offering, *, by=None, **more):
    by = by or make_lead(offering=offering)
    return cloning.clone(cloning.plan(offering, wish(offering, **more)), by=by, now=NOW).offering


# ── Where days fall ──


def mondays(*numbers):
    return [Day(n, date(2026, 10, 5) + timedelta(weeks=n)) for n in numbers]


def test_a_term_keeps_its_weeks_and_hours_on_the_wall_across_the_change_of_clocks(fall):
    plan = cloning.plan(fall, wish(fall, first_on=date(2027, 2, 22)))
    assert days(plan) == {
        "Week 1: Shells": "Mon 22 Feb 20:00 PST",
        "Week 2: Tides": "Mon 01 Mar 20:00 PST",
        "Week 2: Party": "Thu 04 Mar 18:00 PST",
        "Week 3: Currents": "Mon 08 Mar 20:00 PST",
        "Week 4: Moons": "Mon 15 Mar 20:00 PDT",
    }
    assert plan.remarks == ["The old term did not meet in the week of Mon 26 Oct. That gap is closed up."]


def test_a_gap_of_the_old_term_can_be_kept(fall):
    plan = cloning.plan(fall, wish(fall, closes_gaps=False))
    assert days(plan)["Week 3: Currents"] == "Mon 15 Feb 20:00 PST"


def test_a_class_on_a_holiday_moves_to_the_next_week_with_everything_after_it(fall):
    Break.objects.create(
        term=fall.new_term, name="Recess", starts_on=date(2027, 2, 1), ends_on=date(2027, 2, 7)
    )
    plan = cloning.plan(fall, wish(fall, holidays=(Holiday(date(2027, 2, 15), date(2027, 2, 15)),)))
    assert [f"{line.after:%d %b}" for line in plan.lines if line.kind == "meeting"] == [
        "25 Jan",
        "08 Feb",
        "11 Feb",
        "22 Feb",
        "01 Mar",
    ]
    assert plan.remarks[1:] == [
        "Recess (Mon 1 Feb to Sun 7 Feb) is a holiday: that week moves to the next one, and everything after it too.",
        "Mon 15 Feb is a holiday: that week moves to the next one, and everything after it too.",
    ]


def test_a_party_alone_on_a_holiday_is_brought_forward_and_no_class_moves(fall):
    plan = cloning.plan(fall, wish(fall, holidays=(Holiday(date(2027, 2, 4), date(2027, 2, 5)),)))
    party = next(line for line in plan.lines if line.label == "Week 2: Party")
    assert (f"{party.after:%a %d %b %H:%M}", party.notes) == (
        "Wed 03 Feb 18:00",
        ["Brought forward from Thu 4 Feb, a holiday."],
    )
    assert days(plan)["Week 3: Currents"] == "Mon 08 Feb 20:00 PST"


def test_a_class_every_other_week_stays_so():
    placed = redate(mondays(0, 2, 4, 8), first_on=date(2027, 1, 4), holidays=[])
    assert [day.isoformat() for day in placed.on.values()] == [
        "2027-01-04",
        "2027-01-18",
        "2027-02-01",
        "2027-02-15",
    ]


def test_nothing_is_put_on_a_holiday_however_many_there_are():
    holidays = [
        Holiday(date(2027, 1, 4) + timedelta(weeks=n), date(2027, 1, 4) + timedelta(weeks=n))
        for n in range(0, 20, 3)
    ]
    placed = redate(mondays(*range(8)), first_on=date(2027, 1, 4), holidays=holidays)
    assert not any(day in holiday for day in placed.on.values() for holiday in holidays)
    assert sorted(placed.on.values()) == list(placed.on.values())


def test_a_term_without_a_free_week_is_flagged_and_not_searched_for_ever(fall):
    plan = cloning.plan(fall, wish(fall, holidays=(Holiday(date(2027, 1, 1), date(2029, 12, 31)),)))
    assert len(plan.flagged) == len(plan.lines) == 5


def test_what_falls_outside_the_new_term_is_flagged(fall):
    plan = cloning.plan(fall, wish(fall, first_on=date(2027, 5, 3)))
    assert [line.label for line in plan.flagged] == ["Week 3: Currents", "Week 4: Moons"]
    assert plan.flagged[0].notes == ["Outside Spring 2027 (Mon 18 Jan to Fri 14 May)."]


def test_another_weekday_is_said(fall):
    plan = cloning.plan(fall, wish(fall, first_on=date(2027, 1, 26)))
    assert plan.lines[0].notes == ["Monday becomes Tuesday."]


def test_a_class_that_was_moved_stands_where_it_was_planned(fall):
    session = fall.classes[1]
    Event.objects.filter(pk=session.event_id).update(original_starts_at=session.event.starts_at)
    schedule.move(session.event, starts_at=pacific(2026, 10, 20, 17))
    line = cloning.plan(fall, wish(fall)).lines[1]
    assert (f"{line.after:%a %d %b %H:%M}", line.notes) == (
        "Mon 01 Feb 20:00",
        ["That term it was moved to Tue 20 Oct."],
    )


def test_a_due_date_keeps_its_hour_and_never_falls_on_a_holiday(fall):
    make_assignment(offering=fall, key="hw1", due_session=fall.classes[0], due_days=7, due_time=time(23, 59))
    Milestone.objects.create(offering=fall, title="Midterm", due_session=fall.classes[1], due_days=3)
    make_assignment(offering=fall, key="hw2", title="Loose")
    recess = Holiday(date(2027, 2, 4), date(2027, 2, 5), "Recess")
    plan = cloning.plan(fall, wish(fall, holidays=(recess,)))
    assert days(plan, "milestone") == {"Midterm": "Sat 06 Feb 23:59 PST"}
    work = {line.label: line for line in plan.lines if line.kind == "due"}
    assert f"{work['HW1: Shells is due'].after:%a %d %b %H:%M}" == "Mon 01 Feb 23:59"
    assert work["HW2: Loose is due"].notes == ["It follows no meeting: give it one in the draft."]
    draft = make_draft(fall, holidays=(recess,))
    midterm = draft.milestones.select_related("due_session__event").get()
    assert (midterm.due_days, midterm.due_by_rule()) == (5, pacific(2027, 2, 6, 23, 59))


def test_the_first_day_stands_where_it_stood_in_the_old_term(fall):
    assert cloning.first_day(fall, fall.new_term) == date(2027, 1, 25)


def test_a_term_that_has_the_programme_already_is_not_offered(fall):
    later = make_term(name="Fall 2027", slug="fa27", starts_on=date(2027, 8, 23), weeks=17)
    assert cloning.terms_for(fall, NOW.date()) == [fall.new_term, later]
    make_offering(program=fall.program, term=fall.new_term)
    assert cloning.terms_for(fall, NOW.date()) == [later]


# ── The draft ──


def test_the_draft_has_the_weeks_work_and_rules_and_nobody_of_the_old_term(fall):
    first, second = fall.classes[:2]
    lead = make_lead(offering=fall)
    work = make_assignment(
        offering=fall,
        key="hw1",
        text="Count shells.",
        open_session=first,
        due_session=second,
        due_time=time(20),
        parts=("notebook", "text"),
    )
    make_assignment(offering=fall, key="hw9", state=Assignment.State.WITHDRAWN)
    make_submission(assignment=work, enrolment=make_enrolment(offering=fall), now=pacific(2026, 10, 14))
    make_registration(event=first.event, user=lead)
    make_talk(event=first.event, title="Shells", speakers=[make_officer()])
    make_material(event=first.event, kind="slides", title="Slides", url="https://files.club.example/old.pdf")
    make_material(event=first.event, kind="exercise", title="Rockfall", url="https://files.club.example/rock")
    Event.objects.filter(pk=first.event_id).update(
        online_url="https://meet.club.example/old", capacity=40, description="Bring a shell."
    )
    make_lead(offering=fall)

    draft = make_draft(fall, by=lead)

    assert (draft.slug, draft.state, draft.term, draft.cloned_from) == ("sp27", "draft", fall.new_term, fall)
    assert (draft.intro, draft.late_window_days, draft.max_absences) == ("Welcome.", 3, 1)
    assert list(draft.enrolments.values_list("person", "role")) == [(lead.pk, Enrolment.Role.LEAD)]
    sessions = list(draft.sessions.select_related("event"))
    assert [(row.seq, row.week, row.title) for row in sessions] == [
        (1, 1, "Shells"),
        (2, 2, "Tides"),
        (3, 2, "Party"),
        (4, 3, "Currents"),
        (5, 4, "Moons"),
    ]
    event = sessions[0].event
    assert event.pk != first.event_id
    assert (event.uid, event.check_in_secret) != (first.event.uid, first.event.check_in_secret)
    assert (event.place, event.online_url, event.capacity, event.description) == (
        "",
        "",
        40,
        "Bring a shell.",
    )
    assert (event.starts_at, event.ends_at - event.starts_at, event.term) == (
        pacific(2027, 1, 25),
        timedelta(hours=2),
        fall.new_term,
    )
    assert not event.registrations.exists()
    assert not event.talks.exists()
    assert [material.title for material in event.materials.all()] == ["Rockfall"]
    copy = draft.assignments.get()
    assert (copy.key, copy.text, copy.state) == ("hw1", "Count shells.", "published")
    assert (copy.open_session, copy.due_session) == (sessions[0], sessions[1])
    assert (copy.due_at, copy.promised_at) == (pacific(2027, 2, 1), None)
    assert [(spec.n, spec.text) for spec in copy.specs.all()] == [(1, "Count shells.")]
    assert [(part.title, part.kind) for part in copy.parts.all()] == [
        ("Part A", "notebook"),
        ("Part B", "text"),
    ]
    assert [row.title for row in copy.criteria.all()] == ["Correct"]
    assert Submission.objects.count() == 1
    assert Part.objects.count() == 5


def test_the_meetings_of_a_draft_are_by_invitation_until_it_is_opened(fall):
    Event.objects.filter(pk=fall.classes[0].event_id).update(visibility=Visibility.PUBLIC)
    lead = make_lead(offering=fall)
    draft = make_draft(fall, by=lead)
    sessions = list(draft.sessions.select_related("event"))
    assert {session.event.visibility for session in sessions} == {"invited"}
    assert [session.opens_to for session in sessions] == [
        "public",
        "members",
        "members",
        "members",
        "members",
    ]
    assert list(sessions[0].event.invited.all()) == [lead]


def test_a_clone_is_written_into_the_audit_trail(fall):
    lead = make_lead(offering=fall)
    make_draft(fall, by=lead)
    entry = AuditEntry.objects.get(action="offering-cloned")
    assert (entry.actor, entry.after) == (lead, {"from": "fa26", "term": "sp27", "first_on": "2027-01-25"})


def test_the_second_click_gets_the_first_ones_draft(fall):
    lead, plan = make_lead(offering=fall), cloning.plan(fall, wish(fall))
    first = cloning.clone(plan, by=lead, now=NOW)
    second = cloning.clone(plan, by=make_officer(slug="education"), now=NOW)
    assert (first.is_new, second.is_new, second.offering) == (True, False, first.offering)
    assert Session.objects.filter(offering=first.offering).count() == 5
    assert AuditEntry.objects.filter(action="offering-cloned").count() == 1


def test_a_term_planned_from_elsewhere_is_not_written_over(fall):
    make_offering(program=fall.program, term=fall.new_term)
    with pytest.raises(Refused, match="already has an offering in Spring 2027"):
        make_draft(fall)


@pytest.mark.parametrize("state", ["draft", "open"])
def test_a_plan_is_not_cloned(fall, state):
    Offering.objects.filter(pk=fall.pk).update(state=state)
    fall.refresh_from_db()
    with pytest.raises(Refused, match="runs or has run"):
        make_draft(fall)
    assert Offering.objects.count() == 1


def test_a_clone_of_a_clone_opens_to_whom_the_first_did(fall):
    draft = make_draft(fall)
    Offering.objects.filter(pk=draft.pk).update(state=Offering.State.RUNNING)
    draft.refresh_from_db()
    later = make_term(name="Fall 2027", slug="fa27", starts_on=date(2027, 8, 23), weeks=17)
    second = cloning.clone(
        cloning.plan(draft, Wish(later, date(2027, 8, 30))), by=make_lead(offering=draft), now=timezone.now()
    ).offering
    assert set(second.sessions.values_list("opens_to", flat=True)) == {"members"}
    assert second.slug == "fa27"


def test_a_slot_goes_with_its_meeting_and_nobody_holds_it_yet(fall):
    sheet = make_sheet(title="Papers", kind="paper", opens_at=pacific(2026, 10, 13, 9))
    owned = OfferingSheet.objects.create(offering=fall, sheet=sheet, kind="paper", first_week=3)
    slot = make_slot(
        sheet=sheet,
        event=fall.classes[2].event,
        after_minutes=10,
        capacity=2,
        place="Lab 2",
        helpers=[make_officer()],
    )
    make_slot(sheet=sheet, title="Wed 4 Nov, 15:00", starts_at=pacific(2026, 11, 4, 15))
    make_slot(sheet=sheet, title="Gone", withdrawn_at=NOW)
    make_claim(slot=slot)
    paper = Paper.objects.create(title="Attention is all you need")
    owned.suggestions.add(paper)

    recess = Holiday(date(2027, 2, 10), date(2027, 2, 10))
    plan = cloning.plan(fall, wish(fall, holidays=(recess,)))
    assert days(plan, "slot") == {
        "Papers: Week 1": "Mon 08 Feb 20:10 PST",
        "Papers: Wed 4 Nov, 15:00": "Thu 11 Feb 15:00 PST",
    }
    draft = make_draft(fall, holidays=(recess,))

    copy = draft.sheets.select_related("sheet").get()
    assert (copy.first_week, list(copy.suggestions.all())) == (3, [paper])
    assert (copy.sheet.title, copy.sheet.term, copy.sheet.opens_at) == (
        "Papers",
        fall.new_term,
        pacific(2027, 1, 26, 9),
    )
    first, second = copy.sheet.slots.order_by("pk")
    assert (first.event, first.after_minutes, first.capacity, first.place) == (
        draft.sessions.get(title="Currents").event,
        10,
        2,
        "",
    )
    assert (second.title, second.starts_at) == ("Thu 11 Feb, 15:00", pacific(2027, 2, 11, 15))
    assert not first.claims.exists()
    assert not first.helpers.exists()


def test_a_check_goes_with_its_part(fall):
    work = make_assignment(offering=fall, key="hw1", due_session=fall.classes[0])
    Check.objects.create(part=work.parts.get(), kind="evidence", title="Curves", config={"files": ["a"]})
    part = make_draft(fall).assignments.get().parts.get()
    assert [(row.title, row.config) for row in part.checks.all()] == [("Curves", {"files": ["a"]})]
