"""Sentences that reviewers keep."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from nmep import phrases
from nmep.models import Phrase, PhraseUse
from tests.factories.members import make_member
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_submission
from tests.factories.reviewing import make_phrase, make_review

pytestmark = pytest.mark.django_db


def test_a_reviewer_has_their_own_phrases_and_the_shared_ones_of_the_offering():
    offering = make_offering()
    lead = make_lead(offering=offering)
    own, shared = make_phrase(owner=lead, text="Name the axes."), make_phrase(offering=offering)
    make_phrase(owner=make_lead(offering=offering), text="Somebody else's.")
    make_phrase(text="Of another offering.")
    assert [choice.phrase for choice in phrases.choices(lead, offering, [])] == [own, shared]


def test_a_phrase_that_went_out_with_a_weak_criterion_is_suggested_there_again():
    assignment = make_assignment()
    lead = make_lead(offering=assignment.offering)
    make_phrase(owner=lead, text="A better sentence.")
    good = make_phrase(owner=lead, text="Shrink eps and run it again.")
    criterion = assignment.criteria.get()
    for level in ("close", "mastered"):
        make_review(
            submission=make_submission(assignment=assignment),
            reviewer=lead,
            summary=f"Well begun.  {good.text} Then hand in.",
            marks={criterion.pk: level},
        )
    assert list(PhraseUse.objects.values_list("phrase", "criterion", "n")) == [(good.pk, "Correct", 1)]
    next_one = make_assignment(offering=assignment.offering)
    found = phrases.choices(lead, assignment.offering, next_one.criteria.all())
    assert (found[0].phrase, found[0].fits) == (good, ("Correct",))
    assert found[1].fits == ()


def test_a_phrase_is_kept_once_whatever_its_spaces():
    offering = make_offering()
    lead = make_lead(offering=offering)
    assert phrases.keep(lead, offering, "Say  why.\n", is_shared=False)
    assert not phrases.keep(lead, offering, "Say why.", is_shared=False)
    assert phrases.keep(lead, offering, "Say why.", is_shared=True)
    assert not phrases.keep(make_lead(offering=offering), offering, "Say why.", is_shared=True)


def test_a_phrase_belongs_to_a_reviewer_or_to_an_offering():
    for home in ({}, {"owner": make_member(), "offering": make_offering()}):
        with pytest.raises(IntegrityError, match="phrase_has_one_home"), transaction.atomic():
            Phrase.objects.create(text="x", **home)


def test_a_reviewer_keeps_a_phrase_and_throws_it_away(client):
    offering = make_offering()
    lead = make_lead(offering=offering)
    client.force_login(lead)
    url = reverse("nmep:phrase_list", args=[offering.slug])
    assert client.post(url, {"text": "Name the axes."}, follow=True).status_code == 200
    again = client.post(url, {"text": "Name the axes."})
    assert again.status_code == 422
    assert "there already" in again.content.decode()
    assert client.post(url, {"text": ""}).status_code == 422
    phrase = Phrase.objects.get()
    assert (phrase.owner, phrase.offering) == (lead, None)
    client.post(reverse("nmep:phrase_delete", args=[offering.slug, phrase.pk]))
    assert not Phrase.objects.exists()


def test_a_shared_phrase_is_thrown_away_by_leads_and_somebodys_own_by_nobody_else(client):
    offering = make_offering()
    shared, own = make_phrase(offering=offering), make_phrase(owner=make_lead(offering=offering))
    helper = make_enrolment(offering=offering, role="helper").person
    for person, phrase, status in (
        (helper, shared, 404),
        (make_lead(offering=offering), own, 404),
        (make_lead(offering=offering), shared, 302),
    ):
        client.force_login(person)
        address = reverse("nmep:phrase_delete", args=[offering.slug, phrase.pk])
        assert client.post(address).status_code == status
    client.force_login(make_enrolment(offering=offering).person)
    assert client.get(reverse("nmep:phrase_list", args=[offering.slug])).status_code == 404
    assert list(Phrase.objects.all()) == [own]


def test_without_javascript_a_phrase_is_picked_from_a_list_and_goes_out_with_the_review(client):
    submission = make_submission()
    lead = make_lead(offering=submission.assignment.offering)
    phrase = make_phrase(owner=lead, text="Shrink eps & run it again.")
    client.force_login(lead)
    assert f'value="{phrase.pk}"' in client.get(submission.get_absolute_url()).content.decode()
    url = reverse("nmep:submission_review", args=[submission.assignment.offering.slug, submission.pk])
    client.post(url, {"summary": "Nearly.", "phrase": phrase.pk, "outcome": "return"})
    assert submission.reviews.get().summary == "Nearly.\n\nShrink eps & run it again."


def test_a_phrase_alone_is_enough_and_nothing_is_not(client):
    submission = make_submission()
    lead = make_lead(offering=submission.assignment.offering)
    phrase = make_phrase(owner=lead)
    client.force_login(lead)
    url = reverse("nmep:submission_review", args=[submission.assignment.offering.slug, submission.pk])
    assert client.post(url, {"summary": "", "outcome": "done"}).status_code == 422
    somebody_elses = make_phrase(text="Not yours.")
    assert client.post(url, {"phrase": somebody_elses.pk, "outcome": "done"}).status_code == 422
    client.post(url, {"summary": "", "phrase": phrase.pk, "outcome": "done"})
    assert submission.reviews.get().summary == phrase.text
