from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Break
from nmep.models import Offering, Session
from tests.factories import make_club, make_member, make_officer, make_term
from tests.factories.nmep import make_assignment, make_lead, make_offering, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def offering():
    make_club()
    begins = timezone.localdate() - timedelta(days=timezone.localdate().weekday(), weeks=6)
    offering = make_offering(term=make_term(starts_on=begins, name="This Term", slug="now1"), slug="now1")
    for _ in range(3):
        make_session(offering=offering)
    offering.next_term = make_term(starts_on=begins + timedelta(weeks=26), name="Next Term", slug="next1")
    return offering


def page(offering):
    return reverse("nmep:offering_clone", args=[offering.slug])


def asked(offering, **more):
    return {"term": offering.next_term.pk, "first_on": "", "holidays": "", "closes_gaps": "on", **more}


def test_a_lead_sees_every_date_and_then_makes_the_draft(client, offering):
    client.force_login(make_lead(offering=offering))
    Break.objects.create(
        term=offering.next_term,
        name="Recess",
        starts_on=offering.next_term.starts_on + timedelta(weeks=6),
        ends_on=offering.next_term.starts_on + timedelta(weeks=6, days=6),
    )
    first = client.get(page(offering))
    assert "Next Term" in first.content.decode()
    shown = client.get(page(offering), asked(offering))
    plan = shown.context["plan"]
    assert len(plan.lines) == 3
    assert "Recess" in shown.content.decode()
    assert not Offering.objects.filter(term=offering.next_term).exists()
    made = client.post(page(offering), {**asked(offering), "seen": plan.seal}, follow=True)
    draft = Offering.objects.get(term=offering.next_term)
    assert made.redirect_chain[-1][0] == reverse("nmep:offering_stale", args=[draft.slug])
    assert "The draft of" in made.content.decode()
    again = client.post(page(offering), {**asked(offering), "seen": plan.seal}, follow=True)
    assert again.status_code == 422
    assert Session.objects.filter(offering=draft).count() == 3


def test_nothing_is_made_of_dates_that_changed_since_they_were_seen(client, offering):
    client.force_login(make_lead(offering=offering))
    seal = client.get(page(offering), asked(offering)).context["plan"].seal
    make_assignment(offering=offering, due_session=offering.sessions.first())
    answer = client.post(page(offering), {**asked(offering), "seen": seal})
    assert answer.status_code == 422
    assert "have changed since you looked" in answer.content.decode()
    assert not Offering.objects.filter(term=offering.next_term).exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"first_on": "2019-01-01"}, "Give a day in it, or leave this empty."),
        ({"first_on": "soon"}, "Give a day as"),
        ({"holidays": "2027-02-30"}, "Line 1, “2027-02-30”, is not a day"),
        ({"holidays": "2027-02-15 Rest\nnever"}, "Line 2, “never”, is not a day"),
        ({"holidays": "2027-03-28 to 2027-03-22"}, "the last day comes before the first"),
        ({"term": "999999"}, "is not among the choices"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_kept(client, offering, typed, sentence):
    client.force_login(make_lead(offering=offering))
    answer = client.get(page(offering), asked(offering, **typed))
    words = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in words
    assert all(value.splitlines()[-1] in words for key, value in typed.items() if key != "term")


def test_days_off_are_read_in_the_ways_people_write_them(client, offering):
    client.force_login(make_lead(offering=offering))
    typed = "2027-2-15\n\n2027-03-22 to 2027-03-28 Recess\n2027-04-02 – 2027-04-03: Easter"
    form = client.get(page(offering), asked(offering, holidays=typed)).context["form"]
    assert [(each.first, each.last, each.name) for each in form.cleaned_data["holidays"]] == [
        (date(2027, 2, 15), date(2027, 2, 15), ""),
        (date(2027, 3, 22), date(2027, 3, 28), "Recess"),
        (date(2027, 4, 2), date(2027, 4, 3), "Easter"),
    ]


def test_a_term_that_was_planned_meanwhile_is_refused_with_a_sentence(client, offering):
    client.force_login(make_lead(offering=offering))
    seal = client.get(page(offering), asked(offering)).context["plan"].seal
    make_offering(program=offering.program, term=offering.next_term)
    answer = client.post(page(offering), {**asked(offering), "seen": seal})
    assert answer.status_code == 422


def test_a_plan_and_a_club_without_a_coming_term_are_told_what_is_missing(client, offering):
    client.force_login(make_officer(slug="education"))
    plan = make_offering(term=offering.next_term, state=Offering.State.DRAFT)
    assert "runs or has run" in client.get(page(plan)).content.decode()
    make_offering(program=offering.program, term=offering.next_term)
    assert "An officer adds terms" in client.get(page(offering)).content.decode()


def test_a_member_who_does_not_lead_knows_nothing_of_it(client, offering):
    client.force_login(make_member())
    assert client.get(page(offering)).status_code == 404


@pytest.mark.parametrize("size", [1, 5])
def test_the_plan_costs_the_same_for_any_number_of_meetings(
    client, offering, size, django_assert_max_num_queries
):
    for n in range(size):
        session = make_session(offering=offering)
        make_assignment(offering=offering, key=f"hw{n}", due_session=session)
    client.force_login(make_lead(offering=offering))
    with django_assert_max_num_queries(15):
        client.get(page(offering), asked(offering))
