from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from members.models import Notification
from mlclub.refusal import Refused
from nmep import capstone_steps
from nmep.models import Capstone, CapstoneStep, StepVersion
from tests.factories import make_member
from tests.factories.capstones import make_capstone, make_mentoring, make_milestone
from tests.factories.nmep import make_lead

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def make_group(**fields):
    """A group with a mentor, its first member, and the proposal that is due."""
    capstone = make_capstone(name="Grid worlds", **fields)
    mentor = make_mentoring(capstone=capstone)
    milestone = make_milestone(offering=capstone.offering)
    capstone = Capstone.objects.with_people().select_related("offering").get(pk=capstone.pk)
    return capstone, mentor, capstone.team[0].enrolment.person, milestone


def url(name, capstone, *more):
    return reverse(f"nmep:{name}", args=[capstone.offering.slug, capstone.initiative.slug, *more])


def test_a_group_proposes_its_mentor_asks_for_changes_and_then_approves(client):
    capstone, mentor, member, milestone = make_group()
    hand_in = url("step_hand_in", capstone, milestone.pk)
    client.force_login(member)
    client.post(hand_in, {f"s{milestone.pk}-text": "We plan to *learn*."})
    client.post(hand_in, {f"s{milestone.pk}-text": "We plan to *learn*."})
    assert StepVersion.objects.count() == 1
    client.force_login(mentor)
    assert "We plan to" in client.get(capstone.get_absolute_url()).content.decode()
    answer = url("step_answer", capstone, milestone.pk)
    field = f"a{milestone.pk}"
    bare = client.post(answer, {f"{field}-n": 1})
    assert bare.status_code == 422
    assert "Say what should change." in bare.content.decode()
    client.post(answer, {f"{field}-n": 1, f"{field}-comment": "canary-mend"})
    capstone.refresh_from_db()
    assert capstone.state == "revise"
    client.force_login(member)
    client.post(hand_in, {f"s{milestone.pk}-text": "We plan better."})
    client.force_login(mentor)
    for _ in range(2):
        client.post(answer, {f"{field}-n": 2, "approve": "1"})
    capstone.refresh_from_db()
    step = CapstoneStep.objects.get()
    assert (capstone.state, step.state, step.signed_by) == ("approved", "approved", mentor)
    assert capstone.initiative.state == "running"
    call_command("notify", "--once")
    subjects = [letter.subject for letter in mail.outbox if letter.to == [member.email]]
    assert subjects.count("Grid worlds: an answer on Proposal") == 2
    assert all("canary-mend" not in str(letter.message()) for letter in mail.outbox)


def test_a_version_that_came_in_meanwhile_is_read_first(client):
    capstone, mentor, member, milestone = make_group()
    for text in ("One", "Two"):
        capstone_steps.hand_in(capstone, milestone, by=member, text=text, now=NOW)
    with pytest.raises(Refused, match="Version 2 came in meanwhile"):
        capstone_steps.answer(CapstoneStep.objects.get(), by=mentor, approves=True, n=1, now=NOW)


def test_a_file_goes_to_the_group_its_mentor_and_leads_and_to_nobody_else(client):
    capstone, mentor, member, milestone = make_group()
    client.force_login(member)
    client.post(
        url("step_hand_in", capstone, milestone.pk),
        {f"s{milestone.pk}-file": SimpleUploadedFile("plan.pdf", b"%PDF-1.4 tiny")},
    )
    version = StepVersion.objects.get()
    assert version.name == "plan.pdf"
    address = url("step_file", capstone, version.pk)
    for person, code in [
        (member, 200),
        (mentor, 200),
        (make_lead(offering=capstone.offering), 200),
        (make_member(), 404),
    ]:
        client.force_login(person)
        assert client.get(address).status_code == code


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Write something, give a link or add a file."),
        ({"url": "not an address"}, "Give the whole address"),
        ({"file": ("virus.exe", b"MZ")}, "Programs are not taken"),
    ],
)
def test_what_cannot_be_taken_is_said_on_the_page(client, data, words):
    capstone, _, member, milestone = make_group()
    client.force_login(member)
    sent = {
        f"s{milestone.pk}-{key}": SimpleUploadedFile(*value) if key == "file" else value
        for key, value in data.items()
    }
    told = client.post(url("step_hand_in", capstone, milestone.pk), sent)
    assert told.status_code == 422
    assert words in told.content.decode()


def test_a_group_without_a_mentor_is_answered_by_the_lead():
    capstone = make_capstone()
    lead, milestone = make_lead(offering=capstone.offering), make_milestone(offering=capstone.offering)
    capstone_steps.hand_in(capstone, milestone, by=capstone.team[0].enrolment.person, text="Plan", now=NOW)
    told = Notification.objects.filter(kind="nmep-step-handed-in").values_list("person", flat=True)
    assert list(told) == [lead.pk]


def test_the_group_is_reminded_two_days_before_unless_it_has_handed_in():
    capstone, _, _member, milestone = make_group(size=2)
    due_at = milestone.due_by_rule()
    other = make_capstone(offering=capstone.offering, size=2)
    capstone_steps.hand_in(other, milestone, by=other.team[0].enrolment.person, text="Plan", now=NOW)
    # The last is later than any night that puts the mail off.
    for hours in (49, 47, 46, 36):
        call_command("notify", "--once", "--now", (due_at - timedelta(hours=hours)).isoformat())
    reminded = [letter.to[0] for letter in mail.outbox if "is due" in letter.subject]
    assert sorted(reminded) == sorted(row.enrolment.person.email for row in capstone.team)


def test_a_late_group_is_on_the_leads_list_until_it_hands_in():
    capstone, _, member, _ = make_group()
    late = make_milestone(offering=capstone.offering, title="Checkpoint", due_at=NOW - timedelta(days=1))
    assert [(str(row), str(step)) for row, step in capstone_steps.overdue(capstone.offering, NOW)] == [
        ("Grid worlds", "Checkpoint")
    ]
    capstone_steps.hand_in(capstone, late, by=member, text="Half way", now=NOW)
    assert capstone_steps.overdue(capstone.offering, NOW) == []


def test_members_read_who_is_in_it_but_not_what_was_handed_in(client):
    capstone, _, member, milestone = make_group()
    capstone_steps.hand_in(capstone, milestone, by=member, text="canary-plan", now=NOW)
    client.force_login(make_member())
    seen = client.get(capstone.get_absolute_url()).content.decode()
    assert (member.name in seen, "canary-plan" in seen) == (True, False)


@pytest.mark.parametrize("size", [1, 5])
def test_a_groups_page_costs_the_same_for_any_number_of_steps(client, size, django_assert_max_num_queries):
    capstone, mentor, member, _ = make_group()
    for n in range(size):
        step = make_milestone(offering=capstone.offering, title=f"Step {n}")
        capstone_steps.hand_in(capstone, step, by=member, text="Plan", now=NOW)
        capstone_steps.comment(CapstoneStep.objects.get(milestone=step), by=mentor, text="Good", now=NOW)
    client.force_login(member)
    with django_assert_max_num_queries(19):
        client.get(capstone.get_absolute_url())
