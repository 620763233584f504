"""Words to a group, and what the officers see of mail."""

from __future__ import annotations

from django.utils import timezone

from members import announcements
from members.ledger import stopping
from members.models import Notification, Webhook
from tests.access.cases import event
from tests.access.doors import (
    FORBIDDEN,
    NO,
    NOBODY,
    OFFICERS,
    OFFICES,
    PUBLIC,
    READERS,
    SIGNED_IN,
    Case,
    Door,
    only,
)
from tests.factories.announcements import make_announcement

#: Every office may write to any group; hosts and leads to their own.
WRITERS_TO_GROUPS = only("host", "lead", *OFFICES, others=FORBIDDEN)
OFFICES_ONLY: Door = only(*OFFICES)


def build(world) -> None:
    world.webhook = Webhook.objects.create(name="#events", address="sealed", ends_in="aled")
    world.announcement = make_announcement(written_by=world.visitors["president"], audience="members:active")
    sent = world.sent_announcement = make_announcement(
        written_by=world.visitors["president"], audience="members:active", subject="canary-announcement"
    )
    announcements.send_test(world.announcement, by=world.visitors["president"], now=timezone.now())
    world.own_mail = Notification.objects.get(kind="announcement-test")
    announcements.send(sent, by=world.visitors["president"], now=timezone.now())


def draft(world):
    return {"pk": world.announcement.pk}


def sent(world):
    return {"pk": world.sent_announcement.pk}


PUBLIC_PAGES = {"members:address_prove"}

ADMIN = {
    "members_mailevent": ("president",),
    "members_announcement": OFFICES,
}

#: President and webmaster look after the mail.
POST_OFFICE = only("president", others=FORBIDDEN)

TABLE = {
    "events:event_mail": [
        Case("a public event", SIGNED_IN, NO, event("public")),
        Case("a members' event", READERS, NO, event("members")),
        Case("an event by invitation", only("host", "member", *OFFICES), NO, event("invited")),
    ],
    "members:mail_preview": [Case("the kinds", OFFICERS)],
    "members:mail_preview_html": [
        Case("the president's own", only("president"), NO, lambda world: {"pk": world.own_mail.pk}),
    ],
    "members:channel_list": [Case("the list", POST_OFFICE, POST_OFFICE)],
    "members:channel_act": [Case("a channel", NO, POST_OFFICE, lambda world: {"pk": world.webhook.pk})],
    "members:address_prove": [
        Case(
            "a link that we signed",
            PUBLIC,
            PUBLIC,
            lambda world: {"token": stopping.proof_token("canary@x.example")},
        ),
        Case("any other", NOBODY, NOBODY, lambda world: {"token": "invented"}),
    ],
    "members:announcement_list": [Case("the list", WRITERS_TO_GROUPS)],
    "members:announcement_create": [Case("a new one", WRITERS_TO_GROUPS, WRITERS_TO_GROUPS)],
    "members:announcement_detail": [
        Case("a draft", OFFICES_ONLY, NO, draft),
        Case("a sent one", OFFICES_ONLY, NO, sent),
    ],
    "members:announcement_html": [Case("a draft", OFFICES_ONLY, NO, draft)],
    "members:announcement_edit": [Case("a draft", OFFICES_ONLY, OFFICES_ONLY, draft)],
    "members:announcement_test": [Case("a draft", NO, OFFICES_ONLY, draft)],
    "members:announcement_send": [Case("a draft", NO, OFFICES_ONLY, draft)],
    "members:announcement_stop": [Case("a sent one", NO, OFFICES_ONLY, sent)],
    "members:announcement_discard": [Case("a sent one", NO, OFFICES_ONLY, sent)],
}
