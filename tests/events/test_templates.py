"""Templates: a social in three clicks."""

from datetime import date, time, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from events import gathered, making
from events.models import Event, EventTemplate
from tests.factories import make_club, make_event, make_member, make_officer, make_room, make_template
from tests.walker.walker import Walker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_menu():
    yield
    cache.delete(making.MENU)


def typed(form):
    return {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}


def test_an_officer_makes_a_social_in_three_clicks(client):
    club = make_club()
    room = make_room()
    template = make_template(
        name="Evening of games",
        kind="social",
        room=room,
        weekday=4,
        start_time=time(20),
        length=timedelta(hours=2, minutes=30),
        guests_allowed=1,
        asks_note=True,
        agenda="Welcome | | 5",
    )
    officer = make_officer()
    client.force_login(officer)
    gathered.tick(timezone.now())
    walker = Walker(client)
    walker.open(reverse("events:event_list"))
    walker.follow("Evening of games")
    walker.press("Save the event")
    assert walker.steps == 2, "and one more to open the menu"
    event = Event.objects.get()
    begins = event.starts_at.astimezone(club.zone)
    assert (begins.weekday(), begins.time(), event.ends_at - event.starts_at) == (
        4,
        time(20),
        template.length,
    )
    assert begins.date() > timezone.localdate(timezone=club.zone)
    assert (event.kind, event.title, event.room, event.place) == (
        "social",
        "Evening of games",
        room,
        room.spoken,
    )
    assert (event.guests_allowed, event.asks_note, list(event.hosts.all())) == (1, True, [officer])
    assert [item.title for item in event.agenda.all()] == ["Welcome"]


def test_a_series_begins_with_a_template_as_well(client):
    make_club()
    template = make_template(
        name="Papers", kind="reading_group", summary="One a week.", agenda="Talk\nQuestions"
    )
    client.force_login(make_officer())
    url = reverse("events:series_create") + f"?template={template.pk}"
    form = client.get(url).context["form"]
    client.post(url, typed(form) | {"count": "2"})
    assert [(event.title, event.summary, event.agenda.count()) for event in Event.objects.all()] == [
        ("Papers", "One a week.", 2)
    ] * 2


def test_the_next_usual_day_comes_after_today():
    template = EventTemplate(weekday=4)  # Friday
    assert template.next_day(date(2031, 3, 6)) == date(2031, 3, 7)
    assert template.next_day(date(2031, 3, 7)) == date(2031, 3, 14)
    assert EventTemplate().next_day(date(2031, 3, 7)) == date(2031, 3, 8)


def test_a_template_begins_on_the_next_usual_day_on_which_its_room_is_free():
    zone, room = make_club().zone, make_room()
    template = make_template(room=room, weekday=4, start_time=time(20), length=timedelta(hours=2))
    monday, officer = date(2026, 11, 23), make_officer()

    def day():
        return making.of_event(template, by=officer, today=monday, zone=zone)["starts_at"].date()

    assert day() == date(2026, 11, 27)
    fridays = template.next_starts(monday, zone, making.LOOKED_AHEAD)
    make_event(room=room, starts_at=fridays[0] + timedelta(hours=1))
    assert day() == date(2026, 12, 4)
    make_event(room=room, starts_at=fridays[1] - timedelta(hours=2))  # out by then
    make_event(room=make_room(), starts_at=fridays[1])  # elsewhere
    assert day() == date(2026, 12, 4)
    for friday in fridays[1:]:
        make_event(room=room, starts_at=friday)
    assert day() == date(2026, 11, 27), "taken for two months: whoever plans is told beside the room"


def test_a_template_that_is_not_there_is_a_404_and_one_out_of_the_menu_is_not_offered(client):
    make_club()
    template = make_template(name="Film night")
    client.force_login(make_officer())
    url = reverse("events:event_create")
    assert "Film night" in client.get(url).content.decode()
    assert client.get(url + "?template=0").status_code == 404
    assert client.get(url + "?template=social").status_code == 404
    EventTemplate.objects.filter(pk=template.pk).update(is_offered=False)
    assert "Film night" not in client.get(url).content.decode()


def test_the_menu_is_an_officers(client):
    make_club()
    make_template(name="Film night")
    gathered.tick(timezone.now())
    client.force_login(make_member())
    assert "Film night" not in client.get(reverse("portal:home")).content.decode()
