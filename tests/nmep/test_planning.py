from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Material, Talk
from members.models import AuditEntry, Break
from nmep import filling, planning
from nmep.models import Enrolment, Module, Offering, Program, Session
from tests.factories import make_club, make_member, make_officer, make_term
from tests.factories.library import make_module
from tests.factories.nmep import make_assignment, make_enrolment, make_lead, make_offering, make_session
from tests.nmep.test_races import at_once

pytestmark = pytest.mark.django_db


def make_plan(*modules, offering=None, first=1):
    """An offering with a class for each module, the first one `first` weeks from now."""
    offering = offering or make_offering()
    now = timezone.now().replace(microsecond=0)
    for n, module in enumerate(modules):
        make_session(
            offering=offering,
            module=module,
            title=module.title if module else f"Class {n + 1}",
            starts_at=now + timedelta(weeks=first + n),
        )
        session = offering.sessions.get(seq=n + 1)
        Talk.objects.create(event=session.event, title=session.title)
    return offering


def titles(offering):
    rows = offering.sessions.order_by("event__starts_at").select_related("event")
    return [row.title for row in rows]


def sent(offering, **changes):
    """What the form sends for the stored plan, with some numbers or modules changed: `place_2=1`, `module_1=pk`."""
    sessions = planning.classes(offering)
    data = {"seen": planning.seal(sessions)}
    for n, session in enumerate(sessions, start=1):
        if planning.is_open(session, timezone.now()):
            data[f"place-{session.pk}"] = changes.get(f"place_{n}", n)
            data[f"module-{session.pk}"] = changes.get(f"module_{n}", session.module_id or "")
    return data | changes.get("more", {})


@pytest.fixture
def three():
    """Three modules in a plan, in their right order, and the lead of it."""
    learning = make_module("Deep Learning")
    attention = make_module("Attention", better_after=[learning])
    transformers = make_module("Transformers", needs=[learning])
    offering = make_plan(learning, attention, transformers)
    return offering, make_lead(offering=offering)


def post(client, offering, data):
    return client.post(reverse("nmep:plan", args=[offering.slug]), data)


# ── The order ──


def test_the_lead_moves_a_module_and_its_date_event_and_homework_stay(client, three):
    offering, lead = three
    first, second, third = planning.classes(offering)
    homework = make_assignment(offering=offering, due_session=third, due_time=time(20))
    starts = [row.event.starts_at for row in (first, second, third)]
    client.force_login(lead)
    answer = post(client, offering, sent(offering, place_3=2))
    assert answer.status_code == 302
    assert titles(offering) == ["Deep Learning", "Transformers", "Attention"]
    found = planning.classes(offering)
    assert [row.pk for row in found] == [first.pk, second.pk, third.pk]
    assert [row.event.starts_at for row in found] == starts
    assert [row.event.title for row in found] == titles(offering)
    assert list(Talk.objects.order_by("event__starts_at").values_list("title", flat=True)) == titles(offering)
    homework.refresh_from_db()
    assert homework.due_session_id == third.pk
    assert AuditEntry.objects.filter(action="plan-saved", actor=lead).count() == 1


def test_what_an_event_is_called_by_hand_stays(three):
    offering, lead = three
    Event.objects.filter(pk=planning.classes(offering)[1].event_id).update(title="Guest lecture")
    sessions = planning.classes(offering)
    plan = planning.arranged(sessions, {sessions[2].pk: planning.Wish(2, sessions[2].module)}, timezone.now())
    planning.save(offering, plan, seen=planning.seal(sessions), by=lead, now=timezone.now())
    assert [row.event.title for row in planning.classes(offering)][1:] == ["Guest lecture", "Attention"]


def test_a_module_before_what_it_needs_is_not_saved_at_once_and_the_swap_is_offered(client, three):
    offering, lead = three
    client.force_login(lead)
    typed = sent(offering, place_3=1)
    answer = post(client, offering, typed)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Transformers needs Deep Learning (week 2)" in shown
    assert titles(offering) == ["Deep Learning", "Attention", "Transformers"]
    swap = shown.partition('name="swap" value="')[2].partition('"')[0]
    answer = post(client, offering, typed | {"swap": swap})
    assert answer.status_code == 302
    assert titles(offering) == ["Deep Learning", "Transformers", "Attention"]


def test_it_is_saved_anyway_when_the_lead_says_so_and_the_warning_stays(client, three):
    offering, lead = three
    client.force_login(lead)
    assert post(client, offering, sent(offering, place_3=1) | {"anyway": "1"}).status_code == 302
    assert titles(offering) == ["Transformers", "Deep Learning", "Attention"]
    shown = client.get(reverse("nmep:plan", args=[offering.slug])).content.decode()
    assert "Transformers needs Deep Learning (week 2)" in shown
    swap = shown.partition('name="swap" value="')[2].partition('"')[0]
    assert post(client, offering, sent(offering) | {"swap": swap}).status_code == 302
    assert titles(offering) == ["Deep Learning", "Transformers", "Attention"]


def test_a_weak_dependency_is_only_noted(client, three):
    offering, lead = three
    client.force_login(lead)
    assert post(client, offering, sent(offering, place_2=1)).status_code == 302
    assert titles(offering) == ["Attention", "Deep Learning", "Transformers"]
    shown = client.get(reverse("nmep:plan", args=[offering.slug])).content.decode()
    assert "Attention is better after Deep Learning (week 2)" in shown
    assert 'name="swap"' not in shown


def test_a_need_that_the_plan_does_not_have_is_noted(three):
    offering, _ = three
    make_session(offering=offering, module=make_module("Diffusion", needs=[make_module("Noise")]))
    plan = planning.stands(planning.classes(offering), timezone.now())
    assert [str(problem) for problem in plan.notes] == ["Diffusion needs Noise, which is not in this plan"]
    assert plan.blocking == []


def test_several_numbers_at_once_are_taken_as_typed_and_the_others_fill_up():
    offering = make_plan(*(make_module(name) for name in "ABCDE"))
    sessions = planning.classes(offering)
    wishes = {
        sessions[4].pk: planning.Wish(1, sessions[4].module),
        sessions[0].pk: planning.Wish(4, sessions[0].module),
    }
    plan = planning.arranged(sessions, wishes, timezone.now())
    assert [content.title for content in plan.contents] == ["E", "B", "C", "A", "D"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"place_1": 2, "place_3": 2}, "Two classes ask for place 2"),
        ({"place_1": 9}, "Place 9 does not exist. Choose one of 1 to 3."),
        ({"place_1": "first"}, "Give a whole number"),
        ({"module_1": "99999999"}, "is not among the choices"),
    ],
)
def test_numbers_that_do_not_go_together_are_said_beside_the_field(client, three, changes, said):
    offering, lead = three
    client.force_login(lead)
    answer = post(client, offering, sent(offering, **changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert titles(offering) == ["Deep Learning", "Attention", "Transformers"]


def test_a_class_that_was_held_keeps_what_it_taught(client):
    offering = make_plan(make_module("A"), make_module("B"), make_module("C"), first=-1)
    held = offering.sessions.get(seq=1)
    client.force_login(make_lead(offering=offering))
    shown = client.get(reverse("nmep:plan", args=[offering.slug])).content.decode()
    assert f'name="place-{held.pk}"' not in shown
    answer = post(client, offering, sent(offering, place_3=1))
    assert "Place 1 is over. Choose one of 3 to 3." in answer.content.decode()
    data = sent(offering) | {f"place-{held.pk}": 3, f"module-{held.pk}": ""}
    post(client, offering, data)
    assert titles(offering) == ["A", "B", "C"]


def test_materials_stay_with_their_date_and_the_lead_is_told(client, three):
    offering, lead = three
    session = planning.classes(offering)[1]
    Material.objects.create(event=session.event, title="Slides", url="https://slides.example/2")
    client.force_login(lead)
    answer = client.post(reverse("nmep:plan", args=[offering.slug]), sent(offering, place_3=2), follow=True)
    assert "Materials stay with their date. Look at those of week 2." in answer.content.decode()
    assert Material.objects.get().event_id == session.event_id


def test_a_module_picked_for_an_empty_class_names_it_and_a_title_written_by_hand_stays(client):
    offering = make_plan(None, None)
    Session.objects.filter(offering=offering, seq=2).update(title="An evening with robots")
    module = make_module("Robots", overview="Arms and grippers.")
    client.force_login(make_lead(offering=offering))
    post(client, offering, sent(offering, module_1=module.pk, module_2=module.pk))
    assert titles(offering) == ["Robots", "An evening with robots"]
    assert {row.summary for row in offering.sessions.all()} == {"Arms and grippers."}
    other = make_module("Drones", overview="Rotors.")
    post(client, offering, sent(offering, module_1=other.pk))
    assert titles(offering)[0] == "Drones"


def test_a_plan_that_somebody_else_changed_is_shown_and_not_written_over(client, three):
    offering, lead = three
    client.force_login(lead)
    stale = sent(offering, place_3=2)
    Session.objects.filter(offering=offering, seq=1).update(title="Deep Learning, again")
    answer = client.post(reverse("nmep:plan", args=[offering.slug]), stale, follow=True)
    assert "changed while you looked at it" in answer.content.decode()
    assert titles(offering) == ["Deep Learning, again", "Attention", "Transformers"]


def test_an_archived_plan_stays_as_it_is(client, three):
    offering, lead = three
    Offering.objects.filter(pk=offering.pk).update(state=Offering.State.ARCHIVED)
    client.force_login(lead)
    shown = client.get(reverse("nmep:plan", args=[offering.slug])).content.decode()
    assert "This term is archived" in shown
    assert 'name="place-' not in shown
    post(client, offering, sent(offering, place_3=2))
    assert titles(offering) == ["Deep Learning", "Attention", "Transformers"]
    form = {"seen": planning.seal(planning.classes(offering)), "empty": 1, "first_on": date.today()}
    post(client, offering, form | {"begins": "20:00", "minutes": 50, "make": "1"})
    assert offering.sessions.count() == 3


def test_only_leads_and_the_officer_for_education_plan(client, three):
    offering, _ = three
    address = reverse("nmep:plan", args=[offering.slug])
    learner = make_enrolment(offering=offering).person
    helper = make_enrolment(offering=offering, role="helper", person=make_member()).person
    for viewer, status in ((learner, 404), (helper, 404), (make_officer(slug="education"), 200)):
        client.force_login(viewer)
        assert client.get(address).status_code == status


@pytest.mark.parametrize("size", [1, 5])
def test_the_plan_asks_as_much_for_five_classes_as_for_one(client, django_assert_max_num_queries, size):
    needed = make_module()
    offering = make_plan(*(make_module(needs=[needed]) for _ in range(size)))
    client.force_login(make_lead(offering=offering))
    with django_assert_max_num_queries(14):
        client.get(reverse("nmep:plan", args=[offering.slug]))


def test_the_syllabus_shows_the_levels_as_a_band(client):
    levels = ["fundamental", "fundamental", "modern", "research"]
    offering = make_plan(*(make_module(level=level) for level in levels))
    make_session(offering=offering, module=None, week=9, starts_at=timezone.now() + timedelta(weeks=20))
    spans = planning.band(planning.classes(offering))
    assert [(span.label, span.weeks, span.count) for span in spans] == [
        ("Fundamentals", "weeks 1–2", 2),
        ("Modern methods", "week 3", 1),
        ("Active research", "weeks 4–9", 2),
    ]
    shown = client.get(offering.get_absolute_url()).content.decode()
    assert "Modern methods" in shown
    assert "weeks 1–2" in shown


# ── Dates fill ──


@pytest.fixture
def spring():
    """A term in which clocks change, with a break, and a draft in it."""
    make_club(time_zone="America/Los_Angeles")
    term = make_term(starts_on=date(2027, 1, 18), weeks=16)
    Break.objects.create(
        term=term, name="Spring recess", starts_on=date(2027, 3, 22), ends_on=date(2027, 3, 26)
    )
    offering = make_offering(term=term, state=Offering.State.DRAFT)
    return offering, make_lead(offering=offering)


def wish(*modules, **changes):
    values = {
        "modules": modules,
        "first_on": date(2027, 3, 1),
        "begins": time(20),
        "minutes": 110,
        "place": "Hall 1",
    }
    return filling.Wish(**(values | changes))


def test_what_needs_another_comes_after_it_and_fundamentals_come_first():
    vectors = make_module("Vectors")
    hidden = make_module("Between", needs=[vectors])
    far = make_module("A far module", needs=[hidden])
    research = make_module("Attention", level="research")
    modern = make_module("Modern", level="modern", needs=[research])
    found = filling.in_order([modern, far, research, vectors])
    assert [module.title for module in found] == ["Vectors", "A far module", "Attention", "Modern"]


def test_dates_fill_weekly_around_breaks_and_days_that_are_taken(spring):
    offering, _ = spring
    zone = ZoneInfo("America/Los_Angeles")
    make_session(offering=offering, starts_at=datetime(2027, 3, 8, 18, tzinfo=zone), title="Guest")
    filled = filling.fill(offering, wish(*(make_module(f"M{n}") for n in range(4))))
    assert [day for day, _ in filled.days] == [
        date(2027, 3, 1),
        date(2027, 3, 15),
        date(2027, 3, 29),
        date(2027, 4, 5),
    ]
    assert filled.skipped == [(date(2027, 3, 8), "a class already"), (date(2027, 3, 22), "Spring recess")]
    assert filled.problem == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"first_on": date(2027, 1, 17)}, "Choose a day in it"),
        ({"first_on": date(2027, 5, 3)}, "Only 1 of 2 classes fit"),
        ({"modules": ()}, "Pick at least one module"),
    ],
)
def test_dates_that_do_not_fit_the_term_say_so(spring, changes, said):
    offering, _ = spring
    assert said in filling.fill(offering, wish(make_module(), make_module(), **changes)).problem


def test_the_classes_are_made_with_events_at_the_same_hour_of_the_wall(spring):
    offering, lead = spring
    modules = [make_module(f"M{n}", overview=f"About {n}") for n in range(3)]
    now = timezone.now()
    made = filling.make_classes(offering, wish(*modules), seen=planning.seal([]), by=lead, now=now)
    assert [(row.seq, row.week, row.title, row.summary) for row in made] == [
        (1, 1, "M0", "About 0"),
        (2, 2, "M1", "About 1"),
        (3, 3, "M2", "About 2"),
    ]
    zone = offering.zone
    events = [row.event for row in made]
    assert [event.starts_at.astimezone(zone).time() for event in events] == [time(20)] * 3
    assert len({event.starts_at.utcoffset() for event in events}) == 2
    assert {event.ends_at - event.starts_at for event in events} == {timedelta(minutes=110)}
    assert {(event.visibility, event.place, event.term_id) for event in events} == {
        ("invited", "Hall 1", offering.term_id)
    }
    assert [row.opens_to for row in made] == ["members"] * 3
    assert [talk.title for talk in Talk.objects.order_by("pk")] == ["M0", "M1", "M2"]
    member = make_member()
    assert Event.objects.visible_to(member).filter(pk__in=[event.pk for event in events]).count() == 0
    assert Event.objects.visible_to(lead).filter(pk__in=[event.pk for event in events]).count() == 3


def test_a_second_click_makes_no_second_classes(client, spring):
    offering, lead = spring
    module = make_module()
    client.force_login(lead)
    form = {
        "modules": [module.pk],
        "first_on": "2027-03-01",
        "begins": "20:00",
        "minutes": 110,
        "empty": 2,
        "seen": planning.seal([]),
    }
    answer = post(client, offering, form)
    shown = answer.content.decode()
    assert (answer.status_code, Session.objects.count()) == (200, 0)
    assert "3 classes, on these days" in shown
    assert post(client, offering, form | {"make": "1"}).status_code == 302
    assert post(client, offering, form | {"make": "1"}).status_code in (302, 422)
    assert titles(offering) == [module.title, "To be planned", "To be planned"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_who_click_at_once_make_the_classes_once():
    offering = make_offering()
    lead = make_lead(offering=offering)
    first = offering.term.starts_on + timedelta(days=7)
    asked = wish(make_module(), make_module(), first_on=first)
    answers = at_once(
        *[
            lambda: len(
                filling.make_classes(offering, asked, seen=planning.seal([]), by=lead, now=timezone.now())
            )
            for _ in range(4)
        ]
    )
    assert sorted(map(str, map(type, answers))).count("<class 'int'>") == 1
    assert Session.objects.count() == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_leads_who_save_two_orders_at_once_do_not_mix_them():
    offering = make_plan(*(make_module(name) for name in "ABC"))
    lead = make_lead(offering=offering)
    sessions, now = planning.classes(offering), timezone.now()
    seen = planning.seal(sessions)

    def order(n, place):
        plan = planning.arranged(sessions, {sessions[n].pk: planning.Wish(place, sessions[n].module)}, now)
        return planning.save(offering, plan, seen=seen, by=lead, now=now)

    answers = at_once(lambda: order(0, 3), lambda: order(2, 1))
    assert sorted(isinstance(answer, planning.Changed) for answer in answers) == [False, True]
    assert titles(offering) in (["B", "C", "A"], ["C", "A", "B"])


# ── A new offering ──


def test_the_officer_for_education_makes_an_offering_fills_it_and_it_is_planned(client, spring):
    """Row 32: new offering, pick modules, the dates fill."""
    _, _ = spring
    term = make_term(starts_on=date.today() + timedelta(days=200))
    program = Program.objects.create(name="Robots", slug="robots", kind=Program.Kind.COURSE)
    keeper = make_member(name="Ada Keeper")
    client.force_login(make_officer(slug="education"))
    modules = [make_module(f"M{n}") for n in range(11)]
    shown = client.get(reverse("nmep:current")).content.decode()
    assert reverse("nmep:offering_create") in shown
    answer = client.post(
        reverse("nmep:offering_create"), {"program": program.pk, "term": term.pk, "leads": "Ada Keeper"}
    )
    offering = Offering.objects.get(program=program)
    assert answer.headers["Location"] == reverse("nmep:plan", args=[offering.slug])
    assert (offering.state, offering.slug) == ("draft", term.slug)
    assert Enrolment.objects.get(offering=offering).person == keeper
    form = {
        "modules": [module.pk for module in modules],
        "first_on": (term.starts_on + timedelta(days=2)).isoformat(),
        "begins": "18:00",
        "minutes": 50,
        "seen": planning.seal([]),
        "make": "1",
    }
    post(client, offering, form)
    assert len(titles(offering)) == 11
    assert {row.opens_to for row in offering.sessions.all()} == {"public"}
    assert Event.objects.filter(pk__in=offering.sessions.values("event"), hosts=keeper).count() == 11


def test_the_second_click_gets_the_draft_of_the_first(client):
    term = make_term()
    program = Program.objects.create(name="Robots", slug="robots")
    client.force_login(make_officer(slug="education"))
    for _ in range(2):
        client.post(reverse("nmep:offering_create"), {"program": program.pk, "term": term.pk})
    assert Offering.objects.count() == 1


def test_a_new_offering_is_for_the_officer_for_education(client):
    client.force_login(make_officer(slug="events"))
    assert client.get(reverse("nmep:offering_create")).status_code == 403
    client.force_login(make_officer(slug="education"))
    answer = client.post(reverse("nmep:offering_create"), {"program": "", "term": "x", "leads": "nobody"})
    assert answer.status_code == 422
    assert Module.objects.count() == 0
