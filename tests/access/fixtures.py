"""The club of `tests.access.world`, built once a module, and requests whose traces are taken back."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from events import check_in
from tests.access.world import build


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """The club, built once; each test takes back what it changed."""
    from django.conf import settings

    media, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), transaction.atomic():
        made = build()
        made.media = settings.MEDIA_ROOT
        made.code = lambda: check_in.code_of(made.members_event, timezone.now())
        made.clients = {name: signed_in(person) for name, person in made.visitors.items()}
        yield made
        transaction.set_rollback(True)
    settings.MEDIA_ROOT = media


def signed_in(person):
    client = Client(raise_request_exception=True)
    if person is not None:
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return dict(client.cookies)


def ask(world, visitor, method, url, data=None):
    """One request of a visitor, whose traces in the database are taken back."""
    if method == "post":
        cache.clear()  # limits count by the address of the machine, which is everybody's here
    client = Client()
    client.cookies.update(world.clients[visitor])
    with transaction.atomic():
        response = getattr(client, method)(url, data or {})
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    return response


@pytest.fixture(autouse=True)
def in_the_world(world, db, settings, own_media):
    settings.MEDIA_ROOT = world.media
