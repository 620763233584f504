import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from members import announcements, audiences
from members.ledger import kinds, stopping
from members.ledger.sending import sweep
from members.models import Announcement, AuditEntry, Notification
from mlclub.refusal import Refused
from tests.factories import (
    make_alumnus,
    make_announcement,
    make_club,
    make_event,
    make_member,
    make_new_member,
    make_officer,
    make_registration,
    make_user,
)

pytestmark = pytest.mark.django_db
Status = Notification.Status


@pytest.fixture
def officer(client):
    make_club(postal_address="1 Wharf Street, Kelp Bay")
    person = make_officer(slug="events", name="Otis Officer")
    client.force_login(person)
    return person


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def rows_of(announcement):
    return Notification.objects.filter(about=f"members.announcement:{announcement.pk}")


def leave(now):
    """Two minutes later, when everything that waits goes."""
    sweep(now + timedelta(minutes=2))


# ── Writing and sending


def test_an_officer_writes_looks_tries_sends_and_each_gets_it_once(client, officer):
    new = make_new_member(name="Nia New")
    answer = client.post(
        reverse("members:announcement_create"),
        {
            "audience": "members:new",
            "subject": "Room changed",
            "body": "We meet in **Hall 2**, [see](/events/).",
        },
    )
    announcement = Announcement.objects.get()
    assert answer.headers["Location"] == announcement.get_absolute_url()
    assert not Notification.objects.exists()
    assert "In the group 1 Goes to 1 Send to 1" in words(client.get(announcement.get_absolute_url()))

    client.post(reverse("members:announcement_test", args=[announcement.pk]))
    sweep(timezone.now())
    [test] = mail.outbox
    assert (test.to, test.subject) == ([officer.email], "Test: Room changed")

    client.post(reverse("members:announcement_send", args=[announcement.pk]))
    client.post(reverse("members:announcement_send", args=[announcement.pk]))
    leave(timezone.now())
    sent = mail.outbox[1]
    assert [message.to for message in mail.outbox[1:]] == [[new.email]]
    html = sent.alternatives[0][0]
    assert "<strong>Hall 2</strong>" in html
    assert 'href="http://localhost:8000/events/"' in html or "/events/" in html
    for text in (sent.body, html):
        assert "1 Wharf Street, Kelp Bay" in text
        assert "You get this because you are a new member this term" in text
        assert "/u/" in text
        assert "Otis Officer" in text
    assert "List-Unsubscribe-Post" in sent.extra_headers
    assert AuditEntry.objects.get(action="announcement.sent").after["count"] == 1
    shown = words(client.get(announcement.get_absolute_url()))
    assert "Nia New" in shown
    assert "Sent 1" in shown


def test_nothing_leaves_within_the_minute_and_one_click_stops_it_for_everybody(client, officer):
    make_new_member(), make_new_member()
    now = timezone.now()
    announcement = make_announcement(written_by=officer, audience="members:new")
    announcements.send(announcement, by=officer, now=now)
    sweep(now + timedelta(seconds=59))
    assert mail.outbox == []

    client.post(reverse("members:announcement_stop", args=[announcement.pk]))
    at_once = words(client.get(announcement.get_absolute_url()))
    assert "nobody gets it" in at_once
    assert "On the way" not in at_once
    leave(now)
    assert mail.outbox == []
    assert set(rows_of(announcement).values_list("status", "reason")) == {
        (Status.SKIPPED, "stopped by whoever sent it, before it left")
    }
    assert "Stopped" in words(client.get(announcement.get_absolute_url()))


def test_what_has_left_cannot_be_stopped(officer):
    make_new_member()
    now = timezone.now()
    announcement = make_announcement(written_by=officer, audience="members:new")
    announcements.send(announcement, by=officer, now=now)
    leave(now)
    with pytest.raises(Refused):
        announcements.stop(announcement, by=officer, now=now + timedelta(minutes=2))
    assert Announcement.objects.get().state == "sent"
    assert len(mail.outbox) == 1


def test_who_is_left_out_is_counted_before_and_told_afterwards(client, officer):
    muted, bounced, both, fine = (make_new_member() for _ in range(4))
    now = timezone.now()
    kind = kinds.find("announcement")
    for person in (muted, both):
        stopping.choose(kind, person=person, is_wanted=False, now=now)
    for person in (bounced, both):
        stopping.pause(person.email, "550 no such user", now=now)
    announcement = make_announcement(written_by=officer, audience="members:new")

    reach = announcements.reach(audiences.find("members:new", officer, now))
    assert (reach.total, reach.muted, reach.paused, reach.gets) == (4, 2, 1, 1)
    assert "2 switched this kind of mail off" in words(client.get(announcement.get_absolute_url()))

    announcements.send(announcement, by=officer, now=now)
    leave(now)
    assert [message.to for message in mail.outbox] == [[fine.email]]
    shown = words(client.get(announcement.get_absolute_url()))
    assert "2 This kind of mail is switched off." in shown
    assert "1 Mail to this address came back" in shown


def test_a_draft_that_was_sent_meanwhile_is_not_changed(client, officer):
    make_new_member()
    announcement = make_announcement(written_by=officer, audience="members:new")
    announcements.send(announcement, by=officer, now=timezone.now())
    form = {"audience": "members:new", "subject": "Something else", "body": "Not what was sent."}
    client.post(reverse("members:announcement_edit", args=[announcement.pk]), form)
    announcement.refresh_from_db()
    assert announcement.subject != "Something else"
    client.post(reverse("members:announcement_discard", args=[announcement.pk]))
    assert Announcement.objects.exists()


def test_a_draft_is_thrown_away(client, officer):
    announcement = make_announcement(written_by=officer)
    client.post(reverse("members:announcement_discard", args=[announcement.pk]))
    assert not Announcement.objects.exists()


def test_a_form_without_a_group_keeps_what_was_typed(client, officer):
    answer = client.post(reverse("members:announcement_create"), {"subject": "Kelp", "body": "Long text"})
    assert answer.status_code == 422
    assert "Long text" in words(answer)
    answer = client.post(
        reverse("members:announcement_create"), {"audience": "members:everybody", "subject": "K", "body": "x"}
    )
    assert answer.status_code == 422
    assert not Announcement.objects.exists()


def test_an_empty_group_gets_nothing_and_the_draft_stays(client, officer):
    announcement = make_announcement(written_by=officer, audience="members:alumni")
    answer = client.post(reverse("members:announcement_send", args=[announcement.pk]), follow=True)
    assert announcements.NOBODY in words(answer)
    announcement.refresh_from_db()
    assert announcement.state == "draft"


def test_the_day_s_number_is_kept(officer):
    make_new_member(), make_alumnus()
    now = timezone.now()
    for _ in range(announcements.MOST_TO_A_GROUP):
        announcements.send(make_announcement(written_by=officer, audience="members:new"), by=officer, now=now)
    with pytest.raises(Refused, match="This group"):
        announcements.send(make_announcement(written_by=officer, audience="members:new"), by=officer, now=now)
    for _ in range(announcements.MOST_A_DAY - announcements.MOST_TO_A_GROUP):
        key = (
            "members:alumni"
            if Announcement.objects.filter(audience="members:alumni").count() < 4
            else "members:active"
        )
        announcements.send(make_announcement(written_by=officer, audience=key), by=officer, now=now)
    with pytest.raises(Refused, match="You have sent"):
        announcements.send(
            make_announcement(written_by=officer, audience="members:officers"), by=officer, now=now
        )
    later = now + timedelta(days=1, minutes=1)
    assert announcements.send(
        make_announcement(written_by=officer, audience="members:new"), by=officer, now=later
    )


# ── Who may


def test_a_member_writes_to_nobody_and_sees_nothing(client, officer):
    announcement = make_announcement(written_by=officer)
    client.force_login(make_member())
    assert client.get(reverse("members:announcement_list")).status_code == 403
    assert client.get(reverse("members:announcement_create")).status_code == 403
    assert client.get(announcement.get_absolute_url()).status_code == 404
    assert client.post(reverse("members:announcement_send", args=[announcement.pk])).status_code == 404


def test_hosts_write_to_those_of_their_event_and_to_no_other_group(client):
    make_club()
    host, goes, other = make_member(), make_member(), make_member()
    event = make_event(hosts=[host], title="Kelp night")
    make_registration(event=event, user=goes)
    make_registration(event=event, name="Gus Guest", email="Gus@guests.example")
    client.force_login(host)
    page = client.get(reverse("members:announcement_create"))
    assert "Going to Kelp night" in words(page)
    assert "All active members" not in words(page)

    url = reverse("members:announcement_create") + f"?to=events.event:{event.pk}:going"
    form = {"audience": f"events.event:{event.pk}:going", "subject": "Bring a coat", "body": "It is cold."}
    announcement_url = client.post(url, form).headers["Location"]
    announcement = Announcement.objects.get()
    client.post(reverse("members:announcement_send", args=[announcement.pk]))
    leave(timezone.now())
    sent = [message for message in mail.outbox if message.subject == "Bring a coat"]
    assert sorted(message.to[0] for message in sent) == sorted([goes.email, "gus@guests.example"])
    assert "because you are registered for Kelp night" in sent[0].body

    stranger = make_member()
    client.force_login(stranger)
    assert client.get(announcement_url).status_code == 404
    assert other.email not in [message.to[0] for message in sent]


def test_a_host_who_is_none_any_more_cannot_send_the_draft(client):
    make_club()
    host = make_member()
    event = make_event(hosts=[host])
    make_registration(event=event, user=make_member())
    announcement = make_announcement(written_by=host, audience=f"events.event:{event.pk}:going")
    event.hosts.clear()
    with pytest.raises(Refused):
        announcements.send(announcement, by=host, now=timezone.now())
    assert not rows_of(announcement).exists()


def test_the_mail_as_it_looks_has_a_policy_of_its_own(client, officer):
    announcement = make_announcement(written_by=officer, body="<script>alert(1)</script>\n\n**Hello**")
    page = client.get(reverse("members:announcement_html", args=[announcement.pk]))
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert b"<script>" not in page.content
    assert b"<strong>Hello</strong>" in page.content


def test_the_pages_cost_the_same_for_one_recipient_and_for_many(
    client, officer, django_assert_max_num_queries
):
    for number in (1, 5):
        for _ in range(number):
            make_user()
            make_new_member()
        now = timezone.now()
        announcement = make_announcement(written_by=officer, audience="members:new")
        for url in (announcement.get_absolute_url(), reverse("members:announcement_list")):
            with django_assert_max_num_queries(15):
                client.get(url)
        announcements.send(announcement, by=officer, now=now)
        with django_assert_max_num_queries(12):
            client.get(announcement.get_absolute_url())
