from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry, Notification
from mlclub.refusal import Refused
from nmep import completion
from nmep.models import Completion, Enrolment, MarkChange, Offering, Override
from tests.factories.members import make_member, make_new_member, make_officer
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering
from tests.nmep.test_races import at_once

pytestmark = pytest.mark.django_db


def settle(enrolment, assignment):
    MarkChange.objects.create(enrolment=enrolment, assignment=assignment, kind="done")


@pytest.fixture
def cohort():
    """One who meets the rule, one who does not, one who left; the rule asks for two homeworks."""
    offering = make_offering(completion_rule={"homework": 2, "absences": True})
    offering.program.kind = "nmep"
    offering.program.save()
    work = [make_assignment(offering=offering) for _ in range(3)]
    offering.meets = make_enrolment(offering=offering, person=make_new_member(term=offering.term))
    offering.lacks = make_enrolment(offering=offering, person=make_new_member(term=offering.term))
    make_enrolment(offering=offering, state=Enrolment.State.WITHDREW)
    for assignment in work[:2]:
        settle(offering.meets, assignment)
    settle(offering.lacks, work[0])
    offering.lead = make_lead(offering=offering)
    return offering


def complete(offering, *, by=None, seen=1, others_stay=True):
    return completion.complete(
        offering, seen=seen, others_stay=others_stay, by=by or offering.lead, now=timezone.now()
    )


def states(offering):
    rows = Enrolment.objects.learners().filter(offering=offering).order_by("pk")
    return list(rows.values_list("state", flat=True))


def test_each_learner_stands_against_each_line_in_words(client, cohort):
    client.force_login(cohort.lead)
    shown = client.get(reverse("nmep:completion_check", args=[cohort.slug])).content.decode()
    for words in (
        "at most 2 absences",
        "2 of 3 homeworks done",
        "1 of 3 done",
        "Does not meet it",
        "Withdrew",
    ):
        assert words in shown
    found = completion.check(cohort, timezone.now())
    assert [(row.enrolment, row.completes) for row in found.rows] == [
        (cohort.meets, True),
        (cohort.lacks, False),
    ]
    assert [against.line.requirement.key for against in found.rows[1].missing] == ["homework"]


def test_the_rule_is_written_in_a_form_and_a_line_left_empty_is_off(client, cohort):
    client.force_login(cohort.lead)
    url = reverse("nmep:completion_check", args=[cohort.slug])
    client.post(url, {"homework": "3", "absences": "1", "paper": "", "oral": "on"})
    cohort.refresh_from_db()
    assert cohort.completion_rule == {"homework": 3, "absences": True, "oral": 1}
    assert cohort.max_absences == 1
    assert [line.words for line in completion.rule_of(cohort)] == [
        "at most 1 absence",
        "3 of 3 homeworks done",
        "the oral exam",
    ]
    for wrong in ({"homework": "4"}, {"absences": "-1"}, {"homework": "many"}, {}):
        response = client.post(url, wrong)
        assert response.status_code == 422
        if wrong:
            assert next(iter(wrong.values())) in response.content.decode()
    assert AuditEntry.objects.filter(action="completion-rule").count() == 1


def test_the_rule_of_an_archived_offering_stays(client, cohort):
    Offering.objects.filter(pk=cohort.pk).update(state=Offering.State.ARCHIVED)
    client.force_login(cohort.lead)
    response = client.post(reverse("nmep:completion_check", args=[cohort.slug]), {"homework": "1"})
    assert response.status_code == 422
    cohort.refresh_from_db()
    assert cohort.completion_rule == {"homework": 2, "absences": True}


def test_completing_changes_states_keeps_what_was_required_promotes_and_mails_once(client, cohort):
    client.force_login(cohort.lead)
    url = reverse("nmep:completion_confirm", args=[cohort.slug])
    assert "Complete 1, mail 1" in client.get(url).content.decode()
    assert not Completion.objects.exists()
    for _ in range(2):
        client.post(url, {"seen": "1", "others": "end"})
    assert states(cohort) == ["completed", "did_not_finish", "withdrew"]
    done, not_done = Completion.objects.get(is_complete=True), Completion.objects.get(is_complete=False)
    assert done.snapshot == [
        {"key": "absences", "words": "at most 2 absences", "detail": "0 absences", "is_met": True},
        {"key": "homework", "words": "2 of 3 homeworks done", "detail": "2 of 3 done", "is_met": True},
    ]
    assert (not_done.enrolment, not_done.is_override) == (cohort.lacks, False)
    assert [row.person.memberships.get().kind for row in (cohort.meets, cohort.lacks)] == ["member", "new"]
    assert cohort.meets.person.memberships.get().history.count() == 2
    cohort.refresh_from_db()
    assert cohort.state == Offering.State.CLOSING
    call_command("notify", "--once")
    assert [message.to for message in mail.outbox] == [[cohort.meets.person.email]]
    assert done.get_absolute_url() in mail.outbox[0].body
    assert AuditEntry.objects.filter(action="cohort-completed").count() == 1


def test_an_override_needs_a_reason_and_is_kept_with_the_completion(client, cohort):
    client.force_login(cohort.lead)
    url = reverse("nmep:completion_detail", args=[cohort.slug, cohort.lacks.pk])
    assert client.post(url, {"outcome": "completes", "reason": " "}).status_code == 422
    client.post(url, {"outcome": "completes", "reason": "Taught two classes."})
    assert AuditEntry.objects.get(action="completion-override").after["why"] == "Taught two classes."
    client.post(url, {"follow": "1"})
    assert not Override.objects.exists()
    client.post(url, {"outcome": "completes", "reason": "Taught two classes."})
    assert len(complete(cohort, seen=2)) == 2
    row = Completion.objects.get(enrolment=cohort.lacks)
    assert (row.is_complete, row.is_override, row.reason) == (True, True, "Taught two classes.")


def test_whoever_is_to_stay_open_stays_open_and_may_be_completed_later(cohort):
    completion.override(
        cohort.lacks, "stays_open", reason="One week more.", by=cohort.lead, now=timezone.now()
    )
    complete(cohort, others_stay=False)
    assert states(cohort) == ["completed", "active", "withdrew"]
    settle(cohort.lacks, cohort.assignments.last())
    completion.follow_rule(cohort.lacks, by=cohort.lead)
    complete(cohort)
    assert states(cohort) == ["completed", "completed", "withdrew"]


def test_what_changed_since_the_page_was_read_is_not_confirmed(cohort):
    with pytest.raises(completion.Changed, match="it is 1, not 2"):
        complete(cohort, seen=2)
    assert not Completion.objects.exists()


@pytest.mark.parametrize("state", [Offering.State.DRAFT, Offering.State.OPEN, Offering.State.ARCHIVED])
def test_only_a_running_offering_with_a_rule_is_completed(cohort, state):
    Offering.objects.filter(pk=cohort.pk).update(state=state)
    with pytest.raises(Refused):
        complete(cohort)
    Offering.objects.filter(pk=cohort.pk).update(state=Offering.State.RUNNING, completion_rule={})
    with pytest.raises(Refused):
        complete(cohort)


def test_afterwards_only_the_officer_for_education_changes_it_with_a_reason(client, cohort):
    complete(cohort, others_stay=False)
    url = reverse("nmep:completion_detail", args=[cohort.slug, cohort.lacks.pk])
    change = {"act": "complete", "why": "The homework had been lost."}
    client.force_login(cohort.lead)
    assert "This is settled." in client.get(url).content.decode()
    assert client.post(url, change).status_code == 422
    assert states(cohort)[1] == "did_not_finish"
    client.force_login(make_officer(slug="education"))
    assert client.post(url, {"act": "complete", "why": ""}).status_code == 422
    for _ in range(2):
        client.post(url, change)
    assert states(cohort)[1] == "completed"
    assert cohort.lacks.person.memberships.get().kind == "member"
    assert AuditEntry.objects.filter(action="completion-corrected").count() == 1
    assert Notification.objects.filter(kind="nmep-completed", person=cohort.lacks.person).count() == 1


# ── The certificate ──


def test_whoever_has_the_address_reads_the_certificate_without_any_mark(client, cohort):
    complete(cohort)
    certificate = Completion.objects.get()
    response = client.get(certificate.get_absolute_url())
    shown = response.content.decode()
    for words in (cohort.meets.person.display_name, cohort.program.name, cohort.term.name):
        assert words in shown
    for words in ("homework", "absence", "of 3"):
        assert words not in shown
    assert response["X-Robots-Tag"] == "noindex"
    assert len(certificate.certificate_id) >= 22
    assert client.get(reverse("nmep:certificate", args=["nobody-knows-this-one0"])).status_code == 404


def test_a_revoked_certificate_is_gone_and_says_so(client, cohort):
    complete(cohort)
    certificate, officer = Completion.objects.get(), make_officer(slug="education")
    assert completion.revoke(certificate, why="It was not theirs.", by=officer, now=timezone.now())
    assert not completion.revoke(certificate, why="Again.", by=officer, now=timezone.now())
    response = client.get(certificate.get_absolute_url())
    assert response.status_code == 410
    assert cohort.meets.person.display_name not in response.content.decode()
    assert "It was not theirs." not in response.content.decode()
    completion.restore(certificate, why="It was.", by=officer)
    assert client.get(certificate.get_absolute_url()).status_code == 200


def test_nobody_who_did_not_finish_has_a_certificate(client, cohort):
    complete(cohort, others_stay=False)
    row = Completion.objects.get(is_complete=False)
    assert client.get(row.get_absolute_url()).status_code == 404


def test_the_profile_says_it_to_members_once_its_person_agrees(client, cohort):
    complete(cohort)
    person, certificate = cohort.meets.person, Completion.objects.get()
    profile = person.get_absolute_url()
    url = reverse("nmep:certificate_show", args=[certificate.certificate_id])
    member = make_member()
    client.force_login(member)
    assert client.post(url, {"show": "1"}).status_code == 404
    assert f"{cohort.program} ({cohort.term})" not in client.get(profile).content.decode()
    client.force_login(person)
    client.post(url, {"show": "1"})
    client.force_login(member)
    assert f"{cohort.program} ({cohort.term})" in client.get(profile).content.decode()


# ── Costs and races ──


@pytest.mark.parametrize("size", [1, 5])
def test_the_check_costs_the_same_for_any_number_of_learners(client, size, django_assert_max_num_queries):
    offering = make_offering(completion_rule={"homework": 1, "absences": True, "skills": 1})
    make_assignment(offering=offering, due_at=timezone.now() + timedelta(days=1))
    for _ in range(size):
        make_enrolment(offering=offering)
    client.force_login(make_lead(offering=offering))
    url = reverse("nmep:completion_check", args=[offering.slug])
    client.get(url)
    with django_assert_max_num_queries(15):
        client.get(url)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_four_leads_who_complete_at_once_complete_once(cohort):
    leads = [make_lead(offering=cohort) for _ in range(4)]
    answers = at_once(*[lambda lead=lead: complete(cohort, by=lead) for lead in leads])
    assert sum(isinstance(answer, list) for answer in answers) == 1
    assert sum(isinstance(answer, completion.Changed) for answer in answers) == 3
    assert Completion.objects.count() == 1
    assert Notification.objects.filter(kind="nmep-completed").count() == 1
