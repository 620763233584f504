"""One whole term of an invented cohort of fifteen, from the first date to what becomes of a capstone, with a clock that
stands where the test puts it. The acts go through the same doors as the pages; at the end the numbers add up."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from events import feedback, registrations, slots
from events.models import Attendance, Claim, FeedbackAnswer, FeedbackGiven, Slot, Talk
from members.ledger.sending import sweep
from members.models import Break, Membership, Notification, Topic
from mlclub.refusal import Refused
from nmep import (
    absences,
    capstone_matching,
    capstone_steps,
    capstones,
    completion,
    deadlines,
    enrolling,
    filling,
    handing_in,
    leaving,
    lecturers,
    meetings,
    mentoring,
    offers,
    orals,
    papers,
    partnering,
    planning,
    progress,
    reviewing,
    sheets,
    showcases,
    specs,
    stages,
)
from nmep.models import (
    Assignment,
    Capstone,
    CapstoneMember,
    Completion,
    Enrolment,
    MarkChange,
    Milestone,
    Module,
    Offering,
    OralResult,
    Part,
    PartnerTeam,
    Program,
    Session,
    Submission,
)
from nmep.partner_facts import Criteria
from projects.models import Initiative, InitiativeLink
from tests.factories import make_club, make_event, make_member, make_new_member, make_officer, make_term
from tests.factories.nmep import given, notebook

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

ZONE = ZoneInfo("America/Los_Angeles")
FIRST = date(2031, 1, 27)  # a Monday
CLASS = time(20)
#: Learners by their number: who is at risk and mends it, and who leaves.
AT_RISK, LEAVER = 11, 14
TOPICS = ["Vision", "Language", "Control", "Graphs"]


def moment(day, hour=12, minute=0):
    return datetime.combine(day, time(hour, minute), tzinfo=ZONE)


class Term:
    """The term while it is played: who is in it, and the clock."""

    def __init__(self):
        self.now = moment(date(2031, 1, 13))
        make_club()
        self.term = make_term(starts_on=date(2031, 1, 13), weeks=17, name="Spring 2031", slug="sp31")
        Break.objects.create(
            term=self.term, name="Recess", starts_on=date(2031, 3, 24), ends_on=date(2031, 3, 28)
        )
        self.officer = make_officer(slug="education", term=self.term)
        self.lead = make_member(term=self.term, name="Lee Lead")
        self.elders = [make_member(term=self.term, name=f"Elder {n}") for n in range(10)]
        self.cohort = [make_new_member(term=self.term, name=f"Novice {n:02}") for n in range(15)]
        self.topics = [Topic.objects.create(name=name, slug=name.lower()) for name in TOPICS]

    def go_to(self, instant):
        """Let the clock run to `instant`; what falls due on the way is written and sent."""
        assert instant >= self.now
        while self.now < instant:
            self.now = min(instant, self.now + timedelta(hours=6))
            with time_machine.travel(self.now, tick=False):
                deadlines.reconcile(self.now)
                showcases.mark_presented(self.now)
                sweep(self.now)

    def signed_in(self, person):
        client = Client()
        client.force_login(person)
        return client

    def learning(self):
        rows = Enrolment.objects.active().learners().filter(offering=self.offering)
        return list(rows.select_related("person", "offering__term").order_by("person__name"))

    def enrolment(self, n):
        return Enrolment.objects.select_related("person", "offering__term").get(
            offering=self.offering, person=self.cohort[n]
        )

    def standing(self, n):
        return progress.of(self.enrolment(n), self.now)


@pytest.fixture
def term():
    with time_machine.travel(moment(date(2031, 1, 13)), tick=False):
        yield Term()


@pytest.mark.timeout(1200)  # four hundred looks at everybody's mail: a minute on a quiet machine
def test_a_term_is_played_from_the_first_date_to_what_becomes_of_a_capstone(term):
    plan_the_term(term)
    enrol(term)
    for week in range(1, 12):
        play_week(term, week)
    show(term)
    complete(term)
    go_on(term)
    add_up(term)


# ── Before the first class ──


def plan_the_term(term):
    """Eleven modules fill eleven Mondays around the recess; five homeworks follow the classes; sheets are made."""
    with time_machine.travel(term.now, tick=False):
        program = Program.objects.create(name="Newcomers", slug="newcomers", kind=Program.Kind.NMEP)
        offering, _ = filling.create_offering(
            program, term.term, leads=[term.lead], by=term.officer, now=term.now
        )
        modules = [Module.objects.create(title=f"Module {n:02}", slug=f"module-{n:02}") for n in range(1, 12)]
        wish = filling.Wish(tuple(modules), FIRST, CLASS, 120, "Hall 306")
        made = filling.make_classes(offering, wish, seen=planning.seal([]), by=term.lead, now=term.now)
        term.offering = offering
        days = [row.event.starts_at.astimezone(ZONE).date() for row in made]
        assert (len(days), days[0], date(2031, 3, 24) in days) == (11, FIRST, False)
        term.sessions = {row.week: row for row in made}
        term.homeworks = [make_homework(term, n) for n in range(1, 6)]
        for title, week in (("Proposal", 8), ("Checkpoint", 10)):
            Milestone.objects.create(
                offering=offering,
                kind=Milestone.Kind.CAPSTONE,
                title=title,
                due_session=term.sessions[week],
                due_time=time(19),
            )
        evening = make_event(
            title="Showcase",
            kind="showcase",
            term=term.term,
            visibility="public",
            starts_at=moment(days[-1] + timedelta(days=3), 18),
        )
        term.showcase = Session.objects.create(
            offering=offering, seq=12, week=11, kind=Session.Kind.SHOWCASE, title="Showcase", event=evening
        )
        for state in (Offering.State.OPEN, Offering.State.RUNNING):
            assert stages.take(offering, state, by=term.lead, now=term.now)
        offering.refresh_from_db()
        sheets.create_papers(offering, by=term.lead, first_week=4)
        completion.set_rule(
            offering,
            {"homework": 4, "absences": 2, "paper": 1, "oral": 1, "capstone": 1, "skills": None},
            by=term.lead,
        )


def make_homework(term, n):
    """Homework `n` opens with class 2n-1 and is due with the class after it, in pairs."""
    assignment = Assignment.objects.create(
        offering=term.offering,
        key=f"hw{n}",
        title=f"Work {n}",
        position=n,
        state=Assignment.State.PUBLISHED,
        partners=Assignment.Partners.REQUIRED,
        open_session=term.sessions[2 * n - 1],
        due_session=term.sessions[2 * n],
        due_time=time(19),
    )
    specs.revise(assignment, f"Do work {n}.", now=term.now)
    Part.objects.create(assignment=assignment, kind=Part.Kind.NOTEBOOK, title="Notebook")
    return assignment


def enrol(term):
    """The officer enrols everybody new at once; a second click enrols nobody. Elders take the classes."""
    with time_machine.travel(term.now, tick=False):
        page = reverse("admin:nmep_offering_enrol", args=[term.offering.pk])
        officer = term.signed_in(term.officer)
        for _ in range(2):
            officer.post(page, {"person": [person.pk for person in term.cohort]})
        assert Enrolment.objects.learners().filter(offering=term.offering).count() == 15
        for elder in term.elders[:4]:
            enrolling.enrol(term.offering, elder, role=Enrolment.Role.HELPER, now=term.now)
        for week, session in term.sessions.items():
            if week != 6:
                lecturers.take(session, term.elders[week % 10], now=term.now)
        with pytest.raises(Refused):
            lecturers.take(term.sessions[1], term.elders[9], now=term.now)
        volunteer = term.elders[8]
        took = term.signed_in(volunteer).post(
            reverse("nmep:lecture_take", args=[term.offering.slug, term.sessions[6].pk])
        )
        assert took.status_code == 302
        assert Talk.objects.get(event=term.sessions[6].event).speakers.get() == volunteer
    term.go_to(term.now + timedelta(hours=1))
    welcomed = Notification.objects.filter(kind="nmep-welcome", status="sent")
    assert Counter(row.person_id for row in welcomed) == Counter(person.pk for person in term.cohort)


# ── Week by week ──


def play_week(term, week):
    session = Session.objects.select_related("event", "offering").get(pk=term.sessions[week].pk)
    if week == 3:
        move(term, session)
        session.event.refresh_from_db()
    if week == 5:
        cancel(term, session)
    if week in (8, 10):
        hand_in_steps(term, {8: "Proposal", 10: "Checkpoint"}[week])
    homework = term.homeworks[week // 2 - 1] if week % 2 == 0 else None
    if homework:
        hand_in_pairs(term, homework)
    if week == 4:
        claim_papers(term)
    if week == 7:
        sit_orals(term)
        form_capstones(term)
        leave(term)
    session.event.refresh_from_db()
    if not session.event.is_cancelled:
        attend(term, session, week)
    if homework:
        review(term, homework)
    if week % 2 == 1 and week < 11:
        pair_up(term, term.homeworks[week // 2])


def move(term, session):
    """Class 3 is moved by a day: what opens with it follows, and everybody is told once."""
    term.go_to(session.event.starts_at - timedelta(days=5))
    with time_machine.travel(term.now, tick=False):
        told = meetings.move(
            session,
            starts_at=session.event.starts_at + timedelta(days=1),
            place="Hall 12",
            seen=session.event.schedule_version,
            by=term.lead,
            now=term.now,
        )
        again = meetings.move(
            session,
            starts_at=session.event.starts_at + timedelta(days=1),
            place="Hall 12",
            seen=session.event.schedule_version,
            by=term.lead,
            now=term.now,
        )
    assert (told.is_changed, again.is_changed) == (True, False)
    rows = Notification.objects.filter(kind="nmep-meeting-moved")
    assert set(Counter(row.person_id for row in rows).values()) == {1}
    assert {person.pk for person in term.cohort} <= {row.person_id for row in rows}


def cancel(term, session):
    """Class 5 is called off; homework that opens with it is due with class 6 all the same."""
    term.go_to(session.event.starts_at - timedelta(days=2))
    before = {row.key: row.due_at for row in term.offering.assignments.all()}
    with time_machine.travel(term.now, tick=False):
        assert meetings.cancel(
            session, "The hall is flooded.", seen=session.event.schedule_version, by=term.lead, now=term.now
        ).is_changed
        deadlines.reconcile(term.now)
    assert {row.key: row.due_at for row in term.offering.assignments.all()} == before


def attend(term, session, week):
    """Everybody is there but the one at risk, who misses three and is excused once, and the leaver."""
    term.go_to(session.event.starts_at)
    missing = {AT_RISK: {1, 2, 4, 8}, LEAVER: {2, 4, 6}}
    with time_machine.travel(term.now, tick=False):
        for enrolment in term.learning():
            n = term.cohort.index(enrolment.person)
            if week not in missing.get(n, ()):
                registrations.check_in(
                    session.event, enrolment.person, source=Attendance.Source.CODE, now=term.now
                )
        if week == 2:
            absence = absences.ask(
                term.enrolment(AT_RISK), session, reason="illness", text="A fever.", now=term.now
            )
            absences.answer(absence, is_excused=True, by=term.lead, now=term.now)
    term.go_to(session.event.ends_at + timedelta(minutes=30))


def pair_up(term, assignment):
    """The lead lets the matcher make pairs and publishes them; nobody meets again while others are left."""
    with time_machine.travel(term.now, tick=False):
        made = partnering.round_of(assignment, term.now)
        assert partnering.propose(made, Criteria(), now=term.now) == {}
        partnering.publish(made, by=term.lead, now=term.now)
        with pytest.raises(Refused):
            partnering.publish(made, by=term.lead, now=term.now)
    places = Counter()
    for team in PartnerTeam.objects.filter(round__assignment=assignment).prefetch_related("places"):
        places.update(place.enrolment_id for place in team.places.all())
    assert places == Counter(row.pk for row in term.learning())


def hand_in_pairs(term, assignment):
    """One of each pair hands in on the page, an hour before it is due; both are authors. Some never do."""
    assignment.refresh_from_db()
    term.go_to(assignment.due_at - timedelta(hours=1))
    skips = {LEAVER: {"hw2", "hw3"}}
    for team in PartnerTeam.objects.filter(round__assignment=assignment).with_people():
        mates = [place.enrolment for place in team.places.all() if place.enrolment.is_learning]
        numbers = {term.cohort.index(row.person) for row in mates}
        if any(assignment.key in skips.get(n, ()) for n in numbers) and len(mates) == 1:
            continue
        giver = next(
            row for row in mates if assignment.key not in skips.get(term.cohort.index(row.person), ())
        )
        with time_machine.travel(term.now, tick=False):
            held = handing_in.standing(giver, assignment)
            handing_in.hand_in(
                giver,
                assignment,
                given(assignment, notebook(f"print({assignment.key!r}, {giver.pk})")),
                n=held.next_n,
                now=term.now,
                jointly=True,
            )


def review(term, assignment):
    """Helpers take what waits and post; one hand-in of the second homework goes back once and is mended."""
    returned = 0
    with time_machine.travel(term.now, tick=False):
        while work := reviewing.take_next(term.elders[0], term.offering, now=term.now):
            goes_back = assignment.key == "hw2" and not returned
            returned += goes_back
            reviewing.post(
                work,
                term.elders[0],
                summary="canary-words",
                outcome="return" if goes_back else "done",
                marks={},
                now=term.now,
            )
            if goes_back:
                term.mended = work
        if returned:
            author = term.mended.authors.select_related("enrolment__offering__term", "enrolment__person")
            giver = author.order_by("pk").first().enrolment
            again = handing_in.hand_in(
                giver,
                assignment,
                given(assignment, notebook("print('mended')")),
                n=2,
                now=term.now + timedelta(minutes=10),
                jointly=True,
            ).submission
            assert set(again.authors.values_list("late_by", flat=True)) == {timedelta(0)}
            reviewing.post(
                again, term.elders[1], summary="canary-words", outcome="done", marks={}, now=term.now
            )


def claim_papers(term):
    """Everybody picks a slot; of two who want the last place of a week one gets it. One never comes."""
    with time_machine.travel(term.now, tick=False):
        own = sheets.sheet_of_kind(term.offering, sheets.OfferingSheet.Kind.PAPER)
        weeks = list(Slot.objects.filter(sheet=own.sheet).order_by("position"))
        open_weeks = [slot for slot in weeks if slot.event_id != term.sessions[5].event_id]
        seats = [slot for slot in open_weeks for _ in range(2)]
        for n, person in enumerate(term.cohort):
            if n in (AT_RISK, LEAVER):
                continue
            claim = slots.claim(seats[n], person, now=term.now).claim
            if n % 2 == 0:
                named = papers.Named(title=f"Paper {n}", url=f"https://papers.example/{n}")
                papers.choose(claim.slot, named, by=person, now=term.now)
        with pytest.raises(Refused):
            slots.claim(seats[0], term.cohort[AT_RISK], now=term.now)


def sit_orals(term):
    """Fourteen slots of half an hour with two examiners; results are private and journalled."""
    day = term.now.astimezone(ZONE).date() + timedelta(days=1)
    with time_machine.travel(term.now, tick=False):
        made = sheets.add_orals(
            term.offering,
            by=term.lead,
            on=day,
            begins=time(9),
            ends=time(17),
            minutes=30,
            examiners=[term.elders[2]],
        )
        claims = {}
        for slot, n in zip(made, [n for n in range(15) if n != LEAVER], strict=False):
            claims[n] = slots.claim(slot, term.cohort[n], now=term.now).claim
    term.go_to(moment(day, 17, 30))
    with time_machine.travel(term.now, tick=False):
        for claim in claims.values():
            orals.record(claim, term.elders[2], outcome="passed", notes="canary-oral", now=term.now)


def form_capstones(term):
    """Four have ideas and nine join; the matcher places the rest; mentors are suggested, asked, and say yes."""
    with time_machine.travel(term.now, tick=False):
        groups = []
        for n, topic in enumerate(term.topics):
            groups.append(
                capstones.propose(
                    term.enrolment(n), name=f"Idea {n}", summary="A try.", topics=[topic], now=term.now
                )
            )
        for n in range(4, 13):
            capstones.join(groups[n % 4], term.enrolment(n), now=term.now)
        rest = {row.pk for row in capstones.without_group(term.offering)}
        assert rest == {term.enrolment(n).pk for n in (13, LEAVER)}
        found = capstone_matching.match(term.offering, seed=1)
        capstones.publish(term.offering, found.place_of, by=term.lead, now=term.now)
        assert capstones.without_group(term.offering) == []
        for n, elder in enumerate(term.elders[5:9]):
            elder.expertise.add(term.topics[n])
        suggested = mentoring.suggest(term.offering, term.now)
        assert len(suggested) == 4
        choices = {
            row.capstone.pk: (
                row.pick,
                next(each.reason for each in row.candidates if each.person == row.pick),
            )
            for row in suggested
        }
        asked, problems = mentoring.ask(term.offering, choices, by=term.lead, now=term.now)
        assert (asked, problems) == (4, [])
        for capstone in Capstone.objects.filter(offering=term.offering):
            mentor = choices[capstone.pk][0]
            assert mentoring.answer(capstone, mentor, accepts=True, now=term.now)
        capstones.set_policy(
            term.offering, min_size=3, max_size=4, is_closed=True, by=term.lead, now=term.now
        )


def leave(term):
    """Two are flagged, with reasons that say why; one is offered help, the other leaves without a hole."""
    assert term.standing(AT_RISK).is_flagged or term.standing(LEAVER).is_flagged
    assert any("classes" in reason or "handed in" in reason for reason in term.standing(LEAVER).reasons)
    with time_machine.travel(term.now, tick=False):
        offers.offer(term.enrolment(AT_RISK), term.elders[3], by=term.lead, now=term.now)
        _, is_new = offers.offer(term.enrolment(AT_RISK), term.elders[3], by=term.lead, now=term.now)
        assert not is_new
        leaving.withdraw(term.enrolment(LEAVER), by=term.lead, reason="Too much at once.", now=term.now)
    gone = term.enrolment(LEAVER)
    assert gone.state == Enrolment.State.WITHDREW
    assert not CapstoneMember.objects.live().filter(enrolment=gone).exists()
    assert not Claim.objects.held().filter(person=gone.person, slot__event__starts_at__gt=term.now).exists()
    assert gone.pk not in {
        row.pk for row in partnering.learners(partnering.round_of(term.homeworks[4], term.now))
    }


def hand_in_steps(term, title):
    """A member of each group hands the step in, its mentor approves it; a second click approves nothing."""
    milestone = Milestone.objects.get(offering=term.offering, title=title)
    term.go_to(milestone.due_by_rule() - timedelta(days=1))
    with time_machine.travel(term.now, tick=False):
        for capstone in Capstone.objects.filter(offering=term.offering).with_people():
            member = capstone.team[0].enrolment.person
            version, is_new = capstone_steps.hand_in(
                capstone, milestone, by=member, text=f"{title} of {capstone}", now=term.now
            )
            assert is_new
            mentor = mentoring.mentor_of(capstone).person
            first, second = (
                capstone_steps.answer(version.step, by=mentor, approves=True, n=version.n, now=term.now)
                for _ in range(2)
            )
            assert (first, second) == (True, False)


# ── The end of the term ──


def show(term):
    """The order is published, guests and members answer on their phones, the lead releases what was said."""
    event = term.showcase.event
    with time_machine.travel(term.now, tick=False):
        groups = showcases.groups(term.offering)
        order = {row.pk: n for n, row in enumerate(groups, start=1)}
        showcase = showcases.save_order(term.showcase, order, minutes=9, by=term.lead)
        assert showcases.publish(showcase, by=term.lead, now=term.now)
        assert not showcases.publish(showcase, by=term.lead, now=term.now)
    term.go_to(event.starts_at + timedelta(minutes=30))
    talks = list(showcase.talks.select_related("form", "capstone__initiative"))
    with time_machine.travel(term.now, tick=False):
        for talk in talks:
            for n, person in enumerate([*term.elders[:4], term.officer]):
                said = {"ratings": {"clarity": 3, "idea": 4, "result": 2}, "texts": {"keep": f"Word {n}"}}
                assert feedback.give(talk.form, person=person, now=term.now, **said)
                assert not feedback.give(talk.form, person=person, now=term.now, **said)
            feedback.give(talk.form, token="a-guest", ratings=said["ratings"], texts={}, now=term.now)
    assert (FeedbackAnswer.objects.count(), FeedbackGiven.objects.count()) == (24, 24)
    term.go_to(event.ends_at + timedelta(hours=13))
    with time_machine.travel(term.now, tick=False):
        for talk in talks:
            assert showcases.release(talk, by=term.lead, now=term.now)
            assert not showcases.release(talk, by=term.lead, now=term.now)
    assert set(Capstone.objects.values_list("state", flat=True)) == {"presented"}
    member = talks[0].capstone.members.select_related("enrolment__person").first().enrolment.person
    page = term.signed_in(member).get(talks[0].capstone.get_absolute_url()).content.decode()
    assert "Word 1" in page


def complete(term):
    """Thirteen meet the rule; one lacks a class and a talk and is let through with a reason; who left stays out."""
    with time_machine.travel(term.now, tick=False):
        found = completion.check(term.offering, term.now)
        met = [row for row in found.rows if row.meets]
        short = [row for row in found.rows if not row.meets]
        assert (len(met), [row.enrolment.person for row in short]) == (13, [term.cohort[AT_RISK]])
        assert [row.line.requirement.key for row in short[0].missing] == ["absences", "paper"]
        completion.override(
            short[0].enrolment,
            "completes",
            reason="Made up for both in the reading group.",
            by=term.lead,
            now=term.now,
        )
        page = reverse("nmep:completion_confirm", args=[term.offering.slug])
        lead = term.signed_in(term.lead)
        for _ in range(2):
            lead.post(page, {"seen": 14, "others": "stay"})
    term.go_to(term.now + timedelta(hours=2))
    assert Completion.objects.filter(is_complete=True).count() == 14


def go_on(term):
    """One group goes on as a study group, the others end; nobody decides twice."""
    with time_machine.travel(term.now, tick=False):
        chosen, *others = Capstone.objects.filter(offering=term.offering).with_people().order_by("pk")
        going = [row.enrolment.person for row in chosen.team]
        client = term.signed_in(going[0])
        page = reverse("nmep:capstone_next", args=[term.offering.slug, chosen.initiative.slug])
        data = {
            "kind": "study_group",
            "people": [person.pk for person in going],
            "direction": "Language as a prior.",
        }
        for _ in range(2):
            client.post(page, data)
        for capstone in others:
            lead = term.signed_in(term.lead)
            lead.post(
                reverse("nmep:capstone_next", args=[term.offering.slug, capstone.initiative.slug]),
                {"kind": "archive", "direction": "It was a good try."},
            )
        successor = Initiative.objects.get(kind=Initiative.Kind.STUDY_GROUP)
        assert {row.person for row in successor.roles.all()} == set(going)
        link = InitiativeLink.objects.get()
        assert (link.earlier, link.later, link.kind) == (chosen.initiative, successor, "grew_into")
        stages.take(term.offering, Offering.State.ARCHIVED, by=term.lead, now=term.now)
    term.go_to(term.now + timedelta(hours=2))


def add_up(term):
    """Nobody is lost, nothing is told twice, nothing private was mailed."""
    rows = Enrolment.objects.learners().filter(offering=term.offering)
    assert Counter(rows.values_list("state", flat=True)) == {"completed": 14, "withdrew": 1}
    kinds = Membership.objects.filter(person__in=term.cohort).values_list("kind", flat=True)
    assert Counter(kinds) == {"member": 14, "new": 1}
    held = Session.objects.classes().filter(offering=term.offering)
    assert (held.count(), held.filter(event__state="cancelled").count()) == (11, 1)
    assert Submission.objects.waiting().count() == 0
    done = MarkChange.objects.filter(kind="done", assignment__offering=term.offering)
    settled = Counter(done.values_list("enrolment", flat=True))
    assert all(settled[row.pk] >= 4 for row in rows.filter(state="completed"))
    assert OralResult.objects.filter(outcome="passed").count() == 14
    assert Capstone.objects.exclude(decided_at=None).count() == 4
    states = Counter(Notification.objects.values_list("status", flat=True))
    assert not {"dead", "failed", "unknown", "sending"} & set(states), states
    seen = Counter((row.to[0], row.subject, row.extra_headers.get("Message-ID")) for row in mail.outbox)
    assert set(seen.values()) == {1}
    for message in mail.outbox:
        for canary in ("canary-words", "canary-oral", "A fever."):
            assert canary not in message.subject + message.body
