"""Sentences that reviewers keep."""

import pytest
from django.db import IntegrityError, transaction

from nmep import phrases
from nmep.models import Phrase, PhraseUse
from tests.factories.members import make_member
from tests.factories.nmep import make_assignment, make_lead, make_offering, make_submission
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
