"""The three main uses from start to end, as people do them: in a browser, by the words on the page.

The `page` of `tests/conftest.py` fails a test when a script broke or the content policy complained.
"""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.urls import reverse
from django.utils import timezone

from events.models import Registration
from nmep import deadlines
from nmep.models import Assignment, Enrolment, Review, Submission
from tests.factories import (
    make_club,
    make_event,
    make_member,
    make_new_member,
    make_officer,
    make_page,
    make_term,
)
from tests.factories.nmep import make_assignment, make_lead, make_offering, make_session, notebook
from wiki.models import Revision

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

REAL_NOTEBOOK = Path(site.BASE_DIR).parent / "shared/data/nmep/assets/hw1/hw1-numpy.ipynb"


@pytest.fixture(autouse=True)
def club(transactional_db):
    make_club()
    return make_term()


@pytest.fixture
def sign_in(client, live_server):
    """Puts somebody's session into the browser."""

    def sign_in(page, person):
        client.logout()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        page.context.clear_cookies()
        page.context.add_cookies(
            [{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}]
        )

    return sign_in


@pytest.fixture
def without_javascript(browser):
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture(params=["with javascript", "without javascript"])
def either(request):
    """The main uses work with scripts and without."""
    return request.getfixturevalue("page" if request.param == "with javascript" else "without_javascript")


def fits(page):
    """Nothing scrolls sideways on the narrowest telephones, in neither theme."""
    before = page.viewport_size
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} at {width}"
    page.set_viewport_size(before)


def test_an_officer_manages_a_cohort_in_the_admin(page, live_server, sign_in, tmp_path):
    officer = make_officer(slug="education", name="Officer Ode")
    offering = make_offering(state="running")
    session = make_session(offering=offering, starts_at=timezone.now() + timedelta(days=3))
    assignment = make_assignment(offering=offering, due_session=session)
    deadlines.reconcile(timezone.now(), offering=offering)
    newcomers = [make_new_member(term=offering.term, name=f"Newcomer {n}") for n in range(3)]
    sign_in(page, officer)

    page.goto(live_server.url + reverse("admin:nmep_offering_changelist"))
    page.get_by_role("link", name="Enrol new members").click()
    assert all(page.get_by_text(person.email).is_visible() for person in newcomers)
    assert not Enrolment.objects.exists()
    page.get_by_role("button", name="Enrol those chosen").click()
    page.get_by_text("3 enrolled").wait_for()
    assert Enrolment.objects.filter(offering=offering, role="learner").count() == 3

    due = Assignment.objects.get(pk=assignment.pk).due_at
    page.goto(live_server.url + reverse("admin:nmep_session_move", args=[session.pk]))
    later = timezone.localtime(session.event.starts_at, offering.zone) + timedelta(days=2)
    page.locator("[name=starts_at]").fill(later.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="See what moves").click()
    assert page.get_by_role("rowheader", name=str(assignment)).is_visible()
    assert Assignment.objects.get(pk=assignment.pk).due_at == due
    page.get_by_role("button", name="Move it and tell people").click()
    page.get_by_text("Moved. 1 due date moved with it.").wait_for()
    assert Assignment.objects.get(pk=assignment.pk).due_at == due + timedelta(days=2)

    page.goto(live_server.url + reverse("admin:nmep_offering_roster", args=[offering.pk]))
    assert all(page.get_by_text(person.name).first.is_visible() for person in newcomers)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    saved = tmp_path / "roster.csv"
    download.value.save_as(saved)
    rows = list(csv.reader(saved.read_text().splitlines()))
    assert [row[0] for row in rows[1:]] == sorted(person.name for person in newcomers)


def test_a_member_searches_mends_a_page_with_a_formula_and_signs_up(either, live_server, sign_in):
    page = either
    member = make_member(name="Member Mo")
    make_page(path="Basics/Tides", text="Tides follow the moon.\n", author=make_member())
    event = make_event(title="Evening of gauges")
    sign_in(page, member)

    page.goto(live_server.url + "/home/")
    page.goto(live_server.url + reverse("portal:search"))
    page.locator("main [name=q], [name=q]").last.fill("tides moon")
    page.keyboard.press("Enter")
    page.locator("main").get_by_role("link", name="Tides").first.click()
    page.get_by_text("Tides follow the moon.").wait_for()
    page.get_by_role("link", name="Edit", exact=True).first.click()
    page.locator("[name=text]").fill("Tides follow the moon: $h = a \\cos(\\omega t)$.\n")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("math").first.wait_for(state="attached")
    assert page.locator("math mi").count() >= 3
    assert Revision.objects.order_by("-pk").first().author == member
    fits(page)

    page.goto(live_server.url + reverse("events:event_list"))
    page.get_by_role("button", name="Going").first.click()
    page.get_by_role("link", name="Going").first.wait_for()
    assert Registration.objects.filter(event=event, user=member, state="going").count() == 1
    fits(page)


def test_a_new_member_hands_in_a_reviewer_returns_it_and_the_officer_sees_both_versions(
    page, live_server, sign_in, tmp_path
):
    offering = make_offering(state="running", slug="ours")
    learner = make_new_member(term=offering.term, name="Learner Lu")
    Enrolment.objects.create(offering=offering, person=learner, role="learner")
    lead = make_lead(offering=offering)
    assignment = make_assignment(offering=offering, key="hw1", title="Arrays")
    mine = tmp_path / "hw1-numpy.ipynb"
    mine.write_bytes(
        REAL_NOTEBOOK.read_bytes() if REAL_NOTEBOOK.exists() else notebook("import numpy", "1 + 1")
    )

    sign_in(page, learner)
    page.goto(live_server.url + assignment.get_absolute_url())
    fits(page)
    page.locator("input[type=file]").set_input_files(mine)
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("Version 1 is in.").wait_for()
    first = Submission.objects.get()
    assert first.pieces.get().sha256 in page.content()

    sign_in(page, lead)
    page.goto(live_server.url + reverse("nmep:review_queue", args=["ours"]))
    page.get_by_role("button", name="Start").click()
    page.get_by_role("heading", name="Rubric").wait_for()
    cell = page.locator("details", has_text="Comment on cell 1").first
    cell.locator("summary").click()
    cell.locator("[name=text]").fill("Name the axes, please.")
    cell.get_by_role("button", name="Add").click()
    page.get_by_text("Name the axes, please.").wait_for()
    fits(page)
    page.get_by_role("radio", name="Close").check()
    page.locator("[name=summary]").fill("Nearly. See the comment.")
    page.get_by_role("radio", name="Return").check()
    page.get_by_role("button", name="Save and next").click()
    page.get_by_text("Posted.").wait_for()
    assert Review.objects.get(submission=first).state == Review.State.POSTED

    sign_in(page, learner)
    page.goto(live_server.url + assignment.get_absolute_url())
    page.get_by_text("Nearly. See the comment.").first.wait_for()
    again = tmp_path / "mended.ipynb"
    again.write_bytes(notebook("import numpy", "2 + 2"))
    page.locator("input[type=file]").set_input_files(again)
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("Version 2 is in.").wait_for()

    sign_in(page, make_officer(slug="education"))
    page.goto(live_server.url + reverse("admin:nmep_submission_changelist"))
    assert page.locator("#result_list tbody tr").count() == 2
    page.goto(live_server.url + reverse("admin:nmep_submission_change", args=[first.pk]))
    assert page.get_by_text(first.pieces.get().sha256).first.is_visible()


def test_homework_is_handed_in_without_javascript_too(without_javascript, live_server, sign_in, tmp_path):
    page = without_javascript
    offering = make_offering(state="running", slug="ours")
    learner = make_new_member(term=offering.term)
    Enrolment.objects.create(offering=offering, person=learner, role="learner")
    assignment = make_assignment(offering=offering, key="hw1")
    mine = tmp_path / "hw1.ipynb"
    mine.write_bytes(notebook("1 + 1"))
    sign_in(page, learner)
    page.goto(live_server.url + assignment.get_absolute_url())
    page.locator("input[type=file]").set_input_files(mine)
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("Version 1 is in.").wait_for()
    assert Submission.objects.get().state == Submission.State.HANDED_IN
