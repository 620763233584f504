import csv
import io
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Attendance
from members import accounts
from members.models import Invitation, Notification, User
from mlclub.refusal import Refused
from nmep import courses, passing
from nmep.models import (
    CourseApplication,
    CourseGroup,
    Enrolment,
    GroupPlace,
    MarkChange,
    Program,
    WeekCheckIn,
)
from tests.factories import make_member, make_user
from tests.factories.courses import make_course
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_session

pytestmark = pytest.mark.django_db

Application = CourseApplication


def page(policy):
    return reverse("courses:course_detail", args=[policy.offering.slug])


def staff(policy, name, *more):
    return reverse(f"nmep:{name}", args=[policy.offering.slug, *more])


def apply(policy, user, *, wants="learner", now=None, **fields):
    return courses.apply(policy, user=user, wants=wants, now=now or timezone.now(), **fields)[0]


def test_a_visitor_applies_proves_the_address_is_accepted_and_sees_the_homework(client):
    policy = make_course(question="Why?")
    assignment = make_assignment(offering=policy.offering)
    form = {"name": "Ro Wave", "email": "Ro@club.example", "wants": "learner", "text": "Curiosity."}
    assert client.post(page(policy), form).status_code == 302
    application = Application.objects.get()
    assert (application.state, application.user, application.email) == (
        "unconfirmed",
        None,
        "ro@club.example",
    )
    [mail] = Notification.objects.filter(kind="nmep-application-confirm")
    assert (mail.address, Invitation.objects.get().email) == ("ro@club.example", "ro@club.example")

    person = make_user(email="ro@club.example", name="Ro Wave")
    accounts.address_proven(person, "ro@club.example")
    application.refresh_from_db()
    assert (application.state, application.user, application.email) == ("applied", person, "")

    lead = make_lead(offering=policy.offering)
    client.force_login(lead)
    assert "Curiosity." in client.get(staff(policy, "application_list")).content.decode()
    for _ in range(2):
        client.post(
            staff(policy, "application_list"), {"application": [application.pk], "decision": "accept"}
        )
    assert Enrolment.objects.get(person=person).role == "learner"
    assert Notification.objects.filter(kind="nmep-application-decided", person=person).count() == 1
    client.force_login(person)
    assert client.get(assignment.get_absolute_url()).status_code == 200


def test_a_participant_is_in_no_directory_count_digest_or_wiki():
    policy = make_course(door="open")
    person = make_user()
    apply(policy, person)
    assert Enrolment.objects.filter(person=person, role="learner", state="active").exists()
    assert not person.memberships.exists()
    assert not User.objects.visible_to(make_member()).filter(pk=person.pk).exists()
    client = Client()
    client.force_login(person)
    for address in (reverse("members:person_list"), reverse("wiki:page_create")):
        assert client.get(address).status_code in (403, 404)


def test_nobody_learns_from_the_form_whose_address_has_an_account(client):
    policy = make_course()
    make_user(email="known@club.example")
    said = []
    for address in ("known@club.example", "unknown@club.example"):
        answer = client.post(
            page(policy), {"name": "Somebody", "email": address, "wants": "learner"}, follow=True
        )
        said.append([str(message) for message in answer.context["messages"]])
    assert said[0] == said[1] == [["Look into your mail: the link there confirms your address."]][0]
    assert [row.email for row in Invitation.objects.all()] == ["unknown@club.example"]


def test_two_clicks_apply_once_and_mail_once(client):
    policy = make_course()
    form = {"name": "Ro", "email": "ro@club.example", "wants": "learner"}
    for _ in range(3):
        client.post(page(policy), form)
    assert Application.objects.count() == Notification.objects.count() == 1
    person = make_user()
    assert apply(policy, person) == apply(policy, person)


def test_whoever_applied_with_and_without_the_account_applied_once():
    policy = make_course()
    person = make_user(email="ro@club.example")
    apply(policy, person)
    courses.apply(policy, name="Ro", email="ro@club.example", wants="learner", now=timezone.now())
    accounts.address_proven(person, "ro@club.example")
    assert [row.user for row in Application.objects.live()] == [person]


def test_where_the_door_is_open_people_are_in_until_the_places_are_taken_and_then_in_line():
    policy = make_course(door="open", places=1)
    first, second = make_user(), make_user()
    assert (apply(policy, first).state, apply(policy, second).state) == ("accepted", "waiting")
    assert apply(policy, make_user(), wants="auditor").state == "accepted", "auditors take no place"
    now = timezone.now()
    assert courses.fill_places(now) == 0
    left = Enrolment.objects.get(person=first)
    left.state = Enrolment.State.WITHDREW
    left.save()
    assert (courses.fill_places(now), courses.fill_places(now)) == (1, 0)
    assert Enrolment.objects.get(person=second).is_learning
    assert Notification.objects.filter(kind="nmep-application-decided", person=second).count() == 1


def test_more_people_than_places_are_accepted_by_nobody(client):
    policy = make_course(places=1)
    rows = [apply(policy, make_user()) for _ in range(2)]
    client.force_login(make_lead(offering=policy.offering))
    answer = client.post(
        staff(policy, "application_list"),
        {"application": [row.pk for row in rows], "decision": "accept"},
        follow=True,
    )
    assert "There is 1 place left for 2." in answer.content.decode()
    assert not Enrolment.objects.learners().exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"door": "closed"}, "takes nobody"),
        ({"closes_at": timezone.now() - timedelta(days=1)}, "takes nobody"),
        ({"opens_at": timezone.now() + timedelta(days=1)}, "takes nobody"),
        ({"takes_auditors": False}, "Nobody audits"),
    ],
)
def test_a_course_that_takes_nobody_says_so(fields, sentence):
    policy = make_course(**fields)
    with pytest.raises(Refused, match=sentence):
        apply(policy, make_user(), wants="auditor")


def test_a_form_with_mistakes_keeps_what_was_typed(client):
    policy = make_course(question="Why?")
    answer = client.post(page(policy), {"name": "Ro Wave", "email": "no address", "wants": "x"})
    body = answer.content.decode()
    assert (answer.status_code, "Ro Wave" in body, "not among the choices" in body) == (422, True, True)
    assert not Application.objects.exists()


def test_an_application_is_taken_back_before_it_is_decided_and_not_after(client):
    policy = make_course()
    person = make_user()
    apply(policy, person)
    client.force_login(person)
    withdraw = reverse("courses:application_withdraw", args=[policy.offering.slug])
    client.post(withdraw)
    assert Application.objects.get().state == "withdrawn"
    again = apply(policy, person)
    courses.decide(policy, [again.pk], is_in=True, by=make_lead(offering=policy.offering), now=timezone.now())
    client.post(withdraw)
    again.refresh_from_db()
    assert again.state == "accepted"


def test_an_address_that_nobody_proves_is_forgotten():
    policy = make_course()
    now = timezone.now()
    courses.apply(policy, name="Ro", email="ro@club.example", wants="learner", now=now)
    apply(policy, make_user())
    assert courses.forget_unproven(now + timedelta(days=30)) == 0
    assert courses.forget_unproven(now + timedelta(days=31)) == 1
    assert [row.state for row in Application.objects.all()] == ["applied"]


def test_participants_see_classes_that_are_not_public():
    policy = make_course(door="open")
    coming = make_session(offering=policy.offering, starts_at=timezone.now() + timedelta(days=2))
    coming.event.visibility = "members"
    coming.event.save()
    person = make_user()
    apply(policy, person)
    client = Client()
    client.force_login(person)
    assert client.get(coming.event.get_absolute_url()).status_code == 404
    now = timezone.now()
    assert (courses.keep_doors_open(now), courses.keep_doors_open(now)) == (1, 0)
    assert client.get(coming.event.get_absolute_url()).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_ten_who_want_the_last_place_at_once_one_gets_it():
    policy = make_course(door="open", places=3)
    people = [make_user() for _ in range(10)]
    start, states = threading.Barrier(10), []

    def want(person):
        start.wait()
        try:
            states.append(apply(policy, person).state)
        finally:
            connection.close()

    threads = [threading.Thread(target=want, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["accepted"] * 3 + ["waiting"] * 7
    assert Enrolment.objects.learners().count() == 3


# ── Groups, and weeks at one's own pace ──


def test_a_participant_marks_weeks_and_the_leader_sees_who_is_stuck(client):
    policy = make_course(door="open", kind=Program.Kind.GUIDED, is_self_paced=True)
    for _ in range(2):
        make_session(offering=policy.offering)
    learner = make_enrolment(offering=policy.offering, person=make_user())
    leader = make_enrolment(offering=policy.offering, role=Enrolment.Role.HELPER).person
    group = CourseGroup.objects.create(offering=policy.offering, name="Ebb", leader=leader)
    GroupPlace.objects.create(group=group, enrolment=learner)
    client.force_login(learner.person)
    week = reverse("nmep:week_detail", args=[policy.offering.slug, 1])
    assert "This week is done" in client.get(week).content.decode()
    client.post(staff(policy, "week_check_in", 1), {"state": "done"})
    client.post(staff(policy, "week_check_in", 2), {"state": "stuck", "note": "The chain rule"})
    assert list(WeekCheckIn.objects.values_list("week", "state", "note")) == [
        (1, "done", ""),
        (2, "stuck", "The chain rule"),
    ]
    assert client.get(staff(policy, "group_detail", group.pk)).status_code == 404
    client.force_login(leader)
    assert "The chain rule" in client.get(staff(policy, "group_detail", group.pk)).content.decode()
    client.force_login(learner.person)
    client.post(staff(policy, "week_check_in", 2), {"state": "done", "note": "left over"})
    assert WeekCheckIn.objects.get(week=2).note == ""
    assert client.post(staff(policy, "week_check_in", 9), {"state": "done"}).status_code == 404
    client.post(staff(policy, "week_check_in", 1), {"state": "nonsense"})
    assert WeekCheckIn.objects.get(week=1).state == "done"


def test_a_lead_makes_groups_and_puts_people_into_them(client):
    policy = make_course()
    learners = [make_enrolment(offering=policy.offering) for _ in range(2)]
    client.force_login(make_lead(offering=policy.offering))
    client.post(staff(policy, "group_list"), {"name": "Ebb", "leader": "", "meets": "Mondays"})
    twice = client.post(staff(policy, "group_list"), {"name": "Ebb", "leader": ""})
    assert (twice.status_code, "already has a group of that name" in twice.content.decode()) == (422, True)
    group = CourseGroup.objects.get()
    foreign = CourseGroup.objects.create(offering=make_course().offering, name="Theirs")
    client.post(
        staff(policy, "group_list"),
        {f"group-{learners[0].pk}": group.pk, f"group-{learners[1].pk}": foreign.pk},
    )
    assert list(GroupPlace.objects.values_list("enrolment", "group")) == [(learners[0].pk, group.pk)]
    client.post(staff(policy, "group_list"), {f"group-{learners[0].pk}": ""})
    assert not GroupPlace.objects.exists()


# ── Pass or no pass ──

RULE = {
    "pass_at": 70,
    "parts": [
        {"kind": "homework", "weight": 60, "drop": 1},
        {"kind": "attendance", "weight": 40, "drop": 0},
    ],
}


def make_standing(policy, *, done, there):
    """A participant with so many of three homeworks done, and there so many times of two."""
    learner = make_enrolment(offering=policy.offering, person=make_user())
    for assignment in policy.offering.assignments.all()[:done]:
        MarkChange.objects.create(enrolment=learner, assignment=assignment, kind="done")
    for session in policy.offering.sessions.all()[:there]:
        Attendance.objects.create(event=session.event, user=learner.person)
    return learner


@pytest.fixture
def graded():
    policy = make_course(pass_rule=RULE)
    past = timezone.now() - timedelta(days=30)
    for _ in range(3):
        make_assignment(offering=policy.offering, due_at=past)
    for n in range(2):
        session = make_session(offering=policy.offering, starts_at=past + timedelta(days=n))
        Attendance.objects.create(event=session.event, user=make_member())
    return policy


def test_the_parts_are_weighed_and_the_worst_is_dropped(graded):
    make_standing(graded, done=2, there=2)
    make_standing(graded, done=1, there=1)
    make_standing(graded, done=3, there=0)
    found = {round(result.total, 1): result.is_passed for result in passing.results(graded, timezone.now())}
    assert found == {100.0: True, 50.0: False, 60.0: False}


def test_a_part_that_there_is_nothing_of_yet_does_not_count():
    policy = make_course(pass_rule=RULE)
    make_enrolment(offering=policy.offering)
    [result] = passing.results(policy, timezone.now())
    assert (result.total, result.is_passed) == (None, False)


def test_scores_count_out_of_a_hundred_whatever_was_written(graded):
    graded.pass_rule = {"pass_at": 50, "parts": [{"kind": "scores", "weight": 100, "drop": 0}]}
    learner = make_enrolment(offering=graded.offering)
    for assignment, value in zip(graded.offering.assignments.all(), ["80", "250", "much"], strict=True):
        MarkChange.objects.create(enrolment=learner, assignment=assignment, kind="done", value=value)
    [result] = passing.results(graded, timezone.now())
    assert result.total == pytest.approx(60)


def test_the_list_is_exported_and_a_name_is_no_formula(client, graded):
    learner = make_standing(graded, done=3, there=2)
    learner.person.name = "=SUM(A1)"
    learner.person.save()
    client.force_login(make_lead(offering=graded.offering))
    assert "=SUM(A1)" in client.get(staff(graded, "passing_list")).content.decode()
    body = client.post(staff(graded, "passing_export")).content.decode()
    header, row = list(csv.reader(io.StringIO(body)))
    assert header[:4] == ["Name", "Mail", "Result", "Percent"]
    assert row[:1] + row[2:4] == ["'=SUM(A1)", "P", "100.0"]
    client.force_login(learner.person)
    assert client.post(staff(graded, "passing_export")).status_code == 404
    mine = client.get(reverse("nmep:progress_mine", args=[graded.offering.slug])).content.decode()
    assert "that is a pass" in mine


@pytest.mark.parametrize("size", [1, 5])
def test_the_results_cost_the_same_for_any_number_of_people(
    client, graded, size, django_assert_max_num_queries
):
    for _ in range(size):
        make_standing(graded, done=1, there=1)
    client.force_login(make_lead(offering=graded.offering))
    client.get(staff(graded, "passing_list"))
    with django_assert_max_num_queries(15):
        client.get(staff(graded, "passing_list"))


def test_the_rule_is_written_in_numbers_and_a_rule_that_makes_no_sense_is_refused(client):
    policy = make_course()
    client.force_login(make_lead(offering=policy.offering))
    data = {"door": "open", "pass_at": "70", "weight_homework": "60", "drop_homework": "1"}
    assert client.post(staff(policy, "course_settings"), data).status_code == 302
    policy.refresh_from_db()
    assert policy.pass_rule == {
        "pass_at": 70,
        "parts": [{"kind": "homework", "weight": 60, "drop": 1}],
    }
    for change, sentence in (
        ({"pass_at": ""}, "from how many percent"),
        ({"weight_homework": ""}, "at least one part"),
        ({"pass_at": "170"}, "Give 100 or less"),
        ({"opens_at": "2031-01-02T10:00", "closes_at": "2031-01-01T10:00"}, "must close after it opens"),
    ):
        answer = client.post(staff(policy, "course_settings"), data | change)
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_what_is_taught_to_everybody_is_listed_for_everybody(client):
    taking = make_course()
    running = make_course(door="closed")
    draft = make_course()
    draft.offering.state = "draft"
    draft.offering.save()
    body = client.get(reverse("courses:course_list")).content.decode()
    assert str(taking.offering) in body
    assert str(running.offering) in body
    assert str(draft.offering) not in body
    assert client.get(page(draft)).status_code == 404
