"""A speaker without an account, within the steps that we promise (product task 14)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from events import speakers
from events.models import SpeakerVisit
from members import magic_links
from tests.factories import make_invited
from tests.walker.walker import Walker

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_14_a_speaker_says_yes_from_the_mail_in_two_steps_without_an_account():
    visit = make_invited()
    walker = Walker(Client(enforce_csrf_checks=True))
    walker.from_mail(magic_links.url_of(speakers.link_of(visit, timezone.now())))
    assert SpeakerVisit.objects.get().state == "invited"
    walker.press("Yes, I will speak")
    assert SpeakerVisit.objects.get().state == "confirmed"
    assert walker.steps == 2, walker.report("14. a speaker says yes")
    assert "You said yes" in walker.page.text
