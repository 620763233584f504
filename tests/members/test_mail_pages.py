import re
from datetime import timedelta

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members import lifting
from members.ledger import Category, Due, holding, kinds, stopping, tell, tell_many
from members.ledger.sending import sweep
from members.models import AuditEntry, Notification, Preference, Suppression
from members.notifications import AddressCheck
from tests.factories import make_club, make_member, make_officer, make_user
from tests.members.ledger_tools import make_kind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]
Status = Notification.Status


@pytest.fixture
def officer(client):
    make_club()
    officer = make_officer(slug="webmaster")
    client.force_login(officer)
    return officer


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# ── Settings


def test_a_member_switches_a_kind_off_and_on_again(client):
    make_kind("digest", category=Category.DIGEST, label="Weekly digest")
    make_kind("reminder", category=Category.REMINDER, label="Event reminders")
    make_kind("codes", is_required=True, label="Codes")
    make_kind("invitation", is_for_accounts=False, label="Invitations")
    person = make_member()
    client.force_login(person)
    url = reverse("members:notification_settings")

    page = client.get(url)
    assert page.status_code == 200
    assert "Weekly digest" in words(page)
    assert "Invitations" not in words(page)
    assert "codes. Without them you would be locked out" in words(page)

    assert client.post(url, {"reminder": ["reminder"]}).status_code == 302
    assert stopping.wanted_by(person) == {
        "codes": True, "invitation": True, "reminder": True, "digest": False,
    }  # fmt: skip
    assert client.post(url, {"reminder": ["reminder"], "digest": ["digest"]}).status_code == 302
    assert stopping.wanted_by(person)["digest"] is True
    assert client.post(url, {}).status_code == 302
    assert (stopping.wanted_by(person)["reminder"], stopping.wanted_by(person)["digest"]) == (False, False)


def test_a_kind_that_does_not_exist_is_refused(client):
    make_kind("digest", category=Category.DIGEST)
    person = make_member()
    client.force_login(person)
    response = client.post(reverse("members:notification_settings"), {"digest": ["everything"]})
    assert response.status_code == 422
    assert not Preference.objects.exists()


def test_a_person_learns_that_their_address_came_back_and_proves_that_it_works(client):
    kinds.REGISTRY["address-check"] = AddressCheck()
    person = make_member()
    client.force_login(person)
    stopping.pause(person.email, "550 no such user", now=timezone.now())
    assert "550 no such user" in words(client.get(reverse("members:notification_settings")))
    for _ in range(2):  # the second click within minutes sends no second mail
        client.post(reverse("members:mail_resume"))
    sweep(timezone.now() + timedelta(seconds=5))
    [sent] = mail.outbox
    assert stopping.paused([person.email]) == {person.email}

    url = re.search(r"http\S+/prove/\S+", sent.body)[0]
    path = url.partition("//")[2].partition("/")[2]
    stranger = Client()
    assert "arrive?" in words(stranger.get(f"/{path}"))
    assert stopping.paused([person.email]) == {person.email}
    assert "again" in words(stranger.post(f"/{path}"))
    assert stopping.paused([person.email]) == set()
    assert stranger.get(reverse("members:address_prove", args=["invented~token"])).status_code == 404


def test_signing_in_by_a_mail_lifts_a_bounce_but_no_complaint():
    for address, cause in (("back@club.example", "bounce"), ("angry@club.example", "complaint")):
        stopping.pause(address, "why", now=timezone.now(), cause=Suppression.Cause(cause))
        lifting.verified(address, now=timezone.now())
    assert stopping.paused(["back@club.example", "angry@club.example"]) == {"angry@club.example"}


def test_a_mail_put_off_five_times_in_two_weeks_pauses_the_address():
    for number in range(4):
        report(f"soft-{number}", "full@club.example", EventType.DEFERRED, None)
        report(f"soft-{number}", "full@club.example", EventType.DEFERRED, None)
    assert stopping.paused(["full@club.example"]) == set()
    report("soft-4", "full@club.example", EventType.DEFERRED, None)
    assert Suppression.objects.get().cause == "soft"


def test_settings_and_ledger_ask_for_a_sign_in(client):
    for name in ("notification_settings", "sent_to_me", "mail_desk"):
        assert client.get(reverse(f"members:{name}")).headers["Location"].startswith("/accounts/login/")


# ── What was sent to me


def test_everybody_reads_what_was_sent_to_them_and_why_and_nothing_of_others(client):
    person, other = make_member(), make_member()
    tell(make_kind("fine", label="Club news"), person)
    tell(make_kind("gone", still_wanted=lambda row, now: "The event was cancelled."), person)
    tell(make_kind("secret", label="Only for the other"), other)
    sweep(timezone.now() + timedelta(seconds=5))
    client.force_login(person)
    shown = words(client.get(reverse("members:sent_to_me")))
    assert "Club news Sent Because the test says so" in shown
    assert "Gone Not needed The event was cancelled." in shown
    assert "Only for the other" not in shown


def test_an_empty_ledger_says_what_will_be_there(client):
    client.force_login(make_member())
    assert "Nothing yet" in words(client.get(reverse("members:sent_to_me")))


def test_the_ledger_costs_the_same_for_one_message_and_for_many(client):
    make_club()
    person, news = make_member(), make_kind()
    client.force_login(person)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for more in (1, 10, 90):
        tell_many(news, [Due(person, slot=f"{more} {number}") for number in range(more)])
        client.get(reverse("members:sent_to_me"))
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("members:sent_to_me"))
        counts.append(len(asked))
    assert counts[0] == counts[1] == counts[2] <= 15


# ── The link in a mail


def link_of(person=None, address="", **options):
    tell(make_kind(**options), person, address=address)
    return reverse("members:unsubscribe", args=[stopping.token_of(Notification.objects.get())])


def test_one_click_stops_a_kind_without_cookie_or_csrf_token_and_a_look_does_not():
    person = make_user()
    url = link_of(person, label="Club news")
    mail_program = Client(enforce_csrf_checks=True)

    assert "Stop this kind of mail" in words(mail_program.get(url))
    mail_program.head(url)
    assert not Preference.objects.exists()

    answer = mail_program.post(url, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, "Stopped: Club news" in words(answer)) == (200, True)
    assert stopping.wanted_by(person) == {"news": False}
    assert "sessionid" not in mail_program.cookies
    assert mail_program.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Preference.objects.count() == 1

    mail_program.post(url, {"again": "1"})
    assert stopping.wanted_by(person) == {"news": True}


def test_somebody_without_an_account_stops_mail_too(client):
    url = link_of(address="guest@club.example")
    client.post(url)
    sweep(timezone.now() + timedelta(seconds=5))
    assert Notification.objects.get().reason == "This kind of mail is switched off."
    assert mail.outbox == []


def test_a_link_stops_only_its_own_kind_for_its_own_person():
    person, other = make_user(), make_user()
    url = link_of(person)
    make_kind("digest", category=Category.DIGEST)
    Client().post(url)
    assert stopping.wanted_by(person) == {"news": False, "digest": True}
    assert stopping.wanted_by(other) == {"news": True, "digest": True}


def test_a_forged_link_or_one_of_a_person_who_left_is_not_found(client, django_user_model):
    person = make_user()
    url = link_of(person)
    for forged in (url[:-3] + "xx/", "/u/abc/", "/u/~/", url.replace("~", "%00")):
        assert client.post(forged).status_code == 404
    django_user_model.objects.filter(pk=person.pk).update(erased_at=timezone.now())
    assert client.post(url).status_code == 404
    assert not Preference.objects.exists()


def test_a_kind_that_is_needed_cannot_be_stopped_by_a_link(client):
    url = link_of(make_user(), is_required=True)
    assert "cannot be stopped" in words(client.post(url))
    assert not Preference.objects.exists()


# ── The officers' desk


def dead_row(person=None, **options):
    tell(make_kind(**options), person or make_member())
    row = Notification.objects.latest("pk")
    Notification.objects.filter(pk=row.pk).update(
        status=Status.DEAD, reason="554 no", attempts=6, subject="A secret"
    )
    return row


def test_an_officer_sends_a_dead_letter_again(client, officer):
    row = dead_row(label="Club news")
    page = words(client.get(reverse("members:mail_desk")))
    assert "Club news" in page
    assert "554 no" in page
    assert "A secret" not in page  # what a mail says is its recipient's

    client.post(reverse("members:mail_desk"), {"act": "send_again", "row": [row.pk]})
    sweep(timezone.now() + timedelta(seconds=5))
    row.refresh_from_db()
    assert (row.status, len(mail.outbox)) == (Status.SENT, 1)
    assert AuditEntry.objects.filter(action="mail.send_again", actor=officer).count() == 1


def test_a_dead_letter_can_be_set_aside(client, officer):
    row = dead_row()
    client.post(reverse("members:mail_desk"), {"act": "set_aside", "row": [row.pk]})
    row.refresh_from_db()
    assert (row.status, row.reason) == (Status.SKIPPED, "An officer decided that it should not go.")


def test_nothing_chosen_is_said_beside_the_list(client, officer):
    dead_row()
    answer = client.post(reverse("members:mail_desk"), {"act": "send_again"})
    assert (answer.status_code, "Choose at least one message." in words(answer)) == (422, True)
    assert client.post(reverse("members:mail_desk"), {"act": "explode"}).status_code == 422


def test_sending_again_touches_only_what_gave_up(client, officer):
    row = dead_row()
    Notification.objects.update(status=Status.SENT)
    client.post(reverse("members:mail_desk"), {"act": "send_again", "row": [row.pk]})
    assert Notification.objects.get().status == Status.SENT


def test_an_officer_lets_held_mail_out_drops_it_and_ends_the_hold(client, officer):
    news, people = make_kind(), [make_member() for _ in range(3)]
    tell_many(news, [Due(person) for person in people], now=timezone.now() - timedelta(hours=1))
    holding.hold("restored from Tuesday", now=timezone.now())
    page = words(client.get(reverse("members:mail_desk")))
    assert "restored from Tuesday" in page
    assert "Let all 3 out" in page

    first, second, _ = Notification.objects.order_by("pk")
    url = reverse("members:mail_desk")
    client.post(url, {"act": "let_out", "row": [first.pk]})
    client.post(url, {"act": "drop", "row": [second.pk]})
    client.post(url, {"act": "end_hold"})
    sweep(timezone.now() + timedelta(seconds=5))
    assert list(Notification.objects.order_by("pk").values_list("status", flat=True)) == [
        Status.SENT, Status.SKIPPED, Status.SENT,
    ]  # fmt: skip
    assert holding.held_since() is None


def test_an_officer_lifts_an_address_that_came_back(client, officer):
    stopping.pause("gone@club.example", "550 no such user", now=timezone.now())
    assert "gone@club.example" in words(client.get(reverse("members:mail_desk")))
    client.post(reverse("members:mail_lift"), {"address": "gone@club.example"})
    assert stopping.paused(["gone@club.example"]) == {"gone@club.example"}  # without a reason nothing changes
    client.post(reverse("members:mail_lift"), {"address": "gone@club.example", "reason": "She rang us"})
    assert stopping.paused(["gone@club.example"]) == set()
    lifted = Suppression.objects.get()
    assert (lifted.lifted_by, lifted.lift_reason) == (officer, "She rang us")
    assert AuditEntry.objects.get(action="mail.lift").after["reason"] == "She rang us"


def test_a_member_and_an_officer_without_the_right_stay_outside(client):
    row = dead_row()
    for person in (make_member(), make_officer(slug="library")):
        client.force_login(person)
        assert client.get(reverse("members:mail_desk")).status_code in (403, 404)
        assert client.post(
            reverse("members:mail_desk"), {"act": "send_again", "row": [row.pk]}
        ).status_code in (403, 404)
    row.refresh_from_db()
    assert row.status == Status.DEAD


def test_the_mail_desk_costs_the_same_for_one_message_and_for_many(client, officer):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    news, counts = make_kind(), []
    tell(news, make_member(), slot="held", now=timezone.now() - timedelta(hours=1))
    holding.hold("a restore", now=timezone.now())
    for more in (1, 10):
        for number in range(more):
            tell(news, make_member(), slot=f"{more} {number}")
        Notification.objects.exclude(slot="held").update(status=Status.DEAD)
        client.get(reverse("members:mail_desk"))
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("members:mail_desk"))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 15


# ── What the provider reports, and what the portal says of itself


def report(event_id, address, event_type=EventType.BOUNCED, reason=RejectReason.BOUNCED, **more):
    event = AnymailTrackingEvent(
        event_type=event_type, event_id=event_id, recipient=address, reject_reason=reason,
        mta_response="550 5.1.1 unknown", **more,
    )  # fmt: skip
    tracking.send(sender=object, event=event, esp_name="test")


def test_a_bounce_pauses_bulk_mail_once_and_an_old_report_does_not_pause_it_again():
    report("e1", "Gone@club.example")
    report("e1", "gone@club.example")
    report("e2", "gone@club.example")
    assert list(Suppression.objects.values_list("address", "event_id")) == [("gone@club.example", "e1")]
    stopping.lift("gone@club.example", now=timezone.now(), reason="it works")
    report("e1", "gone@club.example")
    assert stopping.paused(["gone@club.example"]) == set()
    report("e3", "gone@club.example", EventType.COMPLAINED)
    assert stopping.paused(["gone@club.example"]) == {"gone@club.example"}


def test_a_full_mailbox_or_an_opened_mail_pauses_nothing():
    report("e1", "full@club.example", reason=RejectReason.OTHER)
    report("e2", "full@club.example", EventType.OPENED, None)
    assert not Suppression.objects.exists()


def test_health_names_the_part_that_is_red(client):
    from members.ledger.watching import health

    make_club()
    now = timezone.now()

    def red(moment):
        return [part.name for part in health(moment) if not part.is_ok]

    assert red(now) == ["last tick"]
    sweep(now)
    assert red(now) == []
    assert red(now + timedelta(seconds=95)) == ["last tick"]
    tell(make_kind(), make_user(), now=now)
    assert red(now + timedelta(seconds=60)) == []
    assert red(now + timedelta(seconds=121)) == ["last tick", "oldest due notification"]
    sweep(now + timedelta(seconds=121))
    assert red(now + timedelta(seconds=122)) == []


def test_the_desk_counts_mail_that_gave_up_and_mail_on_hold(officer):
    from members.ledger.watching import desk_items

    assert desk_items(officer) == []
    dead_row()
    tell(
        kinds.REGISTRY["news"].__class__, make_member(), slot="held", now=timezone.now() - timedelta(hours=1)
    )
    holding.hold("a restore", now=timezone.now())
    assert [(item.title, item.count) for item in desk_items(officer)] == [
        ("Mail given up", 1),
        ("Mail on hold", 1),
    ]
    assert desk_items(make_member()) == []


def test_the_ledger_in_the_admin_shows_outcomes_and_never_what_a_mail_says(client, officer):
    row = dead_row()
    tell(kinds.REGISTRY["news"].__class__, make_member(), slot="another")
    url = reverse("admin:members_notification_changelist")
    assert "A secret" not in words(client.get(url))
    assert "A secret" not in words(client.get(reverse("admin:members_notification_change", args=[row.pk])))
    client.post(url, {"action": "send_again", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.status == Status.PENDING
    assert client.get(reverse("admin:members_suppression_changelist")).status_code == 200
