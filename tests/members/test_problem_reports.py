from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from members import desk_items, offices, problems
from members.models import Notification, Office, OfficeTerm, ProblemReport
from tests.factories import make_club, make_member, make_officer, make_term, make_user

pytestmark = pytest.mark.django_db
PAGE = "/report/"


@pytest.fixture(autouse=True)
def club():
    cache.clear()
    make_club()
    make_term()


def test_anybody_reports_a_problem_and_the_webmaster_is_told(client):
    webmaster, president = make_officer(slug="webmaster"), make_officer()
    answer = client.post(PAGE, {"text": "The button is dead", "email": "v@far.example", "page": "/events/"})
    assert answer.status_code == 302
    report = ProblemReport.objects.get()
    assert (report.text, report.email, report.page, report.person) == (
        "The button is dead", "v@far.example", "/events/", None,
    )  # fmt: skip
    assert [(row.kind, row.person) for row in Notification.objects.all()] == [("problem-reported", webmaster)]
    webmaster.office_terms.all().delete()
    problems.report(ProblemReport(text="again"), person=None, page="")
    assert Notification.objects.filter(person=president).count() == 1


def test_the_officers_mail_says_what_and_where(client):
    make_officer(slug="webmaster", email="web@club.example")
    client.post(PAGE, {"text": "The button is dead", "email": "v@far.example", "page": "/events/"})
    call_command("notify", "--once")
    [message] = [sent for sent in mail.outbox if "reported" in sent.subject]
    assert message.to == ["web@club.example"]
    assert "on /events/:\n\nThe button is dead" in message.body
    assert "v@far.example" not in message.body, "a stranger's address stays in the admin"


def test_a_member_need_not_say_who_they_are(client):
    person = make_member()
    client.force_login(person)
    assert 'name="email"' not in client.get(PAGE).content.decode()
    client.post(PAGE, {"text": "x"})
    assert ProblemReport.objects.get().person == person


def test_a_report_without_words_is_refused_and_what_was_typed_is_kept(client):
    answer = client.post(PAGE, {"text": "", "email": "half"})
    assert (answer.status_code, 'value="half"' in answer.content.decode()) == (422, True)
    assert not ProblemReport.objects.exists()


def test_the_page_somebody_came_from_is_noted_without_its_secrets(client):
    page = client.get(PAGE, headers={"referer": "http://testserver/invitation/secret-token/"})
    assert page.context["page"] == "/invitation/…/"


def test_the_sixth_report_within_a_minute_waits(client):
    for _ in range(5):
        client.post(PAGE, {"text": "x"})
    assert client.post(PAGE, {"text": "x"}).status_code == 429
    assert ProblemReport.objects.count() == 5


def test_open_reports_stand_on_the_desk_until_they_are_settled(client):
    officer = make_officer()
    problems.report(ProblemReport(text="x"), person=None, page="")

    def waiting():
        return [
            item.count
            for item in desk_items.for_officer(officer, timezone.now())
            if item.title == "Reported problems"
        ]

    assert waiting() == [1]
    client.force_login(officer)
    report = ProblemReport.objects.get()
    client.post("/admin/members/problemreport/", {"action": "settle", "_selected_action": [report.pk]})
    assert waiting() == []
    report.refresh_from_db()
    assert report.settled_by == officer


# ── The rest of the desk, and the offices behind it ──


def titles(officer):
    return {item.title: item.count for item in desk_items.for_officer(officer, timezone.now())}


def test_the_desk_names_emergency_accounts_and_too_few_officers():
    from members.models import User

    officer = make_officer()
    User.objects.create_superuser("root@club.example", "x", name="Root")
    assert titles(officer) == {"Emergency accounts open": 1, "Too few people can enter the admin": 1}
    make_officer(slug="events")
    assert "Too few people can enter the admin" not in titles(officer)


def test_the_desk_names_offices_that_end_soon():
    officer, other = make_officer(), make_officer(slug="events")
    OfficeTerm.objects.filter(person=other).update(ends_on=timezone.localdate() + timedelta(days=20))
    assert titles(officer) == {"Offices that end within 30 days": 1}


def test_a_member_has_no_desk_items():
    make_officer()
    assert desk_items.for_officer(make_user(), timezone.now()) == []


def test_setting_the_offices_up_twice_changes_nothing(capsys):
    call_command("setup_offices")
    president = Office.objects.get(slug="president")
    rights = set(president.group.permissions.values_list("codename", flat=True))
    assert {"change_user", "import_people", "suspend_user", "view_desk"} <= rights
    call_command("setup_offices")
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 offices made")
    assert set(president.group.permissions.values_list("codename", flat=True)) == rights
    assert offices.who_answers("president") == []


def test_every_right_an_office_is_offered_exists():
    from django.contrib.auth.models import Permission

    from members import gathered

    known = {
        f"{app}.{codename}"
        for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    offered = {name for names in gathered.office_permissions().values() for name in names}
    assert offered <= known


def test_an_officer_settles_a_report_on_its_page_in_the_admin(client):
    officer = make_officer(slug="webmaster")
    problem = problems.report(ProblemReport(text="The map is upside down."), person=None, page="/events/")
    client.force_login(officer)
    address = reverse("admin:members_problemreport_change", args=[problem.pk])
    assert "Mark as settled" in client.get(address).content.decode()
    client.post(address, {})
    problem.refresh_from_db()
    assert problem.settled_by == officer
    assert "Mark as settled" not in client.get(address).content.decode()
