from datetime import date, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from members.models import AuditEntry, Notification, Topic
from mlclub.refusal import Refused
from nmep import acts, handing_in, mastery, offers, progress, reviewing
from nmep.models import (
    Comment,
    Enrolment,
    HelpOffer,
    LearnerNote,
    MarkChange,
    RubricCriterion,
    SkillMark,
    Submission,
)
from tests.factories.mastery import make_skill, make_skill_mark
from tests.factories.members import make_member, make_officer, make_term
from tests.factories.nmep import (
    given,
    make_assignment,
    make_enrolment,
    make_lead,
    make_offering,
    make_session,
    make_submission,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner():
    return make_enrolment()


@pytest.fixture
def lead(learner):
    return make_lead(offering=learner.offering)


def page(client, enrolment, *, by):
    client.force_login(by)
    return client.get(address("progress_detail", enrolment)).content.decode()


def address(name, enrolment, *args):
    return reverse(f"nmep:{name}", args=[enrolment.offering.slug, enrolment.pk, *args])


# ── Reasons ──


def test_two_skills_not_yet_and_a_missed_class_raise_a_flag_in_words_that_both_read(client, learner, lead):
    skills = [make_skill(program=learner.offering.program, name=name) for name in ("Shapes", "Gradients")]
    for skill in skills:
        make_skill_mark(enrolment=learner, skill=skill, level="not_yet", by=lead)
    other = make_enrolment(offering=learner.offering)
    session = make_session(offering=learner.offering, starts_at=timezone.now() - timedelta(days=3))
    other.person.attendances.create(event=session.event)
    reasons = ("Not yet: Shapes and Gradients.", "Missed 1 class as well.")
    assert progress.of(learner, timezone.now()).reasons == reasons
    shown = page(client, learner, by=lead)
    client.force_login(learner.person)
    own = client.get(reverse("nmep:progress_mine", args=[learner.offering.slug])).content.decode()
    for reason in reasons:
        assert reason in shown
        assert reason in own
    make_skill_mark(enrolment=learner, skill=skills[0], level="got_it", by=lead)
    assert progress.of(Enrolment.objects.get(pk=learner.pk), timezone.now()).reasons == ()


def test_who_resumes_in_a_later_offering_keeps_their_skills(learner):
    skill = make_skill(program=learner.offering.program)
    make_skill_mark(enrolment=learner, skill=skill, level="can_teach")
    later = make_term(starts_on=date.today() + timedelta(days=300))
    offering = make_offering(program=learner.offering.program, term=later)
    again = make_enrolment(offering=offering, person=learner.person)
    assert [row.word for row in progress.of(again, timezone.now()).skills] == ["Can teach it"]


# ── Skills ──


def test_a_lead_writes_down_what_they_saw_once(client, learner, lead):
    skill = make_skill(program=learner.offering.program, name="Derive a gradient")
    client.force_login(lead)
    answer = {
        "skill-skill": skill.pk,
        "skill-level": "can_teach",
        "skill-evidence": "Taught it at the party.",
    }
    for _ in range(2):
        client.post(address("skill_see", learner), answer)
    assert [(row.level, row.by, row.evidence) for row in SkillMark.objects.all()] == [
        ("can_teach", lead, "Taught it at the party.")
    ]
    assert "Can teach it" in page(client, learner, by=lead)


def test_a_skill_of_another_programme_or_a_link_to_elsewhere_is_refused_and_what_was_typed_is_kept(
    client, learner, lead
):
    skill = make_skill(program=learner.offering.program)
    client.force_login(lead)
    for change in (
        {"skill-skill": make_skill().pk},
        {"skill-link": "https://elsewhere.example/"},
        {"skill-link": "//elsewhere.example/"},
        {"skill-evidence": ""},
        {"skill-level": "perfect"},
    ):
        answer = {
            "skill-skill": skill.pk,
            "skill-level": "got_it",
            "skill-evidence": "Kept words.",
            "skill-link": "",
        }
        response = client.post(address("skill_see", learner), answer | change)
        assert response.status_code == 422
        if "skill-evidence" not in change:
            assert "Kept words." in response.content.decode()
    assert not SkillMark.objects.exists()


def test_work_that_is_done_proposes_a_skill_and_a_person_confirms_it(client, learner, lead):
    assignment = make_assignment(offering=learner.offering)
    skill = make_skill(program=learner.offering.program, assignments=[assignment])
    submission = make_submission(enrolment=learner, assignment=assignment, state=Submission.State.DONE)
    assert not SkillMark.objects.exists()
    assert "is done. Have they got it?" in page(client, learner, by=lead)
    for _ in range(2):
        client.post(address("skill_see", learner), {"confirm": skill.pk})
    assert [(row.level, row.by, row.submission) for row in SkillMark.objects.all()] == [
        ("got_it", lead, submission)
    ]


def test_what_a_person_said_of_a_skill_is_not_proposed_over(learner, lead):
    assignment = make_assignment(offering=learner.offering)
    skill = make_skill(program=learner.offering.program, assignments=[assignment])
    submission = make_submission(enrolment=learner, assignment=assignment, state=Submission.State.DONE)
    make_skill_mark(enrolment=learner, skill=skill, level="can_teach", by=lead)
    assert mastery.proposals(progress.of(learner, timezone.now())) == []
    assert mastery.confirm(submission, [skill], by=lead, now=timezone.now()) == 0


# ── A homework is a loop ──


def test_returned_work_lists_what_is_missing_on_both_pages_until_it_is_mended(client, learner, lead):
    assignment = make_assignment(offering=learner.offering)
    clear = RubricCriterion.objects.create(assignment=assignment, title="Clear to read", position=2)
    right = assignment.criteria.exclude(pk=clear.pk).get()
    submission = make_submission(enrolment=learner, assignment=assignment)
    for text, asks in (("Name the axes.", True), ("A nice plot.", False)):
        reviewing.comment(submission, lead, text, now=timezone.now(), asks_for_change=asks)
    reviewing.post(
        submission,
        lead,
        summary="Nearly.",
        outcome="return",
        marks={right.pk: "mastered", clear.pk: "close"},
        now=timezone.now(),
    )
    found = mastery.missing(learner, {assignment.pk: submission.pk})[assignment.pk]
    assert [mark.criterion for mark in found.criteria] == [clear]
    assert [comment.text for comment in found.comments] == ["Name the axes."]
    client.force_login(learner.person)
    for url in (assignment.get_absolute_url(), reverse("nmep:progress_mine", args=[learner.offering.slug])):
        shown = client.get(url).content.decode()
        assert "Clear to read: close" in shown
        assert "Name the axes." in shown
    Comment.objects.update(state=Comment.State.SETTLED)
    assert mastery.missing(learner, {assignment.pk: submission.pk})[assignment.pk].comments == ()
    make_submission(enrolment=learner, assignment=assignment)
    assert "What is missing" not in client.get(assignment.get_absolute_url()).content.decode()


# ── Marks past the review ──


def test_a_lead_exempts_with_a_reason_and_two_clicks_make_one_entry(client, learner, lead):
    assignment = make_assignment(offering=learner.offering, due_at=timezone.now() - timedelta(days=9))
    client.force_login(lead)
    answer = {"mark-assignment": assignment.pk, "mark-kind": "exempt", "mark-why": "Did it last term."}
    for _ in range(2):
        client.post(address("mark_change", learner), answer)
    assert [(row.kind, row.why, row.by) for row in MarkChange.objects.all()] == [
        ("exempt", "Did it last term.", lead)
    ]
    assert progress.of(learner, timezone.now()).work[0].state == "exempt"
    assert client.post(address("mark_change", learner), answer | {"mark-why": ""}).status_code == 422
    client.post(address("mark_change", learner), answer | {"mark-kind": "not_yet"})
    assert progress.of(Enrolment.objects.get(pk=learner.pk), timezone.now()).work[0].state == "missed"


def test_work_to_do_over_is_taken_once_more_and_is_no_later_than_before(learner, lead):
    now = timezone.now()
    assignment = make_assignment(offering=learner.offering, due_at=now - timedelta(days=9))
    submission = make_submission(
        enrolment=learner, assignment=assignment, now=now - timedelta(days=10), state=Submission.State.DONE
    )
    with pytest.raises(Refused, match="nothing left"):
        handing_in.hand_in(learner, assignment, given(assignment), n=2, now=now)
    acts.mark(learner, assignment, "do_over", why="It was somebody else's.", by=lead, now=now)
    again = handing_in.hand_in(learner, assignment, given(assignment), n=2, now=now).submission
    assert (again.n, again.late_by) == (2, submission.late_by)
    assert progress.of(learner, now).work[0].state == "review"


def test_what_is_settled_only_the_officer_for_education_changes_with_a_reason_on_record(learner, lead):
    assignment = make_assignment(offering=learner.offering)
    Enrolment.objects.filter(pk=learner.pk).update(state=Enrolment.State.COMPLETED)
    now, officer = timezone.now(), make_officer(slug="education")
    with pytest.raises(Refused, match="frozen"):
        acts.mark(learner, assignment, "exempt", why="Late thought.", by=lead, now=now)
    with pytest.raises(Refused, match="say why"):
        acts.mark(learner, assignment, "exempt", why=" ", by=officer, now=now)
    assert acts.mark(learner, assignment, "exempt", why="A slip of the pen.", by=officer, now=now)
    assert [row.after["why"] for row in AuditEntry.objects.filter(action="mark-changed")] == [
        "A slip of the pen."
    ]


# ── Help ──


def test_help_is_offered_to_both_in_one_mail_each_that_does_not_say_why(client, learner, lead):
    make_assignment(offering=learner.offering, title="Tides", due_at=timezone.now() - timedelta(days=9))
    helper = make_enrolment(offering=learner.offering, role=Enrolment.Role.HELPER).person
    shown = page(client, learner, by=lead)
    assert "HW1 was not handed in." in shown
    assert address("help_offer", learner) in shown
    assert helper.display_name in client.get(address("help_offer", learner)).content.decode()
    for _ in range(2):
        client.post(address("help_offer", learner), {"helper": helper.pk})
    assert HelpOffer.objects.count() == 1
    call_command("notify", "--once")
    assert sorted(message.to[0] for message in mail.outbox) == sorted([helper.email, learner.person.email])
    for message in mail.outbox:
        told = message.subject + message.body
        assert [word for word in ("HW1", "Tides", "flag", "handed in", "missed") if word in told] == []
    client.force_login(learner.person)
    mine = client.get(reverse("nmep:progress_mine", args=[learner.offering.slug])).content.decode()
    assert helper.display_name in mine


def test_members_who_give_a_topic_that_somebody_is_stuck_on_can_be_asked(learner, lead):
    make_skill_mark(
        enrolment=learner,
        skill=make_skill(program=learner.offering.program, name="Explain attention"),
        level="not_yet",
        by=lead,
    )
    giver, other = make_member(), make_member()
    for person, name in ((giver, "Attention and transformers"), (other, "Robotics")):
        membership = person.memberships.get()
        membership.term = learner.offering.term
        membership.save()
        membership.give.add(Topic.objects.create(name=name, slug=slugify(name)))
    found = offers.candidates(progress.of(learner, timezone.now()))
    assert [(row.person, row.reason) for row in found] == [
        (lead, "lead"),
        (giver, "gives Attention and transformers"),
    ]


def test_nobody_else_is_asked_to_help(client, learner, lead):
    stranger = make_member()
    client.force_login(lead)
    assert client.post(address("help_offer", learner), {"helper": stranger.pk}).status_code == 422
    assert not Notification.objects.exists()


def test_an_offer_of_help_ends_and_may_be_made_again(client, learner, lead):
    now = timezone.now()
    offer, _ = offers.offer(learner, lead, by=lead, now=now)
    client.force_login(lead)
    for _ in range(2):
        client.post(address("help_end", learner, offer.pk))
    assert offers.offer(learner, lead, by=lead, now=now)[1]
    assert HelpOffer.objects.open().count() == 1


# ── Notes ──


def test_the_learner_and_the_leads_read_each_others_notes_and_take_back_their_own(client, learner, lead):
    slug = learner.offering.slug
    client.force_login(learner.person)
    client.post(reverse("nmep:note_create_mine", args=[slug]), {"text": "I work on Tuesdays."})
    assert "I work on Tuesdays." in page(client, learner, by=lead)
    client.post(address("note_create", learner), {"text": "We meet on Fridays."})
    client.force_login(learner.person)
    assert "We meet on Fridays." in client.get(reverse("nmep:progress_mine", args=[slug])).content.decode()
    theirs = LearnerNote.objects.get(author=lead)
    assert client.post(reverse("nmep:note_remove", args=[slug, theirs.pk])).status_code == 404
    mine = LearnerNote.objects.get(author=learner.person)
    client.post(reverse("nmep:note_remove", args=[slug, mine.pk]))
    assert list(LearnerNote.objects.all()) == [theirs]
    assert client.post(reverse("nmep:note_create_mine", args=[slug]), {"text": ""}).status_code == 422


@pytest.mark.parametrize("size", [1, 5])
def test_the_page_of_a_learner_costs_the_same_however_much_there_is(
    client, size, learner, lead, django_assert_max_num_queries
):
    for _ in range(size):
        assignment = make_assignment(offering=learner.offering)
        make_submission(enrolment=learner, assignment=assignment, state=Submission.State.RETURNED)
        done = make_assignment(offering=learner.offering)
        make_submission(enrolment=learner, assignment=done, state=Submission.State.DONE)
        skill = make_skill(program=learner.offering.program, assignments=[done])
        make_skill_mark(enrolment=learner, skill=make_skill(program=skill.program), by=lead)
        acts.add_note(learner, lead, "A note.", now=timezone.now())
    page(client, learner, by=lead)
    with django_assert_max_num_queries(15):
        client.get(address("progress_detail", learner))


def test_a_tick_in_a_review_that_is_done_is_written_down_for_every_author_once(client, learner, lead):
    assignment = make_assignment(offering=learner.offering)
    skill = make_skill(program=learner.offering.program, assignments=[assignment], name="Train a net")
    other = make_skill(program=learner.offering.program, assignments=[assignment])
    submission = make_submission(enrolment=learner, assignment=assignment)
    client.force_login(lead)
    assert "Train a net" in client.get(submission.get_absolute_url()).content.decode()
    url = reverse("nmep:submission_review", args=[learner.offering.slug, submission.pk])
    answer = {"summary": "Well done.", "outcome": "done", "skills": [skill.pk]}
    client.post(url, answer | {"draft": "1"})
    assert not SkillMark.objects.exists()
    for _ in range(2):
        client.post(url, answer)
    assert [(row.skill, row.level, row.by, row.submission) for row in SkillMark.objects.all()] == [
        (skill, "got_it", lead, submission)
    ]
    assert other.name in page(client, learner, by=lead)


def test_a_tick_in_a_review_that_returns_the_work_says_nothing(learner, lead):
    assignment = make_assignment(offering=learner.offering)
    skill = make_skill(program=learner.offering.program, assignments=[assignment])
    submission = make_submission(enrolment=learner, assignment=assignment)
    reviewing.post(
        submission,
        lead,
        summary="Not yet.",
        outcome="return",
        marks={},
        skills=[skill.pk],
        now=timezone.now(),
    )
    assert not SkillMark.objects.exists()
