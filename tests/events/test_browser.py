"""Signing up with a real mouse."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events import registrations
from events.models import Attendance, Registration
from tests.factories import make_club, make_event, make_member, make_officer, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def signed_in(live_server, page):
    """A page on which `member` is signed in."""
    make_club()
    member = make_member()
    client = Client()
    client.force_login(member)
    page.context.add_cookies(
        [{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}]
    )
    page.member = member
    return page


def test_a_double_click_signs_up_once_and_does_not_leave_again(live_server, signed_in):
    event = make_event(title="Soup")
    signed_in.goto(live_server.url + reverse("events:event_list"))
    signed_in.get_by_role("button", name="Going to Soup").dblclick()
    signed_in.get_by_text("Going", exact=False).first.wait_for()
    signed_in.wait_for_timeout(500)
    row = Registration.objects.get()
    assert (row.event, row.user, row.state) == (event, signed_in.member, "going")


def test_the_seat_panel_changes_in_its_place(live_server, signed_in):
    event = make_event(title="Soup", capacity=1)
    registrations.register(event, make_user())
    signed_in.goto(live_server.url + event.get_absolute_url())
    signed_in.get_by_role("button", name="Join the line").click()
    signed_in.get_by_role("heading", name="You are 1st in line").wait_for()
    signed_in.get_by_text("I no longer want to wait").click()
    signed_in.get_by_role("button", name="Leave the line").click()
    signed_in.get_by_role("button", name="Join the line").wait_for()
    assert Registration.objects.get(user=signed_in.member).state == "cancelled"


def test_a_series_shows_its_dates_before_it_is_saved(live_server, page):
    make_club()
    officer = make_officer()
    client = Client()
    client.force_login(officer)
    page.context.add_cookies(
        [{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}]
    )
    page.goto(live_server.url + reverse("events:series_create"))
    page.get_by_label("Name").first.fill("Tuesday papers")
    page.get_by_role("button", name="Show its dates").click()
    page.get_by_role("heading", name="12 dates").wait_for()
    page.get_by_role("button", name="Save the series").click()
    page.get_by_role("heading", name="Tuesday papers", level=1).wait_for()


def test_the_door_finds_by_three_letters(live_server, signed_in):
    event = make_event(starts_at=timezone.now(), hosts=[signed_in.member])
    make_member(name="Bo Marsh")
    signed_in.goto(live_server.url + reverse("events:event_door", args=[event.pk]))
    signed_in.get_by_role("searchbox", name="Find somebody").press_sequentially("mar")
    signed_in.get_by_role("button", name="Check in Bo Marsh").click()
    signed_in.get_by_text("Bo Marsh is here.").wait_for()
    assert Attendance.objects.get().user.name == "Bo Marsh"
