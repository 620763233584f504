"""Discord and Slack, spoken to over HTTP as they are: a server on this machine speaks their protocols."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.urls import reverse

from events import schedule
from events.models import Visibility
from members import sealing
from members.ledger import channels, holding, hooks, watching
from members.models import ChannelPost, Notification, Webhook
from tests.factories import make_club, make_event, make_officer

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
Status = Notification.Status


class Service(BaseHTTPRequestHandler):
    """Discord's `?wait=true` and PATCH, Slack's "ok"; `answers` are given first, in their order."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.command, self.path, body))
        if self.server.answers:
            status, headers = self.server.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            return
        answer = (
            b"ok"
            if self.path.startswith("/slack")
            else json.dumps({"id": str(len(self.server.asked))}).encode()
        )
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)

    do_PATCH = do_POST

    def log_message(self, *args):
        pass


@pytest.fixture
def service(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.asked, server.answers = [], []
    base = f"http://127.0.0.1:{server.server_port}"
    settings.CHANNEL_ADDRESSES = {"discord": f"{base}/discord/", "slack": f"{base}/slack/"}
    server.base = base
    threading.Thread(target=server.serve_forever, daemon=True).start()
    make_club()
    yield server
    server.shutdown()
    server.server_close()


def make_webhook(service, *, kind="discord", readers="public", name="#events", **fields):
    address = f"{service.base}/{kind}/1/secret"
    return Webhook.objects.create(
        name=name, service=kind, readers=readers, address=sealing.seal(address), ends_in="cret", **fields
    )


def soon(**fields):
    return make_event(starts_at=NOW + timedelta(days=2), **fields)


def test_an_event_is_posted_once_and_edited_when_it_moves_and_is_cancelled(service):
    make_webhook(service)
    event = soon(title="Kelp night @everyone", online_url="https://meet.example/secret")
    for minutes in range(3):
        channels.sweep(NOW + timedelta(minutes=minutes))
    [(method, path, body)] = service.asked
    assert (method, path) == ("POST", "/discord/1/secret?wait=true")
    assert body["allowed_mentions"] == {"parse": []}
    assert "Kelp night" in body["content"]
    assert "meet.example" not in body["content"]

    schedule.move(event, starts_at=event.starts_at + timedelta(hours=1), now=NOW)
    channels.sweep(NOW + timedelta(minutes=5))
    channels.sweep(NOW + timedelta(minutes=6))
    schedule.cancel(event, "Storm", now=NOW)
    channels.sweep(NOW + timedelta(minutes=7))
    assert [(method, path) for method, path, _ in service.asked[1:]] == [
        ("PATCH", "/discord/1/secret/messages/1")
    ] * 2
    assert service.asked[-1][2]["content"].startswith("Cancelled: ")
    assert ChannelPost.objects.get().edits == 2


def test_slack_cannot_edit_so_one_message_more_tells_the_change(service):
    make_webhook(service, kind="slack")
    event = soon(title="Kelp <!channel> night")
    channels.sweep(NOW)
    schedule.move(event, starts_at=event.starts_at + timedelta(hours=1), now=NOW)
    for minutes in (1, 2):
        channels.sweep(NOW + timedelta(minutes=minutes))
    texts = [body["text"] for _, _, body in service.asked]
    assert len(texts) == 2
    assert "&lt;!channel&gt;" in texts[0]
    assert texts[1].startswith("Changed: ")


def test_what_is_for_members_goes_into_no_public_channel(service):
    public = make_webhook(service)
    members = make_webhook(service, readers="members", name="#members")
    event = soon(visibility=Visibility.MEMBERS)
    soon(visibility=Visibility.INVITED)
    channels.sweep(NOW)
    assert list(ChannelPost.objects.values_list("webhook", "about")) == [
        (members.pk, f"events.event:{event.pk}")
    ]
    assert not Notification.objects.filter(webhook=public).exists()


def test_what_was_public_and_is_not_any_more_is_withdrawn(service):
    make_webhook(service)
    event = soon(title="Kelp night")
    channels.sweep(NOW)
    event.visibility = Visibility.INVITED
    event.save()
    channels.sweep(NOW + timedelta(minutes=1))
    assert service.asked[-1][2]["content"] == channels.WITHDRAWN


def test_the_service_is_left_alone_for_as_long_as_it_asks(service):
    webhook = make_webhook(service)
    soon(), soon()
    service.answers.append((429, {"Retry-After": "90"}))
    channels.sweep(NOW)
    assert len(service.asked) == 1
    channels.sweep(NOW + timedelta(seconds=80))
    assert len(service.asked) == 1
    channels.sweep(NOW + timedelta(seconds=91))
    assert len(service.asked) == 3
    assert ChannelPost.objects.filter(webhook=webhook).count() == 2


@pytest.mark.parametrize("size", [1, 5])
def test_a_look_at_the_channels_costs_the_same_for_any_number_of_events(
    service, size, django_assert_max_num_queries
):
    webhook = make_webhook(service)
    for _ in range(size):
        soon()
    channels.sweep(NOW)
    with django_assert_max_num_queries(3):
        assert channels.tick(NOW + timedelta(minutes=1), [webhook]) == 0


def test_the_portal_is_well_while_a_channel_asks_for_silence(service):
    make_webhook(service)
    soon(), soon()
    service.answers.append((429, {"Retry-After": "900"}))
    channels.sweep(NOW)
    found = watching.health(NOW + timedelta(minutes=10))
    assert [part.name for part in found if not part.is_ok] == ["last tick"]


def test_a_channel_that_is_gone_is_seen_on_the_desk_and_goes_on_when_it_is_back(client, service):
    webhook = make_webhook(service)
    soon()
    service.answers.append((404, {}))
    channels.sweep(NOW)
    webhook.refresh_from_db()
    assert webhook.problem == "404 Not Found"
    client.force_login(make_officer(slug="webmaster"))
    assert "#events (Discord) takes nothing" in client.get(reverse("portal:desk")).content.decode()
    client.post(reverse("members:channel_act", args=[webhook.pk]), {"act": "again"})
    channels.sweep(datetime.now(UTC))
    webhook.refresh_from_db()
    assert webhook.problem == ""


def test_a_sender_that_died_while_posting_posts_no_second_time(service):
    webhook = make_webhook(service)
    soon()
    channels.tick(NOW, [webhook])
    Notification.objects.update(
        status=Status.SENDING, begun_at=NOW, lease_until=NOW, claim="00000000-0000-0000-0000-000000000001"
    )
    channels.sweep(NOW + timedelta(minutes=5))
    assert service.asked == []
    assert Notification.objects.get().status == Status.UNKNOWN


def test_nothing_is_posted_while_mail_is_on_hold(service):
    make_webhook(service)
    soon()
    holding.hold("a restore", now=NOW)
    channels.sweep(NOW)
    assert service.asked == []
    holding.release(now=NOW)
    channels.sweep(NOW)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/api/webhooks/1/x", "http://discord.com/api/webhooks/1/x",
        "https://discord.com/api/webhooks/../../x#y", "https://discord.com@evil.example/api/webhooks/1",
    ],
)  # fmt: skip
def test_only_addresses_of_the_service_are_taken(client, address):
    client.force_login(make_officer(slug="webmaster"))
    form = {"service": "discord", "name": "#events", "readers": "public", "url": address}
    answer = client.post(reverse("members:channel_list"), form)
    assert answer.status_code == 422
    assert not Webhook.objects.exists()
    assert not hooks.is_allowed("discord", "https://discord.com/api/webhooks/1/x?next=//evil.example")


def test_a_webmaster_adds_tests_and_removes_a_channel_and_its_address_is_never_shown(client, service):
    client.force_login(make_officer(slug="webmaster"))
    url = reverse("members:channel_list")
    form = {
        "service": "discord",
        "name": "#events",
        "readers": "public",
        "url": f"{service.base}/discord/1/secret",
    }
    assert client.post(url, form).status_code == 302
    webhook = Webhook.objects.get()
    assert "secret" not in webhook.address
    assert "/discord/1/secret" not in client.get(url).content.decode()
    act = reverse("members:channel_act", args=[webhook.pk])
    client.post(act, {"act": "test"})
    assert "test message" in service.asked[0][2]["content"]
    client.post(act, {"act": "remove"})
    assert not Webhook.objects.exists()
