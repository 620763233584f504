from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.nmep import make_enrolment, make_offering, make_session

pytestmark = pytest.mark.django_db


def test_the_page_of_the_running_week_says_so(client):
    offering = make_offering()
    now = timezone.now()
    for week, days in ((1, -7), (2, 1), (3, 8)):
        make_session(offering=offering, week=week, starts_at=now + timedelta(days=days))
    client.force_login(make_enrolment(offering=offering).person)
    shown = [
        "This week" in client.get(reverse("nmep:week_detail", args=[offering.slug, week])).content.decode()
        for week in (1, 2, 3)
    ]
    assert shown == [False, True, False]
