import threading

import pytest
from django.db import connection
from django.utils import timezone

from events import locking, slots, swaps
from events.locking import Taken
from events.models import Claim, SlotSheet
from mlclub.refusal import Refused
from tests.factories import make_claim, make_member, make_sheet, make_slot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def at_once(*jobs):
    """Run the jobs on connections of their own, all from the same moment; what each came to."""
    start, answers = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(at, job):
        try:
            start.wait()
            answers[at] = job()
        except Exception as problem:
            answers[at] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[at, job]) for at, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def claims_of(slot, people):
    return at_once(*[lambda each=each: slots.claim(slot, each, now=timezone.now()) for each in people])


def test_of_eight_who_want_the_last_place_one_has_it_and_the_others_hear_what_is_free():
    sheet = make_sheet(slots=2)
    first, _ = sheet.slots.all()
    answers = claims_of(first, [make_member() for _ in range(8)])
    assert Claim.objects.held().filter(slot=first).count() == 1
    told = [str(answer) for answer in answers if isinstance(answer, Taken)]
    assert told == ["Week 1 was just taken. Week 2 is free."] * 7


def test_without_the_lock_the_same_two_both_have_the_last_place(monkeypatch):
    """The control: the test above would notice a missing lock."""
    looked = threading.Barrier(2, timeout=10)
    give = slots._give

    def give_when_both_have_looked(*args, **kwargs):
        looked.wait()
        return give(*args, **kwargs)

    monkeypatch.setattr(locking, "locked", lambda sheet: SlotSheet.objects.get(pk=sheet.pk))
    monkeypatch.setattr(slots, "_give", give_when_both_have_looked)
    slot = make_slot()
    claims_of(slot, [make_member() for _ in range(2)])
    assert Claim.objects.held().filter(slot=slot).count() == 2


def test_one_person_who_clicks_on_two_slots_at_once_has_one():
    sheet, person = make_sheet(slots=2), make_member()
    answers = at_once(
        *[lambda slot=slot: slots.claim(slot, person, now=timezone.now()) for slot in sheet.slots.all()]
    )
    assert Claim.objects.held().count() == 1
    assert sum(isinstance(answer, Refused) for answer in answers) == 1


def test_a_double_click_makes_one_claim():
    slot, person = make_slot(), make_member()
    answers = at_once(*[lambda: slots.claim(slot, person, now=timezone.now()) for _ in range(4)])
    assert sorted(answer.is_repeat for answer in answers) == [False, True, True, True]


def test_a_swap_accepted_while_its_slot_is_given_back_leaves_no_slot_with_two_holders():
    sheet = make_sheet(slots=2)
    first, second = sheet.slots.all()
    mine, theirs = make_claim(slot=first), make_claim(slot=second)
    swap = swaps.ask(mine, other=theirs, now=timezone.now())
    at_once(
        lambda: swaps.answer(swap, accepts=True, now=timezone.now()),
        lambda: slots.release(theirs, by=theirs.person, now=timezone.now()),
    )
    held = Claim.objects.held()
    assert {slot.pk: held.filter(slot=slot).count() <= 1 for slot in (first, second)} == {
        first.pk: True,
        second.pk: True,
    }
    assert held.filter(person=mine.person).count() == 1
