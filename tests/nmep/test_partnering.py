from collections import Counter

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEntry, Notification, Pairing
from members.pairing import pairs_of
from mlclub.refusal import Refused
from nmep import attention, pair_repair, partnering, teams, unpaired
from nmep.models import Enrolment, PairingRound, PartnerNote, PartnerTeam, PartnerWish, TeamPlace
from nmep.partner_facts import Criteria
from nmep.partnering import PublishedMeanwhile
from tests.factories.mastery import make_skill, make_skill_mark
from tests.factories.members import make_new_member
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_submission
from tests.factories.partners import make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def offering():
    return make_offering()


def learners(offering, n):
    names = ["Ada", "Bo", "Cy", "Di", "Eve", "Fay", "Gus", "Hal"]
    return [
        make_enrolment(
            offering=offering,
            person=make_new_member(
                term=offering.term, name=names[at] if at < len(names) else f"Learner {at}"
            ),
        )
        for at in range(n)
    ]


def a_round(offering, **fields):
    fields.setdefault("partners", "required")
    return partnering.round_of(make_assignment(offering=offering, **fields), timezone.now())


def made_teams(made):
    """The names of each team, in order."""
    rows = PartnerTeam.objects.filter(round=made, places__isnull=False).distinct().with_people()
    return sorted(sorted(place.enrolment.person.name for place in row.places.all()) for row in rows)


def told(kind="nmep-partners"):
    return Counter(Notification.objects.filter(kind=kind).values_list("person__name", flat=True))


# ── Matching ──


def test_every_active_learner_is_in_exactly_one_pair_or_trio(offering):
    people = learners(offering, 7)
    make_enrolment(offering=offering, state=Enrolment.State.WITHDREW)
    make_lead(offering=offering)
    made = a_round(offering)
    assert partnering.propose(made, Criteria(), now=timezone.now()) == {}
    assert sorted(TeamPlace.objects.values_list("enrolment", flat=True)) == sorted(row.pk for row in people)
    assert sorted(map(len, made_teams(made))) == [2, 2, 3]
    assert set(Pairing.objects.values_list("state", "reason", "kind")) == {
        ("proposed", "never worked together", "homework")
    }


def test_partners_do_not_meet_again_over_a_term(offering):
    learners(offering, 8)
    lead = make_lead(offering=offering)
    met = Counter()
    for _ in range(7):
        made = a_round(offering)
        partnering.propose(made, Criteria(), now=timezone.now())
        partnering.publish(made, by=lead, now=timezone.now())
        met.update(pair for team in made_teams(made) for pair in pairs_of(team))
    assert len(met) == 28
    assert set(met.values()) == {1}


def test_rather_not_is_kept_and_a_request_of_both_is_kept_and_neither_is_told_to_the_pair(offering):
    ada, bo, cy, _ = learners(offering, 4)
    now = timezone.now()
    partnering.wish(ada, "rather_not", bo, now=now)
    partnering.wish(cy, "request", ada, now=now)
    partnering.wish(ada, "request", cy, now=now)
    for seed in range(8):
        made = a_round(offering)
        partnering.propose(made, Criteria(), now=now, seed=seed)
        assert made_teams(made) == [["Ada", "Cy"], ["Bo", "Di"]]
        told_to_pairs = Pairing.objects.filter(partner_team__round=made).values_list("reason", flat=True)
        assert set(told_to_pairs) == {"never worked together"}
    assert PartnerTeam.objects.filter(places__enrolment=ada, round=made).get().private_reason == (
        "asked for each other"
    )


def test_who_would_rather_not_work_together_again_does_not_while_there_are_others(offering):
    ada, bo, cy, di = learners(offering, 4)
    first = make_round((ada, bo), (cy, di))
    team = first.teams.get(places__enrolment=ada)
    partnering.note(team, ada, split="more", again="no", now=timezone.now())
    for others in (((ada, cy), (bo, di)), ((ada, di), (bo, cy))):
        make_round(*others)
    made = a_round(offering)
    partnering.propose(made, Criteria(), now=timezone.now())
    assert ["Ada", "Bo"] not in made_teams(made)
    partnering.put_together(made, ada.pk, bo.pk, by=ada.person, now=timezone.now())
    team = PartnerTeam.objects.get(round=made, places__enrolment=ada)
    assert (team.pairing.reason, team.private_reason) == (
        "worked together once",
        "one would rather not again",
    )


@pytest.mark.parametrize(
    ("experience", "expected"),
    [("similar", [["Ada", "Bo"], ["Cy", "Di"]]), ("mixed", [["Ada", "Cy"], ["Bo", "Di"]])],
)
def test_experience_is_what_was_seen_of_their_skills(offering, experience, expected):
    ada, bo, cy, di = learners(offering, 4)
    skill = make_skill(program=offering.program)
    for who in (ada, bo):
        make_skill_mark(enrolment=who, skill=skill, level="got_it")
    for who in (cy, di):
        make_skill_mark(enrolment=who, skill=skill, level="not_yet")
    made = a_round(offering)
    for pair in (frozenset((ada.pk, di.pk)), frozenset((bo.pk, cy.pk))):
        PartnerWish.objects.create(asking_id=min(pair), about_id=max(pair), kind="rather_not")
    partnering.propose(made, Criteria(experience=experience), now=timezone.now())
    assert made_teams(made) == expected
    words = "both have 1 of 1 skills" if experience == "similar" else "have 0 and 1 of 1 skills"
    assert PartnerTeam.objects.get(round=made, places__enrolment=ada).private_reason == words


def test_a_locked_pair_stays_when_the_others_are_matched_again(offering):
    people = learners(offering, 8)
    made = a_round(offering)
    partnering.propose(made, Criteria(), now=timezone.now(), seed=1)
    team = PartnerTeam.objects.get(round=made, places__enrolment=people[0])
    kept = sorted(place.enrolment.person.name for place in team.places.all())
    assert partnering.lock(made, team.pk, is_locked=True)
    seen = set()
    for seed in range(2, 8):
        partnering.propose(made, Criteria(), now=timezone.now(), seed=seed)
        seen.add(str(made_teams(made)))
        assert kept in made_teams(made)
    assert len(seen) > 1
    assert PartnerTeam.objects.get(round=made, places__enrolment=people[0]).is_locked


def test_whoever_works_alone_by_choice_is_left_out_where_a_partner_is_optional(offering):
    ada, *_ = learners(offering, 3)
    partnering.wish(ada, "alone", None, now=timezone.now())
    for partners, expected in [("optional", [["Bo", "Cy"]]), ("required", [["Ada", "Bo", "Cy"]])]:
        made = a_round(offering, partners=partners)
        partnering.propose(made, Criteria(), now=timezone.now())
        assert made_teams(made) == expected


# ── Adjusting ──


def test_moving_somebody_leaves_nobody_alone(offering):
    ada, bo, cy, di, eve = learners(offering, 5)
    lead = make_lead(offering=offering)
    made = make_round((ada, bo), (cy, di, eve), state="proposed")
    now = timezone.now()
    partnering.put_together(made, ada.pk, cy.pk, by=lead, now=now)
    assert made_teams(made) == [["Ada", "Cy"], ["Bo", "Di", "Eve"]]
    partnering.join(made, eve.pk, PartnerTeam.objects.get(places__enrolment=ada).pk, by=lead, now=now)
    assert made_teams(made) == [["Ada", "Cy", "Eve"], ["Bo", "Di"]]
    partnering.set_alone(made, bo.pk, by=lead, now=now)
    assert made_teams(made) == [["Ada", "Cy", "Eve"]]
    partnering.put_together(made, bo.pk, di.pk, by=lead, now=now)
    assert made_teams(made) == [["Ada", "Cy", "Eve"], ["Bo", "Di"]]
    made.refresh_from_db()
    assert made.state == PairingRound.State.ADJUSTED
    assert Pairing.objects.count() == 2
    assert not Notification.objects.exists()


def test_after_the_publication_a_move_is_told_once_to_those_whom_it_is_about(offering):
    ada, bo, cy, di, eve, fay = learners(offering, 6)
    lead = make_lead(offering=offering)
    made = make_round((ada, bo), (cy, di), (eve, fay))
    partnering.put_together(made, ada.pk, cy.pk, by=lead, now=timezone.now())
    partnering.put_together(made, ada.pk, cy.pk, by=lead, now=timezone.now())
    assert told() == {"Ada": 1, "Bo": 1, "Cy": 1, "Di": 1}
    assert made_teams(made) == [["Ada", "Cy"], ["Bo", "Di"], ["Eve", "Fay"]]
    pair = Pairing.objects.get(partner_team__places__enrolment=ada)
    assert sorted(pair.members.filter(left_at=None).values_list("person__name", flat=True)) == ["Ada", "Cy"]
    assert pair.members.count() == 3
    call_command("notify", "--once")
    letter = next(each for each in mail.outbox if each.to == [ada.person.email])
    assert letter.subject == f"{made.assignment.label}: you work with Cy"
    assert "rather" not in letter.body


def test_who_has_handed_in_is_not_moved(offering):
    ada, bo, cy, di = learners(offering, 4)
    made = make_round((ada, bo), (cy, di))
    make_submission(enrolment=ada, assignment=made.assignment)
    with pytest.raises(Refused, match="not waiting for a partner"):
        partnering.put_together(made, ada.pk, cy.pk, by=ada.person, now=timezone.now())
    assert made_teams(made) == [["Ada", "Bo"], ["Cy", "Di"]]


# ── Publishing ──


def test_pairs_are_published_once_and_each_is_told_once(offering):
    learners(offering, 5)
    lead, other = make_lead(offering=offering), make_lead(offering=offering)
    made = a_round(offering)
    with pytest.raises(Refused, match="match first"):
        partnering.publish(made, by=lead, now=timezone.now())
    partnering.propose(made, Criteria(), now=timezone.now())
    assert partnering.publish(made, by=lead, now=timezone.now()) == 2
    for again in (
        lambda: partnering.publish(made, by=other, now=timezone.now()),
        lambda: partnering.propose(made, Criteria(), now=timezone.now()),
    ):
        with pytest.raises(PublishedMeanwhile, match=f"{lead.display_name} published these pairs"):
            again()
    assert told() == dict.fromkeys(["Ada", "Bo", "Cy", "Di", "Eve"], 1)
    assert AuditEntry.objects.filter(action="pairs-published").count() == 1
    assert set(Pairing.objects.values_list("state", flat=True)) == {"active"}


def test_a_leaver_between_the_preview_and_the_publication_is_seen(offering):
    ada, *_ = learners(offering, 4)
    made = a_round(offering)
    partnering.propose(made, Criteria(), now=timezone.now())
    Enrolment.objects.filter(pk=ada.pk).update(state=Enrolment.State.WITHDREW)
    with pytest.raises(Refused, match=r"^Ada left"):
        partnering.publish(made, by=ada.person, now=timezone.now())
    assert not Notification.objects.exists()


def test_a_mail_about_partners_who_have_changed_is_not_sent(offering):
    ada, bo, cy, di = learners(offering, 4)
    lead = make_lead(offering=offering)
    made = make_round((ada, bo), (cy, di), state="proposed")
    partnering.publish(made, by=lead, now=timezone.now())
    partnering.put_together(made, ada.pk, cy.pk, by=lead, now=timezone.now())
    call_command("notify", "--once")
    assert len(mail.outbox) == 4
    skipped = Notification.objects.filter(kind="nmep-partners", status="skipped")
    assert set(skipped.values_list("reason", flat=True)) == {"the partners have changed"}


# ── Late joiners and leavers ──


def test_a_late_joiner_becomes_the_third_of_the_pair_they_have_met_least(offering):
    ada, bo, cy, di, eve = learners(offering, 5)
    make_round((ada, eve), (bo, cy, di))
    made = make_round((ada, bo), (cy, di))
    found = pair_repair.proposal(made)
    assert [sorted(row.person.name for row in change.people) for change in found.changes] == [
        ["Cy", "Di", "Eve"]
    ]
    assert found.changes[0].is_trio_now
    lead = make_lead(offering=offering)
    assert pair_repair.repair(made, found.mark, by=lead, now=timezone.now()) == 1
    assert made_teams(made) == [["Ada", "Bo"], ["Cy", "Di", "Eve"]]
    assert told() == {"Cy": 1, "Di": 1, "Eve": 1}
    assert pair_repair.repair(made, found.mark, by=lead, now=timezone.now()) == 0
    assert told() == {"Cy": 1, "Di": 1, "Eve": 1}


def test_two_left_behind_become_a_pair_and_nobody_else_moves(offering):
    ada, bo, cy, di, eve, fay = learners(offering, 6)
    made = make_round((ada, bo), (cy, di), (eve, fay))
    Enrolment.objects.filter(pk__in=(bo.pk, di.pk)).update(state=Enrolment.State.WITHDREW)
    found = pair_repair.proposal(made)
    assert [change.key for change in found.changes] == [sorted((ada.pk, cy.pk))]
    pair_repair.repair(made, found.mark, by=make_lead(offering=offering), now=timezone.now())
    assert made_teams(made) == [["Ada", "Cy"], ["Eve", "Fay"]]
    assert told() == {"Ada": 1, "Cy": 1}


def test_a_repair_never_puts_together_who_would_rather_not_and_says_who_stays_alone(offering):
    ada, bo, cy = learners(offering, 3)
    partnering.wish(cy, "rather_not", ada, now=timezone.now())
    made = make_round((ada, bo))
    found = pair_repair.proposal(made)
    assert (found.changes, found.alone) == ([], [cy])


def test_a_repair_that_is_not_the_one_looked_at_is_refused(offering):
    people = learners(offering, 5)
    made = make_round(people[:2], people[2:4])
    mark = pair_repair.proposal(made).mark
    learners(offering, 1)
    with pytest.raises(Refused, match="since you looked"):
        pair_repair.repair(made, mark, by=people[0].person, now=timezone.now())
    assert not Notification.objects.exists()


def test_a_pair_that_has_handed_in_is_not_made_a_trio(offering):
    ada, bo, cy = learners(offering, 3)
    made = make_round((ada, bo))
    make_submission(enrolment=ada, assignment=made.assignment)
    make_submission(enrolment=bo, assignment=made.assignment)
    assert pair_repair.proposal(made).alone == [cy]


def test_the_home_of_a_lead_knows_who_has_no_partner(offering):
    ada, bo, cy, di = learners(offering, 4)
    make_lead(offering=offering)
    made = make_round((ada, bo))
    now = timezone.now()
    need = next(need for need in attention.of(offering, now) if need.key == "unpaired")
    page = reverse("nmep:pair_detail", args=[offering.slug, made.assignment.key])
    assert (need.count, need.url) == (2, page)
    make_submission(enrolment=cy, assignment=made.assignment)
    Enrolment.objects.filter(pk=bo.pk).update(state=Enrolment.State.WITHDREW)
    assert set(unpaired.unpaired(made.assignment_id, offering.pk)) == {ada, di}
    assert "unpaired" not in [need.key for need in attention.of(offering, made.assignment.due_at)]


# ── What partners say ──


def test_the_first_answer_about_working_together_stays(offering):
    ada, bo = learners(offering, 2)
    team = make_round((ada, bo)).teams.get()
    _, is_new = partnering.note(team, ada, split="even", again="yes", now=timezone.now())
    kept, again = partnering.note(team, ada, split="more", again="no", now=timezone.now())
    assert (is_new, again, kept.split) == (True, False, "even")
    assert PartnerNote.objects.count() == 1


def test_a_wish_about_somebody_of_another_class_is_refused(offering):
    ada, bo = learners(offering, 2)
    stranger = make_enrolment()
    for about in (stranger, ada):
        with pytest.raises(Refused, match="your own class"):
            partnering.wish(ada, "request", about, now=timezone.now())
    partnering.wish(ada, "request", bo, now=timezone.now())
    partnering.wish(ada, "rather_not", bo, now=timezone.now())
    assert PartnerWish.objects.get().kind == "rather_not"


def test_partners_are_those_who_still_learn_here(offering):
    ada, bo, cy = learners(offering, 3)
    made = make_round((ada, bo, cy))
    Enrolment.objects.filter(pk=cy.pk).update(state=Enrolment.State.WITHDREW)
    assert teams.mates(teams.team_of(ada, made.assignment), ada) == [bo]
    hidden = make_round((ada, bo), state="proposed")
    assert teams.team_of(ada, hidden.assignment) is None
