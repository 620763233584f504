from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import drawing, slots, swaps
from events.locking import Taken
from events.models import Claim, SlotSheet, Swap
from members.models import Notification
from mlclub.refusal import Refused
from tests.factories import make_claim, make_event, make_member, make_sheet, make_slot

pytestmark = pytest.mark.django_db


def now():
    return timezone.now()


def refused(call):
    with pytest.raises(Refused) as problem:
        call()
    return str(problem.value)


# ── Claiming ──


def test_a_slot_is_claimed_once_however_often_one_clicks():
    slot, person = make_slot(), make_member()
    first = slots.claim(slot, person, topic="Diffusion", now=now())
    again = slots.claim(slot, person, now=now())
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.claim == first.claim
    assert Claim.objects.count() == 1


def test_whoever_comes_second_is_told_what_is_free():
    sheet = make_sheet(slots=3)
    first, second, third = sheet.slots.all()
    slots.claim(first, make_member(), now=now())
    assert refused(lambda: slots.claim(first, make_member(), now=now())) == (
        "Week 1 was just taken. Week 2 and Week 3 are free."
    )
    slots.claim(second, make_member(), now=now())
    assert refused(lambda: slots.claim(second, make_member(), now=now())).endswith("Week 3 is free.")
    slots.claim(third, make_member(), now=now())
    assert refused(lambda: slots.claim(third, make_member(), now=now())).endswith("No slot is free any more.")


def test_two_share_a_slot_for_two_and_a_third_does_not():
    slot = make_slot(capacity=2)
    for _ in range(2):
        slots.claim(slot, make_member(), now=now())
    with pytest.raises(Taken):
        slots.claim(slot, make_member(), now=now())


def test_nobody_holds_more_than_the_sheet_allows():
    sheet, person = make_sheet(slots=2), make_member()
    first, second = sheet.slots.all()
    slots.claim(first, person, now=now())
    assert refused(lambda: slots.claim(second, person, now=now())) == (
        "You hold Week 1 already. Give it back first, or swap."
    )
    SlotSheet.objects.update(max_claims=2)
    slots.claim(second, person, now=now())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"opens_at": timezone.now() + timedelta(days=1)}, "not open yet"),
        ({"closes_at": timezone.now() - timedelta(days=1)}, "is closed"),
        ({"mode": "ranked"}, "These slots are drawn"),
    ],
)
def test_a_sheet_that_does_not_take_claims_says_why(fields, words):
    slot = make_slot(sheet=make_sheet(**fields))
    assert words in refused(lambda: slots.claim(slot, make_member(), now=now()))


def test_what_began_was_withdrawn_or_is_cancelled_is_not_claimed():
    begun = make_slot(days=-1)
    assert "has begun" in refused(lambda: slots.claim(begun, make_member(), now=now()))
    cancelled = make_slot(event=make_event(state="cancelled"))
    assert "does not take place" in refused(lambda: slots.claim(cancelled, make_member(), now=now()))
    gone = make_slot()
    slots.withdraw(gone, now=now())
    assert "does not take place" in refused(lambda: slots.claim(gone, make_member(), now=now()))


def test_a_slot_of_a_class_moves_with_the_class():
    event = make_event(starts_at=now() + timedelta(days=5))
    slot = make_slot(event=event, after_minutes=20)
    assert slot.begins_at == event.starts_at + timedelta(minutes=20)
    event.starts_at = now() - timedelta(hours=1)
    event.save()
    assert "has begun" in refused(lambda: slots.claim(slot, make_member(), now=now()))


def test_the_database_refuses_a_second_live_claim_by_itself():
    claim = make_claim()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_claim(slot=claim.slot, person=claim.person)
    slots.release(claim, by=claim.person, now=now())
    make_claim(slot=claim.slot, person=claim.person)


# ── Giving back ──


def test_a_slot_given_back_is_free_and_its_history_stays():
    slot, person, other = make_slot(), make_member(), make_member()
    claim = slots.claim(slot, person, now=now()).claim
    slots.release(claim, by=person, now=now())
    assert slots.release(claim, by=person, now=now()).is_repeat
    slots.claim(slot, other, now=now())
    assert sorted(Claim.objects.values_list("state", flat=True)) == ["held", "released"]


def test_whoever_shares_it_and_the_host_hear_of_a_near_slot_given_back():
    host, partner, person = make_member(), make_member(), make_member()
    slot = make_slot(sheet=make_sheet(hosts=[host]), capacity=2, days=6)
    for each in (partner, person):
        slots.claim(slot, each, now=now())
    slots.release(Claim.objects.get(person=person), by=person, now=now())
    told = Notification.objects.filter(kind="slot-released").values_list("person", flat=True)
    assert set(told) == {host.pk, partner.pk}


def test_a_far_slot_given_back_is_no_alarm_and_one_that_began_is_not_given_back():
    host, person = make_member(), make_member()
    claim = make_claim(slot=make_slot(sheet=make_sheet(hosts=[host]), days=30), person=person)
    slots.release(claim, by=person, now=now())
    assert not Notification.objects.exists()
    late = make_claim(slot=make_slot(days=-1), person=person)
    assert "has begun" in refused(lambda: slots.release(late, by=person, now=now()))


def test_a_talk_counts_once_it_is_over_unless_somebody_was_missing():
    over, ahead = make_claim(slot=make_slot(days=-1)), make_claim(slot=make_slot(days=1))
    cancelled = make_claim(
        slot=make_slot(event=make_event(starts_at=now() - timedelta(days=1), state="cancelled"))
    )
    assert list(Claim.objects.given(now())) == [over]
    assert [each.was_given(now()) for each in (over, ahead, cancelled)] == [True, False, False]
    slots.mark(over, Claim.State.MISSED, now=now())
    assert not Claim.objects.given(now()).exists()
    slots.mark(over, Claim.State.HELD, now=now())
    assert Claim.objects.given(now()).count() == 1
    assert "not begun" in refused(lambda: slots.mark(ahead, Claim.State.MISSED, now=now()))


# ── Swapping ──


def swapped():
    sheet = make_sheet(slots=2)
    first, second = sheet.slots.all()
    return make_claim(slot=first, topic="Mine"), make_claim(slot=second)


def holders(sheet):
    return {slot.title: [claim.person for claim in slot.claims.held()] for slot in sheet.slots.all()}


def test_a_swap_happens_when_the_other_says_yes_and_takes_the_topic_along():
    mine, theirs = swapped()
    swap = swaps.ask(mine, other=theirs, now=now())
    assert holders(mine.slot.sheet) == {"Week 1": [mine.person], "Week 2": [theirs.person]}
    swaps.answer(swap, accepts=True, now=now())
    assert holders(mine.slot.sheet) == {"Week 1": [theirs.person], "Week 2": [mine.person]}
    assert Claim.objects.held().get(person=mine.person).topic == "Mine"
    assert swaps.answer(swap, accepts=False, now=now()).state == Swap.State.ACCEPTED
    assert Claim.objects.filter(state="swapped").count() == 2
    kinds = Notification.objects.order_by("pk").values_list("kind", "person")
    assert list(kinds) == [("slot-swap-asked", theirs.person.pk), ("slot-swap-answered", mine.person.pk)]


def test_a_declined_swap_and_one_taken_back_change_nothing():
    mine, theirs = swapped()
    before = holders(mine.slot.sheet)
    swaps.answer(swaps.ask(mine, other=theirs, now=now()), accepts=False, now=now())
    taken_back = swaps.ask(mine, other=theirs, now=now())
    assert "asked somebody already" in refused(lambda: swaps.ask(mine, other=theirs, now=now()))
    swaps.take_back(taken_back, now=now())
    swaps.answer(taken_back, accepts=True, now=now())
    assert holders(mine.slot.sheet) == before


def test_a_slot_is_handed_over_to_somebody_who_may_hold_it():
    mine, theirs = swapped()
    heir = make_member()
    assert "holds a slot" in refused(lambda: swaps.ask(mine, to=theirs.person, now=now()))
    swaps.answer(swaps.ask(mine, to=heir, now=now()), accepts=True, now=now())
    assert holders(mine.slot.sheet)["Week 1"] == [heir]


def test_a_yes_to_a_slot_that_was_given_back_is_refused():
    mine, theirs = swapped()
    swap = swaps.ask(mine, other=theirs, now=now())
    slots.release(mine, by=mine.person, now=now())
    swap.refresh_from_db()
    assert swap.state == Swap.State.WITHDRAWN
    swaps.answer(swap, accepts=True, now=now())
    assert holders(mine.slot.sheet) == {"Week 1": [], "Week 2": [theirs.person]}


# ── Wishes and the draw ──


def wished(sheet, **orders):
    """People by name, each with their wishes."""
    known = {slot.title: slot.pk for slot in sheet.slots.all()}
    people = {}
    for name, titles in orders.items():
        people[name] = make_member(name=name)
        slots.wish(sheet, people[name], [known[title] for title in titles], now=now())
    return people


def test_wishes_are_replaced_as_a_whole():
    sheet = make_sheet(slots=3, mode="ranked")
    person = make_member()
    one, two, three = (slot.pk for slot in sheet.slots.all())
    slots.wish(sheet, person, [one, two], now=now())
    kept = slots.wish(sheet, person, [three, one], now=now())
    assert [(row.slot_id, row.rank) for row in kept] == [(three, 1), (one, 2)]
    assert slots.wish(sheet, person, [], now=now()) == []
    assert not Claim.objects.live().exists()


def test_the_draw_prefers_two_second_wishes_to_a_first_and_a_third():
    wishes = {1: {10: 1, 20: 2, 30: 3}, 2: {10: 1, 20: 2}, 3: {20: 1, 30: 2}}
    given = drawing.matched(wishes, {10: 1, 20: 1, 30: 1}, seed=1)
    cost = sum(wishes[person][slot] ** 2 for person, slot in given.items())
    assert len(given) == 3
    assert cost == 1 + 4 + 4  # 10 to one of the first two, and two second wishes


def test_nobody_goes_without_while_somebody_could_give_way():
    wishes = {1: {10: 1, 20: 2}, 2: {10: 1}}
    assert drawing.matched(wishes, {10: 1, 20: 1}, seed=5) == {1: 20, 2: 10}


def test_a_draw_is_looked_at_then_published_and_told_once():
    sheet = make_sheet(slots=2, mode="ranked")
    people = wished(sheet, Ada=["Week 1", "Week 2"], Bo=["Week 1"], Cy=["Week 1"])
    draw = drawing.preview(sheet, seed=7, now=now())
    assert draw == drawing.preview(sheet, seed=7, now=now())
    by_name = {lot.person.name: lot for lot in draw.lots}
    assert by_name["Ada"].slot.title == "Week 2"
    assert by_name["Ada"].reason == "Wish 2. Week 1: 3 wished, 1 place."
    assert draw.without == 1
    host = make_member()
    drawing.publish(sheet, seed=7, stamp=draw.stamp, by=host, now=now())
    with pytest.raises(Refused):
        drawing.publish(sheet, seed=7, stamp=draw.stamp, by=host, now=now())
    assert Claim.objects.held().count() == 2
    assert not Claim.objects.filter(state="wished").exists()
    assert Notification.objects.filter(kind="slot-draw-published").count() == 3
    sheet.refresh_from_db()
    assert (sheet.seed, sheet.published_by) == (7, host)
    assert people["Ada"].claims.held().get().rank == 2


def test_a_draw_of_other_wishes_than_those_looked_at_is_refused():
    sheet = make_sheet(slots=2, mode="ranked")
    wished(sheet, Ada=["Week 1"])
    draw = drawing.preview(sheet, seed=1, now=now())
    wished(sheet, Bo=["Week 2"])
    assert "changed since" in refused(
        lambda: drawing.publish(sheet, seed=1, stamp=draw.stamp, by=make_member(), now=now())
    )


# ── Order, questions ──


def test_a_running_order_keeps_who_is_in_it_and_withdraws_what_is_gone():
    sheet = make_sheet(kind="showcase")
    event = make_event()
    first = slots.order(sheet, ["Grid", "Poems", "Ships"], event=event, minutes=10, now=now())
    holder = make_claim(slot=first[0])
    gone = make_claim(slot=first[1])
    second = slots.order(sheet, ["Ships", "Grid"], event=event, minutes=12, now=now())
    assert [(slot.title, slot.after_minutes) for slot in second] == [("Ships", 0), ("Grid", 12)]
    assert second[1] == first[0]
    assert holder.slot == second[1]
    gone.refresh_from_db()
    assert gone.state == "released"
    assert Notification.objects.filter(kind="slot-withdrawn", person=gone.person).count() == 1


def test_everybody_has_one_question_and_may_change_it_until_it_begins():
    slot, person = make_slot(sheet=make_sheet(takes_questions=True)), make_member()
    slots.ask(slot, person, "Why?", now=now())
    changed = slots.ask(slot, person, "Why not?", now=now())
    assert (slot.questions.count(), changed.text) == (1, "Why not?")
    assert "begun" in refused(lambda: slots.ask(slot, person, "Late", now=slot.begins_at))
    make_claim(slot=slot, person=person)
    assert "yourself" in refused(lambda: slots.ask(slot, person, "Me", now=now()))


# ── What the clock tells ──


def notified(at):
    call_command("notify", "--once", "--now", at.isoformat())


def test_a_holder_is_reminded_a_week_and_two_days_before_and_a_moved_slot_once_more():
    event = make_event(
        starts_at=(now() + timedelta(days=20)).replace(hour=12, minute=0, second=0, microsecond=0)
    )
    slot = make_slot(event=event, sheet=make_sheet(kind="paper", title="Papers"))
    claim = make_claim(slot=slot, claimed_at=now() - timedelta(days=1))
    start = event.starts_at
    notified(start - timedelta(days=8))
    assert mail.outbox == []
    for at in (
        timedelta(days=6, hours=12),
        timedelta(days=6),
        timedelta(days=1, hours=12),
        timedelta(days=1),
    ):
        notified(start - at)
    assert [letter.subject for letter in mail.outbox] == [
        "In a week: Papers, Week 1",
        "In two days: Papers, Week 1",
    ]
    assert "questions of the others" in mail.outbox[1].body
    assert mail.outbox[0].to == [claim.person.email]
    event.starts_at, event.ends_at = start + timedelta(days=14), start + timedelta(days=14, hours=2)
    event.save()
    notified(start + timedelta(days=8))
    assert [letter.subject for letter in mail.outbox[2:]] == ["In a week: Papers, Week 1"]


def test_whoever_gave_the_slot_back_is_not_reminded():
    claim = make_claim(slot=make_slot(days=20), claimed_at=now() - timedelta(days=1))
    slots.release(claim, by=claim.person, now=now())
    notified(now() + timedelta(days=14))
    assert mail.outbox == []


def test_an_empty_slot_alarms_its_hosts_ten_days_ahead_and_not_when_somebody_took_it():
    host = make_member()
    sheet = make_sheet(hosts=[host], title="Papers")
    slot = make_slot(sheet=sheet, days=11, capacity=2)
    make_claim(slot=make_slot(sheet=sheet, days=11))
    notified(now())
    assert mail.outbox == []
    # Twelve hours apart, so that one of them is no night.
    notified(now() + timedelta(days=1, minutes=5))
    notified(now() + timedelta(days=1, hours=12))
    notified(now() + timedelta(days=2))
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        ([host.email], f"Papers: {slot.title} has nobody")
    ]


def test_a_mail_about_a_private_slot_names_nobody_and_nothing():
    sheet = make_sheet(slots=2, kind="oral", title="Oral exams", hides_names=True)
    first, second = sheet.slots.all()
    mine = make_claim(slot=first, person=make_member(name="Ada Quill"))
    theirs = make_claim(slot=second, person=make_member(name="Bo Marsh"))
    swaps.ask(mine, other=theirs, now=now())
    notified(now())
    letter = mail.outbox[-1]
    assert letter.subject == "Somebody asks you to swap slots"
    assert "Ada" not in letter.body + str(letter.message())
