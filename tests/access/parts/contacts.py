"""People and organizations outside, and what a magic link opens."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from members.link_purposes import token_of
from members.models import MagicLink
from mlclub import tokens
from tests.access.doors import NOBODY, OFFICES, PUBLIC, Case
from tests.factories import make_contact, make_organization

PUBLIC_PAGES = {"members:link_renew", "members:organization_logo"}
CONTACTS = ("officer", "president")


def build(world) -> None:
    from tests.access.world import png

    world.organization = make_organization(name="Cliff Robotics")
    world.organization.logo.save("logo.png", ContentFile(png()))
    world.plain_organization = make_organization(name="Cliff Lab", kind="lab")
    # A live link that opens none of the pages of the table.
    now = timezone.now()
    link = MagicLink(
        contact=make_contact(), purpose="elsewhere", about="members.organization:1", created_at=now
    )
    link.expires_at, link.token_hash = (
        now + timedelta(days=9),
        tokens.digest(token_of(link.nonce, link.about)),
    )
    link.save()
    world.foreign_link = link


TABLE = {
    "members:link_renew": [Case("", PUBLIC, PUBLIC, data={"address": "a@club.example"})],
    "members:organization_logo": [
        Case("with a logo", PUBLIC, kwargs=lambda world: {"pk": world.organization.pk}),
        Case("without one", NOBODY, kwargs=lambda world: {"pk": world.plain_organization.pk}),
    ],
}
ADMIN = {"members_contact": OFFICES, "members_organization": OFFICES}
