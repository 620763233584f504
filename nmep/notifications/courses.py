from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from members import invitations
from members.ledger import Category, Kind, kind
from members.models import Notification
from nmep.models import CourseApplication


def application_of(row: Notification) -> CourseApplication | None:
    found: CourseApplication | None = (
        CourseApplication.objects.select_related("offering__program", "offering__term", "user")
        .filter(pk=row.about_pk)
        .first()
    )
    return found


@kind(
    "nmep-application-confirm",
    label="Confirm your application",
    template="nmep/mail/application_confirm",
    category=Category.TRANSACTIONAL,
    why="because somebody, probably you, applied for a course with this address",
    is_required=True,
    is_for_accounts=False,
)
class ConfirmApplication(Kind):
    """Prove the address: until then the application counts for nothing."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        application = application_of(row)
        if application is None or application.state != CourseApplication.State.UNCONFIRMED:
            return "confirmed or withdrawn meanwhile"
        return True

    def context(self, row: Notification) -> dict[str, Any]:
        application = application_of(row)
        assert application is not None  # noqa: S101  still_wanted has looked
        invitation = invitations.open_for(application.email, timezone.now())
        # Whoever has an account signs in and finds the application confirmed.
        path = (
            invitation.get_absolute_url()
            if invitation
            else reverse("courses:course_detail", args=[application.offering.slug])
        )
        return {
            "application": application,
            "offering": application.offering,
            "has_account": invitation is None,
            "url": f"{settings.SITE_URL}{path}",
        }


@kind(
    "nmep-application-decided",
    label="Answers to your applications",
    template="nmep/mail/application_decided",
    category=Category.TRANSACTIONAL,
    why="because you applied for this course",
)
class ApplicationDecided(Kind):
    """In, or not this time."""

    def still_wanted(self, row: Notification, now: datetime) -> bool | str:
        return application_of(row) is not None or "the application is gone"

    def context(self, row: Notification) -> dict[str, Any]:
        application = application_of(row)
        assert application is not None  # noqa: S101  still_wanted has looked
        return {
            "application": application,
            "offering": application.offering,
            "is_in": application.state == CourseApplication.State.ACCEPTED,
            "url": f"{settings.SITE_URL}{application.offering.get_absolute_url()}",
        }
